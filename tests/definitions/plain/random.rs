//! Random numbers: Philox4x32-10 as in the paper of Salmon et al. (SC 2011), and what is made of
//! its bits.

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
    if i % 2 == 0 {
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

    /// Two words give one number: the cosine of Box and Muller's pair.
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (uniform(self.word()), uniform(self.word()));
        (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * PI * v).cos()
    }

    /// A whole number below `bound`: the upper half of word * bound, unless the lower half is among
    /// the 2^32 mod bound values that would come too often (Lemire 2019).
    pub fn below(&mut self, bound: u32) -> u32 {
        let surplus = ((1_u64 << 32) % u64::from(bound)) as u32;
        loop {
            let product = u64::from(self.word()) * u64::from(bound);
            if product as u32 >= surplus {
                return (product >> 32) as u32;
            }
        }
    }

    /// 0..n in random order (Fisher and Yates): from the last place down, each exchanged with one
    /// at or before it.
    pub fn order(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for last in (1..n).rev() {
            let other = self.below(last as u32 + 1) as usize;
            order.swap(last, other);
        }
        order
    }
}
