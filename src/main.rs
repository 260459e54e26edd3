//! The `nrae` command. See `nrae --help`.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
