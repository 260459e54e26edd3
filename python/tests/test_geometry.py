"""Rows by themselves, derivatives, and PyTorch."""

import copy

import numpy as np
import pandas as pd
import pytest

import nrae
from conftest import DEVICES


@pytest.mark.parametrize("net", ["mlp", "conv"])
def test_a_row_has_the_same_bits_alone_and_among_others(digits, quick, net):
    X = digits.reshape(-1, 8, 8)
    model = quick(net=net, epochs=1, hidden=(64, 32)).fit(X)
    codes, rebuilt = model.transform(X), model.reconstruct(X)
    for i in (0, 1, 63, 64, 199):
        assert np.array_equal(model.transform(X[i : i + 1])[0], codes[i])
        assert np.array_equal(model.reconstruct(X[i : i + 1])[0], rebuilt[i])
        assert np.array_equal(model.inverse_transform(codes[i : i + 1])[0], rebuilt[i])


def test_derivatives_are_those_of_inverse_transform(roll, quick):
    model = quick(scaling="none", epochs=30, activation="tanh").fit(roll)
    z = model.transform(roll[:6]).astype(float)
    dz = np.random.default_rng(1).normal(size=z.shape)
    value, jvp, hvp = model.jets(z, dz)
    f = [model.inverse_transform(z + h * dz).astype(float) for h in (-0.03, 0, 0.03)]
    scale = np.abs(f[1]).max()
    assert np.allclose(value, f[1], atol=1e-5 * scale)
    assert np.allclose(jvp, (f[2] - f[0]) / 0.06, atol=2e-3 * scale)
    assert np.allclose(hvp, (f[2] - 2 * f[1] + f[0]) / 0.03**2, atol=2e-2 * scale)
    columns = [model.jets(z, np.tile(e, (6, 1))).jvp for e in np.eye(2)]
    J = np.stack(columns, axis=2).astype(float)
    G = model.metric(z)
    assert G.shape == (6, 2, 2)
    assert np.allclose(G, np.einsum("bni,bnj->bij", J, J), rtol=1e-4)
    curvature = model.curvature(z)
    assert curvature.scalar.shape == curvature.extrinsic.shape == (6,)
    assert np.isfinite(curvature.scalar).all() and (curvature.extrinsic > 0).all()


def test_geodesics_are_no_longer_than_straight_lines(roll, quick):
    model = quick(epochs=100, activation="tanh").fit(roll)
    z = model.transform(roll)
    path, length, straight, _ = model.geodesic(z[0], z[1], pieces=16)
    assert path.shape == (17, 2) and np.allclose(path[[0, -1]], z[:2])
    assert 0 < length <= straight * (1 + 1e-6)
    x = (model.inverse_transform(path) - roll.mean(0)) / roll.std(0)
    steps = np.linalg.norm(np.diff(x, axis=0), axis=1).sum()
    assert steps == pytest.approx(length, rel=0.05)


def test_models_are_saved_loaded_and_copied(tmp_path, digits, quick):
    X = digits.reshape(-1, 8, 8)
    model = quick(epochs=1).fit(X)
    model.save(tmp_path / "model.safetensors")
    for other in (nrae.load(tmp_path / "model.safetensors"), copy.deepcopy(model), copy.copy(model)):
        other.set_params(device="cpu")
        assert np.array_equal(other.transform(X), model.transform(X))
        assert np.array_equal(other.reconstruct(X), model.reconstruct(X))
    with pytest.raises(ValueError, match="no run folder or model"):
        nrae.load(tmp_path / "missing")


def test_a_page_to_explore(tmp_path, digits, quick):
    X = digits.reshape(-1, 8, 8)
    page = quick(epochs=1).fit(X).explore(X, np.arange(len(X)) % 3, title="Mine")
    page.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html
    assert "<title>" in page.html and "Mine" in page.html
    assert page._repr_html_().startswith("<iframe srcdoc=") and "<title>" not in page._repr_html_()


def test_a_page_names_features_where_a_frame_does(roll, quick):
    frame = pd.DataFrame(roll, columns=["bill length", "flipper", "mass"])
    page = quick(epochs=1).fit(frame).explore(frame)
    for name in frame:
        assert f'"{name}"' in page.html and name not in quick(epochs=1).fit(roll).explore(roll).html


@pytest.mark.skipif("gpu" not in DEVICES, reason="no GPU, not even a software one")
@pytest.mark.parametrize("precision", ["f16", "f16x3"])
def test_precisions_of_a_gpu(precision, roll, quick):
    """Either it multiplies so, close to f32, or says that it cannot."""
    model = quick(device="gpu", epochs=1).fit(roll)
    wanted = model.transform(roll)
    model.set_params(precision=precision)
    try:
        found = model.transform(roll)
    except ValueError as error:
        assert f"cannot multiply in {precision}, since" in str(error)
        return
    assert np.allclose(found, wanted, atol={"f16": 1e-2, "f16x3": 1e-4}[precision] * np.abs(wanted).max())


def test_graphs_are_approximate_where_that_is_wanted():
    X = np.random.default_rng(0).normal(size=(8000, 100)).astype("f4")
    exact, near = (nrae.knn_graph(X, 5, graph=graph, device="cpu") for graph in ("exact", "approximate"))
    shared = [len(set(a) & set(b)) / 5 for a, b in zip(exact.indices, near.indices)]
    assert exact.recall == 1.0 and 0.5 < near.recall < 1.0
    assert np.mean(shared) == pytest.approx(near.recall, abs=0.1)
    auto = nrae.knn_graph(X, 5, device="cpu")
    assert np.array_equal(auto.indices, exact.indices) and auto.recall == 1.0
    with pytest.raises(ValueError, match='graph is "some", but it is one of auto, exact, approximate'):
        nrae.knn_graph(X, 5, graph="some")


def test_graphs_have_the_nearest(roll):
    graph = nrae.knn_graph(roll, 3)
    distances = np.linalg.norm(roll[:, None] - roll[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(graph.indices[:, 0], distances.argmin(axis=1))
    assert np.allclose(graph.distances, np.sort(distances, axis=1)[:, :3], rtol=1e-5)
    cosine = nrae.knn_graph(roll, 1, "cosine")
    assert (cosine.distances >= 0).all() and (cosine.distances <= 2).all()
    with pytest.raises(ValueError, match="metric is"):
        nrae.knn_graph(roll, 1, "manhattan")


@pytest.mark.parametrize("net", ["mlp", "conv"])
def test_pytorch_gives_the_same(digits, quick, net):
    torch = pytest.importorskip("torch", reason="not run: torch is not installed")
    pytest.importorskip("safetensors", reason="not run: safetensors is not installed")
    X = digits.reshape(-1, 8, 8)
    model = quick(net=net, epochs=1).fit(X)
    module = model.to_torch()
    assert isinstance(module.encoder, torch.nn.Sequential)
    assert isinstance(module.decoder, torch.nn.Sequential)
    z = model.transform(X)
    with torch.no_grad():
        latents = module.encode(torch.tensor(X, dtype=torch.float32)).numpy()
        samples = module.decode(torch.tensor(z)).numpy()
    assert np.allclose(latents, z, atol=1e-4)
    assert np.allclose(samples.reshape(X.shape), model.inverse_transform(z), atol=1e-3)
