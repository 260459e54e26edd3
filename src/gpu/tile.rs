//! Into which tiles a matrix product is cut: where nothing else is known (`tune.rs`), by the kernel
//! family and the shape alone, so the same every time.

use super::family::{GemmFamily, Matrices};
use crate::engine::Grid;

/// What one workgroup computes of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows of results.
    pub rows: usize,
    /// Columns of results.
    pub columns: usize,
    /// Terms that lie in workgroup memory at once, of each slice.
    depth: usize,
    /// Groups of 4 consecutive rows, and as many of columns, that a thread computes; cooperative
    /// matrices, where a subgroup computes.
    quads: usize,
    /// Slices of the terms, each summed by threads of its own (sliced-K).
    slices: usize,
    /// Whether operands lie in workgroup memory, rather than being read by each thread that needs
    /// them.
    pub(super) staged: bool,
    /// Whether it computes the nine products of minimal filtering, of which each is as large.
    pub(super) filtered: bool,
    /// Invocations of a subgroup, where that matters.
    subgroup: usize,
    /// Parts of the terms, each summed by workgroups of its own, which another dispatch adds up.
    pub(super) parts: usize,
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
        slices: 1,
        staged: true,
        filtered: false,
        subgroup: 1,
        parts: 1,
        cost,
    }
}

/// A tile whose terms are cut into `slices`, with `depth` of each at once.
const fn shared(rows: usize, columns: usize, [slices, depth]: [usize; 2], cost: usize) -> Tile {
    Tile {
        depth,
        slices,
        ..tile(rows, columns, 1, cost)
    }
}

/// A tile whose threads read their operands themselves, 4 terms at a time.
const fn direct(rows: usize, columns: usize, slices: usize, cost: usize) -> Tile {
    Tile {
        staged: false,
        ..shared(rows, columns, [slices, 4], cost)
    }
}

/// A tile of the nine products of minimal filtering, each by 4 x 4 threads; the cost is that of a result
/// of one of them.
const fn filtered(rows: usize, columns: usize, cost: usize) -> Tile {
    Tile {
        depth: 4,
        filtered: true,
        ..tile(rows, columns, 1, cost)
    }
}

/// For real GPUs: 256 threads and 16 KiB of workgroup memory at most. What a product of few tiles
/// needs is not more results a second but fewer steps, of which each waits for memory, and that is
/// what slices are for. The costs of large tiles are estimates from the traffic between memories:
/// (rows + columns) / (rows columns) and what does not depend on it.
const TILED: [Tile; 12] = [
    tile(128, 128, 2, 100),
    shared(64, 64, [1, 16], 135),
    tile(32, 32, 1, 200),
    tile(16, 128, 1, 220),
    tile(128, 16, 1, 220),
    shared(48, 32, [2, 8], 180),
    shared(32, 32, [4, 8], 200),
    shared(16, 32, [8, 4], 265),
    shared(16, 16, [16, 4], 330),
    direct(16, 4, 64, 800),
    direct(4, 16, 64, 800),
    direct(32, 32, 1, 400),
];
/// In the place of those where filtering has the form for it (`filtering.rs`). The costs are estimates
/// from what a step of 4 terms takes of a multiprocessor of an NVIDIA H100 (docs/optimizations.md).
const FILTERED: [Tile; 2] = [filtered(32, 32, 160), filtered(16, 32, 240)];
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
/// [`TILED`]. The fewer, the more terms a step has, so that its operands take the same memory.
const COOPERATIVE: [(usize, usize); 3] = [(4, 100), (2, 130), (1, 200)];

/// What a step takes at least, since it waits for memory, as a number of terms in the best tile
/// times [`Tile::cost`]: 0.4 us on an NVIDIA H100, one multiprocessor of which adds up 97 terms a
/// nanosecond in tiles of 128 x 128.
const WAIT: usize = 4_000_000;

/// Into how many parts terms are cut, where they are.
const PARTS: [usize; 4] = [4, 8, 16, 32];
/// A dispatch that waits for another, 2.3 us, in the unit of [`WAIT`].
const ADDING_UP: usize = 23_000_000;
/// Writing and reading a value, 8 bytes at 2.5 TB/s.
const PARTIAL_SUM: usize = 32;

