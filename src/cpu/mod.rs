//! The CPU executor: the CPU kernel of every shader, generic over f32 and f64.
//!
//! In f64 it is the oracle of the tests and of `gradcheck`; in f32 it trains where there is no GPU.
//! The result does not depend on the number of threads.

mod activate;
mod activate_adjoint;
mod activate_transpose;
pub mod activation;
mod adam;
mod average_pool;
mod average_pool_adjoint;
mod block_distances;
mod channel_sums;
mod concat;
mod convolve;
mod convolve_transpose;
mod convolve_weight_adjoint;
mod corrupt;
mod difference;
mod difference_adjoint;
mod embedding_loss;
mod float;
mod gather;
mod huge_pages;
mod im2col;
mod increment_step;
mod interpolate;
mod interpolate_adjoint;
mod isometric_loss;
mod jacobian_norm;
mod jvp_inner_products;
mod kl_divergence;
mod linear;
mod linear_bias_adjoint;
mod linear_input_adjoint;
mod linear_weight_adjoint;
mod lines;
mod lle_loss;
mod max_pool;
mod max_pool_adjoint;
mod median;
mod memory;
mod mmd;
mod mmd_adjoint;
mod nearest;
mod noise;
mod normalise;
mod normalise_adjoint;
mod packed_copy;
mod reparametrise;
mod reparametrise_adjoint;
mod replicas;
mod scratch;
mod select_slot;
mod session;
mod squared_distances;
mod sum;
mod sum_of_squares;
mod sum_partials;
mod taylor_evaluate;
mod taylor_evaluate_adjoint;
mod upsample;
mod upsample_adjoint;
mod weighted_squared_error;
mod winograd;

pub use float::Float;
pub use memory::Memory;
pub use session::{Cpu, CpuSession};

use crate::engine::{Pass, View, ops::*, pass::for_every_pass};

/// A pass in Rust: what the shader of the same name does.
pub trait CpuKernel<T: Float> {
    /// Runs the pass.
    fn run(&self, memory: &mut Memory<T>);
}

macro_rules! run_kernel {
    ($($name:ident = $file:ident),* $(,)?) => {
        /// Runs one pass. Naming every CPU kernel here makes a pass without one a compile error.
        fn run<T: Float>(pass: &Pass, memory: &mut Memory<T>) {
            match pass { $(Pass::$name(pass) => <$name as CpuKernel<T>>::run(pass, memory)),* }
        }
    };
}
for_every_pass!(run_kernel);

/// This step's row of the loss weights, `[columns]`: the number of centres that count, then the weight
/// of each term.
fn step_weights<T: Float>(
    memory: &Memory<T>,
    loss_weights: View,
    state: View,
    columns: usize,
) -> &[T] {
    let step = memory.words(state)[0] as usize;
    &memory.reals(loss_weights)[step * columns..][..columns]
}

/// The factor of centre `b` in a mean over the centres that count, of which the first column of the
/// loss weights tells how many there are; `mean_factor` of `shaders/shared/loss_term.wgsl`.
fn mean_factor<T: Float>(loss_weights: &[T], b: usize) -> T {
    if T::of(b as f64) < loss_weights[0] {
        T::of(1.0) / loss_weights[0]
    } else {
        T::default()
    }
}

/// The sum of `term(a, b)` over two slices of one length, as 16 running sums side by side, which
/// become vector registers.
#[inline(always)]
fn simd_sum<T: Float>(a: &[T], b: &[T], term: impl Fn(T, T) -> T) -> T {
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

/// The sum of products of two slices of one length, by [`simd_sum`].
#[inline(always)]
fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    simd_sum(
        a,
        b,
        #[inline(always)]
        |a, b| a * b,
    )
}

/// Calls `body(i, item)`, which must be inlined, for every `chunk` values of `output`, in parallel.
/// The chunks do not depend on the number of threads.
fn for_chunks<T: Float>(output: &mut [T], chunk: usize, body: impl Fn(usize, &mut [T]) + Sync) {
    // Below this the hand-over to other threads costs more than it saves.
    const WORTH_SHARING: usize = 1 << 13;
    let chunk = chunk.max(1);
    let grain = match output.len() {
        len if len < WORTH_SHARING => len.div_ceil(chunk).max(1),
        _ => (WORTH_SHARING / 2 / chunk).max(1),
    };
    for_blocks(output, chunk * grain, 0, &|block, items| {
        T::simd_dispatch(
            #[inline(always)]
            || {
                for (i, item) in items.chunks_mut(chunk).enumerate() {
                    body(block * grain + i, item);
                }
            },
        );
    });
}

/// Calls `body` for every `size` values of `output`, counted from `first` on, in parallel. It is
/// one function for all kernels: rayon's iterators would be compiled for each of them.
fn for_blocks<T: Send>(
    output: &mut [T],
    size: usize,
    first: usize,
    body: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    let half = output.len().div_ceil(size) / 2;
    if half == 0 {
        return body(first, output);
    }
    let (left, right) = output.split_at_mut(half * size);
    rayon::join(
        || for_blocks(left, size, first, body),
        || for_blocks(right, size, first + half, body),
    );
}
