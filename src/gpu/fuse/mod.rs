//! Two passes in one kernel: a linear layer and the activation behind it; on the way back, the
//! product that gives an activation's upstream gradient and the adjoint of that activation, and the
//! gradients of a layer to its weights and to its biases; beside the latent space, linear layers and
//! the differences of latents; at the end, the update, the loss and the count of the step.
//!
//! The recording knows nothing of this. What is fused, and whether that pays, is a matter of this
//! executor's tiles: one kernel saves a dispatch and the wait for it, and a GPU has the product's
//! results at hand when it needs them again. Software drivers and the CPU gain nothing.

mod convolution;
mod difference;
mod linear;
mod loss;
mod parts;
#[cfg(test)]
mod tests;
mod update;

use super::filtering::filtered_by_shape;
use super::shader::{Epilogue, stand_in};
use crate::engine::{Describe, Pass, Recording, View};
use convolution::{ConvolveActivate, ConvolveParametersAdjoint, whole_sums};
use difference::{DifferenceLinearAdjoint, LinearDifference};
use linear::{ActivateLinearAdjoint, LinearActivate, LinearParametersAdjoint};
use loss::TaylorLoss;
pub(super) use parts::in_parts;
use parts::{OfParts, ProductInParts};
use std::cmp::Reverse;
use std::ops::Range;
use update::{AdamSumIncrement, SumIncrement};

/// What one dispatch runs.
#[derive(Clone, Debug)]
pub(super) enum Kernel {
    /// A pass of the recording.
    Pass(Pass),
    /// See [`LinearActivate`].
    LinearActivate(LinearActivate),
    /// See [`ActivateLinearAdjoint`].
    ActivateLinearAdjoint(ActivateLinearAdjoint),
    /// See [`LinearParametersAdjoint`].
    LinearParametersAdjoint(LinearParametersAdjoint),
    /// See [`LinearDifference`].
    LinearDifference(LinearDifference),
    /// See [`DifferenceLinearAdjoint`].
    DifferenceLinearAdjoint(DifferenceLinearAdjoint),
    /// See [`ConvolveActivate`].
    ConvolveActivate(ConvolveActivate),
    /// See [`ConvolveParametersAdjoint`].
    ConvolveParametersAdjoint(ConvolveParametersAdjoint),
    /// See [`TaylorLoss`].
    TaylorLoss(TaylorLoss),
    /// See [`SumIncrement`].
    SumIncrement(SumIncrement),
    /// See [`AdamSumIncrement`].
    AdamSumIncrement(AdamSumIncrement),
    /// See [`ProductInParts`].
    ProductInParts(ProductInParts),
    /// See [`OfParts`].
    OfParts(OfParts),
}

macro_rules! fused_shaders {
    ($($name:ident),* $(,)?) => {
        /// Shaders of fused kernels: name and text.
        pub(super) const FUSED_SHADERS: &[(&str, &str)] = &[$((
            stringify!($name),
            include_str!(concat!("../../../shaders/", stringify!($name), ".wgsl")),
        )),*];
    };
}
fused_shaders!(
    linear_activate,
    activate_linear_adjoint,
    linear_parameters_adjoint,
    linear_difference,
    difference_linear_adjoint,
    convolve_parameters_adjoint,
    taylor_loss,
    sum_increment,
    adam_sum_increment,
);

