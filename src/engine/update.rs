//! Where the update of the parameters stands in a recording.

use super::ops::*;
use super::recording::{Recording, View};
use super::step::{Optimiser, SCHEDULE_COLUMNS, Step};
use std::ops::Range;

/// Records Adam's update of all parameters.
///
/// Each layer is updated as soon as its gradient is complete and nothing reads its weights any more, while both are in a cache. Clipping
/// needs the norm of the whole gradient first, so all are then updated in the end.
pub(super) fn record(step: &mut Step, optimiser: &Optimiser) {
    let len = step.layout.len;
    let recording = &mut step.recording;
    let moments = ["first moments", "second moments"].map(|name| recording.reals(name, len));
    let schedule = recording.reals("schedule", step.steps * SCHEDULE_COLUMNS);
    let norm;
    let mut updates = Vec::new();
    if optimiser.clip > 0.0 {
        norm = squared_norm(recording, step.gradients, step.state);
        updates.push((recording.passes.len() - 1, 0..len));
    } else {
        norm = recording.constants("no norm", vec![0.0]);
        for layer in step.layout.layers() {
            updates.push((last_use(recording, [step.parameters, step.gradients], &layer), layer));
        }
    }
    for (position, pass) in std::mem::take(&mut recording.passes).into_iter().enumerate() {
        recording.passes.push(pass);
        for range in together(&updates, position) {
            let part = |arena: View| arena.part(range.start, range.len());
            let adam = Adam {
                parameters: part(step.parameters),
                gradients: part(step.gradients),
                first: part(moments[0]),
                second: part(moments[1]),
                schedule,
                norm,
                state: step.state,
                len: range.len(),
                beta1: optimiser.beta1,
                beta2: optimiser.beta2,
                epsilon: optimiser.epsilon,
                weight_decay: optimiser.weight_decay,
                clip: optimiser.clip,
            };
            recording.push("adam", adam);
        }
    }
    step.moments = Some(moments);
    step.schedule = Some(schedule);
}

/// Records the squared norm of the whole gradient.
fn squared_norm(recording: &mut Recording, gradients: View, state: View) -> View {
    let chunks = gradients.len.div_ceil(SQUARES_CHUNK);
    let partials = recording.reals("partial norms", chunks);
    let norm = recording.reals("squared norm", 1);
    recording.push("gradient squares", Squares { input: gradients, partials, len: gradients.len });
    recording.push("gradient norm", Sum { input: partials, state, output: norm, len: chunks, columns: 0, column: 0 });
    norm
}

/// The last pass that reads or writes `range` of one of the `arenas`.
fn last_use(recording: &Recording, arenas: [View; 2], range: &Range<usize>) -> usize {
    let parts = arenas.map(|arena| arena.part(range.start, range.len()));
    let used = |view: View| parts.iter().any(|part| part.overlaps(view));
    let last = recording.passes.iter().rposition(|(_, pass)| pass.operands().into_iter().any(|(_, view)| used(view)));
    last.expect("a step uses every parameter")
}

/// The ranges that are due after the pass at `position`, neighbours as one.
fn together(updates: &[(usize, Range<usize>)], position: usize) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (_, range) in updates.iter().filter(|(due, _)| *due == position) {
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range.clone()),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Data, Pass, training_step};
    use crate::net::{Activation, Network};
    use crate::objective::{Method, Sampling, Variants};

    /// Steps of methods with one stack, with two, and with products that read weights on the way back.
    fn steps(clip: f64) -> impl Iterator<Item = Step> {
        let network = Network::mlp(&[20], &[70, 9], 2, Activation::Elu, Activation::Sigmoid).unwrap();
        ["ae", "nrae-q", "nr-spae-l", "cae", "irae"].into_iter().map(move |name| {
            let objective = Method::find(name).unwrap().objective(Sampling { neighbours: 2, centre: true }, Variants::default());
            training_step(&network, &objective, Data::floats(30), 6, 2, 1, &Optimiser { clip, ..Default::default() })
        })
    }

    #[test]
    fn every_parameter_is_updated_once_when_nothing_needs_it_any_more() {
        for (step, clip) in [0.0, 1.0].into_iter().flat_map(|clip| steps(clip).map(move |step| (step, clip))) {
            let passes = &step.recording.passes;
            let mut times = vec![0; step.layout.len];
            for (position, (_, pass)) in passes.iter().enumerate() {
                let Pass::Adam(adam) = pass else { continue };
                assert_eq!([adam.gradients, adam.first, adam.second].map(|view| view.offset), [adam.parameters.offset; 3]);
                let range = adam.parameters.offset..adam.parameters.offset + adam.len;
                times[range.clone()].iter_mut().for_each(|times| *times += 1);
                for (label, later) in &passes[position + 1..] {
                    let mut operands = later.operands().into_iter();
                    let touched = operands.any(|(_, view)| view.overlaps(adam.parameters) || view.overlaps(adam.gradients));
                    assert!(!touched, "{label} comes after the update of {range:?}");
                }
            }
            assert_eq!(times, vec![1; step.layout.len]);
            let updates = passes.iter().filter(|(_, pass)| matches!(pass, Pass::Adam(_))).count();
            assert!(if clip > 0.0 { updates == 1 } else { updates >= 1 });
        }
    }

    /// An autoencoder's last layer is updated while the way back goes on.
    #[test]
    fn a_layer_is_updated_right_after_its_gradient() {
        let step = steps(0.0).next().unwrap();
        let names: Vec<_> = step.recording.passes.iter().map(|(_, pass)| pass.name()).collect();
        let first = names.iter().position(|name| *name == "adam").unwrap();
        assert!(names[first + 1..].contains(&"linear_weight_adjoint"), "{names:?}");
        assert!(!names.contains(&"squares"));
    }
}
