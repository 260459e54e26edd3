//! Where the bias of a sigmoid output starts.
//!
//! A sigmoid of random parameters begins near 1/2. Where most values are 0, as in drawings on an empty
//! ground, the first gradients all pull the outputs down, every weight moves by the whole rate in each step
//! of Adam, and its momentum carries on: outputs can arrive so near 0 that no gradient is left to lead
//! them out, and the run stays an empty image however long it trains. Outputs that begin at the mean of
//! the data are pulled both ways from the first step on. `docs/defaults.md` has what was measured.

use crate::data::Dataset;
use crate::model::Model;
use crate::net::{Activation, Layer, Network, Parameter, Parameters};
use serde::{Deserialize, Serialize};

/// Samples whose mean is taken, at most.
const MOST_SAMPLES: usize = 1000;
/// Nearest that a mean counts as to 0 and 1, whose log odds are infinite: the sigmoid's slope is a
/// twenty-fifth of its steepest there.
const LEAST: f64 = 0.01;

/// Where the bias of a sigmoid output starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputBias {
    /// At random values, as PyTorch has it.
    Random,
    /// At the log odds of the training data's mean, so that outputs begin near it: of every feature
    /// after a linear layer, of every channel after a convolution.
    Mean,
}

impl OutputBias {
    /// That of a run of `network` where none is given: the mean, where it ends in a sigmoid.
    pub(super) fn suited(network: &Network) -> Self {
        match sigmoid_bias(network) {
            Some(_) => Self::Mean,
            None => Self::Random,
        }
    }
}

/// The bias that is added right before the sigmoid which ends the decoder, and how many features of an
/// output share one of its values. `None` where the decoder ends otherwise.
fn sigmoid_bias(network: &Network) -> Option<(Parameter, usize)> {
    let (Layer::Activation { function }, before) = network.decoder.split_last()? else {
        return None;
    };
    let reshapes = |layer: &&Layer| matches!(layer, Layer::Flatten | Layer::Unflatten { .. });
    let index = before.iter().rposition(|layer| !reshapes(&layer))?;
    let name = format!("decoder.{index}.bias");
    let mut entries = Parameters::of(network).entries.into_iter();
    let bias = entries.find(|entry| entry.name == name)?;
    let features: usize = network.shape.iter().product();
    let fits = bias.len() == features || bias.len() == network.shape[0];
    (*function == Activation::Sigmoid && fits).then(|| {
        let shared = features / bias.len();
        (bias, shared)
    })
}

