//! In which order dispatches run, and which of them side by side.
//!
//! wgpu keeps the dispatches of one compute pass in order with barriers of its own: one in front of
//! every dispatch that writes what another of the same pass has used before, or reads what another
//! has written. The first use of a buffer in a pass costs none there, nor does reading what is read
//! already. So dispatches are ordered by levels of the data flow, a step is a pass (two where the
//! update begins, since its writes would each wait for a read), and in front of a level everything
//! that it reads and others wrote becomes readable at once, in one barrier instead of one a
//! dispatch. Results do not depend on any of this: where two dispatches do conflict, wgpu still
//! puts its barrier.

use super::fuse::Kernel;
use crate::engine::levels;
use crate::executor::StepCounts;
use std::ops::Range;

/// Dispatches that run side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    /// Positions among all dispatches.
    pub(super) dispatches: Range<usize>,
    /// Parts of memory that become readable in front of the level, each with a dispatch and one of
    /// its bindings that read it.
    pub(super) readable: Vec<(usize, usize)>,
}

/// What a dispatch does with a part of memory: its number, and whether it is written.
pub(super) type Use = (usize, bool);

/// The order of all dispatches of a step.
pub(super) struct Schedule {
    /// Of the kernels, by their positions.
    pub(super) order: Vec<usize>,
    /// The levels of each segment.
    pub(super) segments: Vec<Vec<Level>>,
    pub(super) counts: StepCounts,
}

impl Schedule {
    /// Of `kernels` with these `uses`, in segments that lie at `ranges`: each a compute pass of its
    /// own where `by_levels`, else all steps in one pass as recorded.
    pub(super) fn new(
        kernels: &[(usize, Kernel)],
        uses: &[Vec<Use>],
        ranges: Vec<Range<usize>>,
        by_levels: bool,
    ) -> Self {
        let mut schedule = Self {
            order: Vec::with_capacity(kernels.len()),
            segments: Vec::new(),
            counts: StepCounts {
                dispatches: kernels.len(),
                ..Default::default()
            },
        };
        for range in ranges {
            let own = kernels[range.clone()].iter();
            let of_kernels = levels(own.map(|(_, kernel)| kernel.describe().bindings()));
            schedule.counts.levels += of_kernels.iter().max().map_or(0, |last| last + 1);
            if !by_levels {
                schedule.order.extend(range.clone());
                schedule.segments.push(vec![Level {
                    dispatches: range,
                    readable: Vec::new(),
                }]);
                continue;
            }
            let (order, mut levels) = compute_pass(&uses[range.clone()], &of_kernels);
            // What the pass finds in another state has one barrier in front of it.
            schedule.counts.barriers +=
                1 + barriers(order.iter().map(|i| &uses[range.start + i]), &levels);
            for level in &mut levels {
                let dispatches = &mut level.dispatches;
                *dispatches = dispatches.start + range.start..dispatches.end + range.start;
                level
                    .readable
                    .iter_mut()
                    .for_each(|(dispatch, _)| *dispatch += range.start);
            }
            schedule.order.extend(order.iter().map(|i| range.start + i));
            schedule.segments.push(levels);
        }
        if !by_levels {
            let one = |steps: usize| {
                let level = Level {
                    dispatches: 0..steps * uses.len(),
                    readable: Vec::new(),
                };
                barriers((0..steps).flat_map(|_| uses), &[level])
            };
            schedule.counts.barriers = one(2) - one(1);
        }
        schedule
    }
}

/// The order of dispatches in one compute pass, as levels, where `uses` are those of each dispatch
/// and `levels` their levels. Positions as given; the ranges of the levels are positions in the
/// order returned.
///
/// Within a level the dispatch that cannot do without a barrier goes first, so that it also serves
/// what it reads; whatever else of the level has to become readable does so in front of it.
fn compute_pass(uses: &[Vec<Use>], levels: &[usize]) -> (Vec<usize>, Vec<Level>) {
    let mut order: Vec<usize> = Vec::with_capacity(uses.len());
    let mut states = States::default();
    let mut found = Vec::new();
    let count = levels.iter().max().map_or(0, |last| last + 1);
    for level in 0..count {
        let mut members: Vec<usize> = (0..uses.len())
            .filter(|position| levels[*position] == level)
            .collect();
        // Stable: as recorded but for this.
        members.sort_by_key(|member| !states.writes_again(&uses[*member]));
        let first = order.len();
        let mut readable: Vec<(usize, usize)> = Vec::new();
        let mut parts = Vec::new();
        for (i, member) in members.iter().enumerate() {
            for (binding, (part, writes)) in uses[*member].iter().enumerate() {
                if !writes && states.is_written(*part) && !parts.contains(part) {
                    parts.push(*part);
                    readable.push((first + i, binding));
                }
            }
        }
        // One dispatch's own barrier does as much.
        let needs = |member: &usize| {
            let own = &uses[*member];
            own.iter()
                .any(|(part, writes)| !writes && parts.contains(part))
        };
        let alone = members.iter().filter(|member| needs(member)).count() <= 1;
        let first_serves_all = parts.iter().all(|part| {
            uses[members[0]]
                .iter()
                .any(|(own, writes)| own == part && !writes)
        });
        if alone || first_serves_all {
            readable.clear();
        } else {
            states.enter(parts.iter().map(|part| (*part, false)));
        }
        for member in &members {
            states.enter(uses[*member].iter().copied());
        }
        order.extend(&members);
        found.push(Level {
            dispatches: first..order.len(),
            readable,
        });
    }
    (order, found)
}

