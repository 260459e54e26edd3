//! ONNX graphs. What ONNX Runtime makes of them is compared by scripts/test-outputs.

use super::export::{EVERY_LAYER, images};
use crate::test_dir::TestDir;
use nrae::protobuf::{Value, fields};

/// The messages, texts and bytes of one field.
fn all(message: &[u8], number: u32) -> Vec<&[u8]> {
    let of_field = |(field, value)| match value {
        Value::Bytes(bytes) if field == number => Some(bytes),
        _ => None,
    };
    let found = fields(message).expect("a message");
    found.into_iter().filter_map(of_field).collect()
}

/// The graph of a file.
fn graph(file: &[u8]) -> &[u8] {
    all(file, 7)[0]
}

/// The operators of a graph, in their order.
fn operators(file: &[u8]) -> String {
    let of_node = |node| String::from_utf8_lossy(all(node, 4)[0]).into_owned();
    let names: Vec<String> = all(graph(file), 1).into_iter().map(of_node).collect();
    names.join(" ")
}

/// Shape and values of a constant.
fn constant<'a>(file: &'a [u8], name: &str) -> (Vec<i64>, &'a [u8]) {
    let mut tensors = all(graph(file), 5).into_iter();
    let found = tensors.find(|tensor| all(tensor, 8)[0] == name.as_bytes());
    let tensor = found.unwrap_or_else(|| panic!("no {name}"));
    let shape = fields(tensor)
        .unwrap()
        .into_iter()
        .filter_map(|field| match field {
            (1, Value::Integer(side)) => Some(side),
            _ => None,
        });
    (shape.collect(), all(tensor, 9)[0])
}

fn exported(bench: &TestDir) -> [Vec<u8>; 2] {
    ["encoder", "decoder"].map(|part| bench.bytes(&format!("onnx/{part}.onnx")))
}

#[test]
fn every_kind_of_layer_has_its_operators_and_its_weights() {
    let bench = TestDir::new();
    std::fs::write(bench.path("images.npy"), images(8)).unwrap();
    std::fs::write(bench.path("every.toml"), EVERY_LAYER).unwrap();
    bench.succeed(
        "train every.toml --latent 3 --method ae --data images.npy --epochs 1 --batch 10 --device cpu --quiet --out run",
    );
    let told = bench.succeed("export run --format onnx --out onnx");
    assert!(
        told.contains("onnx/encoder.onnx: x f32 [N, 1, 8, 8] -> z f32 [N, 3]"),
        "{told}"
    );
    assert!(
        told.contains("onnx/decoder.onnx: z f32 [N, 3] -> x f32 [N, 1, 8, 8]"),
        "{told}"
    );
    let [encoder, decoder] = exported(&bench);
    let expected = "Sub Div Conv Reshape InstanceNormalization Reshape Mul Add Sin MaxPool Conv Div Erf Add Mul Mul AveragePool \
        Flatten Gemm Selu Gemm LpNormalization Identity";
    assert_eq!(operators(&encoder), expected);
    let expected = "Gemm LeakyRelu Reshape Resize Conv Sigmoid Mul ConvTranspose Flatten Sigmoid Reshape Mul Add Identity";
    assert_eq!(operators(&decoder), expected);
    let bytes = bench.bytes("run/model.safetensors");
    let stored = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for name in ["decoder.0.weight", "decoder.4.bias", "decoder.6.weight"] {
        let (shape, values) = constant(&decoder, name);
        let tensor = stored.tensor(name).unwrap();
        let expected: Vec<i64> = tensor.shape().iter().map(|&side| side as i64).collect();
        assert_eq!((shape, values), (expected, tensor.data()), "{name}");
    }
    assert_eq!(constant(&decoder, "scale").1, 255_f32.to_le_bytes());
}

#[test]
fn signals_lose_their_height_and_doubles_are_scaled_as_doubles() {
    let bench = TestDir::new();
    let row = |i: u32| 0.001 * (f64::from(i) * 0.3).sin();
    let rows = (0..40).map(|i| format!("{},{}\n", 1e6 + row(i), 5e6 + row(i + 5)));
    std::fs::write(bench.path("far.csv"), rows.collect::<String>()).unwrap();
    bench.succeed(
        "train --data far.csv --epochs 1 --k 3 --method vae --device cpu --quiet --out run",
    );
    let told = bench.succeed("export run --format onnx --out onnx");
    assert!(told.contains("x f64 [N, 2] -> z f32 [N, 2]"), "{told}");
    let [encoder, decoder] = exported(&bench);
    assert!(operators(&encoder).starts_with("Sub Div Cast Gemm"));
    assert!(operators(&encoder).ends_with("Gemm Slice Identity"));
    assert!(operators(&decoder).ends_with("Gemm Cast Mul Add Identity"));

    std::fs::write(bench.path("images.npy"), images(8)).unwrap();
    bench.succeed(
        "train --data images.npy --layout ncl --net conv --epochs 1 --k 3 --batch 10 --device cpu --quiet --out signals",
    );
    let told = bench.succeed("export signals --format onnx --out onnx");
    assert!(told.contains("x f32 [N, 8, 8] -> z f32 [N, 2]"), "{told}");
    let [encoder, _] = exported(&bench);
    assert_eq!(operators(&encoder).split(' ').next(), Some("Reshape"));
}
