//! What several runs have learned, side by side, as in the README:
//!
//! ```sh
//! for method in ae nrae-l nrae-q; do
//!     nrae train configs/swiss-roll.toml --method $method --out runs/roll-$method
//! done
//! cargo run --example side_by_side -- manifolds.png runs/roll-ae runs/roll-nrae-l runs/roll-nrae-q
//! ```

use nrae::cpu::Cpu;
use nrae::error::{Error, Result};
use std::path::PathBuf;

fn main() -> Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let picture = paths.next().ok_or_else(|| {
        Error::input("name the picture, then the run folders: manifolds.png runs/a runs/b")
    })?;
    let runs: Vec<PathBuf> = paths.collect();
    nrae::train::draw_side_by_side(&runs, &picture, &Cpu)
}
