#!/usr/bin/env python3
"""Small valid files of every format, for a fuzzer to begin with: `seeds.py NRAE FOLDER` writes FOLDER/READER/NAME.

Most are made here byte by byte; models, checkpoints and pictures are those of a run of the binary NRAE; Parquet and HDF5 are
those of the tests.
"""
import gzip, io, pathlib, re, shutil, struct, subprocess, sys, tarfile, tempfile, zipfile, zlib

ROOT = pathlib.Path(__file__).resolve().parents[1]


def npy(kind, shape, content, version=1):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117 if version == 1 else 115).encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(2 * version, "little") + header + content


def packed(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def png(width, height, content):
    def chunk(kind, body):
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    rows = b"".join(b"\0" + content[row * width:(row + 1) * width] for row in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def mat(elements):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(elements)


def matrix(name, kind, number, extents, content):
    def element(code, body):
        return struct.pack("<II", code, len(body)) + body + b"\0" * (-len(body) % 8)

    parts = (element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(extents)}i", *extents))
             + element(1, name.encode()) + element(number, content))
    return element(14, parts)


def pictures():
    """The pictures of the tests, and one made here."""
    text = (ROOT / "src/data/format_tests/mod.rs").read_text()
    found = {}
    for name, digits in re.findall(r'const ((?:\w+_)?(?:JPEG|WEBP|BMP)): &str =\s*"([0-9a-f\\\s]+)"', text):
        found[name.lower()] = bytes.fromhex(re.sub(r"[^0-9a-f]", "", digits))
    return found | {"grey.png": png(4, 4, bytes(range(0, 256, 16)))}


def run_of(nrae, folder):
    """Models, a checkpoint and a configuration, of runs that take a moment."""
    found = {"model": {}, "checkpoint": {}, "config": {}}
    (folder / "x.csv").write_text("".join(f"{i % 7},{i % 5},{i / 40}\n" for i in range(40)))
    for method, more in [("nrae-q", ""), ("vae", "--validation 0.2"), ("ae", "--scaling standardise --tensorboard")]:
        command = f"train --data x.csv --method {method} --epochs 2 --hidden 2 --batch 10 --device cpu --quiet --out {method} {more}"
        subprocess.run([nrae, *command.split()], cwd=folder, check=True, capture_output=True)
        for reader, file in [("model", "model.safetensors"), ("checkpoint", "checkpoint/state.safetensors"), ("config", "config.toml")]:
            found[reader][method] = (folder / method / file).read_bytes()
    return found


def seeds(nrae, folder):
    floats = struct.pack("<6f", 1, 2.5, -3, 0, 1e-3, 7)
    array, labels = npy("<f4", "(3, 2)", floats), npy("<i8", "(3,)", struct.pack("<3q", 0, 1, 1))
    images = pictures()
    table = b"a,b,label\n1,2.5,cat\n-3,1e-4,dog\n\"4\",,cat\n"
    idx = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 2, 2) + bytes(8)
    cifar = bytes([3]) + bytes(i % 251 for i in range(3072))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name in ("data_batch_1.bin", "batches.meta.txt"):
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            content = cifar if name.endswith("bin") else b"cat\ndog\n" * 5
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    shard = io.BytesIO()
    with tarfile.open(fileobj=shard, mode="w") as tar:
        for name, content in [("a/1.png", images["grey.png"]), ("a/1.cls", b"2"), ("a/2.jpg", images["red_jpeg"]), ("a/2.cls", b"0")]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    matrices = [matrix("X", 9, 2, [2, 3], bytes(range(6))), matrix("y", 6, 9, [1, 3], struct.pack("<3d", 0, 1, 2))]
    found = {
        "npy": {"f4": array, "i8": labels, "u1": npy("|u1", "(2, 2, 2)", bytes(8), 2), "gz": gzip.compress(array)},
        "npz": {"both": packed({"x.npy": array, "y.npy": labels}), "stored": packed({"x.npy": array}, zipfile.ZIP_STORED)},
        "csv": {"named": table, "plain": b"1 2 3\n4 5 6\n", "tabs": b"x\ty\n1\t2\n", "svm": b"1 1:0.5 3:2\n-1 2:1\n", "gz": gzip.compress(table)},
        "idx": {"images": idx, "labels": bytes([0, 0, 8, 1]) + struct.pack(">I", 3) + b"\1\2\3", "gz": gzip.compress(idx)},
        "mat": {"plain": mat(matrices),
                "packed": mat([struct.pack("<II", 15, len(p)) + p for p in map(zlib.compress, matrices)])},
        "bin": {"two": cifar * 2}, "tar.gz": {"one": archive.getvalue()},
        "tar": {"two": shard.getvalue()},
        "image": images,
        "zip": {"folders": packed({"a/1.png": images["grey.png"], "b/2.jpg": images["red_jpeg"]})},
        "experiment": {path.name: path.read_bytes() for path in (ROOT / "experiments").glob("*.toml")},
        "parquet": {}, "arrow": {}, "h5": {},
    } | run_of(nrae, folder)
    for path in (ROOT / "configs").glob("*.toml"):
        found["config"][path.name] = path.read_bytes()
    for path in (ROOT / "tests/data/containers").iterdir():
        reader = {".parquet": "parquet", ".feather": "arrow", ".arrow": "arrow", ".h5": "h5", ".h5ad": "h5", ".mat": "h5", ".npz": "npz"}
        if reader.get(path.suffix):
            found[reader[path.suffix]][path.name] = path.read_bytes()
    return found


def main():
    nrae, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        for reader, files in seeds(nrae, pathlib.Path(folder)).items():
            (out / reader).mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (out / reader / name).write_bytes(content)


main()
