//! Memory that a thread keeps for its tasks, so that a step allocates nothing.

use super::Float;
use super::huge_pages::CacheLine;
use std::cell::RefCell;
use std::thread::LocalKey;

/// Memory of a thread.
pub(super) type Scratch = RefCell<Vec<CacheLine>>;

thread_local! {
    /// For what a task works on.
    pub(super) static OF_TASK: Scratch = const { RefCell::new(Vec::new()) };
    /// For what a pass makes for all its tasks to read.
    pub(super) static OF_PASS: Scratch = const { RefCell::new(Vec::new()) };
}

/// Calls `body` with memory of `lengths`, which holds what was there before.
pub(super) fn with_scratch<T: Float, const N: usize>(
    place: &'static LocalKey<Scratch>,
    lengths: [usize; N],
    body: impl FnOnce([&mut [T]; N]),
) {
    // Tasks of one thread never nest here, but a stolen task may run while another waits; it then
    // gets memory of its own.
    place.with(|scratch| {
        let mut own = Vec::new();
        let mut borrowed = scratch.try_borrow_mut();
        let memory = match &mut borrowed {
            Ok(memory) => &mut **memory,
            Err(_) => &mut own,
        };
        let total: usize = lengths.iter().map(|length| whole_lines::<T>(*length)).sum();
        if size_of_val(&memory[..]) < total * size_of::<T>() {
            *memory = CacheLine::zeros::<T>(total);
        }
        let mut rest: &mut [T] = bytemuck::cast_slice_mut(&mut memory[..]);
        body(lengths.map(|length| {
            let (part, tail) = std::mem::take(&mut rest).split_at_mut(whole_lines::<T>(length));
            rest = tail;
            &mut part[..length]
        }));
    });
}

/// As many values as fill the cache lines of `length` values.
fn whole_lines<T>(length: usize) -> usize {
    length.next_multiple_of(size_of::<CacheLine>() / size_of::<T>())
}
