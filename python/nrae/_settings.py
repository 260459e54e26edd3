"""Parameters of the estimator and settings of the library."""

from __future__ import annotations

import json

import numpy as np

from . import _native

# The command line's defaults, from the library.
CONFIG = json.loads(_native.defaults())
NET, TRAIN = CONFIG["net"], CONFIG["train"]

# Parameters that are settings of the library, with their keys. None leaves a setting to the library.
KEYS = {
    "n_components": "net.latent",
    "method": "method",
    "n_neighbors": "neighbours.k",
    "lam": "neighbours.lambda",
    "weight": "weight",
    "net": "net.preset",
    "hidden": "net.hidden",
    "activation": "net.activation",
    "epochs": "train.epochs",
    "batch": "train.batch",
    "lr": "train.lr",
    "schedule": "train.schedule",
    "patience": "train.patience",
    "validation": "data.validation_fraction",
    "scaling": "data.scaling",
    "data_memory_mib": "train.data_memory_mib",
}


def plain(value):
    """A value as JSON takes it."""
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, (tuple, list, np.ndarray)):
        return [plain(part) for part in value]
    return value


def parameters(config):
    """The estimator's parameters that a configuration says."""
    found = {"random_state": config["seed"]}
    for name, key in KEYS.items():
        value = config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            found[name] = tuple(value) if isinstance(value, list) else value
    return found
