//! Tables of text as people have them.

use crate::SMALL;
use crate::test_dir::TestDir;
use nrae::data::{ReadOptions, Reading, read_dataset};
use std::io::Write;

/// Row `i` of a table: 10 cos, sin, and a rising value.
fn row(i: usize) -> [f64; 3] {
    let t = i as f64 / 10.0;
    [10.0 * t.cos(), t.sin(), 3.0 * t]
}

/// 60 rows in which fields are `between` each other, below `head`.
fn table(head: &str, between: &str) -> String {
    let line = |i| row(i).map(|value| value.to_string()).join(between) + "\n";
    head.to_owned() + &(0..60).map(line).collect::<String>()
}

fn lines(head: &str, line: impl Fn(usize, [f64; 3]) -> String) -> String {
    head.to_owned() + &(0..60).map(|i| line(i, row(i)) + "\n").collect::<String>()
}

impl TestDir {
    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn reading(&self, name: &str) -> Reading {
        read_dataset(&self.path(name), &ReadOptions::default()).unwrap()
    }
}

/// Whatever stands between fields and in numbers, the samples are the same.
#[test]
fn every_way_to_write_a_table_is_understood() {
    let bench = TestDir::new();
    let comma = |value: f64| value.to_string().replace('.', ",");
    let commas = |between: &str| lines("", |_, row| row.map(comma).join(between));
    bench.put("plain.csv", table("", ","));
    let plain = bench.reading("plain.csv").data;
    assert_eq!((plain.samples, plain.features()), (60, 3));
    let named = table("a,b,c\n", ",");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(table("a;b;c\n", ";").as_bytes()).unwrap();
    let wide: Vec<u8> = format!("\u{feff}{named}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let quoted = lines("\"a\",\"b, c\",\"d\"\n", |_, row| {
        row.map(|value| format!("\"{value}\"")).join(",")
    });
    let cases: [(&str, Vec<u8>); 19] = [
        ("names.csv", named.clone().into()),
        ("semicolons.csv", table("a;b;c\n", ";").into()),
        ("tabs.csv", table("a\tb\tc\n", "\t").into()),
        ("tabs.txt", table("", "\t").into()),
        ("tabs.tsv", table("a\tb\tc\n", "\t").into()),
        ("bars.csv", table("a|b|c\n", "|").into()),
        ("blanks.txt", table("", "   ").into()),
        ("decimal-commas.csv", commas(";").into()),
        ("decimal-commas-tabs.csv", commas("\t").into()),
        ("decimal-commas-blanks.txt", commas("  ").into()),
        ("quoted.csv", quoted.into()),
        ("array.csv", table("0,1,2\n", ",").into()),
        ("packed.csv.gz", gzip.finish().unwrap()),
        ("crlf.csv", named.replace('\n', "\r\n").into()),
        ("mark.csv", format!("\u{feff}{named}").into()),
        ("utf16.csv", wide),
        ("comments.csv", format!("# made by hand\n\n{named}").into()),
        ("padded.csv", table("a, b, c\n", " , ").into()),
        (
            "latin.csv",
            [b"gr\xf6\xdfe,b,c\n", table("", ",").as_bytes()].concat(),
        ),
    ];
    for (name, content) in cases {
        bench.put(name, content);
        assert_eq!(bench.reading(name).data, plain, "{name}");
        let info = bench.json(&format!("data info {name} --json"));
        assert_eq!(info["samples"], 60, "{name}");
    }
    let thousands = |i: usize| format!("1.{i:03},5;{i}");
    bench.put("thousands.csv", lines("a;b\n", |i, _| thousands(i)));
    assert_eq!(bench.reading("thousands.csv").data.values.get(2), 1001.5);
    bench.put(
        "english.csv",
        lines("a,b\n", |i, _| format!("\"1,{i:03}.5\",{i}")),
    );
    assert_eq!(bench.reading("english.csv").data.values.get(2), 1001.5);
    // A remark that comes late, and one word among numbers.
    bench.put(
        "late.csv",
        (0..600)
            .map(|i| format!("{i}.5,{},{}\n", i % 7, if i > 500 { "odd" } else { "" }))
            .collect::<String>(),
    );
    assert_eq!(bench.reading("late.csv").data.shape, [2]);
    bench.put(
        "word.csv",
        (0..600)
            .map(|i| format!("{},{}\n", i % 7, if i == 500 { "odd" } else { "1" }))
            .collect::<String>(),
    );
    bench.refuse(
        "data info word.csv",
        &["word.csv has `odd` on line 501 (field 2), where a number is needed"],
    );
    // Rows that count on are no header.
    bench.put(
        "range.csv",
        (0..60)
            .map(|i| format!("{},{},{},{}\n", 4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3))
            .collect::<String>(),
    );
    assert_eq!(bench.reading("range.csv").data.samples, 60);
}

