//! The explorer's page: what its JavaScript decodes is what `nrae decode` does. What it shows in a
//! browser is looked at by scripts/test-explore.

use crate::test_dir::TestDir;
use nrae::data::{Scaling, ScalingKind, read_array, write_npy};
use nrae::model::Model;
use nrae::net::{Activation, Layer, Network};
use std::process::Command;

/// Decodes the latents of z.csv by the page's own modules and prints samples in the units of the data,
/// and the length of a geodesic with that of the straight line.
const DECODE: &str = r#"
const fs = require("fs"), vm = require("vm");
const [html, codes, folder] = process.argv.slice(1);
const header = fs.readFileSync(html, "utf8").split('id="data">')[1].split("</script>")[0];
const modules = ["decoder", "geometry", "data"].map((name) => fs.readFileSync(`${folder}/${name}.js`, "utf8"));
const z = fs.readFileSync(codes, "utf8").trim().split("\n").map((row) => row.split(",").map(Number));
vm.runInThisContext(modules.join("\n") + `;
  globalThis.decoded = (header, z) => {
    const data = Data.read(header), out = data.decode(Float64Array.from(z.flat()), z.length);
    const rows = z.map((_, i) => Array.from(data.restore(out.subarray(i * data.n, (i + 1) * data.n))));
    const [a, b] = [z[0], z[1]].map((row) => Float64Array.from(row));
    let path = Geometry.line(a, b, 24);
    for (const step of Geometry.geodesic(data.decode, a, b, data.m, data.n)) path = step.path;
    const lengths = [path, Geometry.line(a, b, 24)].map((path) => Geometry.length(data.decode, path, data.m, data.n));
    return { rows, lengths, held: data.samples.count };
  }`);
console.log(JSON.stringify(globalThis.decoded(JSON.parse(header), z)));
"#;

/// What node says of the page `name`, for the latents of z.csv; `None`, which it says, without node.
fn in_node(bench: &TestDir, name: &str) -> Option<serde_json::Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/explore/page");
    let told = Command::new("node")
        .args(["-e", DECODE, "--", name, "z.csv", folder])
        .current_dir(bench.folder.path())
        .output();
    let Ok(told) = told else {
        println!("NOT RUN: the explorer's decoder: node is not installed");
        return None;
    };
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    Some(serde_json::from_slice(&told.stdout).unwrap())
}

/// Writes the page of `model` on its own samples and holds what it decodes against `nrae decode`.
fn agrees(name: &str, network: Network, doubles: bool) {
    let bench = TestDir::new();
    let (n, m) = (network.features(), network.latent());
    let scaling = Scaling {
        kind: ScalingKind::None,
        shift: vec![if doubles { 1e6 } else { 0.5 }],
        scale: vec![3.0],
        doubles,
    };
    let shape = [&[12], &network.shape[..]].concat();
    let mut model = Model::new(network, scaling, 7);
    // Larger than at the start, so that every layer matters.
    model.parameters.iter_mut().for_each(|value| *value *= 1.5);
    model.save(&bench.path("model.safetensors")).unwrap();
    let samples: Vec<f32> = (0..12 * n).map(|i| (i as f32 * 0.7).sin()).collect();
    write_npy(&bench.path("x.npy"), &shape, &samples).unwrap();
    let z = (0..5).map(|i| (0..m).map(move |c| ((i * m + c) as f32 * 1.3).sin().to_string()));
    let z: Vec<String> = z.map(|row| row.collect::<Vec<_>>().join(",")).collect();
    std::fs::write(bench.path("z.csv"), z.join("\n") + "\n").unwrap();
    bench.succeed("explore model.safetensors --data x.npy --field 2 --out page.html --device cpu");
    bench.succeed("decode model.safetensors --latents z.csv --out y.npy --device cpu");
    let Some(told) = in_node(&bench, "page.html") else {
        return;
    };
    let expected = read_array(&bench.path("y.npy")).unwrap().values;
    for (row, found) in told["rows"].as_array().unwrap().iter().enumerate() {
        for (at, found) in found.as_array().unwrap().iter().enumerate() {
            let error = found.as_f64().unwrap() - expected.get_double(row * n + at);
            assert!(error.abs() < 1e-4, "{name}: row {row}, {at}: {error}");
        }
    }
}

