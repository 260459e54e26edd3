"""The notebooks run from the first cell to the last."""

import time

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from conftest import REPOSITORY

FIT = """
import numpy as np, nrae
X = np.random.default_rng(0).normal(size=(80, 3)).astype("f4")
model = nrae.NRAE(hidden=(16,), epochs=1_000_000, device="cpu").fit(X)
"""
BOOKS = sorted((REPOSITORY / "python" / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)
    book = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in book.cells), "notebooks are kept without output"
    NotebookClient(book, timeout=300).execute()
    # What training shows on standard error is seen in a notebook as well.
    streams = [out for cell in book.cells for out in cell.get("outputs", []) if out.output_type == "stream"]
    assert any("epoch" in out.text for out in streams)


def test_a_kernel_that_is_interrupted_keeps_the_model():
    manager, client = start_new_kernel(kernel_name="python3")
    told, at = [], {}

    def hear(message):
        text = message["content"].get("text", "")
        told.append(text)
        if "epoch" in text and not at:
            at["pressed"] = time.perf_counter()
            manager.interrupt_kernel()

    def run(code):
        return client.execute_interactive(code, timeout=120, output_hook=hear)["content"]["status"]

    try:
        assert run(FIT) == "ok"
        # One block, and the way to the kernel and back on a machine that does other things as well.
        assert time.perf_counter() - at["pressed"] < 5.0
        assert run("print(model.interrupted_, model.transform(X).shape)") == "ok"
        assert "True (80, 2)" in "".join(told)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_there_are_three():
    assert [path.stem for path in BOOKS] == ["digits", "own_images", "swiss_roll"]
