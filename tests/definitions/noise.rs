//! Random numbers: from counters to bits, from bits to uniform and normal numbers.

use crate::glue::assert_close;
use crate::plain::random::{Words, normal_draw, philox, uniform_draw};
use nrae::cpu::CpuSession;
use nrae::engine::{Recording, ops::Noise};
use nrae::executor::Session;
use nrae::objective::Step;
use nrae::random::{Generator, Stream};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

/// What Random123 publishes in its `kat_vectors` for philox4x32 with 10 rounds: counter, key,
/// result.
const KNOWN: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
    (
        [0; 4],
        [0; 2],
        [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
    ),
    (
        [!0; 4],
        [!0; 2],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
    ),
    (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    ),
];

#[test]
fn philox_gives_the_published_answers() {
    for (counter, key, expected) in KNOWN {
        assert_eq!(philox(counter, key), expected);
        assert_eq!(nrae::random::philox(key, counter), expected);
    }
}

const SEED: u64 = 0x0123_4567_89ab_cdef;

/// Numbers of a step within the recording.
fn drawn(len: usize, uniform: bool, first: usize, steps: usize) -> Vec<f64> {
    let mut recording = Recording::default();
    let (state, output) = (recording.words("state", 5), recording.reals("noise", len));
    recording.push(
        "noise",
        Noise {
            state,
            output,
            len,
            seed: SEED,
            stream: Stream::Prior,
            uniform,
        },
    );
    recording.push("next", nrae::engine::ops::IncrementStep { state });
    let mut session = CpuSession::<f64>::new(&recording);
    session.write_u32(state, &Step::start(first)).unwrap();
    session.replay(steps);
    session.memory.reals(output).to_vec()
}

#[test]
fn draws_within_a_step_are_made_of_the_counters_words() {
    // The last two are beyond 32 bits, one of them by a carry within the block.
    let beyond = u32::MAX as usize;
    for (first, steps) in [
        (0, 1),
        (11, 1),
        (11, 3),
        (beyond - 1, 3),
        ((7 << 32) + 3, 1),
    ] {
        let (step, stream) = ((first + steps - 1) as u64, Stream::Prior as u32);
        // Neither a multiple of four nor of two.
        for len in [1, 2, 3, 4, 5, 41, 4099] {
            let expected: Vec<f64> = (0..len)
                .map(|i| uniform_draw(SEED, stream, step, i))
                .collect();
            assert_eq!(drawn(len, true, first, steps), expected);
            let expected: Vec<f64> = (0..len)
                .map(|i| normal_draw(SEED, stream, step, i))
                .collect();
            assert_close(
                &drawn(len, false, first, steps),
                &expected,
                1e-13,
                "normal numbers",
            );
        }
    }
}

#[test]
fn draws_have_the_moments_and_bounds_of_their_distributions() {
    let moment = |draws: &[f64], power: i32| {
        draws.iter().map(|x| x.powi(power)).sum::<f64>() / draws.len() as f64
    };
    let uniform = drawn(200_000, true, 0, 1);
    assert!(uniform.iter().all(|u| (0.0..1.0).contains(u)));
    for power in 1..=4 {
        assert!(
            (moment(&uniform, power) - 1.0 / f64::from(power + 1)).abs() < 3e-3,
            "moment {power}"
        );
    }
    let normal = drawn(200_000, false, 0, 1);
    for (power, expected, error) in [
        (1, 0.0, 0.01),
        (2, 1.0, 0.015),
        (3, 0.0, 0.04),
        (4, 3.0, 0.1),
    ] {
        assert!(
            (moment(&normal, power) - expected).abs() < error,
            "moment {power} is {}",
            moment(&normal, power)
        );
    }
    // Neighbouring numbers do not depend on each other, the sines and cosines of a pair included.
    for lag in 1..=4 {
        let product: f64 = normal
            .windows(lag + 1)
            .map(|pair| pair[0] * pair[lag])
            .sum::<f64>()
            / normal.len() as f64;
        assert!(product.abs() < 0.012, "lag {lag}: {product}");
    }
    let beyond =
        |limit: f64| normal.iter().filter(|x| **x > limit).count() as f64 / normal.len() as f64;
    for limit in [-1.0, 0.0, 1.0, 2.0] {
        let share = 1.0 - crate::plain::activation::normal_distribution(limit);
        assert!(
            (beyond(limit) - share).abs() < 4e-3,
            "{} beyond {limit}",
            beyond(limit)
        );
    }
}

#[test]
fn the_hosts_draws_are_made_of_the_same_words() {
    let (stream, step) = (Stream::Neighbour, (7 << 32) + 3);
    let (mut host, mut plain) = (
        Generator::new(SEED, stream, step),
        Words::new(SEED, stream as u32, step),
    );
    for i in 0..50 {
        assert_eq!(host.next_u32(), plain.word());
        assert_eq!(host.next_u64(), plain.next_u64());
        assert_eq!(host.random::<f64>(), plain.random::<f64>());
        let bound = [1, 2, 3, 7, 10, 1 << 31, (1 << 31) + 1, u32::MAX][i % 8];
        assert_eq!(host.random_range(0..bound), plain.random_range(0..bound));
        let [mut order, mut expected]: [Vec<usize>; 2] = [(0..i).collect(), (0..i).collect()];
        order.shuffle(&mut host);
        expected.shuffle(&mut plain);
        assert_eq!(order, expected);
    }
}
