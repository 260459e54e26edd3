"""The notebooks run from the first cell to the last."""

import nbformat
import pytest
from nbclient import NotebookClient

from conftest import REPOSITORY

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


def test_there_are_three():
    assert [path.stem for path in BOOKS] == ["digits", "own_images", "swiss_roll"]
