//! Graphs of neighbours, exact, approximate and from a file.

use crate::test_dir::TestDir;
use nrae::data::write_npy;

/// 400 samples of 12 features along a curve.
fn curve(dir: &TestDir) {
    let value = |at: usize| ((at / 12) as f32 * 0.02 * (1 + at % 12) as f32).sin();
    let values: Vec<f32> = (0..400 * 12).map(value).collect();
    write_npy(&dir.path("x.npy"), &[400, 12], &values).unwrap();
}

#[test]
fn an_approximate_graph_tells_the_share_of_true_neighbours() {
    let dir = TestDir::new();
    curve(&dir);
    let said = dir
        .succeed("knn --data x.npy --k 5 --out approximate.npy --graph approximate --device cpu");
    assert!(
        said.contains("about 100.0 % of them are true ones"),
        "{said}"
    );
    let said = dir.succeed("knn --data x.npy --k 5 --out exact.npy --device cpu");
    assert!(!said.contains("true ones"), "{said}");
    let json =
        dir.succeed("knn --data x.npy --k 5 --out a.npy --graph approximate --device cpu --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["recall"], 1.0);
    let files = ["approximate.npy", "exact.npy", "a.npy"].map(|name| dir.bytes(name));
    assert!(files[0] == files[2] && files[0].len() == files[1].len());
}

#[test]
fn a_run_takes_its_graph_as_it_is_told() {
    let dir = TestDir::new();
    curve(&dir);
    let train = |graph: &str, out: &str| {
        dir.succeed(&format!(
            "train --data x.npy --k 5 --validation 0 --scaling none --graph {graph} --out {out} --hidden 8 --epochs 2 --batch 50 --device cpu"
        ))
    };
    let said = train("approximate", "near");
    assert!(
        said.contains("Neighbours: 100.0 % of them true ones"),
        "{said}"
    );
    assert!(
        String::from_utf8(dir.bytes("near/config.toml"))
            .unwrap()
            .contains("search = \"approximate\"")
    );
    train("exact", "exact");
    assert!(
        String::from_utf8(dir.bytes("exact/config.toml"))
            .unwrap()
            .contains("search = \"exact\"")
    );
    dir.succeed("knn --data x.npy --k 5 --out graph.npy --device cpu");
    train("graph.npy", "file");
    let config = String::from_utf8(dir.bytes("file/config.toml")).unwrap();
    assert!(config.contains("graph.npy"), "{config}");
    let models = ["exact", "file"].map(|run| dir.bytes(&format!("{run}/model.safetensors")));
    assert!(models[0] == models[1]);
    dir.refuse(
        "train --data x.npy --graph nearly --out no --epochs 1 --device cpu",
        &["nearly"],
    );
}