impl Kernel {
    /// Name of the shader.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Pass(pass) => pass.name(),
            Self::LinearActivate(_) => "linear_activate",
            Self::ActivateLinearAdjoint(_) => "activate_linear_adjoint",
            Self::LinearParametersAdjoint(_) => "linear_parameters_adjoint",
            Self::LinearDifference(_) => "linear_difference",
            Self::DifferenceLinearAdjoint(_) => "difference_linear_adjoint",
            Self::ConvolveParametersAdjoint(_) => "convolve_parameters_adjoint",
            Self::TaylorLoss(_) => "taylor_loss",
            Self::SumIncrement(_) => "sum_increment",
            Self::AdamSumIncrement(_) => "adam_sum_increment",
            Self::ConvolveActivate(pass) => pass.name(),
            Self::ProductInParts(pass) => pass.name(),
            Self::OfParts(pass) => pass.name(),
        }
    }

    /// Bindings, uniforms, overrides and grid.
    pub(super) fn describe(&self) -> &dyn Describe {
        match self {
            Self::Pass(pass) => pass.describe(),
            Self::LinearActivate(pass) => pass,
            Self::ActivateLinearAdjoint(pass) => pass,
            Self::LinearParametersAdjoint(pass) => pass,
            Self::SumIncrement(pass) => pass,
            Self::AdamSumIncrement(pass) => pass,
            Self::TaylorLoss(pass) => pass,
            Self::LinearDifference(pass) => pass,
            Self::DifferenceLinearAdjoint(pass) => pass,
            Self::ConvolveActivate(pass) => pass,
            Self::ProductInParts(pass) => pass,
            Self::OfParts(pass) => pass,
            Self::ConvolveParametersAdjoint(pass) => pass,
        }
    }

    /// What a product does with its results beside storing them.
    pub(super) fn epilogue(&self) -> Epilogue {
        match self {
            Self::ConvolveActivate(pass) => pass.epilogue(),
            _ => Epilogue::None,
        }
    }

    /// Workgroups along x beside those that the grid asks for, which has so many along y and z.
    pub(super) fn groups_beside(&self, [y, z]: [u32; 2]) -> u32 {
        match self {
            Self::LinearParametersAdjoint(_) | Self::AdamSumIncrement(_) => 1,
            Self::ConvolveParametersAdjoint(pass) => (pass.sums() as u32).div_ceil(y * z),
            _ => 0,
        }
    }

    /// `first` and `second` in one kernel; `None` where there is no such kernel or its tiles would
    /// hold whole jets only with much waste.
    fn fused(first: &Pass, second: &Pass) -> Option<Self> {
        match (first, second) {
            (Pass::Linear(linear), Pass::Activate(activate)) => {
                LinearActivate::of(linear, activate).map(Self::LinearActivate)
            }
            (Pass::LinearInputAdjoint(linear), Pass::ActivateAdjoint(activate)) => {
                ActivateLinearAdjoint::of(linear, activate).map(Self::ActivateLinearAdjoint)
            }
            (Pass::LinearWeightAdjoint(weight), Pass::LinearBiasAdjoint(bias)) => {
                LinearParametersAdjoint::of(weight, bias).map(Self::LinearParametersAdjoint)
            }
            (Pass::Linear(linear), Pass::Difference(difference)) => {
                LinearDifference::of(linear, difference).map(Self::LinearDifference)
            }
            (Pass::LinearInputAdjoint(linear), Pass::DifferenceAdjoint(difference)) => {
                DifferenceLinearAdjoint::of(linear, difference).map(Self::DifferenceLinearAdjoint)
            }
            (Pass::Convolve(_) | Pass::ConvolveTranspose(_), Pass::Activate(activate)) => {
                ConvolveActivate::of(first, activate).map(Self::ConvolveActivate)
            }
            (Pass::Convolve(_) | Pass::ConvolveTranspose(_), Pass::ActivateAdjoint(activate)) => {
                ConvolveActivate::of_adjoint(first, activate).map(Self::ConvolveActivate)
            }
            (Pass::ConvolveWeightAdjoint(weight), Pass::ChannelSums(bias)) => {
                ConvolveParametersAdjoint::of(weight, bias).map(Self::ConvolveParametersAdjoint)
            }
            (Pass::Sum(sum), Pass::IncrementStep(next)) => {
                SumIncrement::of(sum, next).map(Self::SumIncrement)
            }
            _ => None,
        }
    }

    /// All of `passes` in one kernel, in which what they exchange is not stored.
    fn fused_without_what_lies_between(passes: &[&Pass]) -> Option<Self> {
        match passes {
            [
                Pass::TaylorEvaluate(taylor),
                Pass::WeightedSquaredError(error),
                Pass::TaylorEvaluateAdjoint(adjoint),
                Pass::ActivateAdjoint(activate),
            ] => TaylorLoss::of(taylor, error, adjoint, activate).map(Self::TaylorLoss),
            [
                Pass::WeightedSquaredError(error),
                Pass::ActivateAdjoint(activate),
            ] => TaylorLoss::of_values(error, activate).map(Self::TaylorLoss),
            [
                Pass::Linear(linear),
                Pass::Activate(activate),
                Pass::TaylorEvaluate(taylor),
            ] => LinearActivate::of_compared(linear, activate, taylor).map(Self::LinearActivate),
            [
                Pass::LinearInputAdjoint(linear),
                Pass::TaylorEvaluateAdjoint(taylor),
                Pass::ActivateAdjoint(activate),
            ] => ActivateLinearAdjoint::of_compared(linear, taylor, activate)
                .map(Self::ActivateLinearAdjoint),
            [
                Pass::ConvolveWeightAdjoint(weight),
                Pass::ChannelSums(bias),
                Pass::SumPartials(parts),
            ] => {
                let whole = whole_sums(bias, parts)?;
                ConvolveParametersAdjoint::of(weight, &whole).map(Self::ConvolveParametersAdjoint)
            }
            [Pass::Adam(adam), Pass::Sum(sum), Pass::IncrementStep(next)] => {
                AdamSumIncrement::of(adam, sum, next).map(Self::AdamSumIncrement)
            }
            [Pass::ChannelSums(bias), Pass::SumPartials(parts)] => {
                whole_sums(bias, parts).map(|whole| Self::Pass(whole.into()))
            }
            _ => None,
        }
    }

    /// Whether a kernel of more than two passes may have `second` right behind `first`.
    fn stand_together(first: &Pass, second: &Pass) -> bool {
        match (first, second) {
            (Pass::LinearInputAdjoint(linear), Pass::TaylorEvaluateAdjoint(taylor)) => {
                linear.d_input == taylor.d_output
            }
            (Pass::TaylorEvaluateAdjoint(taylor), Pass::ActivateAdjoint(activate)) => {
                taylor.d_input == activate.d_output
            }
            _ => false,
        }
    }

    /// What runs the passes of a group.
    fn of(passes: &[&Pass]) -> Self {
        let fused = Self::fused_without_what_lies_between(passes).or_else(|| match passes {
            [first, second] => Self::fused(first, second),
            _ => None,
        });
        fused.unwrap_or_else(|| Self::Pass(passes[0].clone()))
    }
}

