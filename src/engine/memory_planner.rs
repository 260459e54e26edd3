//! Memory that temporary buffers share.

use super::recording::{BufferId, Recording};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::RangeInclusive;

/// The passes from the first to the last that use a buffer.
pub type LiveRange = RangeInclusive<usize>;

impl Recording {
    /// The recording as an executor allocates it: with [`Recording::plan_memory`] where temporary
    /// buffers may share memory.
    pub fn with_planned_memory(&self) -> Cow<'_, Self> {
        self.with_memory_planned_for(|position| position)
    }

    /// The same for an executor that fuses passes: `dispatch` gives the number of the dispatch that a
    /// pass runs in, in order. Passes of one dispatch use all of their buffers at once.
    pub fn with_memory_planned_for(&self, dispatch: impl Fn(usize) -> usize) -> Cow<'_, Self> {
        if !self.shares_memory {
            return Cow::Borrowed(self);
        }
        let mut planned = self.clone();
        planned.plan_memory_for(dispatch);
        Cow::Owned(planned)
    }

    /// Moves temporary buffers into the memory of others that are never in use at the same time.
    ///
    /// The largest come first, so that each finds room in those before it (greedy by size:
    /// Pisarchyk and Lee 2020, "Efficient memory management for deep neural net inference"). Two
    /// that are in use at the same time never lie side by side in one, since no pass may read and
    /// write the same buffer.
    pub fn plan_memory(&mut self) {
        self.plan_memory_for(|position| position);
    }

    fn plan_memory_for(&mut self, dispatch: impl Fn(usize) -> usize) {
        let places = self.planned_places(dispatch);
        for (_, pass) in &mut self.passes {
            for view in pass.views_mut() {
                view.buffer = BufferId(places[view.buffer.0]);
            }
        }
        for (id, buffer) in self.buffers.iter_mut().enumerate() {
            if places[id] != id {
                buffer.len = 0;
            }
        }
    }

    /// The buffer in whose memory each buffer is, once memory is shared where it may be.
    pub(super) fn memory_of_buffers(&self) -> Vec<usize> {
        match self.shares_memory {
            true => self.planned_places(|position| position),
            false => (0..self.buffers.len()).collect(),
        }
    }

    fn planned_places(&self, dispatch: impl Fn(usize) -> usize) -> Vec<usize> {
        let of_dispatches = |life: LiveRange| dispatch(*life.start())..=dispatch(*life.end());
        let lives: Vec<Option<LiveRange>> = self
            .lives()
            .into_iter()
            .map(|life| life.map(of_dispatches))
            .collect();
        let temporary = |id: &usize| self.buffers[*id].is_temporary() && lives[*id].is_some();
        let mut order: Vec<usize> = (0..self.buffers.len()).filter(temporary).collect();
        order.sort_by_key(|id| Reverse(self.buffers[*id].len));
        let mut hosts: Vec<(usize, Vec<&LiveRange>)> = Vec::new();
        let mut places: Vec<usize> = (0..self.buffers.len()).collect();
        for id in order {
            let life = lives[id].as_ref().expect("only buffers in use are to move");
            // The smallest that has room.
            match hosts
                .iter_mut()
                .rev()
                .find(|(_, guests)| guests.iter().all(|guest| are_apart(guest, life)))
            {
                Some((host, guests)) => {
                    places[id] = *host;
                    guests.push(life);
                }
                None => hosts.push((id, vec![life])),
            }
        }
        places
    }

    /// The live range of every buffer; `None` where no pass uses it.
    pub fn lives(&self) -> Vec<Option<LiveRange>> {
        let mut lives = vec![None; self.buffers.len()];
        for (position, (_, pass)) in self.passes.iter().enumerate() {
            for view in pass.bindings().iter().map(|binding| binding.view) {
                let life = &mut lives[view.buffer.0];
                let first = life
                    .as_ref()
                    .map_or(position, |life: &LiveRange| *life.start());
                *life = Some(first..=position);
            }
        }
        lives
    }
}

fn are_apart(a: &LiveRange, b: &LiveRange) -> bool {
    a.end() < b.start() || b.end() < a.start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Activation, Preset};
    use crate::objective::{Data, Method, Sampling, Variants, gradient_step};

    /// The most that temporary buffers take at one time.
    fn least(recording: &Recording) -> usize {
        let lives = recording.lives();
        let at = |position: usize| {
            let buffers = recording.buffers.iter().zip(&lives);
            let alive = buffers.filter(|(buffer, life)| {
                buffer.is_temporary() && life.as_ref().is_some_and(|life| life.contains(&position))
            });
            alive.map(|(buffer, _)| buffer.len).sum()
        };
        (0..recording.passes.len()).map(at).max().unwrap_or(0)
    }

    #[test]
    fn buffers_in_one_memory_are_never_in_use_together() {
        for method in Method::all() {
            let network = Preset::Conv28
                .network(&[1, 28, 28], &[], 16, Activation::Relu, Activation::Sigmoid)
                .unwrap();
            let network = if method.base.variational {
                network.into_variational().unwrap()
            } else {
                network
            };
            let variants = Variants {
                k: 2,
                ..Default::default()
            };
            let (objective, name) = (
                method.objective(
                    Sampling {
                        neighbours: 2,
                        centre: true,
                    },
                    variants,
                ),
                method.name(),
            );
            let before = gradient_step(&network, &objective, Data::floats(30), 10, 2, 1).recording;
            let mut after = before.clone();
            after.plan_memory();
            let mut guests = vec![Vec::new(); before.buffers.len()];
            for ((_, old), (_, new)) in before.passes.iter().zip(&after.passes) {
                for (old, new) in old.bindings().iter().zip(new.bindings()) {
                    let (old, new) = (old.view, new.view);
                    assert_eq!((old.offset, old.len), (new.offset, new.len));
                    assert!(new.offset + new.len <= after.buffers[new.buffer.0].len);
                    assert!(
                        old.buffer == new.buffer
                            || before.buffers[old.buffer.0].is_temporary()
                                && after.buffers[new.buffer.0].is_temporary()
                    );
                    if !guests[new.buffer.0].contains(&old.buffer.0) {
                        guests[new.buffer.0].push(old.buffer.0);
                    }
                }
            }
            let lives = before.lives();
            let life = |id: usize| lives[id].as_ref().unwrap();
            for guests in guests {
                for (i, guest) in guests.iter().enumerate() {
                    assert!(
                        guests[..i]
                            .iter()
                            .all(|other| are_apart(life(*guest), life(*other))),
                        "{name}: {guests:?}"
                    );
                }
            }
            let temporary = |recording: &Recording| -> usize {
                recording
                    .buffers
                    .iter()
                    .filter(|buffer| buffer.is_temporary())
                    .map(|buffer| buffer.len)
                    .sum()
            };
            let [shared, alone] = [&after, &before].map(temporary);
            let least = least(&before);
            assert!(
                shared < alone && shared as f64 <= 1.3 * least as f64,
                "{name}: {shared} values, of which {least} are needed at once"
            );
        }
    }
}
