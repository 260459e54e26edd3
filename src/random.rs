//! Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
//! 1, 2, 3", SC 2011).
//!
//! A draw is a pure function of (seed, stream, step, element), so it does not depend on threads, on
//! the order of draws, or on where a run was interrupted. The same in WGSL is
//! `shaders/shared/philox.wgsl`.

use rand::TryRng;
use rand::rand_core::block::{self, BlockRng};
use std::convert::Infallible;

/// Which kind of draw; two streams never share numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// Initial parameters.
    Initialise = 0,
    /// The order of samples in an epoch.
    Shuffle = 1,
    /// Which neighbour of a centre is drawn.
    Neighbour = 2,
    /// Held-out splits and subsets.
    Split = 3,
    /// Synthetic data sets.
    Synthetic = 4,
    /// Corruption of samples.
    Corruption = 5,
    /// Test inputs and self-tests.
    Test = 6,
    /// Codes of a variational autoencoder.
    Code = 7,
    /// Draws of the prior.
    Prior = 8,
    /// Cotangents that estimate a norm.
    Probe = 9,
    /// Points between codes.
    Mixing = 10,
    /// Directions of a decoder's derivatives.
    Direction = 11,
    /// Random search over settings.
    Search = 12,
    /// Subspaces and groups of the PHATE embedding.
    Embedding = 13,
    /// Centres of cells of samples.
    Cells = 14,
}

/// Four random words for one counter.
pub fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    let (mut k, mut c) = (key, counter);
    for _ in 0..10 {
        let p0 = u64::from(c[0]) * 0xD251_1F53;
        let p1 = u64::from(c[2]) * 0xCD9E_8D57;
        c = [
            (p1 >> 32) as u32 ^ c[1] ^ k[0],
            p1 as u32,
            (p0 >> 32) as u32 ^ c[3] ^ k[1],
            p0 as u32,
        ];
        k = [
            k[0].wrapping_add(0x9E37_79B9),
            k[1].wrapping_add(0xBB67_AE85),
        ];
    }
    c
}

/// A sequence of draws: the elements 0, 1, 2, ... of one (seed, stream, step), as a generator of the
/// crate `rand`, whose shuffles, ranges, samples and distributions are drawn from it.
///
/// A range or a sample of indices is drawn in 32 bits, whatever the width of `usize`, so a seed
/// gives the same draws everywhere.
///
/// ```
/// use nrae::random::{Generator, Stream};
/// use rand::{RngExt, seq::SliceRandom};
///
/// let mut generator = Generator::new(7, Stream::Test, 0);
/// assert!(generator.random_range(0..6) < 6);
/// let mut order = [0, 1, 2, 3];
/// order.shuffle(&mut generator);
/// ```
#[derive(Clone, Debug)]
pub struct Generator(BlockRng<Counter>);

/// The words of one (seed, stream, step), four for each element.
#[derive(Clone, Debug)]
struct Counter {
    key: [u32; 2],
    stream: Stream,
    step: u64,
    element: u32,
}

impl block::Generator for Counter {
    type Output = [u32; 4];

    fn generate(&mut self, words: &mut [u32; 4]) {
        let (low, high) = (self.step as u32, (self.step >> 32) as u32);
        *words = philox(self.key, [self.element, self.stream as u32, low, high]);
        self.element = self
            .element
            .checked_add(1)
            .expect("fewer than 2^34 words per step");
    }
}

impl Generator {
    /// The sequence of (`seed`, `stream`, `step`), from its start.
    pub fn new(seed: u64, stream: Stream, step: u64) -> Self {
        Self(BlockRng::new(Counter {
            key: [seed as u32, (seed >> 32) as u32],
            stream,
            step,
            element: 0,
        }))
    }
}