/// The order in which `recording` runs with as many pairs as possible side by side: a pass that can
/// be fused with an earlier one moves right behind it, where no pass in between conflicts with it.
/// Positions of the passes as recorded.
pub(super) fn order(recording: &Recording, fuses: impl Fn(&Kernel) -> bool) -> Vec<usize> {
    let pass = |position: usize| &recording.passes[position].1;
    let mut order: Vec<usize> = Vec::with_capacity(recording.passes.len());
    for position in 0..recording.passes.len() {
        let place = order
            .iter()
            .rposition(|earlier| pass(*earlier).conflicts(pass(position)));
        let behind = (place.unwrap_or(0)..order.len()).find(|place| {
            let pair = [pass(order[*place]), pass(position)];
            let fused = Kernel::fused(pair[0], pair[1])
                .or_else(|| Kernel::fused_without_what_lies_between(&pair));
            let together = match fused {
                Some(kernel) => fuses(&kernel),
                None => Kernel::stand_together(pair[0], pair[1]),
            };
            together && segment(recording, order[*place]) == segment(recording, position)
        });
        order.insert(behind.map_or(order.len(), |place| place + 1), position);
    }
    order
}

fn segment(recording: &Recording, position: usize) -> bool {
    recording.update.is_some_and(|update| position >= update)
}

