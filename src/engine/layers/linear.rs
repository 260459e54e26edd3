//! y = W u, plus b in slot 0: one product over all slots.
//!
//! A matrix that is larger than a binding is used in blocks of outputs: each block is a product of
//! its own, whose columns are then put beside those of the others; on the way back the gradient's
//! columns are taken for each block, and the gradients at the input are added up.

use super::{Arena, Cotangents, RecordedLayer, with_split_k};
use crate::engine::jets::{Jets, Tensor};
use crate::engine::ops::{
    Concat, Linear, LinearBiasAdjoint, LinearInputAdjoint, LinearWeightAdjoint, SumPartials,
    split_k,
};
use crate::engine::recording::{ALIGNMENT, Recording, View};
use std::ops::Range;

struct RecordedLinear {
    name: String,
    input: Tensor,
    output: Tensor,
}

/// Some of a layer's outputs, with what they have of a tensor over all of them.
struct Block {
    outputs: Range<usize>,
    /// [rows, outputs].
    view: View,
}

pub(super) fn forward(
    recording: &mut Recording,
    arena: &Arena,
    name: &str,
    outputs: usize,
    input: Tensor,
) -> (Tensor, Box<dyn RecordedLayer>) {
    let jets = Jets {
        features: outputs,
        ..input.jets
    };
    let [weight, bias] = ["weight", "bias"].map(|part| format!("{name}.{part}"));
    let label = format!("{name} linear");
    let mut joined: Option<Block> = None;
    for block in arena.blocks(&weight) {
        let output = recording.temporary(format!("{name} output"), jets.rows() * block.len());
        recording.push(
            &label,
            Linear {
                input: input.view,
                weight: arena.rows(&weight, &block),
                bias: arena.rows(&bias, &block),
                output,
                rows: jets.rows(),
                inputs: input.jets.features,
                outputs: block.len(),
                slots: jets.slots(),
            },
        );
        let right = Block {
            outputs: block,
            view: output,
        };
        joined = Some(match joined {
            None => right,
            Some(left) => beside(recording, &label, jets.rows(), &left, &right),
        });
    }
    let output = Tensor {
        view: joined.expect("a layer has outputs").view,
        jets,
    };
    (
        output,
        Box::new(RecordedLinear {
            name: name.to_owned(),
            input,
            output,
        }),
    )
}

/// Records both blocks as one, their columns side by side.
fn beside(
    recording: &mut Recording,
    label: &str,
    rows: usize,
    left: &Block,
    right: &Block,
) -> Block {
    let outputs = left.outputs.start..right.outputs.end;
    let view = recording.temporary(format!("{label} joined"), rows * outputs.len());
    recording.push(
        format!("{label} joined"),
        Concat {
            head: left.view,
            tail: right.view,
            output: view,
            batch: rows,
            head_rows: left.outputs.len(),
            head_group: left.outputs.len(),
            tail_rows: right.outputs.len(),
            features: 1,
        },
    );
    Block { outputs, view }
}

impl RecordedLinear {
    /// Records what each block of outputs has of `d_output` on `rows` rows.
    fn blocks(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        rows: usize,
    ) -> Vec<Block> {
        let all = self.output.jets.features;
        let blocks = arena.blocks(&format!("{}.weight", self.name)).into_iter();
        let take = |outputs: Range<usize>| {
            if outputs.len() == all {
                return Block {
                    outputs,
                    view: d_output,
                };
            }
            let label = format!("{} d_output of a block", self.name);
            let view = recording.temporary(&label, rows * outputs.len());
            // The first columns of each row of what begins with the block; nothing behind them.
            let from_first = d_output.part(outputs.start, rows * all - outputs.start);
            recording.push(
                label,
                Concat {
                    head: from_first,
                    tail: from_first,
                    output: view,
                    batch: rows,
                    head_rows: outputs.len(),
                    head_group: all,
                    tail_rows: 0,
                    features: 1,
                },
            );
            Block { outputs, view }
        };
        blocks.map(take).collect()
    }

    /// Records d_input = d_output weight on `rows` rows.
    fn input_adjoint(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        blocks: &[Block],
        rows: usize,
    ) -> View {
        let inputs = self.input.jets.features;
        let (weight, label) = (
            format!("{}.weight", self.name),
            format!("{} d_input", self.name),
        );
        let product = |block: &Block, d_input| LinearInputAdjoint {
            d_output: block.view,
            weight: arena.rows(&weight, &block.outputs),
            d_input,
            rows,
            inputs,
            outputs: block.outputs.len(),
        };
        // A running sum: behind the sum so far lies the next product, where a view may begin. What is
        // between them is added up as well, and nobody looks at it.
        let len = rows * inputs;
        let (last, stride) = match blocks.len() {
            1 => (0, len),
            count => (count - 1, len.next_multiple_of(ALIGNMENT)),
        };
        let room = |i| if i == last { stride } else { 2 * stride };
        let mut sum = recording.temporary(&label, room(0));
        recording.push(&label, product(&blocks[0], sum.part(0, len)));
        for (i, block) in blocks.iter().enumerate().skip(1) {
            recording.push(&label, product(block, sum.part(stride, len)));
            let next = recording.temporary(&label, room(i));
            recording.push(
                format!("{label} summed"),
                SumPartials {
                    input: sum,
                    output: next.part(0, stride),
                    parts: 2,
                    len: stride,
                },
            );
            sum = next;
        }
        sum.part(0, len)
    }
}

impl RecordedLayer for RecordedLinear {
    fn backward(
        &self,
        recording: &mut Recording,
        arena: &Arena,
        d_output: View,
        to_input: bool,
    ) -> Option<View> {
        let (input, name) = (self.input, &self.name);
        let (rows, inputs) = (self.output.jets.rows(), input.jets.features);
        let blocks = self.blocks(recording, arena, d_output, rows);
        let d_input = to_input.then(|| self.input_adjoint(recording, arena, &blocks, rows));
        let [weight, bias] = ["weight", "bias"].map(|part| format!("{name}.{part}"));
        for block in &blocks {
            let outputs = block.outputs.len();
            let stretch = rows.div_ceil(split_k(rows, outputs, inputs));
            with_split_k(
                recording,
                &format!("{name} d_weight"),
                arena.gradient_of_rows(&weight, &block.outputs),
                rows.div_ceil(stretch),
                |d_weight| {
                    LinearWeightAdjoint {
                        d_output: block.view,
                        input: input.view,
                        d_weight,
                        rows,
                        inputs,
                        outputs,
                        stretch,
                    }
                    .into()
                },
            );
        }
        let (jets, slots, outputs) = (
            self.output.jets.batch,
            self.output.jets.slots(),
            self.output.jets.features,
        );
        let stretch = jets.div_ceil(split_k(jets, outputs, 1));
        with_split_k(
            recording,
            &format!("{name} d_bias"),
            arena.gradient(&bias),
            jets.div_ceil(stretch),
            |d_bias| {
                LinearBiasAdjoint {
                    d_output,
                    d_bias,
                    jets,
                    outputs,
                    slots,
                    stretch,
                }
                .into()
            },
        );
        arena.complete(recording, &weight);
        d_input
    }

    fn transpose(&self, recording: &mut Recording, arena: &Arena, rows: Cotangents) -> Cotangents {
        let cotangents = rows.batch * rows.count;
        let blocks = self.blocks(recording, arena, rows.view, cotangents);
        let view = self.input_adjoint(recording, arena, &blocks, cotangents);
        Cotangents { view, ..rows }
    }
}