/// Terms of each of about so many parts: whole steps of large tiles.
pub(super) fn stretch(terms: usize, parts: usize) -> usize {
    terms.div_ceil(parts).next_multiple_of(16)
}

impl Tile {
    /// Every tile of a family.
    pub fn all(family: GemmFamily) -> Vec<Self> {
        match family {
            GemmFamily::Tiled => TILED.to_vec(),
            GemmFamily::Register => REGISTER.to_vec(),
            GemmFamily::Subgroup => SUBGROUP.to_vec(),
            GemmFamily::Cooperative(Matrices {
                side,
                subgroup,
                split,
            }) => {
                // What is split takes twice the memory, of which the largest tile would need more
                // than there is.
                let parts = 1 + usize::from(split);
                let tile = |(quads, cost)| Self {
                    depth: COOPERATIVE[0].0 / quads / parts * side,
                    subgroup,
                    ..tile(2 * quads * side, 2 * quads * side, quads, cost)
                };
                let all = COOPERATIVE.into_iter().skip(usize::from(split));
                all.map(tile).collect()
            }
        }
    }

    /// Every tile of minimal filtering.
    pub fn filtered() -> Vec<Self> {
        FILTERED.to_vec()
    }

    /// Rows and columns, and slices and parts where there are several.
    pub fn name(&self) -> String {
        let kind = match (self.filtered, self.staged) {
            (true, _) => "filtered-",
            (false, true) => "",
            (false, false) => "direct-",
        };
        let slices = if self.slices > 1 {
            format!("/{}", self.slices)
        } else {
            String::new()
        };
        let parts = if self.parts > 1 {
            format!(" by {}", self.parts)
        } else {
            String::new()
        };
        format!("{kind}{}x{}{slices}{parts}", self.rows, self.columns)
    }

    /// Rows that are used where groups of `rows_per_jet` rows must not be split.
    pub fn usable_rows(&self, rows_per_jet: usize) -> usize {
        self.rows / rows_per_jet * rows_per_jet
    }

    /// Whether it can hold groups of so many rows: which passes are fused counts on multiples of
    /// 16 rows.
    pub(super) fn fits(&self, rows_per_jet: usize) -> bool {
        self.rows >= rows_per_jet && (rows_per_jet == 1 || self.rows.is_multiple_of(16))
    }

    /// The tile that should finish `parts` products of [rows, columns] first, each a sum of so many
    /// terms, where groups of `rows_per_jet` rows must not be split.
    pub fn choose(
        family: GemmFamily,
        [rows, columns, terms]: [usize; 3],
        parts: usize,
        rows_per_jet: usize,
    ) -> Self {
        let grid = Grid::Product {
            rows,
            columns,
            terms,
            parts,
            rows_per_jet,
        };
        Self::fastest(family, grid)
    }

    /// The tile that should finish a product first.
    pub(super) fn fastest(family: GemmFamily, grid: Grid) -> Self {
        let Grid::Product { rows_per_jet, .. } = grid else {
            panic!("only products have tiles");
        };
        Self::all(family)
            .into_iter()
            .filter(|tile| tile.fits(rows_per_jet))
            .min_by_key(|tile| tile.time(family, grid))
            .expect("every family has a tile for as many rows")
    }

