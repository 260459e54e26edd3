//! A unit norm gave infinity for latents near 1e-30 and zeros for those near 1e30, since it squared
//! them in f32; and group norm of 128 x 128 values from 10 to 11 was off by 4.7e-5 on the CPU, where
//! PyTorch is off by 1.5e-6, since it added up 16,384 values in f32 one after the other.

use crate::common::executors;
use nrae::data::Scaling;
use nrae::engine::Stack;
use nrae::model::Model;
use nrae::net::{Layer, Network};

fn model(shape: Vec<usize>, encoder: Vec<Layer>) -> Model {
    let decoder = Vec::new();
    let network = Network {
        shape,
        encoder,
        decoder,
        variational: false,
    };
    let scaling = Scaling::identity();
    Model::new(network, scaling, 0)
}

#[test]
fn a_unit_norm_is_that_of_any_finite_value_but_zero() {
    let model = model(vec![2], vec![Layer::UnitNorm]);
    let sizes = [
        1e-37_f32, 1e-30, 1e-20, 1e-3, 1.0, 7.3, 1e12, 1e19, 1e30, 1e38,
    ];
    let rows: Vec<f32> = sizes.iter().flat_map(|size| [3.0 * size, -size]).collect();
    for executor in executors() {
        let units = model.apply(Stack::Encoder, &rows, &*executor).unwrap();
        for (unit, size) in units.chunks(2).zip(sizes) {
            let expected = [3.0, -1.0].map(|value| value / 10.0_f32.sqrt());
            for (value, expected) in unit.iter().zip(expected) {
                let error = (value - expected).abs();
                assert!(error < 2e-7, "{} {size}: {unit:?}", executor.name());
            }
        }
    }
}

#[test]
fn a_group_norm_of_values_far_from_zero_does_not_cancel() {
    let side = 128;
    let norm = Layer::GroupNorm {
        groups: 1,
        channels: 1,
    };
    let model = model(vec![1, side, side], vec![norm]);
    let values: Vec<f32> = (0..side * side)
        .map(|i| 10.5 + 0.5 * (i as f32 * 0.7).sin())
        .collect();
    let wide = || values.iter().map(|value| f64::from(*value));
    let mean = wide().sum::<f64>() / wide().len() as f64;
    let variance = wide().map(|value| (value - mean).powi(2)).sum::<f64>() / wide().len() as f64;
    for executor in executors() {
        let normal = model.apply(Stack::Encoder, &values, &*executor).unwrap();
        let errors = normal.iter().zip(wide()).map(|(found, value)| {
            let expected = (value - mean) / (variance + 1e-5).sqrt();
            (f64::from(*found) - expected).abs()
        });
        let worst = errors.fold(0.0, f64::max);
        assert!(worst < 3e-6, "{}: {worst}", executor.name());
    }
}