/// How parts of memory were last used in a compute pass.
#[derive(Default)]
struct States(Vec<Option<bool>>);

impl States {
    fn is_written(&self, part: usize) -> bool {
        self.0.get(part).copied().flatten() == Some(true)
    }

    /// Whether something is written that the pass has used before: that takes a barrier in any
    /// order.
    fn writes_again(&self, uses: &[Use]) -> bool {
        let used = |part: usize| self.0.get(part).copied().flatten().is_some();
        uses.iter().any(|(part, writes)| *writes && used(*part))
    }

    /// Takes over what a dispatch, or a transition, uses; whether wgpu puts a barrier in front of
    /// it. It does so for what came before alone, not between the dispatch's own views of a part.
    fn enter(&mut self, uses: impl Iterator<Item = Use> + Clone) -> bool {
        let waits = |(part, writes): Use| {
            let before = self.0.get(part).copied().flatten();
            before.is_some_and(|written| written || writes)
        };
        let barrier = uses.clone().any(waits);
        for (part, writes) in uses {
            if self.0.len() <= part {
                self.0.resize(part + 1, None);
            }
            self.0[part] = Some(writes);
        }
        barrier
    }
}

/// Barriers that wgpu puts within a compute pass of these dispatches, in this order.
fn barriers<'a>(uses: impl Iterator<Item = &'a Vec<Use>>, levels: &[Level]) -> usize {
    let uses: Vec<_> = uses.collect();
    let mut states = States::default();
    let mut count = 0;
    for level in levels {
        let readable = level
            .readable
            .iter()
            .map(|(dispatch, binding)| uses[*dispatch][*binding]);
        count += usize::from(states.enter(readable));
        for dispatch in level.dispatches.clone() {
            count += usize::from(states.enter(uses[dispatch].iter().copied()));
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: bool = false;
    const WRITE: bool = true;

    fn scheduled(uses: &[Vec<Use>], levels: &[usize]) -> (Vec<usize>, Vec<Level>, usize) {
        let (order, levels) = compute_pass(uses, levels);
        let count = barriers(order.iter().map(|i| &uses[*i]), &levels);
        (order, levels, count)
    }

    /// Eight writers, then eight readers of one each: one barrier where wgpu alone would put eight.
    #[test]
    fn a_level_becomes_readable_at_once() {
        let writers = (0..8).map(|part| vec![(part, WRITE)]);
        let readers = (0..8).map(|part| vec![(part, READ), (8 + part, WRITE)]);
        let uses: Vec<Vec<Use>> = writers.chain(readers).collect();
        let levels: Vec<usize> = (0..16).map(|i| i / 8).collect();
        let (order, found, count) = scheduled(&uses, &levels);
        assert_eq!(order, (0..16).collect::<Vec<_>>());
        assert_eq!(found[1].readable.len(), 8);
        assert_eq!(count, 1);
        let one_by_one = [Level {
            dispatches: 0..16,
            readable: Vec::new(),
        }];
        assert_eq!(barriers(uses.iter(), &one_by_one), 8);
    }

    /// A chain of two kernels a level, of which one adds to a buffer that all levels write: it goes
    /// first, and its barrier serves the other as well.
    #[test]
    fn what_needs_a_barrier_anyway_goes_first() {
        let arena = 9;
        let uses = vec![
            vec![(0, WRITE)],
            vec![(0, READ), (1, WRITE)],
            vec![(0, READ), (arena, WRITE)],
            vec![(1, READ), (2, WRITE)],
            vec![(1, READ), (arena, WRITE)],
        ];
        let (order, found, count) = scheduled(&uses, &[0, 1, 1, 2, 2]);
        assert_eq!(order, [0, 1, 2, 4, 3]);
        assert!(found.iter().all(|level| level.readable.is_empty()));
        assert_eq!(count, 2);
    }

    /// Two views of one part that a dispatch writes do not wait for each other.
    #[test]
    fn a_dispatch_takes_no_barrier_for_itself() {
        let twice = vec![(0, WRITE), (1, WRITE), (0, WRITE)];
        let (.., count) = scheduled(std::slice::from_ref(&twice), &[0]);
        assert_eq!(count, 0);
        let (.., count) = scheduled(&[twice.clone(), twice], &[0, 1]);
        assert_eq!(count, 1);
    }

    /// What is only read, or used for the first time, takes none.
    #[test]
    fn reading_again_takes_no_barrier() {
        let uses = vec![
            vec![(0, READ), (1, WRITE)],
            vec![(0, READ), (2, WRITE)],
            vec![(0, READ), (2, WRITE)],
        ];
        let (.., count) = scheduled(&uses, &[0, 0, 1]);
        assert_eq!(count, 1);
    }
}
