"""NRAE beside PCA, umap-learn and, where it is installed, manifolds-rs: how well neighbours are kept,
what it takes, and what can be done with new rows and with points of the plane.

    python python/benchmarks/peers.py digits
    python python/benchmarks/peers.py fashion --rows 10000

A tenth of the rows is new to every method. Seconds are those of all processor cores together, so that
other work of the machine does not count; wall-clock time stands beside them. Each method has run
before, on enough rows that umap-learn compiles what large sets need, so that no time is that of compilation.
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

DATA = Path(__file__).parents[2] / "data"
MOST = 3000
WARM = 4200
REBUILT = 200


def samples(name, rows):
    """Flat samples between 0 and 1, (N, n)."""
    if name == "digits":
        X = np.load(DATA / "digits.npy")
    else:
        with gzip.open(DATA / "fashion-mnist-10k.npy.gz") as file:
            X = np.load(file)
    X = X.reshape(len(X), -1)[:rows].astype(np.float32)
    return X / X.max()


def nrae_default(method="nrae-q"):
    import nrae

    return nrae.NRAE(method=method, device="cpu", verbose=0)


def umap_default():
    import umap

    return umap.UMAP(random_state=0)


def manifolds_default():
    import manifolds_rs

    return manifolds_rs.UMAP()


METHODS = {
    "PCA": lambda: PCA(2),
    "NRAE-Q": nrae_default,
    "AE": lambda: nrae_default("ae"),
    "umap-learn": umap_default,
    "manifolds-rs": manifolds_default,
}


def timed(body):
    """What `body` gives, its seconds on all cores, and on the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = body()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def attempt(body):
    """The same, or why there is none."""
    try:
        return timed(body)
    except (AttributeError, NotImplementedError, ImportError, TypeError) as error:
        return type(error).__name__, float("nan"), float("nan")


def measure(name, X, new):
    """One row of the table."""
    made, _, _ = attempt(METHODS[name])
    if isinstance(made, str):
        return [name, made]
    warm = METHODS[name]()
    codes = warm.fit_transform(X[:WARM])
    attempt(lambda: warm.transform(new[:WARM]))
    attempt(lambda: warm.inverse_transform(codes[:REBUILT]))
    codes, cpu, wall = timed(lambda: np.asarray(made.fit_transform(X)))
    kept = np.random.default_rng(0).permutation(len(X))[:MOST]
    row = [name, f"{trustworthiness(X[kept], codes[kept], n_neighbors=10):.4f}", f"{cpu:.1f} ({wall:.1f})"]
    found, cpu, wall = attempt(lambda: np.asarray(made.transform(new)))
    if isinstance(found, str):
        return row + ["no", "no", "no", "no"]
    row += [f"{trustworthiness(new, found, n_neighbors=10):.4f}", f"{1000 * cpu / len(new):.3f}"]
    rebuilt, cpu, wall = attempt(lambda: np.asarray(made.inverse_transform(found[:REBUILT])))
    if isinstance(rebuilt, str):
        return row + ["no", "no"]
    return row + [f"{np.mean((rebuilt - new[:REBUILT]) ** 2):.5f}", f"{1000 * cpu / len(rebuilt):.3f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=["digits", "fashion"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    arguments = parser.parse_args()
    X = samples(arguments.data, arguments.rows)
    order = np.random.default_rng(0).permutation(len(X))
    new, X = X[order[: len(X) // 10]], X[order[len(X) // 10 :]]
    print(f"{len(X)} rows of {X.shape[1]} features, {len(new)} new ones\n")
    heads = ["method", "trustworthiness", "fit, CPU s (wall)", "of new rows", "transform, CPU ms a row"]
    heads += ["inverse error", "inverse, CPU ms a row"]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for name in arguments.methods:
        print("| " + " | ".join(measure(name, X, new)) + " |", flush=True)


if __name__ == "__main__":
    main()