/// Never fails, which makes it a [`rand::Rng`].
impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64_from_u32())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::distr::weighted::WeightedIndex;
    use rand::seq::{SliceRandom, index};
    use rand::{Rng, RngExt};
    use rand_distr::StandardNormal;

    /// Stream, first word, uniform in 0..1, normal, in 0..1000, a shuffle, three of 0..1000.
    type FirstDraws = (Stream, u32, f64, f64, u32, [u8; 8], [usize; 3]);

    #[rustfmt::skip]
    const FIRST_DRAWS: [FirstDraws; 14] = [
        (Stream::Initialise, 0x97b3_56d9, 0.12378288865847975, -0.6710622768882422,
            592, [0, 2, 3, 4, 5, 6, 7, 1], [591, 123, 162]),
        (Stream::Shuffle, 0xfa43_867a, 0.19038275908157054, -0.9760613563382781,
            977, [3, 1, 6, 0, 4, 5, 7, 2], [975, 190, 250]),
        (Stream::Neighbour, 0xcd66_47e5, 0.5076867937581477, 0.011863096823032635,
            802, [5, 4, 2, 0, 6, 3, 7, 1], [800, 507, 48]),
        (Stream::Split, 0x3e82_5662, 0.9636940488694645, 1.6197280854028206,
            244, [3, 2, 0, 6, 1, 4, 7, 5], [243, 962, 487]),
        (Stream::Synthetic, 0x2091_f187, 0.9821211819367546, 1.4348991833849627,
            127, [4, 0, 1, 7, 6, 3, 2, 5], [126, 981, 106]),
        (Stream::Corruption, 0xb19c_3951, 0.6639456655117194, 0.6158390995521978,
            693, [3, 7, 0, 5, 4, 6, 1, 2], [692, 663, 772]),
        (Stream::Test, 0x2da1_0ba0, 0.4495196426702287, -0.133331847059511,
            178, [1, 3, 4, 7, 2, 6, 0, 5], [177, 449, 31]),
        (Stream::Code, 0xad1d_064a, 0.4988428809857517, -0.004481594674690004,
            676, [1, 4, 6, 2, 7, 3, 5, 0], [674, 498, 177]),
        (Stream::Prior, 0xc8d6_75d6, 0.34577392711875077, -0.28343611648217243,
            784, [6, 7, 2, 3, 0, 1, 5, 4], [782, 345, 56]),
        (Stream::Probe, 0xbbbb_2432, 0.11611109267299158, -1.6635404905925455,
            733, [6, 1, 3, 2, 4, 5, 0, 7], [731, 115, 60]),
        (Stream::Mixing, 0x1981_3999, 0.5523450495907171, 0.14317926586183674,
            99, [2, 4, 0, 5, 7, 3, 1, 6], [99, 551, 589]),
        (Stream::Direction, 0xf5ee_24a7, 0.8879157071841566, 0.9877770804131027,
            960, [1, 5, 0, 3, 6, 7, 2, 4], [958, 887, 11]),
        (Stream::Search, 0xe146_9e9c, 0.3342182188946715, -0.4467937936542065,
            879, [3, 7, 0, 5, 6, 2, 4, 1], [878, 333, 266]),
        (Stream::Embedding, 0xd90a_d092, 0.5745131526719363, 0.21079194006671906,
            847, [7, 4, 1, 5, 0, 2, 6, 3], [846, 573, 304]),
    ];

    /// Known answers published with the Random123 library.
    #[test]
    fn philox_known_answers() {
        assert_eq!(
            philox([0, 0], [0; 4]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([!0, !0], [!0; 4]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        let (key, counter) = (
            [0xa409_3822, 0x299f_31d0],
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        );
        assert_eq!(
            philox(key, counter),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// Every stream's first words and first draws of each kind that is in use, with seed 7 and step
    /// 3: what a run draws changes with any of them.
    #[test]
    fn the_first_draws_of_each_stream_are_what_they_were() {
        for (stream, word, unit, normal, below, order, sample) in FIRST_DRAWS {
            let start = || Generator::new(7, stream, 3);
            assert_eq!(start().next_u32(), word, "{stream:?}");
            assert_eq!(start().random::<f64>(), unit, "{stream:?}");
            assert_eq!(
                start().sample::<f64, _>(StandardNormal),
                normal,
                "{stream:?}"
            );
            assert_eq!(start().random_range(0..1000_u32), below, "{stream:?}");
            let mut items: [u8; 8] = std::array::from_fn(|i| i as u8);
            items.shuffle(&mut start());
            assert_eq!(items, order, "{stream:?}");
            let drawn = index::sample(&mut start(), 1000, 3);
            assert_eq!(drawn.into_vec(), sample, "{stream:?}");
        }
    }

    /// The other ways of `rand` to draw indices, which it chooses by their number.
    #[test]
    fn many_indices_are_what_they_were() {
        let start = || Generator::new(7, Stream::Test, 3);
        let first = |length, amount| {
            let drawn = index::sample(&mut start(), length, amount);
            [0, 1, amount - 1].map(|at| drawn.index(at))
        };
        assert_eq!(first(1000, 100), [178, 450, 765]);
        assert_eq!(first(100_000, 200), [17823, 44951, 93286]);
        let weighted = WeightedIndex::new((1..=1000).map(f64::from)).unwrap();
        assert_eq!(start().sample(weighted), 670);
        let mut items: Vec<u32> = (0..1000).collect();
        items.shuffle(&mut start());
        assert_eq!(items[..3], [798, 689, 676]);
    }

    #[test]
    fn words_are_those_of_counters_in_turn() {
        let step = 0x0123_4567_89ab_cdef;
        let mut generator = Generator::new(0xa409_3822_299f_31d0, Stream::Probe, step);
        for element in 0..3 {
            let counter = [element, Stream::Probe as u32, 0x89ab_cdef, 0x0123_4567];
            for word in philox([0x299f_31d0, 0xa409_3822], counter) {
                assert_eq!(generator.next_u32(), word);
            }
        }
        let mut bytes = [0; 10];
        let [mut words, mut doubles] = [(); 2].map(|()| Generator::new(1, Stream::Test, 0));
        let first: Vec<u32> = (0..4).map(|_| words.next_u32()).collect();
        let pair = u64::from(first[0]) | u64::from(first[1]) << 32;
        assert_eq!(doubles.next_u64(), pair, "the first word is the low half");
        Generator::new(1, Stream::Test, 0).fill_bytes(&mut bytes);
        assert_eq!(bytes[..8], pair.to_le_bytes());
        assert_eq!(bytes[8..], first[2].to_le_bytes()[..2]);
    }

    #[test]
    fn draws_depend_on_every_key() {
        let first = |seed, stream, step| Generator::new(seed, stream, step).next_u64();
        let one = first(1, Stream::Shuffle, 0);
        assert_eq!(one, first(1, Stream::Shuffle, 0));
        for other in [
            first(2, Stream::Shuffle, 0),
            first(1 << 32 | 1, Stream::Shuffle, 0),
            first(1, Stream::Split, 0),
            first(1, Stream::Shuffle, 1),
            first(1, Stream::Shuffle, 1 << 32),
        ] {
            assert_ne!(one, other);
        }
    }
}
