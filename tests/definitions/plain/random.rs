//! Random numbers: Philox4x32-10 as in the paper of Salmon et al. (SC 2011), and what is made of
//! its bits.

use rand::TryRng;
use std::convert::Infallible;
use std::f64::consts::PI;

/// Ten rounds: in each, both multiplications, then the words exchanged; between rounds the key
/// grows by Weyl's constants.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut x0, mut x1, mut x2, mut x3], [mut k0, mut k1]) = (counter, key);
    for round in 0..10 {
        if round > 0 {
            k0 = k0.wrapping_add(0x9E37_79B9);
            k1 = k1.wrapping_add(0xBB67_AE85);
        }
        let first = 0xD251_1F53_u64 * x0 as u64;
        let second = 0xCD9E_8D57_u64 * x2 as u64;
        let (high0, low0) = ((first >> 32) as u32, first as u32);
        let (high1, low1) = ((second >> 32) as u32, second as u32);
        (x0, x1, x2, x3) = (high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0);
    }
    [x0, x1, x2, x3]
}

/// The i-th word of a stream in a step of a run: a counter of (i / 4, stream, step) under the seed
/// as key.
pub fn word(seed: u64, stream: u32, step: u64, i: usize) -> u32 {
    let counter = [(i / 4) as u32, stream, step as u32, (step >> 32) as u32];
    philox(counter, [seed as u32, (seed >> 32) as u32])[i % 4]
}

/// The upper 24 bits as a fraction of 1.
pub fn uniform(word: u32) -> f64 {
    f64::from(word >> 8) / 16_777_216.0
}

/// The i-th uniform number in [0, 1).
pub fn uniform_draw(seed: u64, stream: u32, step: u64, i: usize) -> f64 {
    uniform(word(seed, stream, step, i))
}

/// The i-th normal number, by Box and Muller: the even ones are the cosines, the odd ones the sines
/// of a pair.
pub fn normal_draw(seed: u64, stream: u32, step: u64, i: usize) -> f64 {
    let even = i / 2 * 2;
    let (u, v) = (
        uniform_draw(seed, stream, step, even),
        uniform_draw(seed, stream, step, even + 1),
    );
    let radius = (-2.0 * (1.0 - u).ln()).sqrt();
    if i.is_multiple_of(2) {
        radius * (2.0 * PI * v).cos()
    } else {
        radius * (2.0 * PI * v).sin()
    }
}

/// Words of a stream one after another, as the host draws them.
pub struct Words {
    seed: u64,
    stream: u32,
    step: u64,
    next: usize,
}

impl Words {
    pub fn new(seed: u64, stream: u32, step: u64) -> Self {
        Self {
            seed,
            stream,
            step,
            next: 0,
        }
    }

    pub fn word(&mut self) -> u32 {
        self.next += 1;
        word(self.seed, self.stream, self.step, self.next - 1)
    }
}

/// Ranges, shuffles and normals of the host are those of `rand` and `rand_distr` on these words.
impl TryRng for Words {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    /// The word that comes first is the lower one.
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let (low, high) = (self.word(), self.word());
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.word().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
