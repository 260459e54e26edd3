//! Plain data between the engine and its executors: buffers, and the passes that read and write
//! them.

use super::pass::Pass;
pub(super) use crate::net::ALIGNMENT;
use std::ops::Range;

/// A buffer of a recording, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId(pub usize);

/// What a buffer's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// A real number: f32 on a GPU, f32 or f64 on the CPU.
    Float,
    /// 32 bits: an index, a counter, or packed data.
    U32,
}

/// Who writes a buffer, and how long its values are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An input of the host, or state that outlasts a step: a step may read it before it writes it.
    Persistent,
    /// Written by every step before it is read, and kept for the host after the step.
    Output,
    /// Written by every step before it is read, and needed within a step alone, so that others may
    /// be in the same memory before and afterwards.
    Temporary,
}

/// The two parts of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Everything up to the gradient to every parameter.
    Gradient,
    /// The update of the parameters by that gradient.
    Update,
}

/// A buffer to allocate before the first step.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// Name for messages and profiles.
    pub name: String,
    /// Number of elements; 0 where everything in it has moved to another buffer.
    pub len: usize,
    /// What they are.
    pub dtype: DType,
    /// What it holds before the first step, where that is not zero.
    pub initial: Option<Vec<f32>>,
    /// Who writes it, and how long its values are needed.
    pub role: Role,
}

/// A range of a buffer. Offsets are multiples of [`ALIGNMENT`] elements, so that any adapter can
/// bind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The buffer.
    pub buffer: BufferId,
    /// First element.
    pub offset: usize,
    /// Number of elements.
    pub len: usize,
}

impl Buffer {
    /// Whether its values are needed within a step alone.
    pub fn is_temporary(&self) -> bool {
        self.role == Role::Temporary
    }
}

impl View {
    /// The part of `len` elements that begins `offset` elements into this view.
    pub fn part(self, offset: usize, len: usize) -> Self {
        assert!(offset + len <= self.len, "a part must lie within its view");
        Self {
            buffer: self.buffer,
            offset: self.offset + offset,
            len,
        }
    }

    /// Whether some element belongs to both.
    pub fn overlaps(self, other: Self) -> bool {
        self.buffer == other.buffer
            && self.offset < other.offset + other.len
            && other.offset < self.offset + self.len
    }
}

/// Passes in the order in which they run, each with a label such as `decoder.2 linear`.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Everything that is allocated.
    pub buffers: Vec<Buffer>,
    /// One step.
    pub passes: Vec<(String, Pass)>,
    /// The first pass of [`Segment::Update`], where the step has one: nothing before it changes a
    /// parameter, so gradients can be read, summed over machines and written back there.
    pub update: Option<usize>,
    /// Whether an executor may let temporary buffers share memory; nobody can look at them then.
    pub shares_memory: bool,
}

impl Recording {
    /// Adds a buffer of real numbers.
    pub fn reals(&mut self, name: impl Into<String>, len: usize) -> View {
        self.buffer(name.into(), len, DType::Float)
    }

    /// Adds a buffer of real numbers that every step writes before it reads them, and that nobody
    /// reads once the step is over.
    pub fn temporary(&mut self, name: impl Into<String>, len: usize) -> View {
        let view = self.reals(name, len);
        self.buffers[view.buffer.0].role = Role::Temporary;
        view
    }

    /// Lets the values of a temporary buffer outlast the step.
    pub fn keep(&mut self, view: View) {
        self.buffers[view.buffer.0].role = Role::Output;
    }

    /// Adds a buffer of real numbers that never change.
    pub fn constants(&mut self, name: impl Into<String>, values: Vec<f32>) -> View {
        let view = self.buffer(name.into(), values.len(), DType::Float);
        self.buffers[view.buffer.0].initial = Some(values);
        view
    }

    /// Adds a buffer of 32-bit words.
    pub fn words(&mut self, name: impl Into<String>, len: usize) -> View {
        self.buffer(name.into(), len, DType::U32)
    }

    fn buffer(&mut self, name: String, len: usize, dtype: DType) -> View {
        let len = len.max(1);
        self.buffers.push(Buffer {
            name,
            len,
            dtype,
            initial: None,
            role: Role::Persistent,
        });
        View {
            buffer: BufferId(self.buffers.len() - 1),
            offset: 0,
            len,
        }
    }

    /// Every buffer, behind the view of all of it.
    pub fn views(&self) -> impl Iterator<Item = (View, &Buffer)> {
        let buffers = self.buffers.iter().enumerate();
        buffers.map(|(id, buffer)| {
            (
                View {
                    buffer: BufferId(id),
                    offset: 0,
                    len: buffer.len,
                },
                buffer,
            )
        })
    }

    /// Appends a pass.
    pub fn push(&mut self, label: impl Into<String>, pass: impl Into<Pass>) {
        self.passes.push((label.into(), pass.into()));
    }

    /// Ends [`Segment::Gradient`]: what is pushed from here on belongs to [`Segment::Update`].
    pub fn begin_update(&mut self) {
        self.update = Some(self.passes.len());
    }

    /// The passes of a segment; `None` where updates stand between gradients.
    pub fn segment(&self, segment: Segment) -> Option<Range<usize>> {
        let update = self.update?;
        Some(match segment {
            Segment::Gradient => 0..update,
            Segment::Update => update..self.passes.len(),
        })
    }

    /// Bytes that the buffers take, 4 for each element, once memory is shared where it may be.
    pub fn bytes(&self) -> usize {
        let planned = self.with_planned_memory();
        planned.buffers.iter().map(|buffer| 4 * buffer.len).sum()
    }

    /// Floating-point operations of one step's products.
    pub fn flops(&self) -> u64 {
        self.passes.iter().map(|(_, pass)| pass.flops()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_overlap_where_they_share_elements() {
        let mut recording = Recording::default();
        let (first, second) = (
            recording.reals("first", 256),
            recording.reals("second", 256),
        );
        let middle = first.part(64, 64);
        for (view, overlaps) in [
            (first, true),
            (middle, true),
            (first.part(0, 64), false),
            (first.part(0, 65), true),
            (first.part(128, 128), false),
            (first.part(127, 1), true),
            (second.part(64, 64), false),
        ] {
            assert_eq!(
                (view.overlaps(middle), middle.overlaps(view)),
                (overlaps, overlaps),
                "{view:?}"
            );
        }
    }
}
