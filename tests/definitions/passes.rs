//! Small passes on their own, where whole steps would not see every index.

use crate::glue::{assert_close, numbers};
use crate::plain::term;
use nrae::cpu::CpuSession;
use nrae::engine::{Recording, ops::*};
use nrae::executor::Session;
use nrae::net::{Activation, Convolution, Layer, Network, Parameters};

#[test]
fn a_sum_goes_to_the_column_of_its_step() {
    for len in [1, 3, 17, 1000, 1024, 1025, 3000] {
        let (columns, column) = (3, 1);
        let mut r = Recording::default();
        let (input, state, output) = (
            r.reals("input", len),
            r.words("state", 5),
            r.reals("output", 4 * columns),
        );
        r.push(
            "sum",
            Sum {
                input,
                state,
                output,
                len,
                columns,
                column,
            },
        );
        r.push("next", IncrementStep { state });
        let mut session = CpuSession::<f64>::new(&r);
        let mut expected = vec![0.0; 4 * columns];
        for step in 0..4 {
            let values = numbers(step as u64, len);
            expected[step * columns + column] = values.iter().sum();
            session.memory.reals_mut(input).copy_from_slice(&values);
            session.replay(1);
        }
        assert_close(session.memory.reals(output), &expected, 1e-13, "sums");
    }
}

/// In the last batch of an epoch only the first `count` centres count: the codes and draws of the
/// padding rows do not move the bandwidth.
#[test]
fn a_median_is_that_of_the_centres_that_count() {
    for (batch, count) in [(2, 2), (5, 5), (7, 4), (9, 2), (40, 33)] {
        let mut r = Recording::default();
        let [distances, loss_weights, medians] =
            [3 * batch * batch, 2 * 2, 2].map(|len| r.reals("reals", len));
        let state = r.words("state", 5);
        let columns = 2;
        r.push(
            "median",
            Median {
                distances,
                loss_weights,
                state,
                medians,
                batch,
                columns,
            },
        );
        let mut session = CpuSession::<f64>::new(&r);
        session.write_u32(state, &[1, 0, 0, 0, 0]).unwrap();
        let step_weights = [batch as f64, 1.0, count as f64, 1.0];
        session
            .memory
            .reals_mut(loss_weights)
            .copy_from_slice(&step_weights);
        let values = numbers(batch as u64, 3 * batch * batch);
        session.memory.reals_mut(distances).copy_from_slice(&values);
        session.replay(1);
        let median = |kind: usize| {
            let mut pairs = Vec::new();
            for i in 0..count {
                for j in 0..i {
                    pairs.push(values[(kind * batch + i) * batch + j]);
                }
            }
            pairs.sort_by(f64::total_cmp);
            pairs[(pairs.len() - 1) / 2]
        };
        assert_eq!(
            session.memory.reals(medians),
            [median(0), median(1)],
            "{count} of {batch}"
        );
    }
}

/// Block after block of columns, the nearest so far are kept: afterwards they are the nearest of
/// all, without the sample itself, ties by index.
#[test]
fn the_nearest_of_all_blocks_are_the_nearest() {
    let (samples, features, count) = (11, 2, 3);
    for (rows, columns) in [(11, 11), (4, 3), (5, 4), (1, 1), (3, 8)] {
        let mut r = Recording::default();
        let (points, squares) = (
            r.reals("points", samples * features),
            r.reals("squares", samples),
        );
        let (state, distances) = (r.words("state", 5), r.reals("distances", rows * columns));
        let nearest = r.reals("nearest", samples * count);
        let neighbours = r.words("neighbours", samples * count);
        r.push(
            "distances",
            BlockDistances {
                points,
                squares,
                state,
                distances,
                samples,
                features,
                rows,
                columns,
            },
        );
        r.push(
            "nearest",
            Nearest {
                distances,
                state,
                nearest,
                neighbours,
                samples,
                rows,
                columns,
                count,
            },
        );
        r.push("next", IncrementStep { state });
        let mut session = CpuSession::<f64>::new(&r);
        // Halves, so that some distances are equal.
        let values: Vec<f64> = numbers(3, samples * features)
            .iter()
            .map(|x| (4.0 * x).round() / 2.0)
            .collect();
        let square =
            |i: usize| values[2 * i] * values[2 * i] + values[2 * i + 1] * values[2 * i + 1];
        session.memory.reals_mut(points).copy_from_slice(&values);
        let all: Vec<f64> = (0..samples).map(square).collect();
        session.memory.reals_mut(squares).copy_from_slice(&all);
        session.replay(samples.div_ceil(rows) * samples.div_ceil(columns));
        for i in 0..samples {
            let distance = |j: usize| {
                square(j)
                    - 2.0 * (values[2 * i] * values[2 * j] + values[2 * i + 1] * values[2 * j + 1])
            };
            let mut others: Vec<usize> = (0..samples).filter(|j| *j != i).collect();
            others.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)).then(a.cmp(b)));
            let found = &session.memory.words(neighbours)[i * count..][..count];
            let expected: Vec<u32> = others[..count].iter().map(|j| *j as u32).collect();
            assert_eq!(
                found, expected,
                "sample {i} in blocks of {rows} x {columns}"
            );
        }
    }
}

