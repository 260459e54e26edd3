//! Every operation alone, with its adjoint: small recordings for given extents. A file for each of
//! `engine/ops/`.

mod activate;
mod adam;
mod case;
mod convolve;
mod convolve_activate;
mod difference;
mod fused;
mod gather;
mod images;
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
mod term;
mod variational;
mod weighted_squared_error;

use crate::engine::ops::SumPartials;
use crate::engine::{Recording, View};
use case::state;
pub use case::{Case, CaseShape};

/// Every operation for `extents`. Operations of terms take the inputs for latent dimensions, those
/// on images make sides, kernels, strides and paddings of them.
pub fn cases(extents: CaseShape) -> Vec<Case> {
    [
        gather::cases,
        difference::cases,
        linear::cases,
        activate::cases,
        fused::cases,
        taylor_evaluate::cases,
        weighted_squared_error::cases,
        reduce::cases,
        adam::cases,
        noise::cases,
        variational::cases,
        mmd::cases,
        placement::cases,
        jacobian::cases,
        activate::transposed_cases,
        convolve::cases,
        convolve_activate::cases,
        pool::cases,
        normalise::cases,
        nearest::cases,
    ]
    .iter()
    .flat_map(|cases| cases(extents))
    .collect()
}

/// Records that the `parts` of `input` are added up.
fn add_up(r: &mut Recording, label: &str, input: View, output: View, parts: usize) {
    let pass = SumPartials {
        input,
        output,
        parts,
        len: output.len,
    };
    r.push(label, pass);
}
