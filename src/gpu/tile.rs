//! Into which tiles a matrix product is cut: by the kernel family and the shape alone, so the same
//! every time.

use super::family::{GemmFamily, Matrices};

/// What one workgroup computes of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows of results.
    pub rows: usize,
    /// Columns of results.
    pub columns: usize,
    /// Terms that lie in workgroup memory at once.
    depth: usize,
    /// Groups of 4 consecutive rows, and as many of columns, that a thread computes; cooperative
    /// matrices, where a subgroup computes.
    quads: usize,
    /// Invocations of a subgroup, where that matters.
    subgroup: usize,
    /// What a result costs, in percent of what it costs in the best tile: small tiles read every
    /// operand more often.
    cost: usize,
}

const fn tile(rows: usize, columns: usize, quads: usize, cost: usize) -> Tile {
    Tile {
        rows,
        columns,
        depth: 8,
        quads,
        subgroup: 1,
        cost,
    }
}

/// For real GPUs; the costs are estimates from the traffic between memories: (rows + columns) /
/// (rows columns) and what does not depend on it.
const TILED: [Tile; 5] = [
    tile(128, 128, 2, 100),
    tile(64, 64, 1, 130),
    tile(32, 32, 1, 200),
    tile(16, 128, 1, 220),
    tile(128, 16, 1, 220),
];
/// For software drivers, of which some take minutes and gigabytes to compile larger ones; the costs
/// as measured on llvmpipe.
const REGISTER: [Tile; 2] = [tile(16, 64, 1, 100), tile(16, 8, 1, 200)];
/// The rows are multiples of a subgroup's lanes.
const SUBGROUP: [Tile; 3] = [
    tile(40, 64, 1, 100),
    tile(8, 64, 1, 250),
    tile(40, 8, 1, 200),
];

/// Matrices along each side that one of 2 x 2 subgroups computes, with estimated costs as those of
/// [`TILED`].
const COOPERATIVE: [(usize, usize); 3] = [(4, 100), (2, 130), (1, 200)];

impl Tile {
    /// Every tile of a family.
    pub fn all(family: GemmFamily) -> Vec<Self> {
        match family {
            GemmFamily::Tiled => TILED.to_vec(),
            GemmFamily::Register => REGISTER.to_vec(),
            GemmFamily::Subgroup => SUBGROUP.to_vec(),
            GemmFamily::Cooperative(Matrices { side, subgroup }) => {
                let tile = |(quads, cost)| Self {
                    rows: 2 * quads * side,
                    columns: 2 * quads * side,
                    depth: side,
                    quads,
                    subgroup,
                    cost,
                };
                COOPERATIVE.map(tile).to_vec()
            }
        }
    }

    /// Rows that are used where groups of `rows_per_jet` rows must not be split.
    pub fn usable_rows(&self, rows_per_jet: usize) -> usize {
        self.rows / rows_per_jet * rows_per_jet
    }

    /// The tile that should finish `parts` products of [rows, columns] first, where groups of
    /// `rows_per_jet` rows must not be split.
    pub fn choose(
        family: GemmFamily,
        [rows, columns]: [usize; 2],
        parts: usize,
        rows_per_jet: usize,
    ) -> Self {
        // Workgroups that run at once, about: more of them than this take turns.
        let at_once = match family {
            GemmFamily::Tiled | GemmFamily::Cooperative(_) => 128,
            GemmFamily::Register | GemmFamily::Subgroup => 1,
        };
        let time = |tile: &Self| {
            let groups = rows.div_ceil(tile.usable_rows(rows_per_jet))
                * columns.div_ceil(tile.columns)
                * parts;
            groups.div_ceil(at_once) * tile.rows * tile.columns * tile.cost
        };
        let fits = |tile: &Self| tile.rows >= rows_per_jet;
        Self::all(family)
            .into_iter()
            .filter(fits)
            .min_by_key(time)
            .expect("every family has a tile for as many rows")
    }

    /// Names in the shared shaders with their values.
    pub(super) fn substitutions(&self) -> [(&'static str, usize); 8] {
        let (across, down) = (self.columns / 4 / self.quads, self.rows / 4 / self.quads);
        [
            ("$THREADS_ACROSS", across),
            ("$THREADS_DOWN", down),
            ("$ROWS", self.rows),
            ("$COLUMNS", self.columns),
            ("$DEPTH", self.depth),
            ("$QUADS", self.quads),
            ("$STRIPES", self.columns / 8),
            ("$SUBGROUP", self.subgroup),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_follow_the_shape() {
        let chosen = |shape, parts| {
            let tile = Tile::choose(GemmFamily::Tiled, shape, parts, 1);
            [tile.rows, tile.columns]
        };
        assert_eq!(chosen([8192, 8192], 1), [128, 128]);
        assert_eq!(chosen([64, 1 << 20], 1), [64, 64]);
        assert_eq!(
            chosen([300, 512], 1),
            [32, 32],
            "a small product keeps more of the GPU busy in small tiles"
        );
        assert_eq!(chosen([1, 1 << 20], 1), [16, 128]);
        assert_eq!(chosen([1 << 20, 2], 1), [128, 16]);
        assert!(
            TILED.iter().all(|tile| tile.rows % 16 == 0),
            "which passes are fused counts on it"
        );
        let jets = Tile::choose(GemmFamily::Tiled, [300, 512], 1, 3);
        assert_eq!(
            (jets.rows, jets.usable_rows(3)),
            (32, 30),
            "ten jets of three slots"
        );
    }
}