/// Lets the outputs of `model`, where a sigmoid ends it, begin near the mean of `train`, raw samples, by
/// its last bias. At most 1,000 samples are looked at, evenly spaced.
pub(super) fn begin_at_mean(model: &mut Model, train: &Dataset) {
    let Some((bias, shared)) = sigmoid_bias(&model.network) else {
        return;
    };
    let samples = train.samples.min(MOST_SAMPLES);
    let mut sums = vec![0.0; bias.len()];
    // One at a time: a thousand large images would not fit everywhere.
    let mut sample = vec![0.0; train.features()];
    for i in 0..samples {
        let first = i * train.samples / samples * sample.len();
        model.scaling.apply_to(&train.values, first, &mut sample);
        for (sum, values) in sums.iter_mut().zip(sample.chunks_exact(shared)) {
            *sum += values.iter().copied().map(f64::from).sum::<f64>();
        }
    }
    let count = (samples * shared) as f64;
    for (bias, sum) in model.parameters[bias.offset..].iter_mut().zip(sums) {
        let mean = (sum / count).clamp(LEAST, 1.0 - LEAST);
        *bias = (mean / (1.0 - mean)).ln() as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::{Scaling, ScalingKind, Values};
    use crate::net::Preset;
    use crate::train::{Config, Splits, Trainer};

    /// Images of [channels, 16, 16] on an empty ground: a bright square each, whose brightness and place
    /// depend on channel and sample.
    fn squares(channels: usize, samples: usize) -> Dataset {
        let value = |i: usize| {
            let (sample, channel, y, x) = (
                i / (channels * 256),
                i / 256 % channels,
                i / 16 % 16,
                i % 16,
            );
            let inside = y.abs_diff(4 + sample % 3) < 2 && x.abs_diff(6 + sample % 5) < 2;
            if inside {
                1.0 - 0.4 * channel as f32
            } else {
                0.0
            }
        };
        let values: Vec<f32> = (0..samples * channels * 256).map(value).collect();
        Dataset {
            samples,
            shape: vec![channels, 16, 16],
            values: Values::Floats(values.into()),
            labels: None,
            parameter: None,
        }
    }

    fn model(preset: Preset, data: &Dataset, output: Activation) -> Model {
        let network = preset.network(&data.shape, &[32], 3, Activation::Elu, output);
        Model::new(network.unwrap(), Scaling::identity(), 1)
    }

    #[test]
    fn outputs_begin_at_the_mean_of_every_feature_or_channel() {
        let data = squares(2, 40);
        let (features, values) = (data.features(), data.values.to_floats());
        for (preset, groups) in [(Preset::Mlp, features), (Preset::Conv, 2)] {
            let mut begun = model(preset, &data, Activation::Sigmoid);
            let random = begun.clone();
            begin_at_mean(&mut begun, &data);
            let mut means = vec![0.0; groups];
            for (i, value) in values.iter().enumerate() {
                let count = (values.len() / groups) as f64;
                means[i % features * groups / features] += f64::from(*value) / count;
            }
            let (bias, _) = sigmoid_bias(&begun.network).unwrap();
            let place = bias.offset..bias.offset + bias.len();
            for (bias, mean) in begun.parameters[place.clone()].iter().zip(means) {
                let odds = mean.clamp(0.01, 0.99) / (1.0 - mean.clamp(0.01, 0.99));
                assert!((bias.exp() / odds as f32 - 1.0).abs() < 1e-5, "{bias}");
            }
            let mut rest = begun.parameters.clone();
            rest[place.clone()].copy_from_slice(&random.parameters[place]);
            assert_eq!(rest, random.parameters, "nothing else is written");
        }
    }

    #[test]
    fn only_a_bias_right_before_a_sigmoid_is_written() {
        let data = squares(1, 6);
        for output in [Activation::Linear, Activation::Tanh] {
            let mut begun = model(Preset::Mlp, &data, output);
            let random = begun.clone();
            begin_at_mean(&mut begun, &data);
            assert_eq!(begun, random);
            assert_eq!(OutputBias::suited(&begun.network), OutputBias::Random);
        }
        let mut network = model(Preset::Mlp, &data, Activation::Sigmoid).network;
        let written =
            |network: &Network| sigmoid_bias(network).map(|(bias, shared)| (bias.name, shared));
        assert_eq!(OutputBias::suited(&network), OutputBias::Mean);
        let last = network.decoder.len() - 1;
        let name = sigmoid_bias(&network).unwrap().0.name;
        assert_eq!(written(&network), Some((name.clone(), 1)));
        // A reshape between them changes nothing, another activation does.
        network.decoder.insert(last, Layer::Flatten);
        assert_eq!(written(&network), Some((name, 1)));
        let function = Activation::Tanh;
        network.decoder.insert(last, Layer::Activation { function });
        assert_eq!(written(&network), None);
    }

    /// The reason that there is such a start.
    #[test]
    fn drawings_on_an_empty_ground_are_learned_sooner() {
        let data = squares(1, 100);
        let [random, mean] = [OutputBias::Random, OutputBias::Mean].map(|start| {
            let mut config = Config {
                method: "ae".into(),
                ..Config::default()
            };
            config.net.preset = Preset::Conv;
            config.train.output_bias = Some(start);
            config.train.epochs = Some(20);
            config.train.batch = Some(20);
            config.data.scaling = Some(ScalingKind::None);
            config.net.output = Some(Activation::Sigmoid);
            config.data.validation_fraction = Some(0.0);
            let splits = Splits::of(&config, data.clone(), None).unwrap();
            let mut trainer = Trainer::new(config, splits, &Cpu, &mut |_| ()).unwrap();
            while !trainer.is_done() {
                trainer.advance().unwrap();
            }
            let model = trainer.last_model().unwrap();
            model.mean_squared_error(&data.values, &Cpu).unwrap()
        });
        assert!(mean < 0.6 * random, "{mean} and {random}");
    }
}
