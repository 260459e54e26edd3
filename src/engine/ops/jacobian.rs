//! Norms of Jacobians, whose gradients come from one more push of jets along transposed products.

use crate::engine::pass::{Grid, describe};
use crate::engine::recording::View;

/// One slot of jets: `output[b]` = jets[b, slot].
#[derive(Clone, Debug)]
pub struct SelectSlot {
    /// [batch, slots, features].
    pub jets: View,
    /// [batch, features].
    pub output: View,
    /// Jets.
    pub batch: usize,
    /// Slots of a jet.
    pub slots: usize,
    /// Which one.
    pub slot: usize,
    /// Features.
    pub features: usize,
}

/// |J^T u|^2 as J r . u with r = J^T u, a mean over centres; the gradient is that of 2 J r . u with
/// r and u held fixed, times the term's weight, because d|J^T u|^2 = 2 r . dJ^T u = 2 (dJ r) . u.
#[derive(Clone, Debug)]
pub struct JacobianNorm {
    /// [batch, 1 + count, features]: slot 1 + c is J r_c.
    pub jets: View,
    /// [batch, count, features].
    pub cotangents: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [batch, count, features]: their sum is the term.
    pub values: View,
    /// Like `jets`.
    pub d_jets: View,
    /// Centres.
    pub batch: usize,
    /// Cotangents of each.
    pub count: usize,
    /// Features of a slot.
    pub features: usize,
    /// Columns of the loss weights.
    pub columns: usize,
    /// The term's column of the loss weights.
    pub column: usize,
}

/// Points between and beyond codes: a z_i + (1 - a) z_next, with a uniform in low..high.
#[derive(Clone, Debug)]
pub struct Interpolate {
    /// [batch, group, features].
    pub codes: View,
    /// `[batch]` uniform in [0, 1).
    pub draws: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [batch, features].
    pub output: View,
    /// Centres.
    pub batch: usize,
    /// Rows of each centre.
    pub group: usize,
    /// Latent dimensions.
    pub features: usize,
    /// Columns of the loss weights.
    pub columns: usize,
    /// Least a.
    pub low: f32,
    /// Largest a.
    pub high: f32,
}

/// The adjoint of [`Interpolate`].
#[derive(Clone, Debug)]
pub struct InterpolateAdjoint {
    /// [batch, features].
    pub d_output: View,
    /// `[batch]`.
    pub draws: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// [batch, group, features].
    pub d_codes: View,
    /// Centres.
    pub batch: usize,
    /// Rows of each centre.
    pub group: usize,
    /// Latent dimensions.
    pub features: usize,
    /// Columns of the loss weights.
    pub columns: usize,
    /// Least a.
    pub low: f32,
    /// Largest a.
    pub high: f32,
}

/// J v . J u and |J v|^2 of every jet (f, J v, J u), with the factor of a mean over centres.
#[derive(Clone, Debug)]
pub struct JvpInnerProducts {
    /// [batch, 3, features].
    pub jets: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// `[batch]`.
    pub crossed: View,
    /// `[batch]`.
    pub squared: View,
    /// Jets.
    pub batch: usize,
    /// Features.
    pub features: usize,
    /// Columns of the loss weights.
    pub columns: usize,
}

/// R = mean |J^T J v|^2 / (mean |J v|^2)^2, least where J^T J is a multiple of the identity (Lee et
/// al., ICLR 2022), with its gradient at the jets (f, J v, J u), u = J^T J v held fixed.
#[derive(Clone, Debug)]
pub struct IsometricLoss {
    /// [batch, 3, features].
    pub jets: View,
    /// `[1]`: mean |J^T J v|^2.
    pub crossed: View,
    /// `[1]`: mean |J v|^2.
    pub squared: View,
    /// [steps, columns]: the number of centres that count, then the weight of each term.
    pub loss_weights: View,
    /// Word 0: the step within the block.
    pub state: View,
    /// `[1]`: R.
    pub value: View,
    /// Like `jets`.
    pub d_jets: View,
    /// Jets.
    pub batch: usize,
    /// Features.
    pub features: usize,
    /// Columns of the loss weights.
    pub columns: usize,
    /// The term's column of the loss weights.
    pub column: usize,
}

describe!(|pass: SelectSlot| {
    reads: [jets],
    writes: [output],
    uniforms: [batch, slots, slot, features],
    grid: Grid::Elements(pass.batch * pass.features),
});

describe!(|pass: JacobianNorm| {
    reads: [jets, cotangents, loss_weights, state],
    writes: [values, d_jets],
    uniforms: [batch, count, features, columns, column],
    grid: Grid::Elements(pass.batch * (1 + pass.count) * pass.features),
});

describe!(|pass: Interpolate| {
    reads: [codes, draws, loss_weights, state],
    writes: [output],
    uniforms: [batch, group, features, columns, low, high],
    grid: Grid::Elements(pass.batch * pass.features),
});

describe!(|pass: InterpolateAdjoint| {
    reads: [d_output, draws, loss_weights, state],
    writes: [d_codes],
    uniforms: [batch, group, features, columns, low, high],
    grid: Grid::Elements(pass.batch * pass.features),
});

describe!(|pass: JvpInnerProducts| {
    reads: [jets, loss_weights, state],
    writes: [crossed, squared],
    uniforms: [batch, features, columns],
    grid: Grid::Groups(pass.batch),
});

describe!(|pass: IsometricLoss| {
    reads: [jets, crossed, squared, loss_weights, state],
    writes: [value, d_jets],
    uniforms: [batch, features, columns, column],
    grid: Grid::Elements(pass.batch * 3 * pass.features),
});