/// The passes of `ordered`, a recording in the order in which it runs, in groups that `fuses` allows
/// as one kernel each, and in as few as possible: before memory is shared, as it then shows who reads
/// what.
pub(super) fn groups(ordered: &Recording, fuses: impl Fn(&Kernel) -> bool) -> Vec<Range<usize>> {
    let passes: Vec<&Pass> = ordered.passes.iter().map(|(_, pass)| pass).collect();
    let fits = |group: Range<usize>| {
        let own = &passes[group.clone()];
        let fused = match Kernel::fused_without_what_lies_between(own) {
            Some(kernel) if nobody_misses_what_is_not_stored(ordered, &group, &kernel) => {
                Some(kernel)
            }
            _ if own.len() == 2 => Kernel::fused(own[0], own[1]),
            _ => None,
        };
        fused.is_some_and(|kernel| fuses(&kernel))
    };
    // From the end: how many kernels the passes from each position on take, and the length of the
    // first of them, the longest of those that are as good.
    let mut best = vec![(0, 0); passes.len() + 1];
    for start in (0..passes.len()).rev() {
        let lengths = (1..=LONGEST_GROUP.min(passes.len() - start))
            .filter(|len| *len == 1 || fits(start..start + len));
        best[start] = lengths
            .map(|len| (1 + best[start + len].0, len))
            .min_by_key(|(kernels, len)| (*kernels, Reverse(*len)))
            .expect("a pass runs alone");
    }
    let mut groups = Vec::new();
    let mut start = 0;
    while start < passes.len() {
        let len = best[start].1;
        groups.push(start..start + len);
        start += len;
    }
    groups
}

/// Passes that a kernel runs, at most.
const LONGEST_GROUP: usize = 4;

/// Whether what the passes of `group` write for each other, and `kernel` does not, is of no use to
/// anyone else.
fn nobody_misses_what_is_not_stored(
    recording: &Recording,
    group: &Range<usize>,
    kernel: &Kernel,
) -> bool {
    let bindings = |position: usize| recording.passes[position].1.bindings();
    let written: Vec<View> = group
        .clone()
        .flat_map(bindings)
        .filter(|binding| binding.access.writes())
        .map(|binding| binding.view)
        .collect();
    let read_within = |view: &&View| {
        let read = |binding: crate::engine::Binding| {
            binding.access.reads() && binding.view.overlaps(**view)
        };
        group.clone().flat_map(bindings).any(read)
    };
    let used_elsewhere = |view: &View| {
        (0..recording.passes.len())
            .filter(|position| !group.contains(position))
            .flat_map(bindings)
            .any(|binding| binding.view.overlaps(*view))
    };
    let hidden =
        |view: &View| recording.shares_memory && recording.buffers[view.buffer.0].is_temporary();
    let stored = kernel.describe().bindings();
    let is_stored = |view: &View| {
        let mut stored = stored.iter().filter(|binding| binding.access.writes());
        stored.any(|binding| binding.view == *view)
    };
    written
        .iter()
        .filter(|view| read_within(view) && !is_stored(view))
        .all(|view| hidden(view) && !used_elsewhere(view))
}

/// What is dispatched for `groups` of the passes of `ordered`, with the position of the first pass
/// of each.
pub(super) fn kernels(ordered: &Recording, groups: &[Range<usize>]) -> Vec<(usize, Kernel)> {
    let kernel = |group: &Range<usize>| {
        let passes: Vec<&Pass> = ordered.passes[group.clone()]
            .iter()
            .map(|(_, pass)| pass)
            .collect();
        (group.start, Kernel::of(&passes))
    };
    groups.iter().map(kernel).collect()
}

/// The shaders that run `recording` on a GPU, fused wherever that is possible: name, and the
/// positions of the passes that one dispatch of it runs.
pub(crate) fn shaders_of(recording: &Recording) -> Vec<(&'static str, Vec<usize>)> {
    let order = order(recording, |_| true);
    let ordered = ordered(recording, &order);
    let groups = groups(&ordered, |_| true);
    let kernels = kernels(&ordered, &groups);
    let named = kernels.iter().zip(groups).map(|((_, kernel), group)| {
        let name = stand_in(kernel).or_else(|| filtered_by_shape(kernel));
        (name.unwrap_or(kernel.name()), order[group].to_vec())
    });
    named.collect()
}

/// `recording` with its passes in `order`.
pub(super) fn ordered(recording: &Recording, order: &[usize]) -> Recording {
    let mut ordered = recording.clone();
    ordered.passes = order
        .iter()
        .map(|position| recording.passes[*position].clone())
        .collect();
    ordered
}

/// `ordered` with memory that buffers share where no kernel uses both: of two passes in one, the
/// second may not write what the first reads.
pub(super) fn planned(ordered: &Recording, groups: &[Range<usize>]) -> Recording {
    let kernel = |position| groups.partition_point(|group| group.start <= position);
    ordered.with_memory_planned_for(kernel).into_owned()
}
