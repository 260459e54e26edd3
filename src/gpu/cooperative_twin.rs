//! What `shaders/shared/product_cooperative.wgsl` computes, number by number: few machines have
//! cooperative matrices to run it on.

use crate::random::{Generator, Stream};
use crate::tolerance::Tolerance;
use rand::RngExt;

/// Exponents as the shader has them.
const TOP: u32 = 14;
const LEAST: u32 = 16;
const MOST: u32 = 252;

fn power(exponent: u32) -> f32 {
    f32::from_bits(exponent << 23)
}

fn change(before: u32, now: u32) -> f32 {
    if now - before > 126 {
        0.0
    } else {
        power(127 + before - now)
    }
}

/// `value` rounded to f16, ties to even.
fn to_f16(value: f32) -> f32 {
    if !value.is_finite() || value.abs() >= 65_520.0 {
        return value * f32::INFINITY;
    }
    // Numbers below 2^-14 have the unit of those above.
    let exponent = (value.abs().to_bits() >> 23).max(127 - 14);
    let unit = power(exponent - 10);
    (value / unit).round_ties_even() * unit
}

/// An operand of a product as f16, and what that leaves of it as another where it is split.
fn operand(value: f32, factor: f32, split: bool) -> [f32; 2] {
    let scaled = value * factor;
    let near = if split {
        f32::from_bits(scaled.to_bits() & 0xffff_e000)
    } else {
        scaled
    };
    [
        to_f16(near),
        if split { to_f16(scaled - near) } else { 0.0 },
    ]
}

/// One result, where its row and column are all that the tile has: steps of `depth` terms.
fn product(a: &[f32], b: &[f32], depth: usize, split: bool) -> f32 {
    let mut units = [LEAST; 2];
    let mut sum = 0.0_f32;
    for (a, b) in a.chunks(depth).zip(b.chunks(depth)) {
        let exponent =
            |values: &[f32]| values.iter().map(|value| value.abs().to_bits() >> 23).max();
        let raised = [(a, units[0]), (b, units[1])]
            .map(|(values, unit)| unit.max(exponent(values).unwrap().min(MOST)));
        sum *= change(units[0], raised[0]) * change(units[1], raised[1]);
        units = raised;
        let factors = units.map(|unit| power(254 + TOP - unit));
        for (a, b) in a.iter().zip(b) {
            let [a, low_a] = operand(*a, factors[0], split);
            let [b, low_b] = operand(*b, factors[1], split);
            // Products of two f16 are exact in f32.
            sum += low_a * b;
            sum += a * low_b;
            sum += a * b;
        }
    }
    sum * power(units[0] - TOP) * power(units[1] - TOP)
}

/// Operands of `terms` whose sizes are `size` of their positions.
fn drawn(terms: usize, seed: u64, size: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut generator = Generator::new(seed, Stream::Test, 0);
    (0..terms)
        .map(|i| generator.random_range(-1.0..1.0_f32) * size(i as f32 / terms as f32))
        .collect()
}

/// The worst errors over several products of f16, f16x3 and f32, relative to the size of what they
/// add up, the root of the sum of squares.
fn errors(terms: usize, size: impl Fn(f32) -> f32 + Copy) -> [f64; 3] {
    let mut worst = [0.0_f64; 3];
    for seed in 0..50 {
        let (a, b) = (
            drawn(terms, 2 * seed, size),
            drawn(terms, 2 * seed + 1, |at| 1.0 / size(at)),
        );
        let terms = || a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        let want: f64 = terms().sum();
        let scale = terms().map(|term| term * term).sum::<f64>().sqrt();
        let in_f32 = a
            .iter()
            .zip(&b)
            .fold(0.0_f32, |sum, (a, b)| a.mul_add(*b, sum));
        let got = [
            product(&a, &b, 32, false),
            product(&a, &b, 32, true),
            in_f32,
        ];
        for (worst, got) in worst.iter_mut().zip(got) {
            *worst = worst.max((f64::from(got) - want).abs() / scale);
        }
    }
    worst
}

#[test]
fn numbers_are_rounded_as_f16_has_them() {
    for (value, rounded) in [
        (1.0, 1.0),
        (1.0 + 1.0 / 2048.0, 1.0),
        (1.0 + 3.0 / 2048.0, 1.0 + 2.0 / 1024.0),
        (-65_504.0, -65_504.0),
        (65_520.0, f32::INFINITY),
        (power(127 - 24), power(127 - 24)),
        (power(127 - 25), 0.0),
        (1.5 * power(127 - 24), power(127 - 23)),
        (0.0, 0.0),
    ] {
        assert_eq!(to_f16(value), rounded, "{value}");
    }
    assert!(to_f16(f32::NAN).is_nan());
}

#[test]
fn split_operands_are_nearly_as_good_as_f32() {
    for terms in [8, 100, 512, 4096] {
        let [half, split, single] = errors(terms, |_| 1.0);
        assert!(
            half < 1e-3 && half > 20.0 * split,
            "{terms}: {half} {split}"
        );
        assert!(split < 4.0 * single + 3e-7, "{terms}: {split} {single}");
    }
}

#[test]
fn sizes_of_operands_do_not_matter() {
    // Gradients of 1e-12, and activations of 1e12.
    for size in [|_: f32| 1e-12, |_: f32| 1e12] {
        let [half, split, _] = errors(300, size);
        assert!(half < 1e-3 && split < 2e-6, "{half} {split}");
    }
    // Sizes that rise along the terms, by 2^8 in all, so that units rise with them.
    let [half, split, _] = errors(300, |at| (8.0 * at).exp2());
    assert!(half < 1e-3 && split < 2e-6, "{half} {split}");
}

#[test]
fn what_is_no_number_stays_none() {
    let (mut a, b) = (vec![1.0; 64], vec![2.0; 64]);
    assert_eq!(product(&a, &b, 32, false), 128.0);
    assert_eq!(product(&a, &b, 32, true), 128.0);
    assert_eq!(product(&[0.0; 64], &b, 32, true), 0.0);
    for bad in [f32::NAN, f32::INFINITY] {
        a[40] = bad;
        assert!(!product(&a, &b, 32, false).is_finite());
        assert!(!product(&a, &b, 32, true).is_finite());
    }
}

/// The tolerances that devices are held to.
#[test]
fn products_are_within_the_tolerances() {
    for (split, tolerance) in [(false, Tolerance::F16), (true, Tolerance::F16X3)] {
        let (mut got, mut want) = (Vec::new(), Vec::new());
        for seed in 0..200 {
            let (a, b) = (
                drawn(512, 2 * seed, |_| 1.0),
                drawn(512, 2 * seed + 1, |_| 1.0),
            );
            got.push(product(&a, &b, 32, split));
            want.push(
                a.iter()
                    .zip(&b)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum(),
            );
        }
        let worst = tolerance.worst(&got, &want);
        assert!(worst < 0.7, "split {split}: {worst}");
    }
}