#[test]
fn the_page_decodes_through_every_layer_as_nrae_does() {
    let text = r#"{ "shape": [1, 7, 5], "encoder": [{"kind": "linear", "inputs": 35, "outputs": 3}], "decoder": [
        {"kind": "unit-norm"},
        {"kind": "linear", "inputs": 3, "outputs": 24},
        {"kind": "unflatten", "shape": [2, 4, 3]},
        {"kind": "conv-transpose", "inputs": 2, "outputs": 4, "kernel": [3, 2], "stride": 2, "padding": [1, 0], "output_padding": 1},
        {"kind": "group-norm", "groups": 2, "channels": 4},
        {"kind": "upsample"},
        {"kind": "max-pool", "kernel": 2, "stride": 1},
        {"kind": "conv", "inputs": 4, "outputs": 3, "kernel": [3, 4], "stride": 2, "padding": [1, 2]},
        {"kind": "upsample", "align_corners": true},
        {"kind": "average-pool", "kernel": 2},
        {"kind": "flatten"},
        {"kind": "linear", "inputs": OUT, "outputs": 35},
        {"kind": "activation", "function": "sigmoid"}
    ] }"#;
    // As many as the layers before it give.
    let network = (1..1000).find_map(|inputs| {
        let network: Network =
            serde_json::from_str(&text.replace("OUT", &inputs.to_string())).unwrap();
        network.check().is_ok().then_some(network)
    });
    agrees("layers", network.expect("shapes that fit"), false);
}

#[test]
fn the_page_decodes_through_every_activation_as_nrae_does() {
    let mut network = Network::mlp(&[9], &[], 2, Activation::Elu, Activation::Linear).unwrap();
    for function in Activation::ALL {
        network.decoder.push(Layer::Activation { function });
        network.decoder.push(Layer::Linear {
            inputs: 9,
            outputs: 9,
        });
    }
    network.check().unwrap();
    agrees("activations", network.clone(), false);
    agrees("far from zero", network, true);
}

#[test]
fn the_page_finds_the_geodesics_that_nrae_finds_and_says_what_it_holds() {
    let bench = TestDir::new();
    let told = bench.succeed(
        "train --data x.csv --latent 2 --epochs 40 --hidden 8 --k 3 --batch 10 --device cpu --out run",
    );
    assert!(told.ends_with("in a browser: nrae explore run\n"), "{told}");
    let told = bench.succeed("explore run --field 8 --device cpu");
    assert!(
        told.starts_with("Wrote run/explore.html: 40 latents, 40 with their samples"),
        "{told}"
    );
    let told = bench.json("explore run --out some.html --points 7 --field 0 --json --device cpu");
    assert_eq!(
        (&told["explorer"]["points"], &told["explorer"]["samples"]),
        (&7.into(), &7.into())
    );
    assert!(told["explorer"]["field"].is_null());
    std::fs::write(bench.path("z.csv"), "0.5,-0.8\n-0.9,0.7\n").unwrap();
    let path = bench.json("geodesic run --from 0.5,-0.8 --to -0.9,0.7 --json");
    if let Some(told) = in_node(&bench, "run/explore.html") {
        for (at, key) in ["length", "straight_length"].iter().enumerate() {
            let expected = path["geodesic"][key].as_f64().unwrap();
            let found = told["lengths"][at].as_f64().unwrap();
            approx::assert_relative_eq!(found, expected, max_relative = 2e-3);
        }
    }
    let rows = (0..6).map(|i| format!("{},0.{i},0.2,0.{}\n", ["bee", "ant"][i % 2], 9 - i));
    let table = "species,a,b,c\n".to_owned() + &rows.collect::<String>();
    std::fs::write(bench.path("species.csv"), table).unwrap();
    bench.succeed("explore run --data species.csv --field 0 --out species.html --device cpu");
    let page = String::from_utf8(bench.bytes("species.html")).unwrap();
    assert!(
        page.contains(r#""classes":["ant","bee"]"#) || page.contains(r#""classes":["bee","ant"]"#)
    );
    assert!(page.contains(r#""columns":["a","b","c"]"#));
    // Those of the run's own data, too; a file without a line of names has none.
    let page = String::from_utf8(bench.bytes("run/explore.html")).unwrap();
    assert!(page.contains(r#""columns":[]"#));
    bench.succeed("train --data species.csv --latent 2 --epochs 1 --hidden 4 --k 2 --device cpu --quiet --out named");
    bench.succeed("explore named --field 0 --device cpu");
    let page = String::from_utf8(bench.bytes("named/explore.html")).unwrap();
    assert!(page.contains(r#""columns":["a","b","c"]"#));
    bench.refuse("explore run --points 0 --device cpu", &["--points"]);
    bench.refuse(
        "explore run/model.safetensors --device cpu",
        &["no run folder", "--data"],
    );
    bench.refuse("explore nowhere", &["nowhere"]);
}
