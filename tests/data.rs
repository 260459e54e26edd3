//! `nrae data`, and what the other commands read of its formats, by running the binary.

#[path = "common/test_dir.rs"]
mod test_dir;

use test_dir::TestDir;

impl TestDir {
    /// A PNG of RGB, all of one colour.
    fn png(&self, name: &str, width: u32, height: u32, colour: [u8; 3]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&colour.repeat((width * height) as usize))
            .unwrap();
    }

    fn array(&self, name: &str) -> nrae::data::Array {
        nrae::data::read_array(&self.path(name)).unwrap()
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        self.array(name).values.to_floats()
    }
}

#[test]
fn sets_are_listed_with_what_is_here() {
    let bench = TestDir::new().with_shipped_data();
    let told = bench.succeed("data list");
    for name in [
        "mnist",
        "fashion-mnist",
        "kmnist",
        "omniglot",
        "svhn",
        "cifar10",
        "cifar100",
        "celeba",
        "digits",
    ] {
        assert!(
            told.lines().any(|line| line.starts_with(name)),
            "{name} in {told}"
        );
    }
    let rows: Vec<serde_json::Value> = bench
        .succeed("data list --json")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(
        (&row("digits")["present"], &row("svhn")["present"]),
        (&true.into(), &false.into())
    );
    assert_eq!(row("svhn")["parts"][1], serde_json::json!(["test", 26_032]));
    assert!(
        bench
            .succeed("data list --json --data-dir nowhere")
            .lines()
            .all(|line| line.contains("\"present\":false"))
    );
}

