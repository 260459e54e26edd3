//! The `nrae` command. See `nrae --help`.

fn main() -> std::process::ExitCode {
    nrae::cli::run()
}
