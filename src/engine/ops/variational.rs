//! The variational autoencoder's sampling of latents, and its divergence from the prior (Kingma and
//! Welling 2014).

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// z_r = mean_r + exp(log variance_0 / 2) noise for every row r of a group. All rows of a group are
/// moved by the centre's noise, so differences of latents are differences of means.
#[derive(Clone, Debug)]
pub struct Reparametrise {
    /// [batch, group, 2 features]: means, then log variances.
    pub input: View,
    /// [batch, features].
    pub noise: View,
    /// [batch, group, features].
    pub output: View,
    /// Centres.
    pub batch: usize,
    /// Rows of each centre.
    pub group: usize,
    /// Latent dimensions.
    pub features: usize,
}

/// The adjoint of [`Reparametrise`].
#[derive(Clone, Debug)]
pub struct ReparametriseAdjoint {
    /// [batch, group, 2 features].
    pub input: View,
    /// [batch, features].
    pub noise: View,
    /// [batch, group, features].
    pub d_output: View,
    /// [batch, group, 2 features].
    pub d_input: View,
    /// Centres.
    pub batch: usize,
    /// Rows of each centre.
    pub group: usize,
    /// Latent dimensions.
    pub features: usize,
}

/// KL(N(mean, variance) || N(0, I)) of every centre, as a mean over centres, with its gradient
/// times the term's weight.
#[derive(Clone, Debug)]
pub struct KlDivergence {
    /// [batch, group, 2 features]: means, then log variances.
    pub codes: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [batch, features]: their sum is the term.
    pub values: View,
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

describe!(|pass: Reparametrise| {
    reads: [input, noise],
    writes: [output],
    uniforms: [batch, group, features],
    grid: Grid::Elements(pass.batch * pass.features),
});

describe!(|pass: ReparametriseAdjoint| {
    reads: [input, noise, d_output],
    writes: [d_input],
    uniforms: [batch, group, features],
    grid: Grid::Elements(pass.batch * pass.features),
});

describe!(|pass: KlDivergence| {
    reads: [codes, loss_weights, state],
    writes: [values, d_codes],
    uniforms: [batch, group, features, columns, column],
    grid: Grid::Elements(pass.batch * pass.features),
});
