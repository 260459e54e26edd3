//! The command line, by running the binary.

mod arrays;
mod bench;
mod defaults;
mod eval;
mod gradcheck;
mod refusals;
mod train;

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
