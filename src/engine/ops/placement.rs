//! Where latents should lie: at their place in an embedding, or among their neighbours.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// |z - e|^2 for every centre with its place e in an embedding (GRAE, Duque et al. 2020), as a mean
/// over centres, with its gradient.
#[derive(Clone, Debug)]
pub struct EmbeddingLoss {
    /// [batch, group, features].
    pub codes: View,
    /// [samples, features].
    pub embedding: View,
    /// [steps, batch, group] samples.
    pub indices: View,
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

/// |z - sum_j w_j z_j|^2 for every centre with the latents z_j of its neighbours, as a mean over
/// centres, with its gradient (SPAE).
#[derive(Clone, Debug)]
pub struct LleLoss {
    /// [batch, group, features]: neighbours from row `first` on.
    pub codes: View,
    /// [samples, k].
    pub coefficients: View,
    /// [steps, batch, group] samples.
    pub indices: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [batch, features]: their sum is the term.
    pub values: View,
    /// Like `codes`.
    pub d_codes: View,
    /// The first row of neighbours in a group.
    pub first: usize,
    /// Neighbours.
    pub k: usize,
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

describe!(|pass: EmbeddingLoss| {
    reads: [codes, embedding, indices, loss_weights, state],
    writes: [values, d_codes],
    uniforms: [batch, group, features, columns, column],
    grid: Grid::Elements(pass.batch * pass.features),
});

describe!(|pass: LleLoss| {
    reads: [codes, coefficients, indices, loss_weights, state],
    writes: [values, d_codes],
    uniforms: [batch, group, first, k, features, columns, column],
    grid: Grid::Elements(pass.batch * pass.features),
});
