//! The CPU executor: the twin of every shader, generic over f32 and f64.
//!
//! In f64 it is the oracle of the tests and of `gradcheck`; in f32 it is what runs where there is no GPU. The result does not depend
//! on the number of threads.

mod activate;
mod activate_adjoint;
pub mod activation;
mod adam;
mod advance;
mod collapse;
mod collapse_adjoint;
mod difference;
mod difference_adjoint;
mod gather;
mod linear;
mod linear_bias_adjoint;
mod linear_input_adjoint;
mod linear_weight_adjoint;
mod memory;
mod real;
mod residual;
mod session;
mod squares;
mod sum;

pub use memory::Memory;
pub use real::Real;
pub use session::{Cpu, CpuSession};

use crate::engine::{Pass, ops::*, pass::for_every_pass};

/// What the shader of the same name does, in Rust.
pub trait Twin<T: Real> {
    /// Runs the whole pass.
    fn run(&self, memory: &mut Memory<T>);
}

macro_rules! run_twin {
    ($($name:ident),* $(,)?) => {
        /// Runs one pass. Naming every twin here makes a pass without one a compile error.
        fn run<T: Real>(pass: &Pass, memory: &mut Memory<T>) {
            match pass { $(Pass::$name(pass) => <$name as Twin<T>>::run(pass, memory)),* }
        }
    };
}
for_every_pass!(run_twin);

/// Calls `body(i, item)` for every `chunk` values of `output`, in parallel. The chunks do not depend on the number of threads.
fn for_chunks<T: Real>(output: &mut [T], chunk: usize, body: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;
    // Below this the hand-over to other threads costs more than it saves.
    const WORTH_SHARING: usize = 1 << 13;
    let chunk = chunk.max(1);
    if output.len() < WORTH_SHARING {
        output.chunks_mut(chunk).enumerate().for_each(|(i, item)| body(i, item));
    } else {
        let grain = (WORTH_SHARING / 2 / chunk).max(1);
        output.par_chunks_mut(chunk).with_min_len(grain).enumerate().for_each(|(i, item)| body(i, item));
    }
}
