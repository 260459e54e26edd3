//! One file per operation: its passes, forward and adjoint, as plain data.

mod activate;
mod adam;
mod concat;
mod convolve;
mod difference;
mod gather;
mod jacobian;
mod linear;
mod mmd;
mod nearest;
mod noise;
mod normalise;
mod placement;
mod pool;
mod reduce;
mod taylor_evaluate;
mod variational;
mod weighted_squared_error;

pub use activate::{Activate, ActivateAdjoint, ActivateTranspose};
pub use adam::{Adam, IncrementStep};
pub use concat::Concat;
pub use convolve::{ChannelSums, Convolve, ConvolveTranspose, ConvolveWeightAdjoint, Geometry};
pub use difference::{Difference, DifferenceAdjoint};
pub use gather::Gather;
pub use jacobian::{
    Interpolate, InterpolateAdjoint, IsometricLoss, JacobianNorm, JvpInnerProducts, SelectSlot,
};
pub use linear::{Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint, split_k};
pub use mmd::{IMQ_SCALES, Median, Mmd, MmdAdjoint, SquaredDistances};
pub use nearest::{BlockDistances, MOST_NEAREST, Nearest};
pub use noise::{Corrupt, Noise};
pub use normalise::{Normalise, NormaliseAdjoint};
pub use placement::{EmbeddingLoss, LleLoss};
pub use pool::{
    AveragePool, AveragePoolAdjoint, MaxPool, MaxPoolAdjoint, Upsample, UpsampleAdjoint, Windows,
};
pub use reduce::{SUM_OF_SQUARES_CHUNK, Sum, SumOfSquares, SumPartials};
pub use taylor_evaluate::{TaylorEvaluate, TaylorEvaluateAdjoint};
pub use variational::{KlDivergence, Reparametrise, ReparametriseAdjoint};
pub use weighted_squared_error::WeightedSquaredError;
