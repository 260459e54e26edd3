"""Writes the files in this folder: pip install h5py anndata pyarrow scipy pandas, then python make.py.

All hold the same 24 samples of 4 features, X.csv, with three classes a, b, c in turn, unless their name
says otherwise. Sparse files hold X with its negative values left out.
"""

import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import scipy.sparse as sp

warnings.filterwarnings("ignore")
X = np.round(np.random.default_rng(0).normal(size=(24, 4)) * 64) / 64  # exact in f32 and f16
kinds = np.array(["b", "a", "c"])[np.arange(24) % 3]
classes = np.array([1, 0, 2])[np.arange(24) % 3]
sparse = sp.csr_matrix(np.where(X > 0, X, 0))
np.savetxt("X.csv", X, delimiter=",", fmt="%.17g")

# Tables.
table = pd.DataFrame(X, columns=list("pqrs")).assign(species=kinds)
table.to_parquet("snappy.parquet")
table.to_parquet("zstd.parquet", compression="zstd", row_group_size=7)
table.to_feather("lz4.feather")
dated = table.assign(note="x", day=pd.Timestamp("2026-01-01"), species=pd.Categorical(kinds))
dated.index = [f"r{i}" for i in range(24)]
dated.to_parquet("categories.parquet")
missing = table.copy()
missing.loc[3, "q"] = missing.loc[7, "r"] = np.nan
missing.to_parquet("missing.parquet")
lists = pa.table({"vector": [list(row) for row in X], "label": classes})
pa.parquet.write_table(lists, "lists.parquet")
with pa.OSFile("stream.arrow", "wb") as file:
    arrow = pa.Table.from_pandas(table)
    with pa.ipc.new_stream(file, arrow.schema) as stream:
        stream.write_table(arrow, max_chunksize=10)
texts = pd.DataFrame(X, columns=list("pqrs")).assign(one=kinds, two="x")
texts.to_parquet("texts.parquet")

# HDF5 of any kind.
with h5py.File("named.h5", "w") as file:
    file["x_train"], file["y_train"] = X, classes
    file["x_test"], file["y_test"] = X[:6].astype(">f4"), classes[:6].astype(">i2")
with h5py.File("groups.h5", "w", libver="latest") as file:
    group = file.create_group("deep/down")
    group.create_dataset("points", data=X, chunks=(7, 4), compression="gzip", shuffle=True, fletcher32=True)
    group.create_dataset("packed", data=X.astype("f4"), chunks=(7, 4), compression="lzf")
    file["halves"], file["above"] = X.astype("f2"), X > 0
    file["kinds"] = kinds.astype(object)
    file["fixed"] = kinds.astype("S1")
    file["scalar"] = 1.0
with h5py.File("records.h5", "w") as file:
    file["table"] = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
with h5py.File("v73.mat", "w", userblock_size=512) as file:
    for name, value in [("X", X.T), ("y", classes[None, :].astype(float))]:
        file[name] = value
        file[name].attrs["MATLAB_class"] = np.bytes_("double")
text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
with open("v73.mat", "r+b") as file:
    file.write(text)

# AnnData.
obs = pd.DataFrame(
    {"batch": pd.Categorical(np.array(["p", "q"])[np.arange(24) % 2]), "cell_type": pd.Categorical(kinds)},
    index=[f"c{i}" for i in range(24)],
)
for name, matrix in [("dense", X.astype("f4")), ("csr", sparse), ("csc", sparse.tocsc())]:
    cells = anndata.AnnData(matrix, obs=obs)
    cells.obsm["X_pca"] = X[:, :2]
    cells.write(f"{name}.h5ad")

# SciPy.
for layout in ["csr", "csc", "coo", "bsr"]:
    sp.save_npz(f"{layout}.npz", sparse.asformat(layout))
sp.save_npz("huge.npz", sp.coo_matrix(([1.0], ([0], [0])), shape=(10**6, 10**6)))
