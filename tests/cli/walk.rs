//! What stumbled on a newcomer's walk with data of many kinds.

use crate::SMALL;
use crate::test_dir::TestDir;
use std::io::Write;

fn write(bench: &TestDir, name: &str, content: &str) {
    std::fs::write(bench.path(name), content).unwrap();
}

/// A table of 60 rows under `header`, a row of which is `row` of its number.
fn table(bench: &TestDir, name: &str, header: &str, row: impl Fn(usize) -> String) {
    let rows: Vec<String> = (0..60).map(row).collect();
    write(bench, name, &format!("{header}\n{}\n", rows.join("\n")));
}

/// What a short training on `data` says before it begins.
fn told(bench: &TestDir, data: &str) -> String {
    let output = bench.run(&format!(
        "train --hidden 8 --k 3 --device cpu --data {data} --epochs 1 --out run --overwrite"
    ));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

fn zip(bench: &TestDir, name: &str, entry: &str) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(bench.path(name)).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file(entry, options).unwrap();
    zip.write_all(b"1,2\n3,4\n").unwrap();
    zip.finish().unwrap();
}

#[test]
fn files_of_other_programs_come_with_the_way_to_read_them() {
    let bench = TestDir::new();
    zip(&bench, "sheet.xlsx", "xl/workbook.xml");
    zip(&bench, "tables.zip", "inner.csv");
    std::fs::create_dir(bench.path("folder")).unwrap();
    write(&bench, "folder/one.csv", "1,2\n");
    for (name, content) in [
        ("cars.json", "[{\"a\": 1}]"),
        ("Arrow_TRAIN.ts", "@data\n1,2:0\n"),
        ("x.pkl", "\u{4}"),
        ("words.npy", "hello\nworld\n"),
        ("none.npy", ""),
    ] {
        write(&bench, name, content);
    }
    for (data, parts) in [
        ("sheet.xlsx", ["is a spreadsheet", "save the sheet as CSV"]),
        ("tables.zip", ["unpack it", "--data inner.csv"]),
        ("folder", ["only 1 .csv", "--data folder/one.csv"]),
        ("cars.json", ["is JSON", "pandas.read_json"]),
        ("Arrow_TRAIN.ts", ["time series", "load_from_ts_file"]),
        ("x.pkl", ["pickle", "numpy.save"]),
        ("words.npy", ["whatever .npy says", "rename it to .csv"]),
        ("none.npy", ["is empty", "0 bytes"]),
    ] {
        bench.refuse(&format!("train {SMALL} --out run --data {data}"), &parts);
    }
}

#[test]
fn a_misspelt_file_is_asked_after() {
    let bench = TestDir::new();
    write(&bench, "penguins.csv", "1,2\n");
    write(&bench, "10x_cells.csv", "1,2\n");
    for (typed, meant) in [
        ("penguin.csv", "did you mean penguins.csv?"),
        ("./pengiuns.csv", "did you mean ./penguins.csv?"),
        ("cells.csv", "did you mean 10x_cells.csv?"),
    ] {
        bench.refuse(&format!("train {SMALL} --out run --data {typed}"), &[meant]);
    }
    let output = bench.run(&format!("train {SMALL} --out run --data elsewhere.h5"));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("did you mean"), "{text}");
}

