//! The passes that are measured singly, by family.

mod convolutions;
mod products;
mod streams;

use super::{Unit, Work};
use crate::engine::jets::Jets;
pub(super) use streams::plain_streams;

/// Passes that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// Name on the command line.
    pub name: &'static str,
    /// The unit of their rates.
    pub unit: Unit,
    works: fn() -> Vec<Work>,
}

impl Suite {
    /// The products of linear layers, alone and with activations.
    pub const GEMM: Self = Self {
        name: "gemm",
        unit: Unit::Operations,
        works: products::works,
    };
    /// The products of convolutions.
    pub const CONV: Self = Self {
        name: "conv",
        unit: Unit::Operations,
        works: convolutions::works,
    };
    /// What moves data: activations of jets, their way to the loss, and the optimiser.
    pub const JET: Self = Self {
        name: "jet",
        unit: Unit::Bytes,
        works: streams::works,
    };
    /// All of them.
    pub const ALL: [Self; 3] = [Self::GEMM, Self::CONV, Self::JET];

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

    #[test]
    fn every_work_is_one_pass_in_the_unit_of_its_family() {
        for family in Suite::ALL {
            for work in family.works() {
                assert!(
                    work.unit == family.unit && work.amount > 0,
                    "{}: {work:?}",
                    family.name
                );
            }
        }
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
