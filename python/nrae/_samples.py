"""Samples and latents on their way into the model and out of it."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from . import _native
from ._data import native, unwrapped


class Samples:
    """How the estimator checks what it is given, as scikit-learn has it, and gives samples back as they came."""

    def _samples(self, X, reset=False):
        """Samples as an array that the native module reads, checked as scikit-learn has it."""
        X = unwrapped(X)
        if len(getattr(X, "shape", ())) in (3, 4):
            X = check_array(X, dtype=None, allow_nd=True, ensure_min_samples=1 + reset)
            self._check_images(X, reset)
        else:
            X = validate_data(
                self, X, reset=reset, dtype="numeric", accept_sparse=True, ensure_min_samples=1 + reset
            )
        return native(X.toarray() if hasattr(X, "toarray") else X)

    def _check_images(self, X, reset):
        features = int(np.prod(X.shape[1:]))
        if reset:
            self.n_features_in_ = features
            self.__dict__.pop("feature_names_in_", None)
        elif features != self.n_features_in_ or X.shape[1:] != self.sample_shape_:
            raise ValueError(
                f"X has samples of shape {X.shape[1:]}, but {type(self).__name__} was fitted to "
                f"samples of shape {self.sample_shape_}"
            )

    def _learn_shape(self, X):
        """Keeps the shape of a sample as it is given, and which of its axes are channels."""
        self.sample_shape_ = X.shape[1:]
        self._layout = self.layout
        if self.layout == "auto" and X.ndim > 2:
            self._layout = _native.chosen_layout(list(X.shape), X.dtype.kind in "b" or X.dtype == np.uint8)

    def _checked(self, X):
        """Samples and their layout: [N, n] stands for images too, with channels first."""
        check_is_fitted(self)
        X = self._samples(X)
        return X, (self._layout if X.ndim == 1 + len(self.sample_shape_) else "auto")

    def _as_given(self, X):
        """Rows (N, n) in the shape of the samples that were given to ``fit``."""
        if len(self.sample_shape_) == 1:
            return X
        X = X.reshape(len(X), *self._model.shape)
        if self._layout in ("nhwc", "nlc"):
            X = np.moveaxis(X, 1, -1)
        return X.reshape(len(X), *self.sample_shape_)

    def _latents(self, Z):
        check_is_fitted(self)
        Z = native(check_array(unwrapped(Z), dtype="numeric"))
        if Z.shape[1] != self._model.latent:
            raise ValueError(
                f"Z has {Z.shape[1]} columns, but the model has {self._model.latent} latent dimensions"
            )
        return Z
