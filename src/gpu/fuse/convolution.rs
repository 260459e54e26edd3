//! Kernels of convolutions with what stands beside them.

use crate::engine::ops::{
    Activate, ActivateAdjoint, ChannelSums, ConvolveWeightAdjoint, Geometry, SumPartials,
};
use crate::engine::pass::describe;
use crate::engine::{Access, Binding, Describe, Grid, Pass, Uniform, View};
use crate::gpu::shader::{Epilogue, stands_in};
use crate::net::Activation;

/// A convolution or a transposed one of plain values, and on each of its results the activation
/// behind it or, on the way back, the adjoint of the activation in front.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct ConvolveActivate {
    /// `Pass::Convolve` or `Pass::ConvolveTranspose`.
    product: Pass,
    /// [rows, features]: what the activation gives, or what it read.
    first: View,
    /// [rows, features]: the gradient at what the activation read.
    second: Option<View>,
    function: Activation,
}

/// [`ConvolveWeightAdjoint`], and [`ChannelSums`] of the same layer beside it.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct ConvolveParametersAdjoint {
    /// [rows, outputs, output_height, output_width].
    d_output: View,
    /// [rows, inputs, height, width].
    image: View,
    /// [parts, outputs, inputs, kernel, kernel].
    d_weight: View,
    /// [parts of the jets, channels].
    d_bias: View,
    rows: usize,
    /// Rows of a part of `d_weight`.
    stretch: usize,
    geometry: Geometry,
    /// Slots of a jet, of which the first has the bias.
    slots: usize,
    /// Jets of a part of `d_bias`.
    bias_stretch: usize,
    /// Whether the bias belongs to the channels of the image.
    of_image: bool,
}

impl ConvolveActivate {
    /// Of a product and an activation that reads what it gives.
    pub(super) fn of(product: &Pass, activate: &Activate) -> Option<Self> {
        let plain = activate.jets.order == 0 && activate.output_order == 0;
        (plain && given(product)? == activate.input).then(|| Self {
            product: product.clone(),
            first: activate.output,
            second: None,
            function: activate.function,
        })
    }

    /// Of a product and the adjoint of an activation whose upstream gradient it gives.
    pub(super) fn of_adjoint(product: &Pass, activate: &ActivateAdjoint) -> Option<Self> {
        let plain = activate.jets.order == 0 && activate.output_order == 0;
        (plain && given(product)? == activate.d_output).then(|| Self {
            product: product.clone(),
            first: activate.input,
            second: Some(activate.d_input),
            function: activate.function,
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.product.name()
    }

    /// The convolution, or the transposed one.
    pub(in crate::gpu) fn product(&self) -> &Pass {
        &self.product
    }

    pub(super) fn epilogue(&self) -> Epilogue {
        if self.second.is_some() {
            Epilogue::ActivateAdjoint
        } else {
            Epilogue::Activate
        }
    }
}

/// What a convolution gives; `None` where a shader without epilogues runs in its place.
fn given(product: &Pass) -> Option<View> {
    match product {
        Pass::Convolve(pass) => Some(pass.output),
        Pass::ConvolveTranspose(pass) if !stands_in(pass) => Some(pass.image),
        _ => None,
    }
}

impl Describe for ConvolveActivate {
    fn bindings(&self) -> Vec<Binding> {
        let binding = |name, access, view| Binding { name, access, view };
        let mut bindings = self.product.bindings();
        match self.second {
            None => bindings.push(binding("activated", Access::Write, self.first)),
            Some(second) => bindings.extend([
                binding("u", Access::Read, self.first),
                binding("d_u", Access::Write, second),
            ]),
        }
        bindings
    }

    fn views_mut(&mut self) -> Vec<&mut View> {
        let mut views = self.product.views_mut();
        views.push(&mut self.first);
        views.extend(&mut self.second);
        views
    }

    fn uniforms(&self) -> Vec<(&'static str, Uniform)> {
        self.product.uniforms()
    }

    fn overrides(&self) -> Vec<(&'static str, u32)> {
        vec![("ACTIVATION", self.function as u32)]
    }

    fn grid(&self) -> Grid {
        self.product.grid()
    }

    fn flops(&self) -> u64 {
        self.product.flops()
    }
}

impl ConvolveParametersAdjoint {
    pub(super) fn of(weight: &ConvolveWeightAdjoint, bias: &ChannelSums) -> Option<Self> {
        let geometry = weight.geometry;
        let of_image = bias.input == weight.image;
        let (channels, positions) = if of_image {
            (geometry.inputs, geometry.height * geometry.width)
        } else {
            (geometry.outputs, geometry.positions())
        };
        let fits = (of_image || bias.input == weight.d_output)
            && (bias.channels, bias.positions) == (channels, positions)
            && bias.jets * bias.slots == weight.rows;
        fits.then_some(Self {
            d_output: weight.d_output,
            image: weight.image,
            d_weight: weight.d_weight,
            d_bias: bias.output,
            rows: weight.rows,
            stretch: weight.stretch,
            geometry,
            slots: bias.slots,
            bias_stretch: bias.stretch,
            of_image,
        })
    }

    /// Geometry, rows, and rows of a part of the gradient to the weight.
    pub(in crate::gpu) fn weight(&self) -> (Geometry, usize, usize) {
        (self.geometry, self.rows, self.stretch)
    }

    /// Elements of `d_bias`.
    pub(super) fn sums(&self) -> usize {
        let channels = if self.of_image {
            self.geometry.inputs
        } else {
            self.geometry.outputs
        };
        (self.rows / self.slots).div_ceil(self.bias_stretch) * channels
    }
}

/// [`ChannelSums`] in parts and the sum of those, as one part: a GPU has workgroups enough beside
/// them while each adds up all jets.
pub(super) fn whole_sums(sums: &ChannelSums, parts: &SumPartials) -> Option<ChannelSums> {
    let fits = sums.output == parts.input && parts.len == sums.channels;
    fits.then(|| ChannelSums {
        output: parts.output,
        stretch: sums.jets,
        ..sums.clone()
    })
}

describe!(|pass: ConvolveParametersAdjoint| {
    reads: [d_output, image],
    writes: [d_weight, d_bias],
    uniforms: [rows, stretch, slots, bias_stretch] + pass.geometry.uniforms(),
    overrides: [BIAS_OF_IMAGE = u32::from(pass.of_image)],
    grid: Grid::Product {
        rows: pass.geometry.outputs,
        columns: pass.geometry.terms(),
        terms: pass.stretch * pass.geometry.positions(),
        parts: pass.rows.div_ceil(pass.stretch),
        rows_per_jet: 1,
    },
    flops: pass.geometry.flops(pass.rows),
});
