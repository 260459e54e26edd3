//! One file per operation: its passes, forward and adjoint, as plain data.

mod activate;
mod adam;
mod collapse;
mod difference;
mod gather;
mod linear;
mod reduce;
mod residual;

pub use activate::{Activate, ActivateAdjoint};
pub use adam::{Adam, Advance};
pub use collapse::{Collapse, CollapseAdjoint};
pub use difference::{Difference, DifferenceAdjoint};
pub use gather::Gather;
pub use linear::{Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint, parts_of_sum};
pub use reduce::{Fold, SQUARES_CHUNK, Squares, Sum};
pub use residual::Residual;
