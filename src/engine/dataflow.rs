//! What depends on what in a recording: its levels, and whether it is well formed.
//!
//! Passes say what they read and what they write ([`Binding`]), so both follow from the order of the
//! passes alone. Two passes depend on each other where one writes elements that the other reads or
//! writes; passes of one level depend on none of each other and may run side by side.

use super::pass::{Binding, Pass};
use super::recording::{ALIGNMENT, Recording, Role, View};

/// [`Recording::levels`] of whatever has these bindings, in order.
pub(crate) fn levels(all: impl Iterator<Item = Vec<Binding>>) -> Vec<usize> {
    let bindings: Vec<Vec<Binding>> = all.collect();
    let mut levels: Vec<usize> = Vec::with_capacity(bindings.len());
    for (position, own) in bindings.iter().enumerate() {
        let earlier = bindings[..position].iter().zip(&levels);
        let waited_for = earlier.filter(|(earlier, _)| Binding::any_conflict(earlier, own));
        levels.push(waited_for.map(|(_, level)| level + 1).max().unwrap_or(0));
    }
    levels
}

impl Recording {
    /// The level of every pass: 0 where it waits for no other, else one more than the highest of
    /// the passes that it waits for. Equal levels may run in any order, or at once.
    pub fn levels(&self) -> Vec<usize> {
        levels(self.passes.iter().map(|(_, pass)| pass.bindings()))
    }

    /// How many levels there are.
    pub fn level_count(&self) -> usize {
        self.levels().iter().max().map_or(0, |last| last + 1)
    }

    /// Checks that every view lies within its buffer, that no two bindings of a pass share elements
    /// unless both only read, and that within a step nothing but inputs and state is read before it
    /// is written.
    ///
    /// # Errors
    /// Names the first pass, binding and buffer for which that does not hold.
    pub fn validate(&self) -> Result<(), String> {
        let mut written = vec![Vec::new(); self.buffers.len()];
        for (label, pass) in &self.passes {
            let bindings = pass.bindings();
            for (i, binding) in bindings.iter().enumerate() {
                let found = self.fault_of(*binding, &bindings[..i], &written);
                if let Some(fault) = found {
                    let buffer = &self.buffers[binding.view.buffer.0].name;
                    return Err(format!(
                        "the pass {label} ({}) binds `{}` to the buffer of {buffer}, {fault}",
                        pass.name(),
                        binding.name
                    ));
                }
            }
            for binding in bindings.iter().filter(|binding| binding.access.writes()) {
                written[binding.view.buffer.0].push(binding.view);
            }
        }
        match self.update {
            Some(update) => self.validate_segments(update),
            None => Ok(()),
        }
    }

    fn fault_of(
        &self,
        binding: Binding,
        others: &[Binding],
        written: &[Vec<View>],
    ) -> Option<String> {
        let (view, buffer) = (binding.view, &self.buffers[binding.view.buffer.0]);
        if view.offset + view.len > buffer.len {
            return Some(format!(
                "which has {} elements, from {} to {}",
                buffer.len,
                view.offset,
                view.offset + view.len
            ));
        }
        if !view.offset.is_multiple_of(ALIGNMENT) {
            return Some(format!(
                "which begins at {}, where no device may bind",
                view.offset
            ));
        }
        if let Some(other) = others.iter().find(|other| other.conflicts(binding)) {
            return Some(format!("where it shares elements with `{}`", other.name));
        }
        let unwritten = buffer.role != Role::Persistent
            && binding.access.reads()
            && !covers(&written[view.buffer.0], view);
        unwritten.then(|| "which this step has not wholly written before".into())
    }

    /// Before the update, nothing writes what the update changes.
    fn validate_segments(&self, update: usize) -> Result<(), String> {
        let (before, after) = self.passes.split_at(update);
        let writes = |pass: &Pass| -> Vec<View> {
            let bindings = pass.bindings().into_iter();
            bindings
                .filter(|binding| binding.access.writes())
                .map(|binding| binding.view)
                .collect()
        };
        let parameters: Vec<View> = after
            .iter()
            .flat_map(|(_, pass)| match pass {
                Pass::Adam(adam) => vec![adam.parameters, adam.first, adam.second],
                _ => Vec::new(),
            })
            .collect();
        for (label, pass) in before {
            if writes(pass)
                .iter()
                .any(|view| parameters.iter().any(|other| view.overlaps(*other)))
            {
                return Err(format!(
                    "the pass {label} changes parameters or moments before the update begins"
                ));
            }
        }
        Ok(())
    }
}

