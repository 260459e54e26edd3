//! A linear layer rows_per_jet with the activation beside it, so that a GPU has the product's results
//! at hand when it needs them again.

use super::{Activate, ActivateAdjoint, Linear, LinearInputAdjoint};
use crate::engine::jets::Jets;
use crate::engine::pass::{Grid, Pass, describe};
use crate::engine::recording::View;
use crate::net::Activation;

/// [`Linear`], then [`Activate`] on what it gives.
#[derive(Clone, Debug)]
pub struct LinearActivate {
    /// [batch, slots, inputs].
    pub input: View,
    /// [jets.features, inputs].
    pub weight: View,
    /// `[jets.features]`.
    pub bias: View,
    /// [batch, slots, jets.features]: what the linear layer gives.
    pub output: View,
    /// [batch, output slots, jets.features].
    pub activated: View,
    /// Features in.
    pub inputs: usize,
    /// Shape of what the linear layer gives.
    pub jets: Jets,
    /// The activation.
    pub function: Activation,
    /// Order of what the activation gives.
    pub output_order: usize,
}

/// [`LinearInputAdjoint`], then [`ActivateAdjoint`] of the activation in front of the linear layer.
#[derive(Clone, Debug)]
pub struct ActivateLinearAdjoint {
    /// Gradient at the linear layer's output: [batch, output slots, outputs].
    pub d_output: View,
    /// [outputs, jets.features].
    pub weight: View,
    /// Gradient between the activation and the linear layer: [batch, output slots, jets.features].
    pub d_activated: View,
    /// What the activation read: [batch, slots, jets.features].
    pub input: View,
    /// Its gradient.
    pub d_input: View,
    /// Features that the linear layer gives.
    pub outputs: usize,
    /// Shape of what the activation read.
    pub jets: Jets,
    /// The activation.
    pub function: Activation,
    /// Order of what the activation gave.
    pub output_order: usize,
}

impl LinearActivate {
    /// Both in one, where the second takes what the first gives and tiles hold whole jets without
    /// much waste.
    pub fn of(linear: &Linear, activate: &Activate) -> Option<Self> {
        let Activate {
            output: activated,
            function,
            jets,
            output_order,
            ..
        } = *activate;
        let Linear {
            input,
            weight,
            bias,
            output,
            rows,
            inputs,
            outputs,
            slots,
        } = *linear;
        let fit = output == activate.input
            && (rows, outputs, slots) == (jets.rows(), jets.features, jets.slots())
            && worth_fusing(slots);
        fit.then_some(Self {
            input,
            weight,
            bias,
            output,
            activated,
            inputs,
            jets,
            function,
            output_order,
        })
    }

    /// The two passes that this is.
    pub fn parts(&self) -> (Linear, Activate) {
        let Self {
            input,
            weight,
            bias,
            output,
            activated,
            inputs,
            jets,
            function,
            output_order,
        } = *self;
        let linear = Linear {
            input,
            weight,
            bias,
            output,
            rows: jets.rows(),
            inputs,
            outputs: jets.features,
            slots: jets.slots(),
        };
        (
            linear,
            Activate {
                input: output,
                output: activated,
                function,
                jets,
                output_order,
            },
        )
    }
}

impl ActivateLinearAdjoint {
    /// Both in one, as in [`LinearActivate::of`].
    pub fn of(linear: &LinearInputAdjoint, activate: &ActivateAdjoint) -> Option<Self> {
        let LinearInputAdjoint {
            d_output,
            weight,
            d_input: d_activated,
            rows,
            inputs,
            outputs,
        } = *linear;
        let ActivateAdjoint {
            input,
            d_input,
            function,
            jets,
            output_order,
            ..
        } = *activate;
        let output_jets = Jets {
            order: output_order,
            ..jets
        };
        let fit = d_activated == activate.d_output
            && (rows, inputs) == (output_jets.rows(), jets.features)
            && worth_fusing(output_jets.slots());
        fit.then_some(Self {
            d_output,
            weight,
            d_activated,
            input,
            d_input,
            outputs,
            jets,
            function,
            output_order,
        })
    }

    /// The two passes that this is.
    pub fn parts(&self) -> (LinearInputAdjoint, ActivateAdjoint) {
        let Self {
            d_output,
            weight,
            d_activated,
            input,
            d_input,
            outputs,
            jets,
            function,
            output_order,
        } = *self;
        let linear = LinearInputAdjoint {
            d_output,
            weight,
            d_input: d_activated,
            rows: self.output_jets().rows(),
            inputs: jets.features,
            outputs,
        };
        (
            linear,
            ActivateAdjoint {
                input,
                d_output: d_activated,
                d_input,
                function,
                jets,
                output_order,
            },
        )
    }

    fn output_jets(&self) -> Jets {
        Jets {
            order: self.output_order,
            ..self.jets
        }
    }
}