#[test]
fn what_is_no_feature_is_left_out_with_a_word() {
    let bench = TestDir::new();
    bench.put("plain.csv", table("", ","));
    let plain = bench.reading("plain.csv").data.values;
    let numbers = |row: [f64; 3]| row.map(|value| value.to_string()).join(",");
    let kinds = ["setosa", "versicolor", "virginica"];
    let cases = [
        (
            "index.csv",
            lines(",a,b,c\n", |i, row| format!("{i},{}", numbers(row))),
            "has an index in the column 0",
        ),
        (
            "index-of-array.csv",
            lines(",0,1,2\n", |i, row| format!("{i},{}", numbers(row))),
            "has an index in the column 0",
        ),
        (
            "names.csv",
            lines(",a,b,c\n", |i, row| format!("cell {i},{}", numbers(row))),
            "has an index in the column 0",
        ),
        (
            "id.csv",
            lines("a,b,c,ID\n", |i, row| format!("{},{}", numbers(row), i + 1)),
            "has an index in the column `ID`",
        ),
        (
            "passenger.csv",
            lines("PassengerId,a,b,c\n", |i, row| {
                format!("{},{}", 561 + i * i, numbers(row))
            }),
            "has an index in the column `PassengerId`",
        ),
        (
            "empty.csv",
            lines("a,b,c,\n", |_, row| format!("{},", numbers(row))),
            "has nothing in the column 3",
        ),
        (
            "dates.csv",
            lines("date,a,b,c\n", |i, row| {
                format!("2024-01-01T00:{i:02},{}", numbers(row))
            }),
            "has text in `date` (such as `2024-01-01T00:00`), left out",
        ),
        (
            "species.csv",
            lines("a,b,c,Species\n", |i, row| {
                format!("{},{}", numbers(row), kinds[i % 3])
            }),
            "has labels in the column `Species`",
        ),
        (
            "text.csv",
            lines("a,b,c,kind\n", |i, row| {
                format!("{},{}", numbers(row), kinds[i % 3])
            }),
            "has text in the column `kind`, which is taken as labels",
        ),
        (
            "kaggle.csv",
            lines("label,pixel0,pixel1,pixel2\n", |i, row| {
                format!("{},{}", i % 3, numbers(row))
            }),
            "has labels in the column `label`",
        ),
        (
            "target.csv",
            lines("a,b,c,target\n", |i, row| {
                format!("{},{}", numbers(row), i as f64 / 7.0)
            }),
            "has labels in the column `target`",
        ),
    ];
    for (name, content, said) in cases {
        bench.put(name, content);
        let Reading { data, classes, .. } = bench.reading(name);
        assert_eq!(data.values, plain, "{name}");
        let labelled = ["species.csv", "text.csv", "kaggle.csv"].contains(&name);
        let expected = labelled.then(|| (0..60).map(|i| i % 3).collect::<Vec<u32>>());
        assert_eq!(data.labels, expected, "{name}");
        assert_eq!(data.parameter.is_some(), name == "target.csv");
        let text = ["species.csv", "text.csv"].contains(&name);
        assert_eq!(
            classes,
            text.then(|| kinds.map(str::to_owned).to_vec()),
            "{name}"
        );
        let output = bench.run(&format!("data info {name}"));
        let told = String::from_utf8(output.stderr).unwrap();
        let notes: Vec<&str> = told
            .lines()
            .filter(|line| line.starts_with("note: "))
            .collect();
        assert!(
            notes.len() == 1 && notes[0].contains(said),
            "{name}: {told}"
        );
    }
    // Without names, all numbers are features; yes and no are 1 and 0.
    bench.put(
        "bare.csv",
        lines("", |i, row| format!("{i},{}", numbers(row))),
    );
    bench.put(
        "flag.csv",
        lines("a,flag\n", |i, _| format!("{},{}", i % 7, i % 2 == 0)),
    );
    assert_eq!(bench.reading("bare.csv").data.features(), 4);
    assert_eq!(bench.reading("flag.csv").data.values.get(1), 1.0);
}