#[test]
fn partial_sums_are_added_element_by_element() {
    for (parts, len) in [(1, 64), (2, 64), (3, 4160), (65, 64), (130, 128)] {
        let mut r = Recording::default();
        let (input, output) = (r.reals("input", parts * len), r.reals("output", len));
        r.push(
            "sum",
            SumPartials {
                input,
                output,
                parts,
                len,
            },
        );
        let mut session = CpuSession::<f64>::new(&r);
        let values = numbers(7, parts * len);
        session.memory.reals_mut(input).copy_from_slice(&values);
        session.replay(1);
        let expected: Vec<f64> = (0..len)
            .map(|i| (0..parts).map(|part| values[part * len + i]).sum())
            .collect();
        assert_close(session.memory.reals(output), &expected, 1e-14, "sums");
    }
}

#[test]
fn rows_are_put_together_and_slots_taken_out() {
    let [batch, head_rows, head_group, tail_rows, features] = [3, 2, 4, 3, 5];
    let mut r = Recording::default();
    let (head, tail) = (
        r.reals("head", batch * head_group * features),
        r.reals("tail", batch * tail_rows * features),
    );
    let slots = head_rows + tail_rows;
    let output = r.reals("output", batch * slots * features);
    r.push(
        "concat",
        Concat {
            head,
            tail,
            output,
            batch,
            head_rows,
            head_group,
            tail_rows,
            features,
        },
    );
    let picked: Vec<_> = (0..slots)
        .map(|_| r.reals("slot", batch * features))
        .collect();
    for (slot, to) in picked.iter().enumerate() {
        r.push(
            "slot",
            SelectSlot {
                jets: output,
                output: *to,
                batch,
                slots,
                slot,
                features,
            },
        );
    }
    let mut session = CpuSession::<f64>::new(&r);
    let (heads, tails) = (
        numbers(1, batch * head_group * features),
        numbers(2, batch * tail_rows * features),
    );
    session.memory.reals_mut(head).copy_from_slice(&heads);
    session.memory.reals_mut(tail).copy_from_slice(&tails);
    session.replay(1);
    for b in 0..batch {
        for slot in 0..slots {
            for i in 0..features {
                let expected = if slot < head_rows {
                    heads[(b * head_group + slot) * features + i]
                } else {
                    tails[(b * tail_rows + slot - head_rows) * features + i]
                };
                assert_eq!(
                    session.memory.reals(output)[(b * slots + slot) * features + i],
                    expected
                );
                assert_eq!(
                    session.memory.reals(picked[slot])[b * features + i],
                    expected
                );
            }
        }
    }
}

