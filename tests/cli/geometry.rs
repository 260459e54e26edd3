//! Paths between latents, and new samples.

use crate::SMALL;
use crate::test_dir::TestDir;
use nrae::data::{Scaling, read_array};
use nrae::model::Model;
use nrae::net::{Activation, Network, Parameters};

/// A model file whose decoder is the unit sphere (sin u cos v, sin u sin v, cos u), by sums of sines
/// of u + v and u - v.
fn write_sphere(bench: &TestDir) {
    let network = Network::mlp(&[3], &[5], 2, Activation::Sine, Activation::Linear).unwrap();
    let scaling = Scaling::identity();
    let mut model = Model::new(network, scaling, 0);
    let quarter = std::f32::consts::FRAC_PI_2;
    for entry in Parameters::of(&model.network).entries {
        let values: &[f32] = match entry.name.as_str() {
            "decoder.0.weight" => &[1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 0.0],
            "decoder.0.bias" => &[0.0, 0.0, quarter, quarter, quarter],
            "decoder.2.weight" => &[
                0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, -0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
            ],
            "decoder.2.bias" => &[0.0; 3],
            _ => continue,
        };
        model.parameters[entry.offset..][..values.len()].copy_from_slice(values);
    }
    model.save(&bench.path("sphere.safetensors")).unwrap();
}

#[test]
fn a_geodesic_on_a_sphere_is_the_great_circle() {
    let bench = TestDir::new();
    write_sphere(&bench);
    let arguments = "geodesic sphere.safetensors --from 0.8,-1 --to 0.8,1 --pieces 64";
    let told = bench.json(&format!("{arguments} --json --out path.npy"));
    let (u, angle) = (0.8_f64, 2.0_f64);
    let circle = (u.cos().powi(2) + u.sin().powi(2) * angle.cos()).acos();
    let of = |key: &str| told["geodesic"][key].as_f64().unwrap();
    approx::assert_relative_eq!(of("length"), circle, max_relative = 5e-4);
    approx::assert_relative_eq!(of("straight_length"), u.sin() * angle, max_relative = 5e-4);
    approx::assert_relative_eq!(of("chord"), 2.0 * (circle / 2.0).sin(), max_relative = 1e-5);
    assert!(told["geodesic"]["converged"] == true && of("residual") <= 1e-6);
    let path = read_array(&bench.path("path.npy")).unwrap();
    assert_eq!(path.shape, [65, 2]);
    assert!(told["path"].as_array().unwrap().len() == 65 && path.values.get(0) == 0.8);
    // Every point is in the plane of the ends: z / x = cot u / cos v is that of the ends.
    for at in 0..65 {
        let (u, v) = (
            path.values.get_double(2 * at),
            path.values.get_double(2 * at + 1),
        );
        let ends = 1.0 / 0.8_f64.tan() / 1.0_f64.cos();
        approx::assert_relative_eq!(1.0 / u.tan() / v.cos(), ends, max_relative = 3e-3);
    }
    let told = bench.succeed(arguments);
    assert!(
        told.contains("Geodesic: length ") && told.contains("Converged in "),
        "{told}"
    );

    bench.succeed("interpolate sphere.safetensors --from 0.8,-1 --to 0.8,1 --along geodesic --count 5 --out x.csv --latents-out z.csv");
    let x = read_array(&bench.path("x.csv")).unwrap();
    let pieces: Vec<f64> = (0..4)
        .map(|i| {
            let of = |c: usize| x.values.get_double(3 * i + 3 + c) - x.values.get_double(3 * i + c);
            (0..3).map(|c| of(c).powi(2)).sum::<f64>().sqrt()
        })
        .collect();
    // At constant speed.
    let even = 2.0 * (circle / 8.0).sin();
    assert!(
        pieces.iter().all(|piece| (piece - even).abs() < 2e-3),
        "{pieces:?} {even}"
    );
}