    /// What a product takes, as a number of terms in the best tile times [`Tile::cost`]; of two that
    /// wait as long, what is computed counts.
    pub(super) fn time(&self, family: GemmFamily, grid: Grid) -> (usize, usize) {
        let Grid::Product {
            rows,
            columns,
            terms,
            parts,
            rows_per_jet,
        } = grid
        else {
            panic!("only products have tiles");
        };
        // Workgroups that run at once, about: more of them than this take turns.
        let (at_once, wait) = match family {
            GemmFamily::Tiled => (128, WAIT),
            GemmFamily::Cooperative(_) => (128, 0),
            GemmFamily::Register | GemmFamily::Subgroup => (1, 0),
        };
        let groups =
            rows.div_ceil(self.usable_rows(rows_per_jet)) * columns.div_ceil(self.columns) * parts;
        let step = self.depth * self.slices;
        let steps = terms.div_ceil(step);
        let products = if self.filtered { 9 } else { 1 };
        let results = products * self.rows * self.columns;
        // What workgroup memory holds has to be fetched one step ahead.
        let waits = steps + usize::from(self.staged);
        let computing = groups.div_ceil(at_once) * results * steps * step * self.cost;
        (
            computing.max(waits * wait),
            groups * results * steps * step * self.cost,
        )
    }

    /// The best tiles for a product whose terms are cut into more and more parts, each with its
    /// time, the adding up included. Few results of many terms are the work of few workgroups,
    /// unless several share the terms.
    pub(super) fn cut(
        family: GemmFamily,
        [rows, columns, terms]: [usize; 3],
    ) -> impl Iterator<Item = (Self, usize)> {
        let parts = PARTS
            .into_iter()
            .filter(move |_| family == GemmFamily::Tiled);
        parts.filter_map(move |parts| {
            let stretch = stretch(terms, parts);
            let parts = terms.div_ceil(stretch);
            let grid = Grid::Product {
                rows,
                columns,
                terms: stretch,
                parts,
                rows_per_jet: 1,
            };
            let tile = Self::fastest(family, grid);
            let (time, _) = tile.time(family, grid);
            let added_up = ADDING_UP + parts * rows * columns * PARTIAL_SUM;
            (parts > 1).then_some((Self { parts, ..tile }, time + added_up))
        })
    }

    /// [`Tile::fastest`] for a product whose terms may be cut, which has to save a third of the
    /// time: all of these times are estimates.
    pub(super) fn fastest_or_cut(family: GemmFamily, grid: Grid) -> Self {
        let Grid::Product {
            rows,
            columns,
            terms,
            ..
        } = grid
        else {
            panic!("only products have tiles");
        };
        let whole = Self::fastest(family, grid);
        let (time, _) = whole.time(family, grid);
        match Self::cut(family, [rows, columns, terms]).min_by_key(|(_, time)| *time) {
            Some((cut, of_cut)) if 3 * of_cut <= 2 * time => cut,
            _ => whole,
        }
    }

    /// Threads of a slice along columns and along rows.
    fn slice_threads(&self) -> [usize; 2] {
        [self.columns, self.rows].map(|side| side / 4 / self.quads)
    }

