"""Neighborhood Reconstructing Autoencoders: dimensionality reduction with an inverse.

>>> import nrae
>>> model = nrae.NRAE(n_components=2).fit(X)
>>> z = model.transform(X)
>>> x = model.inverse_transform(z)
"""

from ._estimator import NRAE, load
from ._functions import Curvature, Geodesic, Jets, KnnGraph, device_name, knn_graph
from ._native import __version__

__all__ = ["NRAE", "Curvature", "Geodesic", "Jets", "KnnGraph", "__version__", "device_name", "knn_graph", "load"]
