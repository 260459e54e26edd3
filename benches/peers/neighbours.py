#!/usr/bin/env python3
"""Times the graph of nearest neighbours of nrae and of its peers on the same samples, each in a process of its own, in turn.

    pip install numpy scipy faiss-cpu hnswlib pynndescent
    benches/peers/neighbours.py --nrae target/release/nrae --images train-images-idx3-ubyte.gz [--samples 100000] [--json FILE]

Samples: principal components of images in IDX form (MNIST) and of rotations of them by up to 15 degrees, made once and kept in --keep. Peers: faiss
(IndexFlatL2, exact; IndexHNSWFlat, M 32, efConstruction 100), hnswlib (the same), pynndescent (its defaults; a second time after its kernels are
compiled). Each finds the k nearest others of all samples from float32 in memory, or from an .npy for nrae, whose time includes reading and writing.
Recall: the share of the true neighbours of 1,000 samples that are found (a distance as small counts as found, so ties do).
Wall-clock and CPU seconds without those of importing the library and of reading the samples; the peak of memory with the samples (Linux).
"""

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

MEASURED = 1000
AT_ONCE = 50


def make(images, samples, features, path):
    """Writes `samples` rows of `features` principal components."""
    import numpy as np
    from scipy import ndimage

    with gzip.open(images) as file:
        count, rows, columns = np.frombuffer(file.read(16), ">u4")[1:]
        pixels = np.frombuffer(file.read(), "u1").reshape(count, rows, columns)
    flat = pixels.reshape(count, -1).astype("f4")
    mean = flat.mean(0)
    _, axes = np.linalg.eigh(np.cov((flat - mean).T.astype("f8")))
    axes = axes[:, ::-1][:, :features].astype("f4")
    generator = np.random.default_rng(0)
    out = np.empty((samples, features), "f4")
    done = 0
    while done < samples:
        part = pixels[: samples - done]
        if done:  # the images as they are come first
            angles = generator.uniform(-15, 15, len(part))
            part = np.stack([ndimage.rotate(i, a, reshape=False, order=1) for i, a in zip(part, angles)])
        out[done : done + len(part)] = (part.reshape(len(part), -1).astype("f4") - mean) @ axes
        done += len(part)
    np.save(path, out)


def search(peer, path, k, threads):
    """The neighbours [samples, k] by a peer, with what that took."""
    import numpy as np

    if peer.startswith("faiss"):
        import faiss

        faiss.omp_set_num_threads(threads)
    elif peer == "hnswlib":
        import hnswlib
    else:
        import pynndescent
    empty = memory("VmRSS")
    samples = np.load(path)
    count, features = samples.shape
    if peer == "pynndescent-compiled":
        pynndescent.NNDescent(samples[:5000], n_neighbors=k + 1, n_jobs=threads).neighbor_graph
    before = seconds(resource.RUSAGE_SELF)
    if peer == "faiss-flat":
        index = faiss.IndexFlatL2(features)
        index.add(samples)
        found = index.search(samples, k + 1)[1]
    elif peer == "faiss-hnsw":
        index = faiss.IndexHNSWFlat(features, 32)
        index.hnsw.efConstruction = 100
        index.hnsw.efSearch = 64
        index.add(samples)
        found = index.search(samples, k + 1)[1]
    elif peer == "hnswlib":
        index = hnswlib.Index(space="l2", dim=features)
        index.init_index(max_elements=count, M=32, ef_construction=100, random_seed=0)
        index.set_num_threads(threads)
        index.add_items(samples)
        index.set_ef(64)
        found = index.knn_query(samples, k + 1)[0]
    else:
        found = pynndescent.NNDescent(samples, n_neighbors=k + 1, n_jobs=threads, random_state=0).neighbor_graph[0]
    found = np.asarray(found, "i8")
    after = seconds(resource.RUSAGE_SELF)
    # A sample is its own first neighbour, but not where another is equal to it.
    itself = found == np.arange(count)[:, None]
    itself[~itself.any(1), -1] = True
    took = {name: after[name] - before[name] for name in before}
    return found[~itself].reshape(count, k), {**took, "peak_mib": memory("VmHWM") - empty}


def seconds(whose):
    used = resource.getrusage(whose)
    return {"wall_s": time.perf_counter(), "cpu_s": used.ru_utime + used.ru_stime}


