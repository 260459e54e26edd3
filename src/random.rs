//! Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
//! 1, 2, 3", SC 2011).
//!
//! A draw is a pure function of (seed, stream, step, element), so it does not depend on threads, on
//! the order of draws, or on where a run was interrupted. The same in WGSL is
//! `shaders/shared/philox.wgsl`.

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

/// A sequence of draws: the elements 0, 1, 2, ... of one (seed, stream, step).
#[derive(Clone, Debug)]
pub struct Generator {
    key: [u32; 2],
    stream: Stream,
    step: u64,
    element: u32,
    words: [u32; 4],
    used: usize,
}

impl Generator {
    /// The sequence of (`seed`, `stream`, `step`), from its start.
    pub fn new(seed: u64, stream: Stream, step: u64) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            stream,
            step,
            element: 0,
            words: [0; 4],
            used: 4,
        }
    }

    /// The next 32 random bits.
    pub fn bits(&mut self) -> u32 {
        if self.used == 4 {
            let counter = [
                self.element,
                self.stream as u32,
                self.step as u32,
                (self.step >> 32) as u32,
            ];
            self.words = philox(self.key, counter);
            self.element = self
                .element
                .checked_add(1)
                .expect("fewer than 2^34 draws per step");
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// Uniform in [0, 1), a multiple of 2^-24 so that f32 holds it exactly.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.bits() >> 8) / f64::from(1 << 24)
    }

    /// Standard normal, by Box and Muller's transform of two uniforms.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Uniform in 0..`bound`, without bias (Lemire's rejection). `bound` must not be 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.bits()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn normal_has_mean_zero_and_variance_one() {
        let mut generator = Generator::new(7, Stream::Test, 0);
        let draws: Vec<f64> = (0..100_000).map(|_| generator.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02,
            "mean {mean}, variance {variance}"
        );
    }

    #[test]
    fn below_reaches_every_value_and_no_other() {
        let mut generator = Generator::new(7, Stream::Test, 1);
        let mut counts = [0; 7];
        (0..7000).for_each(|_| counts[generator.below(7) as usize] += 1);
        assert!(
            counts.iter().all(|&c| (850..1150).contains(&c)),
            "{counts:?}"
        );
    }

    #[test]
    fn shuffle_is_a_permutation_and_depends_on_every_key() {
        let order = |seed, stream, step| {
            let mut items: Vec<u32> = (0..100).collect();
            Generator::new(seed, stream, step).shuffle(&mut items);
            items
        };
        let first = order(1, Stream::Shuffle, 0);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, order(1, Stream::Shuffle, 0));
        for other in [
            order(2, Stream::Shuffle, 0),
            order(1, Stream::Split, 0),
            order(1, Stream::Shuffle, 1),
        ] {
            assert_ne!(first, other);
        }
    }
}