#[test]
fn info_tells_shape_range_and_classes_and_draws() {
    let bench = TestDir::new().with_shipped_data();
    let info = bench.json("data info digits --json --picture digits.png");
    assert_eq!(
        (&info["samples"], &info["shape"], &info["type"]),
        (&1797.into(), &serde_json::json!([1, 8, 8]), &"u8".into())
    );
    assert_eq!(
        (&info["minimum"], &info["maximum"], &info["labels"]),
        (&0.0.into(), &16.0.into(), &true.into())
    );
    assert_eq!(info["classes"].as_array().unwrap().len(), 10);
    assert_eq!(
        info["classes"][3],
        serde_json::json!({ "label": 3, "samples": 183 })
    );
    assert!(
        std::fs::read(bench.path("digits.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    let told = bench.succeed("data info fashion-mnist-10k");
    assert!(
        told.contains("10 classes of 1000 to 1000 samples") && told.contains("1000  ankle boot"),
        "{told}"
    );
    bench.refuse("data info digits:test", &["digits has no part `test`"]);
    bench.refuse(
        "data info mnist",
        &["mnist is not in", "nrae data fetch mnist"],
    );
    bench.refuse(
        "data info none.zip",
        &["no file none.zip", "nrae data list"],
    );
    std::fs::write(bench.path("x.csv"), "1,2\n3,4\n").unwrap();
    assert!(bench.succeed("data info x.csv").contains("no labels"));
    bench.refuse("data info x.csv --picture x.png", &["only images"]);
    assert!(!bench.path("x.png").exists());
}

#[test]
fn a_folder_of_images_is_prepared_and_trained_on() {
    let bench = TestDir::new().with_shipped_data();
    for number in 0..12 {
        bench.png(&format!("set/red/{number}.png"), 8, 6, [200 + number, 0, 0]);
        bench.png(
            &format!("set/blue/{number}.png"),
            6,
            6,
            [0, 0, 200 + number],
        );
    }
    let told = bench.succeed("data prepare set --out all.npy");
    assert!(
        told.contains("2 sizes with sides of 6 to 8 pixels") && told.contains("64 x 64"),
        "{told}"
    );
    assert_eq!(bench.array("all.npy").shape, [24, 3, 64, 64]);
    bench.refuse(
        "data prepare set --crop 7 --out x.npy",
        &["blue/0.png", "no square of 7"],
    );
    assert!(!bench.path("x.npy").exists());
    bench.succeed("data prepare set --crop 6 --out x.npy");
    assert_eq!(bench.array("x.npy").shape, [24, 3, 6, 6]);
    assert_eq!(bench.floats("x.npy")[12 * 108..][..2], [200.0, 200.0]);
    assert_eq!(bench.floats("x.npy")[..2], [0.0, 0.0]);
    assert_eq!(
        nrae::data::read_labels(&bench.path("x-labels.npy")).unwrap(),
        [vec![0; 12], vec![1; 12]].concat()
    );
    assert_eq!(
        std::fs::read_to_string(bench.path("x-classes.txt")).unwrap(),
        "blue\nred\n"
    );
    bench.succeed("data prepare set --size 2 --grey --invert --skip 12 --limit 3 --out out --labels-out l.npy");
    assert_eq!(
        (
            bench.array("out/images.npy").shape,
            bench.floats("out/images.npy")[0]
        ),
        (vec![3, 2, 2], 195.0)
    );
    assert_eq!(
        nrae::data::read_labels(&bench.path("l.npy")).unwrap(),
        [1; 3]
    );
    bench.succeed("data prepare set --size 2 --draw 5 --seed 1 --out a.npy");
    bench.succeed("data prepare set --size 2 --draw 5 --seed 1 --out b.npy");
    assert_eq!(bench.array("a.npy"), bench.array("b.npy"));
    bench.refuse(
        "data prepare set --size 2 --draw 25 --out a.npy",
        &["--draw 25 of 24"],
    );
    bench.refuse(
        "data prepare set --size 2x3 --out a.npy",
        &["3 pixels wide", "--size"],
    );
    bench.refuse(
        "data prepare set --size 2 --skip 24 --out a.npy",
        &["holds no samples"],
    );
    // Straight from a folder, with its classes as labels.
    std::fs::rename(bench.path("set/blue"), bench.path("blue")).unwrap();
    bench.png("set/pink/1.png", 8, 6, [255, 100, 100]);
    bench.succeed(
        "train --data set --hidden 8 --k 3 --batch 5 --epochs 2 --device cpu --quiet --out run",
    );
    let info = bench.json("data info set --json");
    assert_eq!(
        (&info["samples"], &info["classes"][0]["name"]),
        (&13.into(), &"pink".into())
    );
    bench.succeed("encode run --data set --out z.npy --device cpu");
    assert_eq!(bench.array("z.npy").shape, [13, 2]);
}

#[test]
fn vectors_become_images_and_floats_bytes() {
    let bench = TestDir::new().with_shipped_data();
    std::fs::write(bench.path("x.csv"), "0,0.2,0.4,0.6,0.8,1\n1,1,1,1,1,1\n").unwrap();
    bench.succeed("data prepare x.csv --shape 3x2 --transpose --bytes --out x.npy");
    assert_eq!(bench.array("x.npy").shape, [2, 2, 3]);
    assert_eq!(
        bench.floats("x.npy")[..6],
        [0.0, 102.0, 204.0, 51.0, 153.0, 255.0]
    );
    bench.succeed("data prepare x.csv --transposed --out c.npy");
    assert_eq!(
        (bench.array("c.npy").shape, bench.floats("c.npy")[2]),
        (vec![6, 2], 0.2)
    );
    bench.refuse(
        "data prepare x.csv --shape 2x2 --out y.npy",
        &["x.csv holds samples of shape [6]", "[1, 2, 2]"],
    );
    bench.refuse(
        "data prepare x.csv --size 2 --out y.npy",
        &["x.csv holds vectors", "--shape"],
    );
    std::fs::write(bench.path("y.csv"), "0,300\n").unwrap();
    bench.refuse(
        "data prepare y.csv --bytes --out y.npy",
        &["values from 0 to 300"],
    );
    assert!(!bench.path("y.npy").exists());
}

#[test]
fn the_sets_of_the_paper_are_made() {
    let bench = TestDir::new().with_shipped_data();
    bench.succeed(
        "data make rotated digits --class 3 --images 2 --count 20 --degrees 180 --out r.npy",
    );
    assert_eq!(bench.array("r.npy").shape, [40, 8, 8]);
    let angles = bench.floats("r-angles.npy");
    assert_eq!(
        (angles.len(), angles[1], angles[19], angles[20]),
        (40, 9.0, 171.0, 0.0)
    );
    assert_eq!(
        nrae::data::read_labels(&bench.path("r-labels.npy")).unwrap(),
        [3; 40]
    );
    bench.succeed("data make shifted mnist5000 --index 4 --out s.npy");
    assert_eq!(bench.array("s.npy").shape, [20, 28, 28]);
    assert_eq!(
        (
            bench.floats("s-shifts.npy")[0],
            bench.floats("s-shifts.npy")[19]
        ),
        (-10.0, 9.0)
    );
    for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] {
        bench.succeed(&format!(
            "data make noisy mnist5000 --limit 20 --deviation 0.2 --seed {seed} --out {name}.npy"
        ));
    }
    assert_eq!(bench.array("a.npy"), bench.array("b.npy"));
    assert_ne!(bench.array("a.npy"), bench.array("c.npy"));
    assert_eq!(bench.array("a.npy").shape, [20, 28, 28]);
    bench.refuse(
        "data make rotated digits --class 10 --out x.npy",
        &["only 0 images of the class 10"],
    );
    bench.refuse(
        "data make rotated digits --index 1797 --out x.npy",
        &["no image 1797"],
    );
    bench.refuse(
        "data make rotated digits --count 0 --out x.npy",
        &["--count must be at least 1"],
    );
    bench.refuse(
        "data make shifted digits --scale 0 --out x.npy",
        &["--scale must be above 0"],
    );
    bench.refuse(
        "data make noisy digits --deviation nan --out x.npy",
        &["--deviation must be"],
    );
    assert!(!bench.path("x.npy").exists());
}

#[test]
fn a_name_is_read_with_its_labels_wherever_samples_are() {
    let bench = TestDir::new().with_shipped_data();
    bench.succeed(
        "train --data digits --limit 60 --hidden 8 --k 3 --epochs 1 --device cpu --quiet --out run",
    );
    assert!(bench.path("run/plots/latent.png").exists());
    bench.succeed("knn --data digits --k 2 --out g.npy --quiet");
    assert_eq!(
        bench
            .succeed("eval run --data digits --json --device cpu")
            .lines()
            .count(),
        1
    );
    bench.refuse(
        "train --data mnist --out x",
        &["mnist is not in", "nrae data fetch mnist"],
    );
    for command in ["list", "fetch", "info", "prepare", "make", "make rotated"] {
        assert!(
            bench
                .succeed(&format!("data {command} --help"))
                .contains("Examples"),
            "{command}"
        );
    }
}
