//! The command line, by running the binary.

mod arrays;
mod bench;
mod containers;
mod csv;
mod defaults;
mod disks;
mod eval;
mod explore;
mod export;
mod finite;
mod geometry;
mod gradcheck;
mod graph;
mod images;
mod init;
mod labels;
mod lost;
mod mapped;
mod onnx;
mod outputs;
mod parts;
mod processes;
mod refusals;
mod reproduce;
mod runs;
mod seeds;
mod sets;
mod sharing;
mod side_by_side;
mod tables;
mod train;
mod tune;
mod tuning;
mod units;
mod vector_graphics;
mod walk;

#[path = "../common/test_dir.rs"]
mod test_dir;

use test_dir::TestDir;

const SMALL: &str = "--hidden 8 --k 3 --batch 10 --device cpu --quiet";

#[test]
fn every_subcommand_shows_examples() {
    let bench = TestDir::new();
    let help = bench.succeed("--help");
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        assert!(
            bench
                .succeed(&format!("{name} --help"))
                .contains("Examples:"),
            "{name}"
        );
    }
}

#[test]
fn the_short_help_of_training_fits_on_a_screen_and_shows_every_default() {
    let bench = TestDir::new();
    let help = bench.succeed("train -h");
    assert!(
        help.lines().count() <= 45,
        "{}: {help}",
        help.lines().count()
    );
    let flags = help.lines().filter(|line| line.starts_with("      --"));
    for flag in flags {
        let stated = ["[default: ", "--set", "--quiet", "--data ", "--out"];
        assert!(stated.iter().any(|text| flag.contains(text)), "{flag}");
    }
    for other in [
        "train --help",
        "decode --help",
        "knn --help",
        "data fetch --help",
    ] {
        let text = bench.succeed(other);
        assert!(
            text.matches("software driver").count() == 0,
            "{other}: {text}"
        );
        assert!(!text.contains("Every epoch"), "{other}");
    }
    assert!(bench.succeed("doctor --help").contains("--precision f16"));
}