#[test]
fn columns_are_chosen_by_name_or_place() {
    let bench = TestDir::new();
    let kinds = ["b", "a"];
    bench.put(
        "all.csv",
        lines("nr,a,b,c,kind,day\n", |i, [a, b, c]| {
            format!("{i},{a},{b},{c},{},mo{i}", kinds[i % 2])
        }),
    );
    bench.put("two.csv", lines("", |_, [a, _, c]| format!("{c},{a}")));
    let graph = |arguments: &str| {
        bench.succeed(&format!(
            "knn {arguments} --k 3 --out g.npy --device cpu --quiet"
        ));
        bench.bytes("g.npy")
    };
    let two = graph("--data two.csv");
    for choice in [
        "--columns c,a",
        "--columns 3,1",
        "--id-column b --columns c,a",
    ] {
        assert_eq!(graph(&format!("--data all.csv {choice}")), two, "{choice}");
    }
    assert_eq!(graph("--data all.csv:c,a"), two);
    for (choice, features) in [("", 4), ("--id-column nr", 3), ("--id-column 0", 3)] {
        let info = bench.json(&format!("data info all.csv --json {choice}"));
        assert_eq!(info["shape"][0], features, "{choice}");
    }
    // A run remembers what it took, and reads new data so.
    let train = format!(
        "train --data all.csv --columns c,a --label-column kind --latent 2 --epochs 1 {SMALL}"
    );
    bench.succeed(&format!("{train} --out run"));
    let config = String::from_utf8(bench.bytes("run/config.toml")).unwrap();
    assert!(
        config.contains("columns = [\"c\", \"a\"]") && config.contains("label_column = \"kind\""),
        "{config}"
    );
    bench.put(
        "new.csv",
        lines("kind,c,b,a\n", |_, [a, b, c]| format!("x,{c},{b},{a}")),
    );
    for data in ["all.csv", "new.csv"] {
        bench.succeed(&format!(
            "encode run --data {data} --out {data}.npy --device cpu"
        ));
    }
    assert_eq!(bench.bytes("all.csv.npy"), bench.bytes("new.csv.npy"));
    bench.succeed("encode run/model.safetensors --data all.csv --out z.npy --device cpu");
    bench.succeed("eval run --k 2 --device cpu");
    let told = bench.succeed("data info all.csv --columns a --label-column kind");
    assert!(
        told.contains("samples [features] of [1]") && told.contains("30  b"),
        "{told}"
    );
    bench.succeed("data prepare all.csv --columns a,b --label-column kind --out p.npy");
    assert_eq!(bench.bytes("p-classes.txt"), b"a\nb\n");
    for (arguments, parts) in [
        (
            "--columns a,d",
            &["all.csv has no column `d`", "nr, a, b, c, kind, day"][..],
        ),
        (
            "--columns 6",
            &["no column `6`", "6 of them, counted from 0"],
        ),
        ("--label-column day2", &["no column `day2`"]),
        ("--id-column x", &["no column `x`"]),
        (
            "--columns a,kind",
            &["text in the column `kind`", "--label-column"],
        ),
        (
            "--missing none",
            &["invalid value 'none'", "drop, mean, refuse"],
        ),
    ] {
        let output = bench.run(&format!("knn --data all.csv --out g.npy {arguments}"));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        parts
            .iter()
            .for_each(|part| assert!(message.contains(part), "{part}: {message}"));
    }
    bench.succeed("data prepare all.csv --columns a,b --out x.npy");
    bench.refuse(
        "knn --data x.npy --columns 0 --out g.npy",
        &["x.npy is no table"],
    );
    // Labels of a file of their own, beside others.
    bench.put(
        "labels.csv",
        lines(",kind\n", |i, _| format!("{i},{}", kinds[i % 2])),
    );
    let info = bench.json("data info two.csv --labels labels.csv --json");
    assert_eq!(info["classes"].as_array().unwrap().len(), 2);
    let info = bench.json("data info two.csv --labels all.csv:kind --json");
    assert_eq!(info["classes"].as_array().unwrap().len(), 2);
}

