"""Called by scripts/test-outputs: compares what nrae exports with what it computes itself."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

NRAE, SCRATCH = sys.argv[1], Path(sys.argv[2])
ACTIVATIONS = "linear relu leaky-relu elu selu softplus tanh sigmoid gelu silu sine".split()
# Every kind of layer, with every option that changes its graph.
LAYERS = """
[net]
encoder = [
    { kind = "conv", inputs = 3, outputs = 4, kernel = [3, 5], stride = 2, padding = [1, 2] },
    { kind = "group-norm", groups = 2, channels = 4 },
    { kind = "activation", function = "gelu" },
    { kind = "conv-transpose", inputs = 4, outputs = 6, kernel = 4, stride = 2, padding = 1, output_padding = 1 },
    { kind = "group-norm", groups = 1, channels = 6 },
    { kind = "max-pool", kernel = 3, stride = 2 },
    { kind = "average-pool", kernel = 2, stride = 1 },
    { kind = "linear", inputs = 126, outputs = 8 },
    { kind = "activation", function = "silu" },
    { kind = "linear", inputs = 8, outputs = 3 },
    { kind = "unit-norm" },
]
decoder = [
    { kind = "linear", inputs = 3, outputs = 24 },
    { kind = "activation", function = "sine" },
    { kind = "unflatten", shape = [2, 3, 4] },
    { kind = "upsample" },
    { kind = "conv", inputs = 2, outputs = 2, kernel = 3, padding = 1 },
    { kind = "upsample", align_corners = true },
    { kind = "conv-transpose", inputs = 2, outputs = 3, kernel = [3, 1], padding = [3, 0] },
    { kind = "activation", function = "sigmoid" },
    { kind = "flatten" },
]
"""


def nrae(*arguments):
    done = subprocess.run([NRAE, *map(str, arguments)], cwd=SCRATCH, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def run_graph(file, value):
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    whole = session.run(None, {name: value})[0]
    # Any number of samples at once.
    first = session.run(None, {name: value[:1]})[0]
    assert np.allclose(first, whole[:1], rtol=1e-5, atol=1e-6)
    return whole


def compare_onnx(what, data, *settings):
    """Trains a little and compares the graphs with `encode` and `decode` on raw data."""
    run = f"run-{what}"
    shape = ["--layout", "ncl"] if "--layout" in settings else []
    nrae("train", *settings, "--data", data, "--epochs", 2, "--k", 3, "--batch", 10, "--device", "cpu", "--quiet",
         "--no-warnings", "--out", run)
    nrae("encode", run, "--data", data, "--out", "z.npy", "--device", "cpu")
    nrae("decode", run, "--latents", "z.npy", "--out", "y.npy", "--device", "cpu")
    nrae("export", run, "--format", "onnx")
    x, z, y = (np.load(SCRATCH / name) for name in [data, "z.npy", "y.npy"])
    z_onnx = run_graph(SCRATCH / run / "encoder.onnx", x if x.dtype == np.float64 else x.astype(np.float32))
    y_onnx = run_graph(SCRATCH / run / "decoder.onnx", z)
    assert z_onnx.shape == z.shape and y_onnx.dtype == y.dtype, (what, z_onnx.shape, y_onnx.dtype)
    y_onnx = y_onnx.reshape(y.shape)
    # Relative to the spread of the data, which is 1 as the network sees them.
    spread = max(y.std(), x.std(0).max())
    errors = np.abs(z_onnx - z).max() / max(1, np.abs(z).max()), np.abs(y_onnx - y).max() / spread
    print(f"onnx {what}: encode {errors[0]:.1e}, decode {errors[1]:.1e}")
    assert max(errors) < 1e-5, (what, errors)


def compare_events():
    """TensorBoard's own reader gives what metrics.csv and metrics.jsonl have."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = SCRATCH / "events"
    settings = ["--data", "images.npy", "--method", "vae", "--validation", 0.2, "--batch", 10, "--device", "cpu", "--quiet"]
    nrae("train", *settings, "--epochs", 5, "--tensorboard", "--out", "events")
    nrae("resume", "events", "--epochs", 8, "--device", "cpu", "--quiet")
    nrae("export", "events", "--format", "tensorboard", "--out", "events-of-metrics")
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    with open(run / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(records) == 8
    tags = {"loss/total": "loss", "loss/kl": "kl", "learning_rate": "lr", "mse/validation": "validation_mse", "epoch": "epoch"}
    for folder in [run, SCRATCH / "events-of-metrics"]:
        events = EventAccumulator(str(folder))
        events.Reload()
        for tag, key in tags.items():
            read = [(scalar.step, scalar.value) for scalar in events.Scalars(tag)]
            kept = [(record["step"], record[key]) for record in records if key in record]
            assert len(read) == len(kept) > 0, (tag, read)
            assert np.allclose(read, kept), (tag, read, kept)
            in_csv = [(int(row["step"]), float(row[key])) for row in rows if row[key]]
            assert np.allclose(kept, in_csv), (key, in_csv)
    print(f"tensorboard: {len(tags)} scalars of {len(records)} epochs, after a resume")


def main():
    random = np.random.default_rng(1)
    np.save(SCRATCH / "table.npy", (random.normal(size=(40, 5)) * [1, 10, 100, 0.1, 3] + 7).astype(np.float32))
    np.save(SCRATCH / "far.npy", 1e6 + 1e-3 * random.normal(size=(40, 5)))
    np.save(SCRATCH / "signals.npy", random.normal(size=(40, 2, 24)).astype(np.float32))
    np.save(SCRATCH / "images.npy", random.integers(0, 256, (40, 3, 8, 16)).astype(np.uint8))
    np.save(SCRATCH / "digits.npy", random.integers(0, 256, (40, 1, 28, 28)).astype(np.uint8))
    (SCRATCH / "layers.toml").write_text(LAYERS)
    compare_onnx("layers", "images.npy", "layers.toml", "--latent", 3, "--method", "ae")
    compare_onnx("mlp-of-images", "images.npy", "--method", "nrae-q")
    compare_onnx("conv-of-images", "images.npy", "--net", "conv", "--method", "nrae-l")
    compare_onnx("conv-of-signals", "signals.npy", "--net", "conv", "--layout", "ncl", "--method", "ae")
    compare_onnx("conv28-variational", "digits.npy", "--net", "conv28", "--method", "vae")
    compare_onnx("doubles", "far.npy", "--method", "ae")
    for activation in ACTIVATIONS:
        compare_onnx(activation, "table.npy", "--activation", activation, "--method", "ae", "--hidden", "16,16")
    compare_events()


main()
