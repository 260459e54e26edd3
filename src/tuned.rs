//! Kernels that a device has chosen by timing them once, as data: a run keeps them, so that it goes
//! on with the same.

use serde::{Deserialize, Serialize};

/// The tiles of products that were timed on an adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tuned {
    /// Name of the adapter.
    pub adapter: String,
    /// Its driver with the version.
    pub driver: String,
    /// One entry for each kernel and shape.
    pub products: Vec<TunedProduct>,
}

/// A product, and the tile that computed it in the least time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunedProduct {
    /// Which product.
    #[serde(flatten)]
    pub product: Product,
    /// Family of kernels.
    pub family: String,
    /// Name of the tile.
    pub tile: String,
}

/// What decides how long a tile takes for a product.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Product {
    /// Name of the shader.
    pub kernel: String,
    /// Rows and columns of results, and terms of each.
    pub shape: [usize; 3],
    /// Results of this shape.
    pub parts: usize,
    /// Rows that stay in one tile.
    pub rows_per_jet: usize,
}

impl Tuned {
    /// Tells tables apart: eight hexadecimal digits.
    pub fn sum(&self) -> String {
        let mut sum = flate2::Crc::new();
        sum.update(&serde_json::to_vec(self).expect("plain data"));
        format!("{:08x}", sum.sum())
    }

    /// Takes over `others`, in the place of what is there of the same products.
    pub fn merge(&mut self, others: Vec<TunedProduct>) {
        self.products
            .retain(|own| others.iter().all(|other| other.product != own.product));
        self.products.extend(others);
    }
}

impl std::fmt::Display for Tuned {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(
            f,
            "tiles of {} products as timed by `nrae doctor --tune` (table {})",
            self.products.len(),
            self.sum()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_timed_again_takes_the_place_of_what_was() {
        let timed = |rows, tile: &str| TunedProduct {
            product: Product {
                kernel: "linear".into(),
                shape: [rows, 8, 8],
                parts: 1,
                rows_per_jet: 1,
            },
            family: "tiled".into(),
            tile: tile.into(),
        };
        let mut table = Tuned {
            products: vec![timed(1, "32x32"), timed(2, "32x32")],
            ..Tuned::default()
        };
        let before = table.sum();
        table.merge(vec![timed(1, "64x64"), timed(3, "16x16/16")]);
        let now = [timed(2, "32x32"), timed(1, "64x64"), timed(3, "16x16/16")];
        assert_eq!(table.products, now);
        assert_ne!(table.sum(), before);
    }
}
