"""The decoded manifold: derivatives, lengths, and the page that shows it."""

from __future__ import annotations

import numpy as np

from ._functions import Curvature, Geodesic, Jets, Page


class Geometry:
    """What the estimator tells of the decoded manifold."""

    def jets(self, z, dz):
        """The decoder's value and derivatives along directions, in the network's units (those of
        scaled data), as ``nrae jets`` gives them.

        Parameters
        ----------
        z : array-like of shape (B, m)
            Latents.
        dz : array-like of shape (B, m)
            A direction for each.

        Returns
        -------
        Jets
            ``value`` f(z), ``jvp`` J dz and ``hvp`` dz^T H dz, each (B, n).
        """
        return Jets(*self._model.jets(self._latents(z), self._latents(dz), self._device()))

    def metric(self, z):
        """The metric G = J^T J that the decoder gives the latent space, in the network's units.

        Parameters
        ----------
        z : array-like of shape (B, m)
            Latents.

        Returns
        -------
        ndarray of shape (B, m, m), float64
            G at each latent.
        """
        return self._model.metric(self._latents(z), self._device())

    def curvature(self, z):
        """Curvature of the decoded manifold, in the network's units.

        Parameters
        ----------
        z : array-like of shape (B, m)
            Latents.

        Returns
        -------
        Curvature
            ``scalar``, the scalar curvature (2 / r^2 on a sphere of radius r), and ``extrinsic``, the
            norm of the second fundamental form, each (B,); NaN where the decoder is singular.
        """
        return Curvature(*self._model.curvature(self._latents(z), self._device()))

    def geodesic(self, z0, z1, pieces=32):
        """The shortest path between two latents in the decoder's metric, near the straight line, on the
        CPU in float64.

        Parameters
        ----------
        z0, z1 : array-like of shape (m,)
            Its ends.
        pieces : int
            K, the pieces of the path.

        Returns
        -------
        Geodesic
            ``path`` (K + 1, m), at equal distances along the decoded path; ``length`` and
            ``straight_length`` in the network's units; ``converged``.
        """
        ends = self._latents([np.ravel(z0), np.ravel(z1)]).astype(np.float64)
        return Geodesic(*self._model.geodesic(*ends.tolist(), int(pieces)))

    def explore(self, X, y=None, *, title="NRAE"):
        """A page to explore the latent space in: latents with their samples, decoding under the pointer,
        metric, curvature and geodesics.

        Parameters
        ----------
        X : array-like of shape (N, n), or like the samples in ``fit``
            Samples to show.
        y : array-like of shape (N,) or None
            A class for each, to colour by.
        title : str
            The page's.

        Returns
        -------
        Page
            Shown inline where it is the last of a notebook's cell; ``save`` writes it.
        """
        X, layout = self._checked(X)
        labels, classes = None, []
        if y is not None:
            names, inverse = np.unique(np.asarray(y), return_inverse=True)
            labels, classes = inverse.ravel().tolist(), [str(name) for name in names]
        columns = [str(name) for name in getattr(self, "feature_names_in_", [])]
        return Page(self._model.explore(X, layout, title, labels, classes, columns, self._device()))
