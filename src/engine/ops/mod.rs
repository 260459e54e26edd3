//! One file per operation: its passes, forward and adjoint, as plain data.

mod activate;
mod adam;
mod collapse;
mod convolve;
mod difference;
mod discrepancy;
mod fused;
mod gather;
mod jacobian;
mod linear;
mod nearest;
mod noise;
mod normalise;
mod placement;
mod pool;
mod reduce;
mod residual;
mod variational;

pub use activate::{Activate, ActivateAdjoint, ActivateTranspose};
pub use adam::{Adam, Advance};
pub use collapse::{Collapse, CollapseAdjoint};
pub use convolve::{ChannelSums, Convolve, ConvolveTranspose, ConvolveWeightAdjoint, Geometry};
pub use difference::{Difference, DifferenceAdjoint};
pub use discrepancy::{Discrepancy, DiscrepancyAdjoint, Median, SquaredDistances};
pub use fused::{ActivateLinearAdjoint, LinearActivate};
pub use gather::Gather;
pub use jacobian::{Isometry, Join, Mix, MixAdjoint, Pairing, Products, Slot};
pub use linear::{
    Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint, parts_of_sum,
};
pub use nearest::{BlockDistances, MOST_NEAREST, Nearest};
pub use noise::{Corrupt, Noise};
pub use normalise::{Normalise, NormaliseAdjoint};
pub use placement::{Anchor, LocallyLinear};
pub use pool::{
    AveragePool, AveragePoolAdjoint, MaxPool, MaxPoolAdjoint, Upsample, UpsampleAdjoint, Windows,
};
pub use reduce::{Fold, SQUARES_CHUNK, Squares, Sum};
pub use residual::Residual;
pub use variational::{Divergence, Reparametrise, ReparametriseAdjoint};