def memory(kind):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(kind)) / 1024


def nrae(program, graph, path, k, threads, out):
    """The same by nrae, in which reading and writing are."""
    import numpy as np

    command = [program, "knn", "--data", path, "--k", str(k), "--graph", graph, "--device", "cpu", "--out", out]
    before = seconds(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env={**os.environ, "RAYON_NUM_THREADS": str(threads)}, stdout=subprocess.DEVNULL)
    after = seconds(resource.RUSAGE_CHILDREN)
    took = {name: after[name] - before[name] for name in before}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return np.load(out), {**took, "peak_mib": peak}


def recall(samples, found, k):
    """The share of true neighbours among those of some samples."""
    import numpy as np

    chosen = np.random.default_rng(1).choice(len(samples), min(MEASURED, len(samples)), replace=False)
    squares = np.einsum("ij,ij->i", samples, samples)
    # More than k, since these distances are rounded.
    near = min(2 * k + 32, len(samples) - 1)
    hits = 0
    for part in np.split(chosen, range(AT_ONCE, len(chosen), AT_ONCE)):
        distances = squares - 2 * samples[part] @ samples.T
        distances[np.arange(len(part)), part] = np.inf
        for place, others in zip(part, np.argpartition(distances, near - 1)[:, :near]):
            squared = exact(samples, place, others)
            furthest = np.partition(squared, k - 1)[k - 1]
            hits += (exact(samples, place, np.unique(found[place])) <= furthest).sum()
    return float(hits) / (len(chosen) * k)


def exact(samples, place, others):
    """Squared distances in f64."""
    return ((samples[others].astype("f8") - samples[place].astype("f8")) ** 2).sum(1)


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--nrae", required=True, help="the release binary")
    parse.add_argument("--images", required=True, help="images in IDX form, compressed by gzip")
    parse.add_argument("--samples", type=int, default=100_000)
    parse.add_argument("--features", type=int, default=50)
    parse.add_argument("--k", type=int, default=15)
    parse.add_argument("--threads", type=int, default=2)
    parse.add_argument("--only", help="of nrae-exact, nrae-approximate, faiss-flat, faiss-hnsw, hnswlib, pynndescent and pynndescent-compiled these, with commas between them")
    parse.add_argument("--keep", default=tempfile.gettempdir(), help="where the samples are kept")
    parse.add_argument("--json", help="a file for the figures")
    parse.add_argument("--child", help=argparse.SUPPRESS)
    parse.add_argument("--found", help=argparse.SUPPRESS)
    arguments = parse.parse_args()

    path = os.path.join(arguments.keep, f"neighbours-{arguments.samples}x{arguments.features}.npy")
    if not os.path.exists(path):
        make(arguments.images, arguments.samples, arguments.features, path)
    import numpy as np

    if arguments.child:
        if arguments.child.startswith("nrae"):
            graph = arguments.child.removeprefix("nrae-")
            found, took = nrae(arguments.nrae, graph, path, arguments.k, arguments.threads, arguments.found)
        else:
            found, took = search(arguments.child, path, arguments.k, arguments.threads)
        np.save(arguments.found, found)
        print(json.dumps(took))
        return

    every = ["nrae-approximate", "nrae-exact", "faiss-flat", "faiss-hnsw", "hnswlib", "pynndescent", "pynndescent-compiled"]
    samples = np.load(path)
    figures = {}
    print(f"{arguments.samples} x {arguments.features}, k {arguments.k}, {arguments.threads} threads")
    print(f"{'':22}{'wall s':>9}{'CPU s':>9}{'MiB':>8}{'recall':>9}")
    for peer in arguments.only.split(",") if arguments.only else every:
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "found.npy")
            run = subprocess.run([sys.executable, *sys.argv, "--child", peer, "--found", out], stdout=subprocess.PIPE, text=True)
            if run.returncode:
                print(f"{peer:22} failed")
                continue
            took = json.loads(run.stdout.splitlines()[-1])
            took["recall"] = recall(samples, np.load(out), arguments.k)
        figures[peer] = took
        print(f"{peer:22}{took['wall_s']:9.1f}{took['cpu_s']:9.1f}{took['peak_mib']:8.0f}{took['recall']:9.4f}", flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"samples": arguments.samples, "features": arguments.features, "k": arguments.k, "threads": arguments.threads, "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
