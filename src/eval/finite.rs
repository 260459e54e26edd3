//! Where values stop being finite: the sample, its largest feature, and the layer.

use super::Predictor;
use crate::cpu::Cpu;
use crate::data::{Values, first_not_finite};
use crate::engine::Stack;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::net::{Layer, Network, Parameters};

impl Model {
    /// Checks what `part` gave for rows, `outputs` [rows, width] in the units of the data: of raw
    /// samples, or of latents where `part` is the decoder.
    ///
    /// # Errors
    /// Names the first row with an output that is not finite and the layer that gave it.
    pub(super) fn check_finite(
        &self,
        part: Stack,
        inputs: &Values,
        found: Option<(usize, f32)>,
        width: usize,
    ) -> Result<()> {
        match found {
            Some((at, value)) => {
                let row = at / width;
                let place = self.place(part, inputs, row, row, value);
                Err(Error::input(place))
            }
            None => Ok(()),
        }
    }

    /// The sentence for the first of raw samples `values` that cannot be reconstructed or whose
    /// error is beyond f32, found on the CPU; `numbers` are what the samples are called.
    pub(crate) fn place_not_finite(&self, values: &Values, numbers: &[usize]) -> Option<String> {
        let n = self.network.features();
        let mut whole = self.prepared(Stack::Whole, &Cpu).ok()?;
        let outputs = whole.run_values(values, &self.scaling).ok()?;
        if let Some((at, value)) = first_not_finite(&outputs) {
            let row = at / n;
            return Some(self.place(Stack::Whole, values, row, numbers[row], value));
        }
        let mut scaled = vec![0.0; outputs.len()];
        self.scaling.apply_to(values, 0, &mut scaled);
        let square = |at: usize| (scaled[at] - outputs[at]).powi(2);
        let at = (0..scaled.len()).find(|&at| !square(at).is_finite())?;
        Some(format!(
            "sample {} has {:?} in feature {}, {:?} after scaling, and the square of its error {:?} is beyond f32",
            numbers[at / n],
            values.get(at),
            at % n,
            scaled[at],
            scaled[at] - outputs[at]
        ))
    }

    /// The sentence for the first of raw samples `values` of whose latents a variance is beyond f32: an
    /// error, for which the means are decoded, does not show that.
    pub(crate) fn variance_not_finite(&self, values: &Values, numbers: &[usize]) -> Option<String> {
        if !self.network.variational {
            return None;
        }
        let m = self.network.latent();
        let mut encoder = self.prepared(Stack::EncoderHeads, &Cpu).ok()?;
        let heads = encoder.run_values(values, &self.scaling).ok()?;
        let of_variance = |at: &usize| at % (2 * m) >= m;
        let overflows = |at: &usize| heads[*at].is_finite() && !heads[*at].exp().is_finite();
        let at = (0..heads.len()).filter(of_variance).find(overflows)?;
        Some(format!(
            "sample {} has the log variance {:?} in latent dimension {}, and a variance beyond f32",
            numbers[at / (2 * m)],
            heads[at],
            at % m
        ))
    }

    /// The sentence for row `row` of `inputs`, which is called `number` and gave `value`. On the CPU,
    /// layer by layer.
    fn place(&self, part: Stack, inputs: &Values, row: usize, number: usize, value: f32) -> String {
        let decoder = part == Stack::Decoder;
        let (what, width) = match decoder {
            true => ("latent", self.network.latent()),
            false => ("sample", self.network.features()),
        };
        let mut raw = vec![0.0; width];
        inputs.copy_floats(row * width, &mut raw);
        let mut scaled = raw.clone();
        if !decoder {
            self.scaling.apply_to(inputs, row * width, &mut scaled);
        }
        let size = |value: f32| {
            if value.is_nan() {
                f32::INFINITY
            } else {
                value.abs()
            }
        };
        let largest = (0..width).max_by(|&a, &b| size(scaled[a]).total_cmp(&size(scaled[b])));
        let largest = largest.unwrap_or(0);
        let place = match self.layer_not_finite(part, &scaled) {
            Some((layer, value)) => format!("gives {value} in {layer}"),
            None => format!("gives {value} in the model"),
        };
        format!(
            "{what} {number}, whose largest feature is {largest} with {:?}, {place}: the value or the weights are too large",
            raw[largest]
        )
    }

    /// The first layer of `part` that gives something that is not finite for a scaled `row`, and
    /// that value; the scaling itself where the row is not finite already.
    fn layer_not_finite(&self, part: Stack, row: &[f32]) -> Option<(String, f32)> {
        if let Some((_, value)) = first_not_finite(row) {
            return Some(("the scaling".into(), value));
        }
        let network = &self.network;
        let layout = Parameters::of(network);
        let begin = layout
            .entries
            .iter()
            .find(|entry| entry.name.starts_with("decoder."));
        let (of_encoder, of_decoder) = self
            .parameters
            .split_at(begin.map_or(layout.len, |entry| entry.offset));
        let mut latent = row.to_vec();
        if part != Stack::Decoder {
            let shape = &network.shape;
            latent = match run(("encoder", shape, &network.encoder), of_encoder, row) {
                Ok(heads) => heads[..network.latent()].to_vec(),
                Err(found) => return found,
            };
        }
        if part == Stack::Encoder {
            return None;
        }
        let shape = [network.latent()];
        run(("decoder", &shape, &network.decoder), of_decoder, &latent).err()?
    }

    /// The name of a parameter with a value that is not finite.
    pub(crate) fn parameter_not_finite(&self) -> Option<String> {
        let mut entries = Parameters::of(&self.network).entries.into_iter();
        entries
            .find(|entry| {
                first_not_finite(&self.parameters[entry.offset..][..entry.len()]).is_some()
            })
            .map(|entry| entry.name)
    }
}

/// Applies a stack of layers (name, shape of its input, layers) to `row`, one layer more at a time.
/// The error is the first layer whose output is not finite, with that value, or nothing where the
/// layers cannot be applied.
fn run(
    (name, shape, layers): (&str, &[usize], &[Layer]),
    parameters: &[f32],
    row: &[f32],
) -> Result<Vec<f32>, Option<(String, f32)>> {
    let mut output = row.to_vec();
    for (index, layer) in layers.iter().enumerate() {
        let network = Network {
            shape: shape.to_vec(),
            encoder: layers[..=index].to_vec(),
            decoder: Vec::new(),
            variational: false,
        };
        let len = Parameters::of(&network).len;
        let applied = Predictor::new(&network, Stack::Encoder, &Cpu).and_then(|mut part| {
            part.set_parameters(&parameters[..len])?;
            part.run(row)
        });
        output = applied.map_err(|_| None)?;
        if let Some((_, value)) = first_not_finite(&output) {
            return Err(Some((
                format!("{name}.{index} ({})", layer.describe()),
                value,
            )));
        }
    }
    Ok(output)
}
