//! Linear layers of few results with many terms, cut into parts: workgroups that share the terms,
//! and the kernel behind them, which adds the parts up in their order as it reads them.

use super::Kernel;
use crate::engine::ops::SumPartials;
use crate::engine::{Access, Binding, Describe, Grid, Pass, Recording, Uniform, View};
use crate::gpu::tile::{Tile, stretch};
use std::ops::Range;

/// A linear layer, or its adjoint to its input, in parts.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct ProductInParts {
    product: Pass,
    /// [parts, rows, columns].
    partial_sums: View,
    /// Terms of a part.
    stretch: usize,
}

/// An activation, differences of latents, or the adjoint of one of them, that reads the sum of such
/// parts and stores it.
#[derive(Clone, Debug)]
pub(in crate::gpu) struct OfParts {
    pass: Pass,
    /// What it reads, and now writes.
    sums: View,
    /// [parts, ...].
    partial_sums: View,
}

/// What a linear layer or its adjoint gives.
fn result(product: &Pass) -> Option<View> {
    match product {
        Pass::Linear(pass) => Some(pass.output),
        Pass::LinearInputAdjoint(pass) => Some(pass.d_input),
        _ => None,
    }
}

/// Whether a kernel for sums of parts runs `pass` on all of `sums`.
fn adds_up(pass: &Pass, sums: View) -> bool {
    match pass {
        Pass::Activate(pass) => pass.input == sums,
        Pass::ActivateAdjoint(pass) => pass.d_output == sums,
        Pass::Difference(pass) => pass.input == sums && pass.group == 1 + pass.directions,
        Pass::DifferenceAdjoint(pass) => pass.d_output == sums,
        _ => false,
    }
}

/// Whether the kernel of `passes` could run in parts.
fn can_be_cut(passes: &[&Pass]) -> bool {
    match passes {
        [product] => result(product).is_some(),
        [product, second] => result(product).is_some_and(|sums| adds_up(second, sums)),
        _ => false,
    }
}

impl Kernel {
    /// Whether it is a product that may run in parts.
    pub(in crate::gpu) fn can_be_cut(&self) -> bool {
        match self {
            Self::Pass(pass) => result(pass).is_some(),
            Self::LinearActivate(pass) => !pass.is_compared(),
            Self::ActivateLinearAdjoint(pass) => !pass.is_compared(),
            Self::LinearDifference(_) | Self::DifferenceLinearAdjoint(_) => true,
            _ => false,
        }
    }

    /// This kernel, which runs the passes of `ordered` at `group`, as two: in parts as `tile` says.
    fn cut(&self, ordered: &mut Recording, group: &Range<usize>, tile: &Tile) -> Option<[Self; 2]> {
        let passes: Vec<&Pass> = ordered.passes[group.clone()]
            .iter()
            .map(|(_, p)| p)
            .collect();
        if !can_be_cut(&passes) {
            return None;
        }
        let (product, second) = (passes[0].clone(), passes.get(1).map(|pass| (*pass).clone()));
        let sums = result(&product)?;
        let Grid::Product {
            rows,
            columns,
            terms,
            ..
        } = product.grid()
        else {
            return None;
        };
        assert_eq!(sums.len, rows * columns, "a layer fills its view");
        let stretch = stretch(terms, tile.parts);
        let parts = terms.div_ceil(stretch);
        let partial_sums = ordered.temporary("partial sums", parts * sums.len);
        let second = match second {
            Some(pass) => Self::OfParts(OfParts {
                pass,
                sums,
                partial_sums,
            }),
            None => Self::Pass(Pass::SumPartials(SumPartials {
                input: partial_sums,
                output: sums,
                parts,
                len: sums.len,
            })),
        };
        let product = ProductInParts {
            product,
            partial_sums,
            stretch,
        };
        Some([Self::ProductInParts(product), second])
    }
}

/// `kernels`, which run the passes of `ordered` in `groups`, with those in parts for which `tile` has
/// such a tile. Of two that come from one, both have the position of the first pass.
pub(in crate::gpu) fn in_parts(
    ordered: &mut Recording,
    groups: &[Range<usize>],
    kernels: Vec<(usize, Kernel)>,
    tile: impl Fn(&Kernel) -> Option<Tile>,
) -> Vec<(usize, Kernel)> {
    let mut all = Vec::with_capacity(kernels.len());
    for ((at, kernel), group) in kernels.into_iter().zip(groups) {
        match tile(&kernel).and_then(|tile| kernel.cut(ordered, group, &tile)) {
            Some([product, second]) => all.extend([(at, product), (at + group.len() - 1, second)]),
            None => all.push((at, kernel)),
        }
    }
    all
}

impl ProductInParts {
    pub(super) fn name(&self) -> &'static str {
        self.product.name()
    }
}

impl OfParts {
    pub(super) fn name(&self) -> &'static str {
        self.pass.name()
    }
}

impl Describe for ProductInParts {
    fn bindings(&self) -> Vec<Binding> {
        let mut bindings = self.product.bindings();
        for binding in bindings
            .iter_mut()
            .filter(|binding| binding.access.writes())
        {
            binding.view = self.partial_sums;
        }
        bindings
    }

    fn views_mut(&mut self) -> Vec<&mut View> {
        vec![&mut self.partial_sums]
    }

    fn uniforms(&self) -> Vec<(&'static str, Uniform)> {
        self.product.uniforms()
    }

    fn overrides(&self) -> Vec<(&'static str, u32)> {
        let mut overrides = self.product.overrides();
        overrides.push(("STRETCH", self.stretch as u32));
        overrides
    }

    fn grid(&self) -> Grid {
        let Grid::Product {
            rows,
            columns,
            terms,
            ..
        } = self.product.grid()
        else {
            unreachable!("a linear layer is a product")
        };
        Grid::Product {
            rows,
            columns,
            terms: self.stretch,
            parts: terms.div_ceil(self.stretch),
            rows_per_jet: 1,
        }
    }

    fn flops(&self) -> u64 {
        self.product.flops()
    }
}

impl Describe for OfParts {
    fn bindings(&self) -> Vec<Binding> {
        let mut bindings = self.pass.bindings();
        for binding in bindings
            .iter_mut()
            .filter(|binding| binding.view == self.sums)
        {
            binding.access = Access::Write;
        }
        bindings.push(Binding {
            name: "partial_sums",
            access: Access::Read,
            view: self.partial_sums,
        });
        bindings
    }

    fn views_mut(&mut self) -> Vec<&mut View> {
        vec![&mut self.sums, &mut self.partial_sums]
    }

    fn uniforms(&self) -> Vec<(&'static str, Uniform)> {
        self.pass.uniforms()
    }

    fn overrides(&self) -> Vec<(&'static str, u32)> {
        let mut overrides = self.pass.overrides();
        let parts = self.partial_sums.len / self.sums.len;
        overrides.extend([("PARTS", parts as u32), ("PART_LEN", self.sums.len as u32)]);
        overrides
    }

    fn grid(&self) -> Grid {
        self.pass.grid()
    }
}