    /// Names in the shared shaders with their values.
    pub(super) fn substitutions(&self) -> [(&'static str, usize); 16] {
        let [across, down] = self.slice_threads();
        let pitches = [self.rows, self.columns].map(|side| (side / 4).next_power_of_two());
        let operands = 2 * self.depth * self.slices * pitches.iter().sum::<usize>();
        let sums = 4 * across * down * self.slices;
        let pairs = 9 * self.depth * ((self.rows + self.columns) / 2 + 8);
        let slots = match (self.staged, self.slices) {
            _ if self.filtered => pairs,
            (true, 1) => operands,
            (true, _) => operands.max(sums),
            (false, _) => sums,
        };
        [
            ("$THREADS_ACROSS", across),
            ("$THREADS_DOWN", down),
            ("$ROWS", self.rows),
            ("$COLUMNS", self.columns),
            ("$DEPTH", self.depth),
            ("$QUADS", self.quads),
            ("$SLICES", self.slices),
            ("$PITCH_A", pitches[0]),
            ("$PITCH_B", pitches[1]),
            ("$SLOTS", slots),
            // Of minimal filtering.
            ("$PAIRS_A", self.rows / 8),
            ("$PAIRS_B", self.columns / 8),
            ("$STRIPES", self.columns / 8),
            ("$SUBGROUP", self.subgroup),
            // Of cooperative matrices, and the turns in which 4 subgroups move a step's blocks.
            ("$SIDE", self.rows / 2 / self.quads),
            (
                "$TURNS",
                (self.rows * self.depth).div_ceil(64 * self.subgroup),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_follow_the_shape() {
        let chosen = |shape, parts| Tile::choose(GemmFamily::Tiled, shape, parts, 1).name();
        for (shape, parts, name, why) in [
            ([8192, 8192, 512], 1, "128x128", "large"),
            (
                [128, 19_200, 1024],
                1,
                "64x64",
                "a convolution of few channels",
            ),
            (
                [300, 512, 512],
                1,
                "48x32/2",
                "112 tiles at once, where 32 x 32 take two turns",
            ),
            ([200, 512, 512], 1, "32x32/4", "112 tiles at once"),
            ([100, 512, 512], 1, "16x32/8", "as many of half the size"),
            (
                [32, 512, 512],
                1,
                "16x16/16",
                "few results wait for each step",
            ),
            ([200, 128, 4096], 1, "16x16/16", "few results of many terms"),
            ([784, 512, 300], 1, "64x64", "104 tiles at once"),
            ([300, 2, 512], 1, "direct-16x4/64", "narrow"),
            ([2, 512, 300], 1, "direct-4x16/64", "flat"),
            ([300, 512, 2], 1, "direct-32x32", "few terms"),
        ] {
            assert_eq!(chosen(shape, parts), name, "{shape:?}: {why}");
        }
        let jets = Tile::choose(GemmFamily::Tiled, [300, 512, 512], 1, 3);
        assert_eq!(
            (jets.rows, jets.usable_rows(3)),
            (48, 48),
            "jets of three slots"
        );
        for rows in [3, 300, 20_000] {
            let tile = Tile::choose(GemmFamily::Tiled, [rows, 512, 512], 1, 3);
            assert_eq!(tile.rows % 16, 0, "which passes are fused counts on it");
        }
    }

    /// Threads move a pair of neighbours each, and memory holds the products of a pair of columns.
    #[test]
    fn tiles_of_filtering_stay_within_what_their_kernel_can_do() {
        for tile in FILTERED {
            let moving = (tile.rows + tile.columns) / 2 * tile.depth;
            assert!(moving <= 144, "{tile:?}");
            let slots = tile.substitutions();
            let (_, slots) = slots.iter().find(|(name, _)| *name == "$SLOTS").unwrap();
            assert!(9 * tile.rows / 4 * 16 <= *slots, "{tile:?}");
        }
    }

    /// Of what a slice moves in a step, a thread moves a block of 4 x 4 at most.
    #[test]
    fn tiles_stay_within_what_kernels_can_do() {
        for tile in TILED {
            let threads = tile.slice_threads().iter().product::<usize>();
            assert!(threads * tile.slices <= 256, "{tile:?}");
            let blocks = (tile.rows + tile.columns) / 4 * (tile.depth / 4);
            assert!(!tile.staged || blocks <= threads, "{tile:?}");
            assert!(tile.quads == 1 || tile.slices == 1, "{tile:?}");
        }
    }

    #[test]
    fn few_results_of_many_terms_are_cut() {
        let cut = |family, [rows, columns, terms]: [usize; 3]| {
            let grid = Grid::Product {
                rows,
                columns,
                terms,
                parts: 1,
                rows_per_jet: 1,
            };
            Tile::fastest_or_cut(family, grid)
        };
        for (shape, name, why) in [
            ([200, 128, 4096], "64x64 by 16", "128 workgroups"),
            ([200, 128, 3136], "64x64 by 16", "whole steps of 16 terms"),
            (
                [200, 512, 784],
                "32x32/4",
                "another dispatch costs what it gains",
            ),
            ([300, 512, 512], "48x32/2", "112 tiles at once"),
            ([2, 512, 300], "direct-4x16/64", "few terms"),
        ] {
            assert_eq!(
                cut(GemmFamily::Tiled, shape).name(),
                name,
                "{shape:?}: {why}"
            );
        }
        for family in [GemmFamily::Register, GemmFamily::Subgroup] {
            assert_eq!(cut(family, [200, 128, 4096]).parts, 1);
        }
    }
}
