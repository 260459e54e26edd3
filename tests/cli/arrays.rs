//! What models and graphs make of arrays.

use crate::SMALL;
use crate::test_dir::TestDir;

#[test]
fn arrays_go_in_and_out() {
    let bench = TestDir::new();
    bench.succeed(&format!(
        "train --data x.csv --latent 2 --epochs 2 {SMALL} --out run"
    ));
    bench.succeed("encode run --data x.csv --out z.npy --device cpu");
    bench.succeed("decode run --latents z.npy --out x.npy --device cpu");
    bench.succeed("reconstruct run/model.safetensors --data x.csv --out r.npy --device cpu");
    assert_eq!(bench.bytes("x.npy"), bench.bytes("r.npy"));
    bench
        .succeed("jets run --latents z.npy --directions z.npy --out jets.safetensors --device cpu");
    let told = bench
        .succeed("grad run --centres x.csv --neighbours x.csv --method nrae-l --lambda 0.5 --out grad.safetensors --device cpu");
    let bytes = bench.bytes("grad.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let loss = tensors.tensor("loss").unwrap();
    assert!(loss.shape().is_empty() && told.starts_with("loss "));
    assert_eq!(tensors.tensor("encoder.0.weight").unwrap().shape(), [8, 3]);
    // A neighbour that is its own centre: its expansion is the reconstruction, so the second term
    // is half the first.
    bench.succeed("grad run --centres x.csv --method ae --out ae.safetensors --device cpu");
    let ae = bench.bytes("ae.safetensors");
    let value = |bytes: &[u8]| {
        let tensors = safetensors::SafeTensors::deserialize(bytes).unwrap();
        f32::from_le_bytes(tensors.tensor("loss").unwrap().data().try_into().unwrap())
    };
    approx::assert_relative_eq!(value(&bytes), 1.5 * value(&ae), max_relative = 1e-5);
    bench.succeed("knn --data x.csv --k 4 --out graph.npy --distances d.npy --quiet");
    assert!(
        bench.bytes("graph.npy").len() >= 40 * 4 * 4 && bench.bytes("d.npy").len() >= 40 * 4 * 4
    );
    bench.succeed("knn --data x.csv --k 4 --out same.npy --device gpu --quiet");
    assert_eq!(bench.bytes("same.npy"), bench.bytes("graph.npy"));
}
