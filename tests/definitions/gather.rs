//! Samples by index, from bytes and floats, from a data set that lies on the device and from the
//! rows of a block.

use crate::case::Case;
use crate::glue::{assert_close, numbers};
use nrae::cpu::CpuSession;
use nrae::engine::{Recording, ops::Gather};
use nrae::executor::Session;
use nrae::net::{Activation, Network};
use nrae::objective::{Data, Sampling, Variants, gradient_step};

/// Samples of an odd size, so that bytes begin anywhere in a word.
const FEATURES: usize = 5;
const SAMPLES: usize = 7;
const ROWS: usize = 4;

#[test]
fn rows_are_samples_less_a_shift_over_a_scale() {
    let raw: Vec<f64> = (0..SAMPLES * FEATURES)
        .map(|i| ((i * 37 + 11) % 256) as f64)
        .collect();
    // What f32 holds exactly.
    let (shift, scale) = (-3.25, 12.5);
    let indices: Vec<u32> = (0..3 * ROWS as u32)
        .map(|i| (i * 5 + 2) % SAMPLES as u32)
        .collect();
    for bytes in [false, true] {
        let mut r = Recording::default();
        let words: Vec<u32> = if bytes {
            // Four to a word, the lowest first.
            raw.chunks(4)
                .map(|four| {
                    four.iter()
                        .enumerate()
                        .map(|(i, byte)| (*byte as u32) << (8 * i))
                        .sum()
                })
                .collect()
        } else {
            raw.iter().map(|value| (*value as f32).to_bits()).collect()
        };
        let (data, at, state) = (
            r.words("data", words.len()),
            r.words("indices", indices.len()),
            r.words("state", 5),
        );
        let output = r.reals("output", ROWS * FEATURES);
        let pass = Gather {
            data,
            indices: at,
            state,
            output,
            rows: ROWS,
            features: FEATURES,
            bytes,
            shift: shift as f32,
            scale: scale as f32,
        };
        r.push("gather", pass);
        r.push("next", nrae::engine::ops::IncrementStep { state });
        let mut session = CpuSession::<f64>::new(&r);
        session.write_u32(data, &words).unwrap();
        session.write_u32(at, &indices).unwrap();
        for step in 0..3 {
            session.replay(1);
            let expected: Vec<f64> = (0..ROWS * FEATURES)
                .map(|i| {
                    let sample = indices[step * ROWS + i / FEATURES] as usize;
                    (raw[sample * FEATURES + i % FEATURES] - shift) / scale
                })
                .collect();
            assert_close(
                session.memory.reals(output),
                &expected,
                1e-14,
                &format!("bytes {bytes}, step {step}"),
            );
        }
    }
}

/// A step on bytes, and on streamed rows in an order of their own, is one on the scaled samples
/// that the indices name: the embedding and the coefficients still go by the samples' indices.
#[test]
fn steps_on_bytes_and_on_streamed_rows_are_those_on_the_samples() {
    let sampling = Sampling {
        neighbours: 1,
        centre: true,
    };
    let variants = Variants {
        k: 2,
        ..Variants::default()
    };
    for method in ["nrae-q", "nr-grae-l", "nr-spae-q"] {
        for (bytes, streamed) in [(true, false), (false, true), (true, true)] {
            let network =
                Network::mlp(&[FEATURES], &[6], 2, Activation::Tanh, Activation::Linear).unwrap();
            let mut case = Case::new(method, network, sampling, variants, 2, 70);
            let n = case.samples.len();
            let raw: Vec<u8> = numbers(71, n * FEATURES)
                .iter()
                .map(|x| (128.0 + 127.0 * x) as u8)
                .collect();
            let (shift, scale) = (16.0, 64.0);
            let scaled = |byte: &u8| (f64::from(*byte) - shift) / scale;
            case.samples = raw
                .chunks(FEATURES)
                .map(|row| row.iter().map(scaled).collect())
                .collect();
            let (shift, scale) = (shift as f32, scale as f32);
            let data = Data {
                samples: n,
                bytes,
                streamed,
                shift: if bytes { shift } else { 0.0 },
                scale: if bytes { scale } else { 1.0 },
            };
            let step = gradient_step(
                &case.network,
                &case.objective,
                data,
                case.step.batch,
                2,
                case.seed,
            );
            let mut session = CpuSession::<f64>::new(&step.recording);
            case.write(&mut session, &step);
            session
                .memory
                .reals_mut(step.parameters)
                .copy_from_slice(&case.arena);
            // Rows of the block lie on the device back to front.
            let indices = session.memory.words(step.indices).to_vec();
            let stored: Vec<usize> = if streamed {
                let rows = step.rows.unwrap();
                let places: Vec<u32> = (0..rows.len as u32).rev().collect();
                session.write_u32(rows, &places).unwrap();
                indices.iter().rev().map(|index| *index as usize).collect()
            } else {
                (0..n).collect()
            };
            let words: Vec<u32> = if bytes {
                let all: Vec<u8> = stored
                    .iter()
                    .flat_map(|i| raw[i * FEATURES..][..FEATURES].to_vec())
                    .collect();
                all.chunks(4)
                    .map(|four| {
                        four.iter()
                            .enumerate()
                            .map(|(i, byte)| u32::from(*byte) << (8 * i))
                            .sum()
                    })
                    .collect()
            } else {
                stored
                    .iter()
                    .flat_map(|i| {
                        case.samples[*i]
                            .iter()
                            .map(|value| (*value as f32).to_bits())
                    })
                    .collect()
            };
            assert_eq!(words.len(), step.data.len);
            session.write_u32(step.data, &words).unwrap();
            session.replay(2);
            case.step = step;
            case.check_losses(&session, 1e-8);
            case.check_gradient(&session, 9, 1e-6);
        }
    }
}