#[test]
fn arrays_that_are_no_samples_come_with_the_fix() {
    let bench = TestDir::new();
    let npy = |name: &str, header: &str, content: &[u8]| {
        let header = format!("{header:<117}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(content);
        std::fs::write(bench.path(name), bytes).unwrap();
    };
    npy(
        "objects.npy",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        b"\x80\x04]q\x00.",
    );
    npy(
        "flat.npy",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
        &[0; 12],
    );
    write(&bench, "row.csv", "a,b,c\n1,2,3\n");
    for (data, part) in [
        ("objects.npy", "has Python objects"),
        ("flat.npy", "x.reshape(-1, 1)"),
        ("row.csv", "one sample alone"),
    ] {
        bench.refuse(
            &format!("train --hidden 8 --device cpu --out run --data {data}"),
            &[part],
        );
    }
}

#[test]
fn text_of_few_values_colours_the_samples() {
    let bench = TestDir::new();
    table(&bench, "world.csv", "country,continent,life,wealth", |i| {
        format!(
            "land{},{},{},{}",
            i / 2,
            ["Asia", "Africa"][i % 2],
            i,
            i * i
        )
    });
    let text = told(&bench, "world.csv");
    assert!(
        text.contains("text in the column `continent`, which is taken as labels"),
        "{text}"
    );
    assert!(
        text.contains("text in `country` (such as `land0`), left out"),
        "{text}"
    );
}

#[test]
fn years_are_left_out_where_others_are_left() {
    let bench = TestDir::new();
    let row = |i: usize| format!("{},{},{}", i % 7, 2007 + i % 3, i % 5);
    table(&bench, "birds.csv", "bill,year,mass", row);
    let text = told(&bench, "birds.csv");
    assert!(
        text.contains("has years in the column `year`, which is left out; --columns takes it"),
        "{text}"
    );
    let info = bench.succeed("data info birds.csv");
    assert!(info.contains("[2]"), "{info}");
    // Named, and beside one other alone, they are features.
    let text = told(&bench, "birds.csv --columns bill,year,mass");
    assert!(!text.contains("has years"), "{text}");
    table(&bench, "lynx.csv", "year,lynx", |i| {
        format!("{},{}", 1821 + i, i % 9)
    });
    assert!(!told(&bench, "lynx.csv").contains("has years"));
    // Numbers of that name that are no years.
    table(&bench, "ages.csv", "year,a,b", |i| {
        format!("{},{},{}", i, i % 5, i % 3)
    });
    assert!(!told(&bench, "ages.csv").contains("has years"));
}

#[test]
fn a_column_of_one_value_is_said() {
    let bench = TestDir::new();
    table(&bench, "flat.csv", "a,b,c", |i| {
        format!("{},5,{}", i % 7, i % 5)
    });
    let text = told(&bench, "flat.csv");
    assert!(text.contains("has one value alone in `b`"), "{text}");
    assert!(!told(&bench, "x.csv").contains("one value alone"));
}

#[test]
fn errors_in_large_units_have_an_exponent() {
    let bench = TestDir::new();
    table(&bench, "people.csv", "people,years,wealth", |i| {
        format!("{},{},{}", i * 100_000_000, i % 7, i % 5)
    });
    let output = bench.succeed(
        "train --hidden 8 --k 3 --batch 10 --device cpu --data people.csv --epochs 1 --out run",
    );
    let line = output
        .lines()
        .find(|line| line.contains("the data's own units"))
        .unwrap();
    assert!(line.contains('e') && line.len() < 90, "{line}");
    let figure = line.rsplit(' ').next().unwrap();
    assert!(figure.contains("e1") && figure.len() <= 9, "{line}");
}

#[test]
fn the_next_command_of_a_report_reads_the_data_as_the_run_did() {
    let bench = TestDir::new();
    table(&bench, "holes.csv", "a,b c,d,kind", |i| {
        let hole = if i == 7 {
            String::new()
        } else {
            (i % 7).to_string()
        };
        format!("{hole},{},{},{}", i % 5, i % 3, ["x", "y"][i % 2])
    });
    let output = bench
        .command("train --hidden 8 --k 3 --device cpu --data holes.csv --missing drop --epochs 1 --out run --columns")
        .arg("a,b c,d")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let page = std::fs::read_to_string(bench.path("run/report.html")).unwrap();
    let page = page.replace("&#39;", "'");
    assert!(
        page.contains(
            "nrae train --data holes.csv --columns 'a,b c,d' --missing drop --method ae,nrae-q"
        ),
        "{page}"
    );
}

#[test]
fn what_is_said_of_columns_is_said_once_and_decoded_tables_have_their_names() {
    let bench = TestDir::new();
    table(&bench, "holes.csv", ",a,\"b, in mm\",kind,c", |i| {
        let hole = if i == 7 {
            "NA".to_owned()
        } else {
            (i % 7).to_string()
        };
        format!("{i},{hole},{},{},{}", i % 5, ["x", "y"][i % 2], i % 3)
    });
    let text = told(&bench, "holes.csv");
    let (index, cells) = (
        "an index in the column",
        "1 empty cell filled in with the mean",
    );
    for said in [index, "is taken as labels", cells, "--missing drop"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for (command, filled) in [
        ("encode run --data holes.csv --out z.csv", true),
        ("reconstruct run --data holes.csv --out x.csv", true),
        ("eval run", true),
        ("explore run", true),
        ("decode run --latents z.csv --out d.tsv", false),
    ] {
        let output = bench.run(&format!("{command} --device cpu"));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}");
        assert!(
            !text.contains(index) && !text.contains("labels"),
            "{command}: {text}"
        );
        assert_eq!(text.contains(cells), filled, "{command}: {text}");
    }
    let header = |file: &str| {
        let text = String::from_utf8(bench.bytes(file)).unwrap();
        (
            text.lines().next().unwrap().to_owned(),
            text.lines().count(),
        )
    };
    assert_eq!(header("x.csv"), ("a,\"b, in mm\",c".to_owned(), 61));
    assert_eq!(header("d.tsv"), ("a\tb, in mm\tc".to_owned(), 61));
    // They can be read again.
    bench.succeed("encode run --data x.csv --out again.csv --device cpu");
    bench.succeed("encode run --data d.tsv --out again.csv --device cpu");
    // A table without names gives none.
    bench.succeed(
        "train --hidden 8 --k 3 --device cpu --data x.csv --columns 0,1 --epochs 1 --out named",
    );
    let rows: Vec<String> = (0..60).map(|i| format!("{},{}", i % 7, i % 5)).collect();
    write(&bench, "bare.csv", &rows.join("\n"));
    told(&bench, "bare.csv");
    bench.succeed("reconstruct run --data bare.csv --out bare-x.csv --device cpu");
    assert_eq!(header("bare-x.csv").1, 60);
}

#[test]
fn a_run_says_what_it_trains_before_anything_that_takes_long() {
    let bench = TestDir::new();
    let output =
        bench.succeed("train --data x.csv --latent 1 --k 3 --device cpu --epochs 1 --out run");
    let place = |what: &str| {
        output
            .find(what)
            .unwrap_or_else(|| panic!("{what}: {output}"))
    };
    let order = [
        "Trains on",
        "Device:",
        "Model:",
        "Start: learns",
        "Start: learned in",
        "Training:",
    ];
    assert!(order.map(place).is_sorted(), "{output}");
}

#[test]
fn an_array_beside_labels_is_the_samples() {
    let bench = TestDir::new();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(bench.path("p.npz")).unwrap());
    for (name, descr, shape, bytes) in [
        (
            "patches.npy",
            "<f4",
            "(60, 2, 20)",
            (0..2400)
                .flat_map(|i| (((i * i) % 97) as f32).to_le_bytes())
                .collect::<Vec<u8>>(),
        ),
        (
            "labels.npy",
            "|u1",
            "(60,)",
            (0..60).map(|i| i % 3).collect(),
        ),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        zip.write_all(b"\x93NUMPY\x01\x00\x76\x00").unwrap();
        zip.write_all(format!("{header:<117}\n").as_bytes())
            .unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
    let text = told(&bench, "p.npz");
    let signals =
        "[60, 2, 20] taken as [N, C, L], signals; if they are grey images, give --layout nhw";
    assert!(text.contains(signals), "{text}");
    let output =
        bench.succeed("train --hidden 8 --k 3 --device cpu --data p.npz --epochs 1 --out told");
    assert!(
        output.contains("54 signals of shape [2, 1, 20]"),
        "{output}"
    );
    assert_eq!(
        bench.json("data info p.npz --json")["classes"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
