"""The estimator."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_random_state

from . import _native
from ._geometry import Geometry
from ._progress import Progress
from ._samples import Samples
from ._settings import CONFIG, KEYS, NET, TRAIN, parameters, plain


class NRAE(Geometry, Samples, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Neighborhood reconstructing autoencoder (Lee, Kwon and Park, NeurIPS 2021).

    An encoder R^n -> R^m and a decoder R^m -> R^n, trained so that the decoded manifold follows the
    data: the decoder's Taylor expansion around a sample's latent has to reconstruct its neighbours.
    Parameters and defaults are those of ``nrae train``; the same data and seed give the same model,
    on the CPU to the bit.

    Parameters
    ----------
    n_components : int
        m, the number of latent dimensions.
    method : str
        "nrae-q", "nrae-l", "ae", "vae", ...: ``nrae methods`` lists all.
    n_neighbors : int or None
        k, the neighbours of each sample in the graph: by default the root of the number of samples, at
        most 10. Where there are no more samples than that, as many as there are, with a warning.
    lam : float or None
        Lambda, the weight of a neighbour where a centre counts 1.
    weight : float or None
        Weight of the term that the method adds.
    net : str
        "mlp", or "conv", "conv28", "conv32", "conv64", ... for images.
    hidden : tuple of int
        Widths of an mlp's encoder; the decoder mirrors them.
    activation : str
        Activation of hidden layers.
    epochs : int or None
        Passes over the data; by the number of samples where it is None.
    batch : int or None
        Samples of a step.
    lr : float
        Adam's learning rate.
    schedule : {"constant", "step", "cosine"}
        Of the learning rate.
    patience : int
        Stop after so many evaluations without a better validation error; 0 for never.
    validation : float or None
        Fraction of the samples that is held out to select the best epoch: a tenth of 50 samples or
        more where it is None, 0 for none.
    scaling : {"auto", "none", "unit", "unit-global", "standardise"} or None
        How data are scaled.
    layout : {"auto", "nchw", "nhwc", "nhw", "ncl", "nlc", "nl"}
        Axes of arrays of more than two dimensions.
    settings : dict or None
        Any other setting of the library by its key, such as ``{"neighbours.metric": "cosine"}``.
    data_memory_mib : int or None
        Mebibytes of training data on the device, at most; larger sets are streamed.
    device : {"auto", "gpu", "cpu"}
        "auto" is a hardware GPU if there is one, otherwise the CPU.
    adapter : str or None
        The GPU to use, by a part of its name.
    precision : {"f32", "f16", "f16x3"}
        Of matrix products on a GPU.
    random_state : int, RandomState or None
        Seed of weights, batches and splits; a new one each time where it is None.
    verbose : int
        0 for no progress.
    warm_start : bool
        Whether ``fit`` trains the present model on, for ``epochs`` epochs more, with the scaling of the
        data that it was first fitted to.

    Attributes
    ----------
    history_ : list of dict
        What each epoch gave: epoch, step, loss, its parts, lr, and, where they were measured,
        train_mse and validation_mse.
    n_iter_ : int
        Epochs done.
    n_features_in_ : int
        n, the features of a sample.
    sample_shape_ : tuple of int
        The shape of a sample as it was given.
    stopped_ : str
        "done", "validation", "callback" or "interrupt".
    interrupted_ : bool
        Whether Ctrl-C has stopped training. The model is kept; ``fit`` with ``warm_start`` trains it on.
    config_ : dict
        Every setting of the run.

    Examples
    --------
    >>> model = NRAE(n_components=2, random_state=0).fit(X)
    >>> z = model.transform(X)            # (N, 2)
    >>> x = model.inverse_transform(z)    # like X
    """

    def __init__(
        self,
        n_components=NET["latent"],
        method=CONFIG["method"],
        n_neighbors=None,
        *,
        lam=None,
        weight=None,
        net=NET["preset"],
        hidden=tuple(NET["hidden"]),
        activation=NET["activation"],
        epochs=None,
        batch=None,
        lr=TRAIN["lr"],
        schedule=TRAIN["schedule"],
        patience=TRAIN["patience"],
        validation=None,
        scaling=None,
        layout="auto",
        settings=None,
        data_memory_mib=None,
        device="auto",
        adapter=None,
        precision="f32",
        random_state=CONFIG["seed"],
        verbose=1,
        warm_start=False,
    ):
        self.n_components = n_components
        self.method = method
        self.n_neighbors = n_neighbors
        self.lam = lam
        self.weight = weight
        self.net = net
        self.hidden = hidden
        self.activation = activation
        self.epochs = epochs
        self.batch = batch
        self.lr = lr
        self.schedule = schedule
        self.patience = patience
        self.validation = validation
        self.scaling = scaling
        self.layout = layout
        self.settings = settings
        self.data_memory_mib = data_memory_mib
        self.device = device
        self.adapter = adapter
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    # Training

    def fit(self, X, y=None, *, validation_data=None, callbacks=()):
        """Trains a model.

        Ctrl-C stops within 0.2 s or one step: the model of then is kept, with a warning. A second one
        meanwhile raises KeyboardInterrupt.

        Parameters
        ----------
        X : array-like of shape (N, n), (N, H, W), (N, C, H, W) or (N, H, W, C)
            Samples of any type: NumPy, pandas, polars, SciPy's sparse matrices, AnnData, tensors of
            PyTorch on the CPU.
        y : None
            Not looked at.
        validation_data : array-like or None
            Samples to select the best epoch by, instead of a part of X.
        callbacks : callable or list of callables
            Each is called with the record of every epoch, a dict like those of ``history_``. One that
            returns True stops training, after the block of steps that is under way.

        Returns
        -------
        NRAE
            The estimator itself.
        """
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        return self._train(X, validation_data, callbacks, goes_on, self.epochs)

    def partial_fit(self, X, y=None, *, validation_data=None, callbacks=()):
        """Trains one epoch more on X; the scaling stays that of the first samples.

        Parameters
        ----------
        X : array-like
            As in ``fit``.

        Returns
        -------
        NRAE
            The estimator itself.
        """
        return self._train(X, validation_data, callbacks, self.__sklearn_is_fitted__(), 1)

    def _train(self, X, validation_data, callbacks, goes_on, epochs):
        if goes_on and self._checkpoint is None:
            raise ValueError(
                "the model was loaded without a checkpoint, so it cannot be trained on: load its run "
                "folder, or set warm_start=False"
            )
        X = self._samples(X, reset=not goes_on)
        if not goes_on:
            self._learn_shape(X)
        if validation_data is not None:
            validation_data = self._samples(validation_data)
        settings = self._settings(len(X), validation_data is not None)
        if epochs is not None:
            settings["train.epochs"] = int(epochs)
        callbacks = [callbacks] if callable(callbacks) else list(callbacks)
        history = list(self.history_) if goes_on else []
        progress = Progress(self.verbose)

        def on_epoch(text, epochs):
            record = json.loads(text)
            history.append(record)
            progress.epoch(record, epochs)
            # Every callback hears of it.
            return any([callback(dict(record)) is True for callback in callbacks])

        fitted = None
        try:
            fitted = _native.fit(
                X,
                json.dumps(settings),
                self._layout,
                self._device(),
                validation_data,
                (self._model, self._checkpoint, len(history)) if goes_on else None,
                progress.progress,
                on_epoch,
                bool(callbacks),
            )
        finally:
            progress.close()
        self._model, self._checkpoint = fitted.model, fitted.checkpoint
        self.config_ = json.loads(fitted.config)
        self.history_ = history
        self.n_iter_ = len(history)
        self.stopped_ = fitted.stopped
        self.interrupted_ = fitted.stopped == "interrupt"
        if self.interrupted_:
            warnings.warn(
                f"stopped by Ctrl-C after {self.n_iter_} epochs; the model is kept, and fit with "
                "warm_start=True trains it on",
                RuntimeWarning,
                stacklevel=3,
            )
        return self

    def _settings(self, samples, validated):
        """Settings by their keys."""
        chosen = {key: getattr(self, name) for name, key in KEYS.items()}
        chosen.update(self.settings or {})
        chosen["seed"] = self._seed()
        if validated:
            chosen["data.validation_fraction"] = 0.0
        chosen = {key: plain(value) for key, value in chosen.items() if value is not None}
        fraction = _native.validation_fraction(json.dumps(chosen), samples)
        most = samples - round(samples * fraction) - 1
        if isinstance(self.n_neighbors, (int, np.integer)) and self.n_neighbors > most > 0:
            warnings.warn(
                f"n_neighbors is {self.n_neighbors}, but each sample that is trained on has only "
                f"{most} others: {most} are taken",
                UserWarning,
                stacklevel=4,
            )
            chosen["neighbours.k"] = most
        if "train.batch" in chosen:
            chosen["train.batch"] = min(chosen["train.batch"], most + 1)
        return chosen

    def _seed(self):
        state = self.random_state
        if isinstance(state, (int, np.integer)):
            return int(state)
        return int(check_random_state(state).randint(np.iinfo(np.int32).max))

    def _device(self):
        return (self.device, self.adapter, self.precision)

    # The model

    def transform(self, X):
        """Latents of samples. A row has the same bits alone and among others.

        Parameters
        ----------
        X : array-like of shape (N, n), or like the samples in ``fit``
            Samples in the units of those in ``fit``.

        Returns
        -------
        ndarray of shape (N, m), float32
            The latents; the means where the encoder is variational.
        """
        X, layout = self._checked(X)
        return self._model.encode(X, layout, self._device())

    def fit_transform(self, X, y=None, **fit_params):
        """``fit(X).transform(X)``.

        Returns
        -------
        ndarray of shape (N, m), float32
            The latents.
        """
        return self.fit(X, y, **fit_params).transform(X)

    def inverse_transform(self, Z):
        """Samples from latents.

        Parameters
        ----------
        Z : array-like of shape (N, m)
            Latents, those of new points of the latent space included.

        Returns
        -------
        ndarray of the shape of the samples in ``fit``, float32 or float64
            Samples in the units of those in ``fit``.
        """
        return self._as_given(self._model.decode(self._latents(Z), self._device()))

    def reconstruct(self, X):
        """``inverse_transform(transform(X))`` in one pass.

        Parameters
        ----------
        X : array-like of shape (N, n), or like the samples in ``fit``
            Samples.

        Returns
        -------
        ndarray of the shape of the samples in ``fit``
            Reconstructions.
        """
        X, layout = self._checked(X)
        return self._as_given(self._model.reconstruct(X, layout, self._device()))

    def score(self, X, y=None):
        """Negative mean squared error of reconstructions per feature, of scaled data: larger is
        better.

        Parameters
        ----------
        X : array-like of shape (N, n), or like the samples in ``fit``
            Samples.

        Returns
        -------
        float
            At most 0.
        """
        X, layout = self._checked(X)
        return -self._model.mean_squared_error(X, layout, self._device())

    # Files and other libraries

    def save(self, path):
        """Writes the model as ``model.safetensors``, which ``nrae eval``, ``nrae encode``, ... take.

        Parameters
        ----------
        path : path-like
            The file.
        """
        check_is_fitted(self)
        self._model.save(os.fspath(path))

    @classmethod
    def load(cls, path):
        """The estimator of a run folder or a ``model.safetensors``: see :func:`nrae.load`."""
        path = Path(path)
        model = _native.Model.load(os.fspath(path))
        config = (path if path.is_dir() else path.parent) / "config.toml"
        estimator = cls(n_components=model.latent)
        estimator.config_ = {}
        estimator.history_ = []
        if config.exists():
            estimator.config_ = json.loads(_native.read_config(os.fspath(config)))
            estimator.set_params(**parameters(estimator.config_))
            metrics = config.with_name("metrics.jsonl")
            if metrics.exists():
                estimator.history_ = [json.loads(line) for line in metrics.read_text().splitlines()]
        estimator._model, estimator._checkpoint = model, None
        checkpoint = config.parent / "checkpoint" / "state.safetensors"
        if config.exists() and checkpoint.exists():
            estimator._checkpoint = _native.Checkpoint.from_bytes(checkpoint.read_bytes())
        shape = tuple(model.shape)
        estimator._layout = "auto" if len(shape) == 1 else "nchw"
        if len(shape) == 3 and shape[0] == 1:
            shape, estimator._layout = shape[1:], "nhw"
        estimator.sample_shape_ = shape
        estimator.n_features_in_ = model.features
        estimator.n_iter_ = len(estimator.history_)
        estimator.stopped_, estimator.interrupted_ = "done", False
        return estimator

    def to_torch(self):
        """The same network in PyTorch.

        Returns
        -------
        torch.nn.Module
            With ``encoder`` and ``decoder``, both ``nn.Sequential`` on scaled data, and ``encode`` and
            ``decode`` in the units of the data. Needs torch and safetensors.
        """
        check_is_fitted(self)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "load.py"
            self.save(file.with_name("model.safetensors"))
            names = {"__file__": os.fspath(file), "__name__": "nrae_torch"}
            exec(self._model.pytorch("model.safetensors"), names)
        return names["model"]

    # scikit-learn

    @property
    def _n_features_out(self):
        return self._model.latent

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_model")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def load(path):
    """A trained model, as ``nrae train`` or ``save`` have written it.

    Parameters
    ----------
    path : path-like
        A run folder or a ``model.safetensors``.

    Returns
    -------
    NRAE
        With the parameters and the history of the run where they are beside the model.
    """
    return NRAE.load(path)
