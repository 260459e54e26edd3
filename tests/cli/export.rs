//! Models for other programs.

use crate::test_dir::TestDir;
use std::process::Command;

/// A network of every kind of layer, for images of 8 x 8.
pub(super) const EVERY_LAYER: &str = r#"
[net]
encoder = [
    { kind = "conv", inputs = 1, outputs = 4, kernel = 3, padding = 1 },
    { kind = "group-norm", groups = 2, channels = 4 },
    { kind = "activation", function = "sine" },
    { kind = "max-pool", kernel = 2 },
    { kind = "conv", inputs = 4, outputs = 4, kernel = 3, padding = 1 },
    { kind = "activation", function = "gelu" },
    { kind = "average-pool", kernel = 2, stride = 1 },
    { kind = "linear", inputs = 36, outputs = 8 },
    { kind = "activation", function = "selu" },
    { kind = "linear", inputs = 8, outputs = 3 },
    { kind = "unit-norm" },
]
decoder = [
    { kind = "linear", inputs = 3, outputs = 32 },
    { kind = "activation", function = "leaky-relu" },
    { kind = "unflatten", shape = [2, 4, 4] },
    { kind = "upsample" },
    { kind = "conv", inputs = 2, outputs = 3, kernel = 3, padding = 1 },
    { kind = "activation", function = "silu" },
    { kind = "conv-transpose", inputs = 3, outputs = 1, kernel = 3, padding = 1 },
    { kind = "flatten" },
    { kind = "activation", function = "sigmoid" },
]
"#;

/// Compares `load.py` with what nrae wrote, element by element, relative to the largest.
const COMPARE: &str = r#"
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from load import encode, decode
x, z, y = (np.load(name) for name in ["images.npy", "z.npy", "y.npy"])
for name, mine, other in [("encode", encode(x), z), ("decode", decode(z), y)]:
    mine = mine.numpy()
    assert mine.shape == other.shape, (name, mine.shape, other.shape)
    error = np.abs(mine - other).max() / np.abs(other).max()
    assert error < 1e-5, (name, error)
"#;

/// 30 images of `side`² bytes as an .npy.
pub(super) fn images(side: usize) -> Vec<u8> {
    let header =
        format!("{{'descr': '|u1', 'fortran_order': False, 'shape': (30, {side}, {side}), }}\n");
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    npy.extend((0..30 * side * side).map(|at| (at * at % 251) as u8));
    npy
}

/// Whether there is a Python with what `load.py` needs, and NumPy.
fn python_has_torch() -> bool {
    let tried = Command::new("python3")
        .args(["-c", "import torch, safetensors, numpy"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

/// Trains a little, exports, checks `load.py` against `encode` and `decode` where Python can, and
/// returns its text.
fn exported(side: usize, settings: &str) -> String {
    let bench = TestDir::new();
    std::fs::write(bench.path("images.npy"), images(side)).unwrap();
    std::fs::write(bench.path("every.toml"), EVERY_LAYER).unwrap();
    bench.succeed(&format!(
        "train {settings} --data images.npy --epochs 1 --k 3 --batch 10 --device cpu --quiet --out run"
    ));
    bench.succeed("encode run --data images.npy --out z.npy --device cpu");
    bench.succeed("decode run --latents z.npy --out y.npy --device cpu");
    let told = bench.succeed("export run --format pytorch --out torch");
    assert!(told.contains("Wrote torch/load.py"), "{told}");
    assert_eq!(
        bench.bytes("torch/model.safetensors"),
        bench.bytes("run/model.safetensors")
    );
    if python_has_torch() {
        let checked = Command::new("python3")
            .current_dir(bench.folder.path())
            .args(["-c", COMPARE, "torch"])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success(), "{errors}");
    }
    String::from_utf8(bench.bytes("torch/load.py")).unwrap()
}

#[test]
fn an_mlp_on_images_scales_flattens_and_ends_with_its_sigmoid() {
    let text = exported(8, "--hidden 16 --method ae");
    for line in [
        "nn.Linear(64, 16),\n            nn.ELU(),\n            nn.Linear(16, 2),\n        )",
        "nn.Linear(16, 64),\n            nn.Sigmoid(),\n        )",
        "x [N, 1, 8, 8] or [N, 64]",
        "(x.reshape(len(x), 64) - self.shift) / self.scale",
        "self.decoder(z).flatten(1) * self.scale + self.shift",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("FlatLinear") && !text.contains("UnitNorm"));
}

#[test]
fn a_convolutional_preset_and_a_variational_encoder() {
    let text = exported(28, "--net conv28 --method vae");
    assert!(text.contains("nn.Conv2d(1, ") && text.contains("nn.ConvTranspose2d("));
    assert!(text.contains("[:, :2]  # the means"), "{text}");
}

#[test]
fn every_kind_of_layer() {
    let text = exported(8, "every.toml --latent 3 --method ae");
    for call in [
        "nn.Conv2d(1, 4, 3, stride=1, padding=1)",
        "nn.GroupNorm(2, 4, eps=1e-5)",
        "            Sine()",
        "nn.MaxPool2d(2, stride=2)",
        "nn.GELU()",
        "nn.AvgPool2d(2, stride=1)",
        "            FlatLinear(36, 8)",
        "nn.SELU()",
        "            UnitNorm()",
        "nn.LeakyReLU()",
        "nn.Unflatten(1, (2, 4, 4))",
        "nn.Upsample(scale_factor=2, mode=\"bilinear\", align_corners=False)",
        "nn.SiLU()",
        "nn.ConvTranspose2d(3, 1, 3, stride=1, padding=1)",
        "nn.Flatten()",
        "class Sine(nn.Module):",
        "class FlatLinear(nn.Linear):",
        "class UnitNorm(nn.Module):",
    ] {
        assert!(text.contains(call), "{call}: {text}");
    }
}

/// Of coordinates far from zero, what both write agrees to a part of their spread.
#[test]
fn doubles_stay_doubles_in_pytorch() {
    const COMPARE: &str = r#"
import numpy as np
from load import encode, decode
x, z, y = np.loadtxt("../far.csv", delimiter=","), np.load("../z.npy"), np.load("../y.npy")
assert y.dtype == np.float64 and np.abs(encode(x).numpy() - z).max() < 1e-4
assert np.abs(decode(z).numpy() - y).max() < 1e-5 * x.std(0).max()
"#;
    let bench = TestDir::new();
    let row = |i: u32| 0.001 * (f64::from(i) * 0.3).sin();
    let rows = (0..40).map(|i| format!("{},{}\n", 1e6 + row(i), 5e6 + row(i + 5)));
    std::fs::write(bench.path("far.csv"), rows.collect::<String>()).unwrap();
    bench.succeed("train --data far.csv --epochs 2 --k 3 --device cpu --quiet --out run");
    bench.succeed("encode run --data far.csv --out z.npy --device cpu");
    bench.succeed("decode run --latents z.npy --out y.npy --device cpu");
    bench.succeed("export run --format pytorch --out torch");
    let model = String::from_utf8_lossy(&bench.bytes("torch/model.safetensors")).into_owned();
    assert!(model.contains(r#"\"doubles\":true"#), "{}", &model[..2000]);
    if python_has_torch() {
        let checked = Command::new("python3")
            .current_dir(bench.path("torch"))
            .args(["-c", COMPARE])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success(), "{errors}");
    }
}
