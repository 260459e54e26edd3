"""What needs no trained model, and the tuples that results come in."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import _native
from ._data import as_array


class Jets(NamedTuple):
    """The decoder's value and its first and second derivative along directions, each (B, n)."""

    value: np.ndarray
    jvp: np.ndarray
    hvp: np.ndarray


class Curvature(NamedTuple):
    """Curvature of the decoded manifold, each (B,); NaN where the decoder is singular."""

    scalar: np.ndarray
    extrinsic: np.ndarray


class Geodesic(NamedTuple):
    """A shortest path: its points (K + 1, m), its decoded length and that of the straight line, and
    whether it has been found to the tolerance."""

    path: np.ndarray
    length: float
    straight_length: float
    converged: bool


class KnnGraph(NamedTuple):
    """Nearest neighbours, each (N, k), sorted by distance; and the share of them that are true ones,
    estimated on 200 samples where the graph is approximate and 1.0 where it is exact."""

    indices: np.ndarray
    distances: np.ndarray
    recall: float = 1.0


class Page:
    """A page of HTML: shown inline in a notebook, written by ``save``."""

    def __init__(self, html):
        self.html = html

    def save(self, path):
        """Writes the page, which needs no server and no network."""
        Path(path).write_text(self.html, encoding="utf-8")

    def _repr_html_(self):
        return (
            f'<iframe srcdoc="{escape(self.html, quote=True)}" '
            'style="width: 100%; height: 720px; border: 0"></iframe>'
        )


def knn_graph(X, k=10, metric="euclidean", *, graph="auto", device="auto"):
    """The graph of nearest neighbours.

    Parameters
    ----------
    X : array-like of shape (N, n)
        Samples, not scaled.
    k : int
        Neighbours of each sample. A sample is not its own neighbour, but its duplicates are.
    metric : {"euclidean", "cosine"}
        The distance.
    graph : {"auto", "exact", "approximate"}
        How neighbours are found. "auto" finds the exact ones unless that took minutes (from N * N * n
        of 10^13 on the CPU); "approximate" finds nearly all, in far less time. With few features the
        graph is exact either way.
    device : {"auto", "gpu", "cpu"}
        Where it is computed; the result is the same.

    Returns
    -------
    KnnGraph
        ``indices`` (N, k) of uint32 and ``distances`` (N, k) of float32, sorted by distance, ties
        by index; ``recall``, the share of true neighbours.
    """
    X = as_array(X)
    if X.ndim > 2:
        X = X.reshape(len(X), -1)
    indices, distances, recall = _native.knn_graph(X, int(k), metric, graph, (device, None, "f32"))
    return KnnGraph(indices, distances, 1.0 if recall is None else recall)


def device_name(device="auto", *, adapter=None):
    """Name and driver of the device that ``device`` stands for on this machine."""
    return " with ".join(_native.describe((device, adapter, "f32")))
