"""What samples may be held in."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

TYPES = ["?", "u1", "i1", "u2", "i2", "f2", "f4", "u4", "i4", "u8", "i8", "f8", ">f4", ">f8", "g"]


def test_python_copies_no_samples(quick):
    """The native module makes the one copy there is."""
    X = np.random.default_rng(0).random((5000, 400), dtype=np.float32)
    model = quick(method="ae", epochs=1, hidden=(4,), batch=1000, validation=0.0)
    for work in (model.fit, model.transform, model.score):
        tracemalloc.start()
        work(X)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 0.05 * X.nbytes


@pytest.mark.parametrize("kind", TYPES)
def test_numbers_of_any_type_and_order(kind, quick):
    X = (np.random.default_rng(0).integers(0, 2, (60, 5))).astype(kind)
    plain = quick().fit(X.astype("u1" if kind == "?" else kind)).transform(X)
    for other in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X[::-1][::-1]):
        assert np.array_equal(quick().fit(other).transform(other), plain)


def test_f64_that_f32_does_not_hold(quick):
    X = 1e6 + np.random.default_rng(0).normal(size=(60, 3)) * 1e-3
    model = quick().fit(X)
    assert model.inverse_transform(model.transform(X)).dtype == np.float64
    assert np.abs(model.reconstruct(X) - X).max() < 0.1


def test_frames_sparse_matrices_and_lists(roll, quick):
    codes = quick().fit_transform(roll)
    others = [pd.DataFrame(roll), scipy.sparse.csr_matrix(roll), scipy.sparse.coo_array(roll)]
    polars = optional("polars")
    if polars:
        others.append(polars.DataFrame(roll))
    anndata = optional("anndata")
    if anndata:
        others += [anndata.AnnData(roll), anndata.AnnData(scipy.sparse.csr_matrix(roll)).X]
    torch = optional("torch")
    if torch:
        others += [torch.tensor(roll), torch.tensor(roll, requires_grad=True)]
    for X in others:
        assert np.array_equal(quick().fit_transform(X), codes), type(X)
    assert quick().fit_transform(roll.tolist()).shape == codes.shape


def optional(name):
    try:
        return __import__(name)
    except ImportError:
        return None


@pytest.mark.parametrize(
    "shape, layout",
    [((6, 5), "auto"), ((1, 6, 5), "auto"), ((6, 5, 3), "auto"), ((3, 6, 5), "auto"), ((4, 4, 4), "nhwc"), ((2, 9), "ncl")],
)
def test_images_come_back_in_their_shape(shape, layout, quick):
    X = np.random.default_rng(0).random((60, *shape)).astype("f4")
    model = quick(layout=layout, epochs=1, validation=0.0).fit(X)
    assert model.n_features_in_ == X[0].size and model.sample_shape_ == shape
    rebuilt = model.reconstruct(X)
    assert rebuilt.shape == X.shape
    # Were axes mixed up, a trained model's error in the right order would not be the score.
    low, high = X.min(), X.max()
    error = np.mean(((rebuilt - X) / (high - low)) ** 2)
    assert error == pytest.approx(-model.score(X), rel=1e-4)
    with pytest.raises(ValueError, match="samples of shape"):
        model.transform(X[:, ..., :-1])


def test_bad_input_is_a_sentence(roll, quick):
    for parameters, words in [
        ({"method": "nrea-q"}, "did you mean `nrae-q`"),
        ({"settings": {"train.learning_rate": 1}}, "train.lr"),
        ({"device": "tpu"}, "device is"),
        ({"layout": "nx"}, "layout is"),
        ({"n_components": 0}, "net.latent is 0"),
        ({"precision": "f16"}, "the CPU multiplies in f32"),
    ]:
        with pytest.raises(ValueError, match=words):
            quick(**parameters).fit(roll)
    with pytest.raises(ValueError, match="latent dimensions"):
        quick().fit(roll).inverse_transform(np.zeros((2, 3)))
    with pytest.warns(UserWarning, match="n_neighbors is 10"):
        quick(n_neighbors=10).fit(roll[:8])
    with pytest.raises(FloatingPointError, match="not finite|NaN|inf"):
        quick(lr=1e30).fit(roll)