/// Whether the views of `written`, all of one buffer, hold every element of `view`. What lies behind
/// a view up to the next multiple of [`ALIGNMENT`] is padding, which nobody looks at.
fn covers(written: &[View], view: View) -> bool {
    let mut end = view.offset;
    while end < view.offset + view.len {
        let reach = written
            .iter()
            .filter(|view| view.offset <= end)
            .map(|view| (view.offset + view.len).next_multiple_of(ALIGNMENT));
        match reach.max() {
            Some(further) if further > end => end = further,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::SumPartials;
    use crate::engine::{Inference, Stack, inference, jets_inference};
    use crate::net::{Activation, Network};

    fn sum(input: View, output: View) -> SumPartials {
        SumPartials {
            input,
            output,
            parts: 1,
            len: output.len,
        }
    }

    /// A chain a -> b -> c beside a chain a -> d.
    fn chains() -> (Recording, [View; 4]) {
        let mut r = Recording::default();
        let a = r.reals("a", 64);
        let [b, c, d] = ["b", "c", "d"].map(|name| r.temporary(name, 64));
        for (label, input, output) in [("a to b", a, b), ("b to c", b, c), ("a to d", a, d)] {
            r.push(label, sum(input, output));
        }
        (r, [a, b, c, d])
    }

    #[test]
    fn passes_of_one_level_wait_for_none_of_each_other() {
        let (mut r, [a, b, ..]) = chains();
        assert_eq!(r.levels(), [0, 1, 0]);
        // Overwrites what "a to b" and "a to d" read, and "b to c" has to read before.
        r.push("b to a", sum(b, a));
        assert_eq!(r.levels(), [0, 1, 0, 1]);
        r.push("a to b", sum(a, b));
        assert_eq!(r.levels()[4], 2);
    }

    #[test]
    fn faults_of_a_recording_are_named() {
        let (good, [a, b, c, _]) = chains();
        assert_eq!(good.validate(), Ok(()));
        let unwritten = |r: &mut Recording| r.temporary("e", 128);
        let faulty = |change: &dyn Fn(&mut Recording)| {
            let (mut r, _) = chains();
            change(&mut r);
            r.validate().unwrap_err()
        };
        let message = faulty(&|r| {
            let e = unwritten(r);
            r.push("e to c", sum(e.part(0, 64), c));
        });
        assert!(
            message.contains("`input` to the buffer of e, which this step has not"),
            "{message}"
        );
        let message = faulty(&|r| r.push("aside", sum(a.part(8, 8), c.part(0, 8))));
        assert!(message.contains("begins at 8, where no"), "{message}");
        let message = faulty(&|r| r.push("b to b", sum(b, b)));
        assert!(
            message.contains("where it shares elements with `input`"),
            "{message}"
        );
        let message = faulty(&|r| {
            let long = View { len: 65, ..a };
            r.push(
                "beyond",
                SumPartials {
                    input: long,
                    output: c,
                    parts: 1,
                    len: 64,
                },
            );
        });
        assert!(
            message.contains("which has 64 elements, from 0 to 65"),
            "{message}"
        );
    }

    #[test]
    fn every_inference_is_well_formed() {
        let network =
            Network::mlp(&[20], &[30, 9], 2, Activation::Elu, Activation::Sigmoid).unwrap();
        let recordings = [
            Stack::Encoder,
            Stack::EncoderHeads,
            Stack::Decoder,
            Stack::Whole,
        ]
        .map(|stack| inference(&network, stack, 7));
        for Inference { recording, .. } in recordings
            .into_iter()
            .chain([jets_inference(&network, 3, 2, 2)])
        {
            recording.validate().unwrap();
            recording.with_planned_memory().validate().unwrap();
        }
    }
}
