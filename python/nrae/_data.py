"""What users hold samples in, as arrays of NumPy."""

from __future__ import annotations

import numpy as np


def unwrapped(X):
    """What holds the numbers: the ``X`` of an AnnData, a PyTorch tensor on the CPU as an array."""
    module = type(X).__module__.partition(".")[0]
    if module == "anndata" and hasattr(X, "obs"):
        X = X.X
    if module == "torch":
        if X.device.type != "cpu":
            raise TypeError(f"X is a tensor on {X.device}: pass X.cpu()")
        X = X.detach()
        return X.float().numpy() if X.dtype.is_floating_point and X.dtype.itemsize < 4 else X.numpy()
    return X


def as_array(X):
    """Numbers of any type as an array in the byte order and alignment of this machine, without a copy
    where they are already."""
    X = unwrapped(X)
    if hasattr(X, "toarray"):
        X = X.toarray()
    return native(np.asarray(X))


def native(X):
    """An array of a type that the native module reads."""
    if X.dtype.kind not in "biuf":
        X = X.astype(np.float64)
    elif X.dtype.itemsize > 8:
        X = X.astype(np.float64)
    if not X.dtype.isnative:
        X = X.astype(X.dtype.newbyteorder("="))
    return np.require(X, requirements="A")
