"""The same data and seed through the `nrae` command and through Python."""

import json

import numpy as np
import pytest

import nrae
from conftest import short


@pytest.mark.parametrize(
    "method, kind", [("nrae-q", "f4"), ("ae", "f8"), ("vae", "u1"), ("nrae-l", "i8")]
)
def test_models_have_the_bytes_of_the_command(tmp_path, digits, binary, method, kind):
    X = digits.reshape(len(digits), -1).astype(kind)
    np.save(tmp_path / "x.npy", X)
    run = tmp_path / "run"
    binary(
        *["train", "--data", tmp_path / "x.npy", "--method", method, "--hidden", "16", "--seed", 5],
        *["--epochs", 3, "--device", "cpu", "--quiet", "--out", run],
    )
    model = short(method=method, random_state=5).fit(X)
    model.save(tmp_path / "model.safetensors")
    written = (run / "model.safetensors").read_bytes()
    assert (tmp_path / "model.safetensors").read_bytes() == written
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert model.history_ == [json.loads(line) for line in lines]

    loaded = nrae.load(run).set_params(device="cpu")
    assert loaded.get_params()["method"] == method and loaded.hidden == (16,)
    assert loaded.history_ == model.history_
    binary("encode", run, "--data", tmp_path / "x.npy", "--out", tmp_path / "z.npy", "--device", "cpu")
    codes = np.load(tmp_path / "z.npy")
    assert np.array_equal(loaded.transform(X), codes)
    assert np.array_equal(model.transform(X), codes)
    binary(
        *["decode", run, "--latents", tmp_path / "z.npy", "--out", tmp_path / "y.npy"],
        *["--device", "cpu"],
    )
    assert np.array_equal(model.inverse_transform(codes), np.load(tmp_path / "y.npy").reshape(X.shape))


def test_images_have_the_bytes_of_the_command(tmp_path, digits, binary):
    X = np.repeat(digits.reshape(-1, 8, 8, 1), 3, axis=3).astype("u1")
    np.save(tmp_path / "x.npy", X)
    binary(
        *["train", "--data", tmp_path / "x.npy", "--net", "conv", "--epochs", 1, "--device", "cpu"],
        *["--quiet", "--out", tmp_path / "run"],
    )
    model = short(net="conv", epochs=1, hidden=nrae.NRAE().hidden).fit(X)
    model.save(tmp_path / "model.safetensors")
    written = (tmp_path / "run" / "model.safetensors").read_bytes()
    assert (tmp_path / "model.safetensors").read_bytes() == written
    codes = model.transform(X)
    assert model.reconstruct(X).shape == X.shape
    assert np.array_equal(model.inverse_transform(codes), model.reconstruct(X))


def test_what_goes_on_has_the_bytes_of_resume(tmp_path, digits, binary):
    X = digits.reshape(len(digits), -1)
    np.save(tmp_path / "x.npy", X)
    run = tmp_path / "run"
    binary(
        *["train", "--data", tmp_path / "x.npy", "--hidden", "16", "--epochs", 2, "--device", "cpu"],
        *["--quiet", "--out", run],
    )
    binary("resume", run, "--epochs", 5, "--device", "cpu", "--quiet")
    model = short(epochs=2).fit(X)
    model.set_params(epochs=3, warm_start=True).fit(X)
    model.save(tmp_path / "model.safetensors")
    assert model.n_iter_ == 5 and [record["epoch"] for record in model.history_] == [1, 2, 3, 4, 5]
    written = (run / "model.safetensors").read_bytes()
    assert (tmp_path / "model.safetensors").read_bytes() == written
    # A run folder is trained on as well; a model by itself is not.
    assert nrae.load(run).set_params(device="cpu", warm_start=True, epochs=1).fit(X).n_iter_ == 6
    alone = nrae.load(tmp_path / "model.safetensors").set_params(warm_start=True)
    with pytest.raises(ValueError, match="without a checkpoint"):
        alone.fit(X)


def test_graphs_and_jets_are_those_of_the_command(tmp_path, digits, binary):
    X = digits.reshape(len(digits), -1)
    np.save(tmp_path / "x.npy", X)
    binary(
        *["knn", "--data", tmp_path / "x.npy", "--k", 4, "--out", tmp_path / "g.npy"],
        *["--distances", tmp_path / "d.npy", "--device", "cpu", "--quiet"],
    )
    graph = nrae.knn_graph(X, 4, device="cpu")
    assert graph.recall == 1.0
    assert np.array_equal(graph.indices, np.load(tmp_path / "g.npy"))
    assert np.array_equal(graph.distances, np.load(tmp_path / "d.npy"))

    model = short().fit(X)
    model.save(tmp_path / "model.safetensors")
    z, dz = model.transform(X[:5]), np.ones((5, 2), "f4")
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "dz.npy", dz)
    binary(
        *["jets", tmp_path / "model.safetensors", "--latents", tmp_path / "z.npy"],
        *["--directions", tmp_path / "dz.npy", "--out", tmp_path / "jets.safetensors"],
        *["--device", "cpu"],
    )
    jets = model.jets(z, dz)
    stored = (tmp_path / "jets.safetensors").read_bytes()
    for values in jets:
        assert values.tobytes() in stored
