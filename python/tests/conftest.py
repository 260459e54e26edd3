"""What the tests share: small data and short runs on the CPU."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import nrae

REPOSITORY = Path(__file__).parents[2]


def devices():
    """The CPU, and a GPU where there is one, which may be a software one."""
    try:
        nrae.device_name("gpu")
    except RuntimeError:
        return ["cpu"]
    return ["cpu", "gpu"]


DEVICES = devices()


def short(**parameters):
    """An estimator whose training takes a moment."""
    known = {"epochs": 3, "hidden": (16,), "device": "cpu", "verbose": 0}
    return nrae.NRAE(**{**known, **parameters})


@pytest.fixture
def quick():
    return short


@pytest.fixture(scope="session")
def digits():
    return np.load(REPOSITORY / "data" / "digits.npy")[:200]


@pytest.fixture(scope="session")
def roll():
    rng = np.random.default_rng(0)
    t = rng.uniform(1.5 * np.pi, 4.5 * np.pi, 80)
    points = np.stack([t * np.cos(t), 10 * rng.uniform(size=80), t * np.sin(t)], axis=1)
    return points.astype(np.float32)


@pytest.fixture(scope="session")
def binary():
    """The `nrae` that NRAE_BINARY names."""
    path = os.environ.get("NRAE_BINARY")
    if path is None:
        pytest.skip("NRAE_BINARY names no nrae to compare with")

    def run(*arguments):
        done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