#[test]
fn missing_values_are_counted_and_left_out_or_filled_in() {
    let bench = TestDir::new();
    let holes = ["", "NA", "nan", "?", "N/A", "null"];
    let content = lines("age,b,kind\n", |i, [a, b, _]| {
        let age = if i < 6 {
            holes[i].to_owned()
        } else {
            a.to_string()
        };
        let b = if i == 10 {
            String::new()
        } else {
            b.to_string()
        };
        format!("{age},{b},{}", ["u", "v"][i % 2])
    });
    bench.put("holes.csv", content);
    let counts = "holes.csv has no value somewhere in 7 of 60 rows, most often in the column `age` (6 times)";
    let told = String::from_utf8(bench.run("data info holes.csv").stderr).unwrap();
    let filled = "7 empty cells filled in with the mean of their column; --missing drop leaves these rows out";
    assert!(told.contains(counts) && told.contains(filled), "{told}");
    let prepared = |missing: &str, out: &str| {
        let output = bench.run(&format!("data prepare holes.csv {missing} --out {out}.npy"));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && told.contains(counts), "{told}");
        let array = nrae::data::read_array(&bench.path(&format!("{out}.npy"))).unwrap();
        (array.shape, array.values.to_floats())
    };
    let (shape, values) = prepared("--missing drop", "dropped");
    assert_eq!(shape, [53, 2]);
    assert!(values.chunks(2).all(|pair| row(0)[0] as f32 >= pair[0]));
    let labels = nrae::data::read_labels(&bench.path("dropped-labels.npy")).unwrap();
    assert_eq!((labels.len(), labels[0]), (53, 0));
    let (shape, values) = prepared("--missing mean", "filled");
    assert_eq!(shape, [60, 2]);
    let mean = (6..60).map(|i| row(i)[0]).sum::<f64>() / 54.0;
    assert!(
        (f64::from(values[0]) - mean).abs() < 1e-5,
        "{} {mean}",
        values[0]
    );
    assert_eq!(prepared("", "by-default"), (shape, values));
    bench.succeed(&format!(
        "train --data holes.csv --missing drop --epochs 1 {SMALL} --out run"
    ));
    let config = String::from_utf8(bench.bytes("run/config.toml")).unwrap();
    assert!(config.contains("missing = \"drop\""), "{config}");
    bench.put(
        "none.csv",
        lines("a,b,c\n", |_, [a, b, _]| format!("{a},{b},NA")),
    );
    bench.succeed("data info none.csv");
    bench.refuse(
        "data info none.csv --columns a,c --missing mean",
        &["nothing in the column `c`"],
    );
    bench.refuse(
        "data info none.csv --columns a,c --missing drop",
        &["no row is left"],
    );
}

#[test]
fn an_empty_cell_becomes_the_mean_of_the_data_that_the_model_was_trained_on() {
    let bench = TestDir::new();
    let whole = lines("a,b\n", |i, [a, b, _]| match i {
        3 => format!(",{b}"),
        _ => format!("{a},{b}"),
    });
    let one = format!("a,b\n{}\n", whole.lines().nth(4).unwrap());
    bench.put("whole.csv", whole);
    bench.put("one.csv", one);
    bench.succeed(&format!(
        "train --data whole.csv --epochs 1 {SMALL} --out run"
    ));
    for name in ["whole", "one"] {
        let encode = format!("encode run --data {name}.csv --out {name}-latents.npy --device cpu");
        let told = String::from_utf8(bench.run(&encode).stderr).unwrap();
        let filled = "1 empty cell filled in with the mean of their column in the data that the model was trained on";
        assert!(told.contains(filled), "{told}");
    }
    let latents = |name: &str| {
        let array = nrae::data::read_array(&bench.path(&format!("{name}-latents.npy"))).unwrap();
        array.values.to_floats()
    };
    assert_eq!(latents("whole")[6..8], latents("one"));
    // Columns are found by their names, in any order and among others.
    bench.put(
        "other.csv",
        format!("c,b,a\n1,{},{}\n", row(5)[1], row(5)[0]),
    );
    bench.succeed("encode run --data other.csv --out other-latents.npy --device cpu");
    assert_eq!(latents("whole")[10..12], latents("other"));
    // What is no table of samples has no mean.
    bench.put("latents.csv", "0.1,0.2\n,0.3\n");
    bench.refuse(
        "decode run --latents latents.csv --out d.csv --device cpu",
        &[
            "latents.csv",
            "no value somewhere in 1 of 2 rows",
            "fill them in",
        ],
    );
    bench.refuse(
        "train --data whole.csv --missing refuse --out other",
        &["no value somewhere in 1 of 60 rows", "fill them in"],
    );
}
