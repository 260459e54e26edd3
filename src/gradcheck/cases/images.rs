//! The images that operations on images are tried on.

use super::CaseShape;

/// Random extents make random geometries: sides of at least the kernel, and paddings below it.
pub(super) struct Images {
    pub(super) rows: usize,
    pub(super) directions: usize,
    pub(super) slots: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) output_padding: usize,
}

impl From<CaseShape> for Images {
    fn from(
        CaseShape {
            batch,
            directions,
            inputs,
            outputs,
        }: CaseShape,
    ) -> Self {
        let (kernel, stride) = (1 + outputs % 5, 1 + inputs % 3);
        Self {
            rows: batch.min(4),
            directions,
            slots: 1 + directions,
            inputs: 1 + inputs % 5,
            outputs: 1 + outputs % 7,
            height: kernel + batch % 5,
            width: kernel + (inputs + outputs) % 6,
            kernel,
            stride,
            padding: (batch + outputs) % kernel,
            output_padding: (batch + inputs) % stride,
        }
    }
}