/// A mask drops the same pixels of all channels and leaves the others as they are; noise moves
/// every value.
#[test]
fn corruption_drops_pixels_or_adds_noise() {
    let (rows, channels, pixels, amount) = (40, 3, 25, 0.25);
    let features = channels * pixels;
    for mask in [false, true] {
        let mut r = Recording::default();
        let (input, output) = (
            r.reals("input", rows * features),
            r.reals("output", rows * features),
        );
        let width = if mask { pixels } else { features };
        let noise = r.reals("noise", rows * width);
        let state = r.words("state", 5);
        let (stream, seed) = (nrae::random::Stream::Corruption, 3);
        r.push(
            "noise",
            Noise {
                state,
                output: noise,
                len: rows * width,
                seed,
                stream,
                uniform: mask,
            },
        );
        r.push(
            "corrupt",
            Corrupt {
                input,
                noise,
                output,
                rows,
                features,
                pixels: width,
                amount: amount as f32,
                mask,
            },
        );
        let mut session = CpuSession::<f64>::new(&r);
        // None is 0 before.
        let clean: Vec<f64> = numbers(4, rows * features)
            .iter()
            .map(|x| x + 2.0)
            .collect();
        session.memory.reals_mut(input).copy_from_slice(&clean);
        session.replay(1);
        let (seen, noise) = (session.memory.reals(output), session.memory.reals(noise));
        for row in 0..rows {
            let (x, noise) = (
                &clean[row * features..][..features],
                &noise[row * width..][..width],
            );
            let expected = if mask {
                term::masked(x, channels, amount, noise)
            } else {
                term::with_noise(x, amount, noise)
            };
            assert_close(
                &seen[row * features..][..features],
                &expected,
                1e-14,
                "corrupted",
            );
        }
        if mask {
            let dropped =
                seen.iter().filter(|value| **value == 0.0).count() as f64 / seen.len() as f64;
            assert!(
                (dropped - amount).abs() < 0.05,
                "{dropped} of all values are dropped"
            );
            assert!(
                seen.iter()
                    .zip(&clean)
                    .all(|(seen, clean)| *seen == 0.0 || seen == clean)
            );
        } else {
            let squares = seen
                .iter()
                .zip(&clean)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
                / seen.len() as f64;
            assert!(
                (squares.sqrt() - amount).abs() < 0.01,
                "the noise has the deviation {}",
                squares.sqrt()
            );
        }
    }
}

/// Layers start as PyTorch's do: uniform within 1 / sqrt(inputs of an output), norms as 1 and 0. Of
/// a transposed convolution PyTorch counts the output channels.
#[test]
fn parameters_start_as_in_pytorch() {
    let conv = |inputs, outputs| Convolution {
        inputs,
        outputs,
        kernel: 3.into(),
        stride: 1,
        padding: 1.into(),
        output_padding: 0.into(),
    };
    let network = Network {
        shape: vec![2, 6, 6],
        encoder: vec![
            Layer::Conv(conv(2, 8)),
            Layer::GroupNorm {
                groups: 2,
                channels: 8,
            },
            Layer::ConvTranspose(conv(8, 16)),
            Layer::Activation {
                function: Activation::Tanh,
            },
            Layer::Linear {
                inputs: 576,
                outputs: 4,
            },
        ],
        decoder: vec![
            Layer::Linear {
                inputs: 4,
                outputs: 72,
            },
            Layer::Unflatten { shape: [2, 6, 6] },
        ],
        variational: false,
    };
    network.check().unwrap();
    let layout = Parameters::of(&network);
    let all = layout.initialise(5);
    let mut first_draws: Vec<f64> = Vec::new();
    for (name, fan_in) in [
        ("encoder.0", 2 * 9),
        ("encoder.2", 16 * 9),
        ("encoder.4", 576),
        ("decoder.0", 4),
    ] {
        let bound = 1.0 / f64::from(fan_in).sqrt();
        for part in ["weight", "bias"] {
            let entry = layout
                .entries
                .iter()
                .find(|entry| entry.name == format!("{name}.{part}"))
                .unwrap();
            let values: Vec<f64> = all[entry.offset..][..entry.len()]
                .iter()
                .map(|value| f64::from(*value))
                .collect();
            let largest = values
                .iter()
                .fold(0.0_f64, |largest, value| largest.max(value.abs()));
            assert!(
                largest <= bound * (1.0 + 1e-6),
                "{name}.{part} reaches {largest} beyond {bound}"
            );
            let first = values[0] / bound;
            assert!(
                first_draws.iter().all(|other| (first - other).abs() > 1e-5),
                "{name}.{part} starts from the numbers of another tensor"
            );
            first_draws.push(first);
            if values.len() >= 64 {
                let square =
                    values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
                assert!(
                    largest > 0.9 * bound,
                    "{name}.{part} only reaches {largest} of {bound}"
                );
                let error = 3.0 / (values.len() as f64).sqrt();
                assert!(
                    (3.0 * square / (bound * bound) - 1.0).abs() < error,
                    "{name}.{part} has the variance {square}"
                );
            }
        }
    }
    for (part, value) in [("weight", 1.0), ("bias", 0.0)] {
        let entry = layout
            .entries
            .iter()
            .find(|entry| entry.name == format!("encoder.1.{part}"))
            .unwrap();
        assert_eq!(all[entry.offset..][..entry.len()], [value; 8]);
    }
}
