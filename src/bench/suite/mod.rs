//! The passes that are measured singly, by family.

mod convolutions;
mod products;
mod steps;
mod streams;

use super::Work;
use crate::engine::jets::Jets;
pub(super) use streams::plain_streams;

/// Passes that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// Name on the command line.
    pub name: &'static str,
    works: fn() -> Vec<Work>,
}

impl Suite {
    /// The products of linear layers, alone and with activations.
    pub const GEMM: Self = Self {
        name: "gemm",
        works: products::works,
    };
    /// The products of convolutions.
    pub const CONV: Self = Self {
        name: "conv",
        works: convolutions::works,
    };
    /// What moves data: activations of jets, their way to the loss, and the optimiser.
    pub const JET: Self = Self {
        name: "jet",
        works: streams::works,
    };
    /// Everything else that a step or the search for neighbours consists of.
    pub const REST: Self = Self {
        name: "rest",
        works: steps::works,
    };
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GEMM, Self::CONV, Self::JET, Self::REST];

    /// Every pass of the family in every shape.
    pub fn works(&self) -> Vec<Work> {
        (self.works)()
    }
}

/// Jets enough that they do not fit into caches.
const BATCH: usize = 16_384;
/// Directions of each.
const DIRECTIONS: usize = 1;
/// Features of each slot.
const WIDTH: usize = 512;

/// Products of two square matrices.
pub(super) fn square_products(side: usize) -> Vec<Work> {
    products::of_shape([side; 3])
}

/// Jets whose passes stream.
fn jets(order: usize) -> Jets {
    Jets {
        batch: BATCH,
        directions: DIRECTIONS,
        order,
        features: WIDTH,
    }
}

#[cfg(test)]
mod tests {
    use super::products::linear;
    use super::streams::{PARAMETERS, adam};
    use super::*;
    use crate::gpu::{shader, shaders_of};
    use std::collections::BTreeSet;

    /// No shader without a row, and no row without something to do.
    #[test]
    fn every_shader_has_a_benchmark() {
        let works: Vec<Work> = Suite::ALL.iter().flat_map(Suite::works).collect();
        assert!(works.iter().all(|work| work.amount > 0));
        let measured: BTreeSet<&str> = works
            .iter()
            .flat_map(|work| {
                shaders_of(work.recording())
                    .into_iter()
                    .map(|(name, _)| name)
            })
            .collect();
        let missing: Vec<&str> = shader::names()
            .filter(|name| !measured.contains(name))
            .collect();
        assert!(missing.is_empty(), "no benchmark has {missing:?}");
    }

    #[test]
    fn operations_and_bytes_are_counted() {
        assert_eq!(linear([2, 3, 5]).amount, 2 * 2 * 3 * 5);
        assert!(
            plain_streams()[..2]
                .iter()
                .all(|copy| copy.amount == 2 * (128 << 20))
        );
        // Four arrays read, three of them written.
        assert!(adam().amount.abs_diff(7 * 4 * PARAMETERS as u64) < 100);
    }
}
