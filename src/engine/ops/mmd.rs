//! Maximum mean discrepancy between latents and the prior (Tolstikhin et al. 2018), by the unbiased
//! estimate.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// Scales of the inverse multiquadratics that [`Mmd`] adds up (those of the code of
/// Tolstikhin et al. 2018).
pub const IMQ_SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Squared distances among latents, among draws of the prior, and between the two.
#[derive(Clone, Debug)]
pub struct SquaredDistances {
    /// [batch, group, features]: the centre of each group counts.
    pub codes: View,
    /// [batch, features].
    pub prior: View,
    /// [3, batch, batch].
    pub distances: View,
    /// Centres.
    pub batch: usize,
    /// Rows of each centre.
    pub group: usize,
    /// Latent dimensions.
    pub features: usize,
}

/// The lower medians of the distances among latents and among draws.
#[derive(Clone, Debug)]
pub struct Median {
    /// [3, batch, batch].
    pub distances: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// `[2]`.
    pub medians: View,
    /// Centres.
    pub batch: usize,
    /// Columns of the loss weights.
    pub columns: usize,
}

/// The discrepancy pair by pair, with the slopes of the kernel that its gradient needs.
///
/// The kernel is a sum of inverse multiquadratics C / (C + r^2), C = 2 s features for every s in
/// [`IMQ_SCALES`]; or a Gaussian whose squared bandwidth is the mean of the two medians,
/// held fixed.
#[derive(Clone, Debug)]
pub struct Mmd {
    /// [3, batch, batch].
    pub distances: View,
    /// `[2]`.
    pub medians: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [batch, batch]: their sum is the discrepancy.
    pub values: View,
    /// [2, batch, batch]: among latents, and from latents to draws.
    pub slopes: View,
    /// Centres.
    pub batch: usize,
    /// Latent dimensions.
    pub features: usize,
    /// Columns of the loss weights.
    pub columns: usize,
    /// A Gaussian rather than inverse multiquadratics.
    pub gaussian: bool,
}

/// The gradient of the discrepancy to the latents, times the term's weight.
#[derive(Clone, Debug)]
pub struct MmdAdjoint {
    /// [batch, group, features].
    pub codes: View,
    /// [batch, features].
    pub prior: View,
    /// [2, batch, batch].
    pub slopes: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// Like `codes`.
    pub d_codes: View,
    /// Centres.
    pub batch: usize,
    /// Rows of each centre.
    pub group: usize,
    /// Latent dimensions.
    pub features: usize,
    /// Columns of the loss weights.
    pub columns: usize,
    /// The term's column of the loss weights.
    pub column: usize,
}

describe!(|pass: SquaredDistances| {
    reads: [codes, prior],
    writes: [distances],
    uniforms: [batch, group, features],
    grid: Grid::Elements(pass.batch * pass.batch),
});

describe!(|pass: Median| {
    reads: [distances, loss_weights, state],
    writes: [medians],
    uniforms: [batch, columns],
    grid: Grid::Groups(2),
});

describe!(|pass: Mmd| {
    reads: [distances, medians, loss_weights, state],
    writes: [values, slopes],
    uniforms: [batch, features, columns],
    overrides: [GAUSSIAN = pass.gaussian.into()],
    grid: Grid::Elements(pass.batch * pass.batch),
});

describe!(|pass: MmdAdjoint| {
    reads: [codes, prior, slopes, loss_weights, state],
    writes: [d_codes],
    uniforms: [batch, group, features, columns, column],
    grid: Grid::Elements(pass.batch * pass.features),
});