#[test]
fn images_are_interpolated_and_pictured() {
    let bench = TestDir::new().with_shipped_data();
    bench.succeed(&format!(
        "train --data digits --limit 100 --latent 3 --epochs 3 {SMALL} --out run"
    ));
    bench.succeed("encode run --data digits --out codes.npy --device cpu");
    let told = bench.succeed("geodesic run --from 0 --to 7 --picture path.png");
    assert!(told.ends_with("Wrote path.png\n"), "{told}");
    assert!(bench.bytes("path.png").starts_with(b"\x89PNG"));
    let told = bench.json("interpolate run --from 3 --to 1 --data digits --count 4 --out x.png --latents-out z.npy --json");
    let (z, codes) = (
        read_array(&bench.path("z.npy")).unwrap(),
        read_array(&bench.path("codes.npy")).unwrap(),
    );
    assert!(z.shape == [4, 3] && bench.bytes("x.png").starts_with(b"\x89PNG"));
    assert!(told["geodesic"].is_null() && told["latents"][1].as_array().unwrap().len() == 3);
    for c in 0..3 {
        let (from, to) = (codes.values.get(9 + c), codes.values.get(3 + c));
        approx::assert_abs_diff_eq!(z.values.get(c), from, epsilon = 1e-5);
        approx::assert_abs_diff_eq!(
            z.values.get(3 + c),
            from + (to - from) / 3.0,
            epsilon = 1e-5
        );
        approx::assert_abs_diff_eq!(z.values.get(9 + c), to, epsilon = 1e-5);
    }
    for (arguments, parts) in [
        (
            "geodesic run --from 0 --to 1,2",
            vec!["--to has 2 latents", "the model has 3"],
        ),
        (
            "geodesic run --from x --to 0",
            vec!["--from is `x`", "number of a sample"],
        ),
        (
            "geodesic run --from 1,two,3 --to 0",
            vec!["something is no number"],
        ),
        (
            "geodesic run --from 100000 --to 0",
            vec!["--from is 100000, but there are"],
        ),
        (
            "geodesic run --from 0 --to 1 --pieces 1",
            vec!["at least 2"],
        ),
        (
            "geodesic run --from 0 --to 1 --picture x.jpg",
            vec!["x.jpg", ".png"],
        ),
        (
            "geodesic run/model.safetensors --from 0 --to 1",
            vec!["no run folder", "--data"],
        ),
        (
            "interpolate run --from 0 --to 1 --count 1 --out x.npy",
            vec!["--count is 1"],
        ),
        ("sample run --count 0 --out x.npy", vec!["--count is 0"]),
    ] {
        bench.refuse(arguments, &parts);
    }
}

#[test]
fn samples_come_from_the_prior_or_from_a_density_of_codes() {
    let bench = TestDir::new();
    let train = format!("train --data x.csv --latent 2 --epochs 30 {SMALL}");
    for (method, from) in [
        ("vae", "the prior N(0, I)"),
        ("wae", "the prior N(0, I)"),
        ("ae", "the latents of"),
    ] {
        bench.succeed(&format!("{train} --method {method} --out {method}"));
        let told = bench.succeed(&format!(
            "sample {method} --count 500 --out x.npy --latents-out {method}.npy --device cpu"
        ));
        assert!(told.contains(from), "{method}: {told}");
        assert_eq!(read_array(&bench.path("x.npy")).unwrap().shape, [500, 3]);
    }
    // Moments of what was drawn: of the prior 0 and 1, of the mixture those of the codes.
    let moments = |name: &str| -> Vec<f64> {
        let array = read_array(&bench.path(name)).unwrap();
        let count = array.shape[0] as f64;
        let column = |c: usize| {
            (0..array.shape[0])
                .map(|i| array.values.get_double(2 * i + c))
                .collect::<Vec<_>>()
        };
        let of = |values: Vec<f64>| {
            let mean = values.iter().sum::<f64>() / count;
            [
                mean,
                (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt(),
            ]
        };
        [of(column(0)), of(column(1))].concat()
    };
    let prior = moments("vae.npy");
    assert!(
        prior
            .iter()
            .zip([0.0, 1.0, 0.0, 1.0])
            .all(|(a, b)| (a - b).abs() < 0.15),
        "{prior:?}"
    );
    bench.succeed("encode ae --data x.csv --out codes.npy --device cpu");
    let (drawn, codes) = (moments("ae.npy"), moments("codes.npy"));
    for c in 0..2 {
        let spread = codes[2 * c + 1];
        assert!(
            (drawn[2 * c] - codes[2 * c]).abs() < 0.4 * spread,
            "{drawn:?} {codes:?}"
        );
        assert!(
            (drawn[2 * c + 1] / spread - 1.0).abs() < 0.4,
            "{drawn:?} {codes:?}"
        );
    }
    let again = "sample ae --count 5 --device cpu --json --out";
    let told = bench.json(&format!("{again} a.npy"));
    assert!(told["density"].as_str().unwrap().contains("fitted"));
    bench.succeed(&format!("{again} b.npy"));
    bench.succeed(&format!("{again} c.npy --seed 1"));
    assert_eq!(bench.bytes("a.npy"), bench.bytes("b.npy"));
    assert_ne!(bench.bytes("a.npy"), bench.bytes("c.npy"));
    let file = "sample ae/model.safetensors --count 5 --device cpu --out d.npy";
    bench.refuse(file, &["no run folder", "--data"]);
    assert!(
        bench
            .succeed(&format!("{file} --data x.csv"))
            .contains("40 given samples")
    );
    assert!(
        bench
            .succeed(&format!("{file} --density prior"))
            .contains("prior")
    );
}