impl Pass {
    /// The two passes that this is where it is a fused one.
    pub fn in_two(&self) -> Option<[Self; 2]> {
        match self {
            Self::LinearActivate(pass) => Some(both(pass.parts())),
            Self::ActivateLinearAdjoint(pass) => Some(both(pass.parts())),
            _ => None,
        }
    }
}

fn both<A: Into<Pass>, B: Into<Pass>>((first, second): (A, B)) -> [Pass; 2] {
    [first.into(), second.into()]
}

/// Whether 16 rows hold whole jets with at most one row left empty. The tiles of kernels that run
/// both in one have multiples of 16 rows.
fn worth_fusing(slots: usize) -> bool {
    slots <= 16 && 16 % slots <= 1
}

describe!(|pass: LinearActivate| {
    bindings: [input, weight, bias, output, activated],
    uniforms: [batch = pass.jets.batch, directions = pass.jets.directions, inputs, outputs = pass.jets.features],
    overrides: [
        ACTIVATION = pass.function as u32,
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
        ROWS_PER_JET = pass.jets.slots() as u32,
    ],
    grid: Grid::Product {
        rows: pass.jets.rows(),
        columns: pass.jets.features,
        terms: pass.inputs,
        parts: 1,
        rows_per_jet: pass.jets.slots(),
    },
    flops: pass.parts().0.flops(),
});

describe!(|pass: ActivateLinearAdjoint| {
    bindings: [d_output, weight, d_activated, input, d_input],
    uniforms: [batch = pass.jets.batch, directions = pass.jets.directions, inputs = pass.jets.features, outputs],
    overrides: [
        ACTIVATION = pass.function as u32,
        INPUT_ORDER = pass.jets.order as u32,
        OUTPUT_ORDER = pass.output_order as u32,
        ROWS_PER_JET = pass.output_jets().slots() as u32,
    ],
    grid: Grid::Product {
        rows: pass.output_jets().rows(),
        columns: pass.jets.features,
        terms: pass.outputs,
        parts: 1,
        rows_per_jet: pass.output_jets().slots(),
    },
    flops: pass.parts().0.flops(),
});

#[cfg(test)]
mod tests {
    use crate::engine::Recording;
    use crate::net::{Activation, Network};
    use crate::objective::{Data, Method, Sampling, Variants, gradient_step};

    fn step(method: &str, output: Activation, neighbours: usize) -> Recording {
        let network = Network::mlp(&[20], &[30, 30], 2, Activation::Elu, output).unwrap();
        let sampling = Sampling {
            neighbours,
            centre: true,
        };
        let objective = Method::find(method)
            .unwrap()
            .objective(sampling, Variants::default());
        gradient_step(&network, &objective, Data::floats(10), 5, 1, 1).recording
    }

    fn count(recording: &Recording, names: [&str; 4]) -> [usize; 4] {
        names.map(|name| {
            recording
                .passes
                .iter()
                .filter(|(_, pass)| pass.name() == name)
                .count()
        })
    }

    #[test]
    fn activations_join_the_products_beside_them() {
        let names = [
            "linear_activate",
            "activate",
            "activate_linear_adjoint",
            "activate_adjoint",
        ];
        // Two hidden activations each of encoder and decoder. Rows of neighbourhoods are formed in
        // front of a last layer that is linear.
        assert_eq!(
            count(&step("ae", Activation::Linear, 1), names),
            [4, 0, 4, 0]
        );
        assert_eq!(
            count(&step("nrae-q", Activation::Linear, 1), names),
            [4, 0, 3, 1]
        );
        // One more, whose upstream gradient comes from the loss.
        for method in ["ae", "nrae-l", "nrae-q"] {
            assert_eq!(
                count(&step(method, Activation::Sigmoid, 1), names),
                [5, 0, 4, 1],
                "{method}"
            );
        }
        // Jets of 7 slots would leave 2 of 16 rows empty.
        assert_eq!(
            count(&step("nrae-l", Activation::Linear, 6), names),
            [2, 2, 2, 2]
        );
    }

    #[test]
    fn fused_passes_are_their_two_passes() {
        let fused = step("nrae-q", Activation::Sigmoid, 1);
        for (_, pass) in &fused.passes {
            let Some(parts) = pass.in_two() else { continue };
            let [first, second] = parts
                .each_ref()
                .map(|part| part.bindings().into_iter().map(|(_, view)| view));
            let first: Vec<_> = first.collect();
            let (shared, new): (Vec<_>, Vec<_>) = second.partition(|view| first.contains(view));
            assert_eq!(shared.len(), 1, "the second takes what the first gives");
            let views: Vec<_> = pass.bindings().into_iter().map(|(_, view)| view).collect();
            assert_eq!(views, [first, new].concat());
        }
    }
}
