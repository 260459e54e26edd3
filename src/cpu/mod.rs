//! The CPU executor: the twin of every shader, generic over f32 and f64.
//!
//! In f64 it is the oracle of the tests and of `gradcheck`; in f32 it is what runs where there is
//! no GPU. The result does not depend on the number of threads.

mod activate;
mod activate_adjoint;
mod activate_linear_adjoint;
mod activate_transpose;
pub mod activation;
mod adam;
mod advance;
mod anchor;
mod average_pool;
mod average_pool_adjoint;
mod block_distances;
mod channel_sums;
mod collapse;
mod collapse_adjoint;
mod convolve;
mod convolve_transpose;
mod convolve_weight_adjoint;
mod corrupt;
mod difference;
mod difference_adjoint;
mod discrepancy;
mod discrepancy_adjoint;
mod divergence;
mod fold;
mod gather;
mod isometry;
mod join;
mod linear;
mod linear_activate;
mod linear_bias_adjoint;
mod linear_input_adjoint;
mod linear_weight_adjoint;
mod lines;
mod locally_linear;
mod max_pool;
mod max_pool_adjoint;
mod median;
mod memory;
mod mix;
mod mix_adjoint;
mod nearest;
mod noise;
mod normalise;
mod normalise_adjoint;
mod pairing;
mod products;
mod real;
mod reparametrise;
mod reparametrise_adjoint;
mod residual;
mod rows_apart;
mod scratch;
mod session;
mod slot;
mod squared_distances;
mod squares;
mod stretch;
mod sum;
mod tiles;
mod upsample;
mod upsample_adjoint;
mod windows;

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

/// The factor of centre `b` in a mean over the centres that count, of which the plan's first column
/// tells how many there are.
fn share<T: Real>(plan: &[T], b: usize) -> T {
    if T::of(b as f64) < plan[0] {
        T::of(1.0) / plan[0]
    } else {
        T::default()
    }
}

/// Runs `body`, which must be inlined, compiled for the widest vectors of this processor.
#[inline(always)]
fn vectorised<R>(body: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(body)
}

/// The sum of `term(a, b)` over two slices of one length, as 16 running sums side by side, which
/// become vector registers.
#[inline(always)]
fn lanes<T: Real>(a: &[T], b: &[T], term: impl Fn(T, T) -> T) -> T {
    let mut sums = [T::default(); 16];
    let (a_blocks, b_blocks) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest = a_blocks.remainder().iter().zip(b_blocks.remainder());
    for (a, b) in a_blocks.zip(b_blocks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += term(*a, *b);
        }
    }
    let rest: T = rest.map(|(a, b)| term(*a, *b)).sum();
    sums.into_iter().sum::<T>() + rest
}

/// The sum of products of two slices of one length, by [`lanes`].
#[inline(always)]
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    lanes(
        a,
        b,
        #[inline(always)]
        |a, b| a * b,
    )
}

/// Calls `body(i, item)`, which must be inlined, for every `chunk` values of `output`, in parallel.
/// The chunks do not depend on the number of threads.
fn for_chunks<T: Real>(output: &mut [T], chunk: usize, body: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;
    // Below this the hand-over to other threads costs more than it saves.
    const WORTH_SHARING: usize = 1 << 13;
    let chunk = chunk.max(1);
    let grain = if output.len() < WORTH_SHARING {
        output.len()
    } else {
        (WORTH_SHARING / 2 / chunk).max(1)
    };
    output
        .par_chunks_mut(chunk * grain.max(1))
        .enumerate()
        .for_each(|(block, items)| {
            vectorised(
                #[inline(always)]
                || {
                    for (i, item) in items.chunks_mut(chunk).enumerate() {
                        body(block * grain + i, item);
                    }
                },
            );
        });
}
