//! Parts of a network applied to any number of rows, batch by batch.

use crate::data::{Scaling, Values, first_not_finite};
use crate::engine::{Inference, Stack, inference};
use crate::error::{Error, Result};
use crate::executor::{Executor, Session};
use crate::model::Model;
use crate::net::Network;

/// Batch size for inference.
pub(super) const BATCH: usize = 256;
/// The same on the CPU, where the rows that fill up a batch take their time.
const SMALL_BATCH: usize = 64;
/// Samples to scale at a time.
const SCALED_AT_ONCE: usize = 4 * BATCH;

/// A part of a network, prepared on a device.
pub struct Predictor {
    map: Inference,
    session: Box<dyn Session>,
    /// Others that run whenever it runs.
    beside: usize,
}

impl std::fmt::Debug for Predictor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Predictor")
            .field("map", &self.map)
            .finish_non_exhaustive()
    }
}

impl Predictor {
    /// Prepares `part` of `network` for any number of rows.
    ///
    /// # Errors
    /// When the device refuses the buffers.
    pub fn new(network: &Network, part: Stack, executor: &dyn Executor) -> Result<Self> {
        let mut map = Self::map(network, part, executor);
        loop {
            let batch = map.input_jets.batch;
            match Self::of(map, executor) {
                // Fewer rows at once may be small enough for the device.
                Err(Error::Device(_)) if batch > 1 => {
                    map = inference(network, part, batch.div_ceil(2));
                }
                outcome => return outcome,
            }
        }
    }

    /// Records `part` of `network`. Batches have one size, however few the rows are: a device may
    /// compute other sizes in another order, and the bits of a row would depend on how many there are
    /// beside it.
    fn map(network: &Network, part: Stack, executor: &dyn Executor) -> Inference {
        let batch = if executor.is_hardware() {
            BATCH
        } else {
            SMALL_BATCH
        };
        inference(network, part, batch)
    }

    /// Prepares a recorded map.
    ///
    /// # Errors
    /// When the device refuses the buffers.
    pub(super) fn of(map: Inference, executor: &dyn Executor) -> Result<Self> {
        let session = executor.prepare(&map.recording)?;
        Ok(Self {
            map,
            session,
            beside: 0,
        })
    }

    /// Prepares `part` of `count` networks of the structure of `network`, side by side where they
    /// fit.
    ///
    /// # Errors
    /// When the device refuses the buffers.
    pub(crate) fn together(
        network: &Network,
        part: Stack,
        count: usize,
        executor: &dyn Executor,
    ) -> Result<Vec<Self>> {
        let map = Self::map(network, part, executor);
        if executor.replicas(&map.recording, &[], Some(count))? < count {
            let one = |_| Self::of(map.clone(), executor);
            return (0..count).map(one).collect();
        }
        let sessions = executor.prepare_replicas(&vec![&map.recording; count], &[])?;
        let with = |session| Self {
            map: map.clone(),
            session,
            beside: count - 1,
        };
        Ok(sessions.into_iter().map(with).collect())
    }

    /// Sets the arena of parameters.
    ///
    /// # Errors
    /// When the device fails.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        self.session.write(self.map.parameters, parameters)
    }

    /// Maps `rows` [samples, inputs] to [samples, outputs]; both scaled.
    ///
    /// # Errors
    /// When the device fails.
    pub fn run(&mut self, rows: &[f32]) -> Result<Vec<f32>> {
        let result = self.run_unless(rows, &|| false)?;
        Ok(result.expect("nothing stops it"))
    }

    /// The same, unless `stopped` says so before one of its batches.
    fn run_unless(&mut self, rows: &[f32], stopped: &dyn Fn() -> bool) -> Result<Option<Vec<f32>>> {
        let (inputs, outputs) = (self.map.input_jets.features, self.map.output_jets.features);
        let mut result = Vec::with_capacity(rows.len() / inputs * outputs);
        for batch in rows.chunks(self.map.input_jets.batch * inputs) {
            if stopped() {
                return Ok(None);
            }
            self.session.write(self.map.input, batch)?;
            self.session.run(1)?;
            let output = self.session.read(self.map.output)?;
            result.extend_from_slice(&output[..batch.len() / inputs * outputs]);
        }
        Ok(Some(result))
    }

    /// The network's output [samples, outputs] for raw `values` [samples, inputs], still scaled.
    ///
    /// # Errors
    /// When the device fails.
    pub fn run_values(&mut self, values: &Values, scaling: &Scaling) -> Result<Vec<f32>> {
        let samples = values.len() / self.map.input_jets.features;
        let mut result = Vec::with_capacity(samples * self.map.output_jets.features);
        self.for_each_part(values, scaling, &|| false, |_, output| {
            result.extend_from_slice(output);
            Ok(())
        })?;
        Ok(result)
    }

    /// Mean squared error per element between `values` [samples, features] and the reconstruction
    /// of them, both scaled.
    ///
    /// # Errors
    /// When the device fails.
    pub fn mean_squared_error(&mut self, values: &Values, scaling: &Scaling) -> Result<f64> {
        let error = self.mean_squared_error_unless(values, scaling, &|| false)?;
        Ok(error.expect("nothing stops it"))
    }

    /// The same, unless `stopped` says so before one of its batches.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn mean_squared_error_unless(
        &mut self,
        values: &Values,
        scaling: &Scaling,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Option<f64>> {
        let mut sum = 0.0;
        let whole = self.for_each_part(values, scaling, stopped, |rows, reconstructed| {
            sum += squared_error(rows, reconstructed);
            Ok(())
        })?;
        Ok(whole.then(|| sum / values.len() as f64))
    }

    /// [`Predictor::mean_squared_error`] of each of `predictors`, which were prepared
    /// [together](Self::together), on data of its own.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn mean_squared_errors(
        predictors: &mut [&mut Self],
        data: &[(&Values, &Scaling)],
    ) -> Result<Vec<f64>> {
        let side_by_side = predictors.iter().all(|own| own.beside > 0);
        if !side_by_side {
            let each = predictors.iter_mut().zip(data);
            return each
                .map(|(own, (values, scaling))| own.mean_squared_error(values, scaling))
                .collect();
        }
        let mut sums = vec![0.0; data.len()];
        let longest = data.iter().map(|(values, _)| values.len()).max();
        let at_once = SCALED_AT_ONCE * predictors[0].map.input_jets.features;
        for first in (0..longest.unwrap_or(0)).step_by(at_once) {
            let scaled: Vec<Vec<f32>> = data
                .iter()
                .map(|(values, scaling)| {
                    let left = values.len().saturating_sub(first);
                    let mut rows = vec![0.0; at_once.min(left)];
                    if !rows.is_empty() {
                        scaling.apply_to(values, first, &mut rows);
                    }
                    rows
                })
                .collect();
            let outputs = Self::run_together(predictors, &scaled)?;
            for (sum, (rows, output)) in sums.iter_mut().zip(scaled.iter().zip(&outputs)) {
                *sum += squared_error(rows, output);
            }
        }
        let of = |(total, (values, _)): (f64, &(&Values, &Scaling))| total / values.len() as f64;
        Ok(sums.into_iter().zip(data).map(of).collect())
    }

    /// [`Predictor::run`] of each on rows of its own.
    fn run_together(predictors: &mut [&mut Self], rows: &[Vec<f32>]) -> Result<Vec<Vec<f32>>> {
        let map = &predictors[0].map;
        let (inputs, outputs) = (map.input_jets.features, map.output_jets.features);
        let batch = map.input_jets.batch * inputs;
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut results = vec![Vec::new(); rows.len()];
        for first in (0..longest).step_by(batch) {
            let batches: Vec<&[f32]> = rows
                .iter()
                .map(|rows| &rows[first.min(rows.len())..(first + batch).min(rows.len())])
                .collect();
            for (own, batch) in predictors.iter_mut().zip(&batches) {
                own.session.write(own.map.input, batch)?;
            }
            predictors[0].session.run(1)?;
            for ((own, batch), result) in predictors.iter_mut().zip(&batches).zip(&mut results) {
                let output = own.session.read(own.map.output)?;
                result.extend_from_slice(&output[..batch.len() / inputs * outputs]);
            }
        }
        Ok(results)
    }

    /// Calls `part` with successive scaled rows and the network's output for them, so that the data
    /// may be of any size. Gives whether it came to the end before it was `stopped`.
    pub(super) fn for_each_part(
        &mut self,
        values: &Values,
        scaling: &Scaling,
        stopped: &dyn Fn() -> bool,
        mut part: impl FnMut(&[f32], &[f32]) -> Result<()>,
    ) -> Result<bool> {
        let mut rows = vec![0.0; SCALED_AT_ONCE * self.map.input_jets.features];
        for first in (0..values.len()).step_by(rows.len()) {
            let count = rows.len().min(values.len() - first);
            let rows = &mut rows[..count];
            scaling.apply_to(values, first, rows);
            let Some(output) = self.run_unless(rows, stopped)? else {
                return Ok(false);
            };
            part(rows, &output)?;
        }
        Ok(true)
    }
}

/// The sum of the squared differences.
fn squared_error(rows: &[f32], reconstructed: &[f32]) -> f64 {
    rows.iter()
        .zip(reconstructed)
        .map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2))
        .sum()
}

impl Model {
    /// `part` of the network on `rows` [samples, inputs], scaled.
    ///
    /// # Errors
    /// When the device fails.
    pub fn apply(&self, part: Stack, rows: &[f32], executor: &dyn Executor) -> Result<Vec<f32>> {
        self.prepared(part, executor)?.run(rows)
    }

    /// `part` of the network with the model's parameters.
    pub(super) fn prepared(&self, part: Stack, executor: &dyn Executor) -> Result<Predictor> {
        let mut applied = Predictor::new(&self.network, part, executor)?;
        applied.set_parameters(&self.parameters)?;
        Ok(applied)
    }

    /// Latents [samples, m] of `values` [samples, n] in the units of the data.
    ///
    /// # Errors
    /// When the device fails, or a code is not finite: it names the sample and the layer.
    pub fn encode(&self, values: &Values, executor: &dyn Executor) -> Result<Vec<f32>> {
        let latents = self
            .prepared(Stack::Encoder, executor)?
            .run_values(values, &self.scaling)?;
        let found = first_not_finite(&latents);
        self.check_finite(Stack::Encoder, values, found, self.network.latent())?;
        Ok(latents)
    }

    /// Samples [samples, n] in the units of the data, from latents [samples, m].
    ///
    /// # Errors
    /// When the device fails, or a sample is not finite: it names the code and the layer.
    pub fn decode(&self, latents: &[f32], executor: &dyn Executor) -> Result<Values> {
        let decoded = self
            .scaling
            .restore(&self.apply(Stack::Decoder, latents, executor)?);
        let found = decoded.first_not_finite();
        if found.is_some() {
            let latents = Values::Floats(latents.to_vec().into());
            self.check_finite(Stack::Decoder, &latents, found, self.network.features())?;
        }
        Ok(decoded)
    }

    /// Reconstructions [samples, n] of `values`, both in the units of the data.
    ///
    /// # Errors
    /// When the device fails, or a reconstruction is not finite: it names the sample and the layer.
    pub fn reconstruct(&self, values: &Values, executor: &dyn Executor) -> Result<Values> {
        let mut whole = self.prepared(Stack::Whole, executor)?;
        let rebuilt = self
            .scaling
            .restore(&whole.run_values(values, &self.scaling)?);
        let found = rebuilt.first_not_finite();
        self.check_finite(Stack::Whole, values, found, self.network.features())?;
        Ok(rebuilt)
    }

    /// Mean squared error per element of the reconstructions of `values`, in scaled units.
    ///
    /// # Errors
    /// When the device fails, or a reconstruction is not finite: it names the sample and the layer.
    pub fn mean_squared_error(&self, values: &Values, executor: &dyn Executor) -> Result<f64> {
        let error = self
            .prepared(Stack::Whole, executor)?
            .mean_squared_error(values, &self.scaling)?;
        if !error.is_finite() {
            // Only now does the sample matter.
            self.reconstruct(values, executor)?;
        }
        Ok(error)
    }

    /// The same in the units of the data.
    ///
    /// # Errors
    /// Those of [`Model::mean_squared_error`].
    pub fn mean_squared_error_unscaled(
        &self,
        values: &Values,
        executor: &dyn Executor,
    ) -> Result<f64> {
        let mut whole = self.prepared(Stack::Whole, executor)?;
        let (mut sum, mut first, mut raw) = (0.0, 0, Vec::new());
        whole.for_each_part(values, &self.scaling, &|| false, |_, output| {
            let rebuilt = self.scaling.restore(output);
            raw.resize(output.len(), 0.0);
            values.copy_doubles(first, &mut raw);
            for (at, value) in raw.iter().enumerate() {
                let difference = value - rebuilt.get_double(at);
                sum += difference * difference;
            }
            first += output.len();
            Ok(())
        })?;
        if !f64::is_finite(sum) {
            self.reconstruct(values, executor)?;
        }
        Ok(sum / values.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::net::{Activation, Preset};

    fn model(activation: Activation) -> Model {
        let network = Network::mlp(&[3], &[7], 2, activation, Activation::Linear).unwrap();
        Model::new(network, Scaling::identity(), 1)
    }

    /// Whichever kernel and however many threads a number of rows would suit.
    #[test]
    fn a_row_has_the_same_bits_alone_and_among_others() {
        let mlp = Network::mlp(&[60], &[256, 256], 2, Activation::Elu, Activation::Linear);
        let shape = [1, 8, 8];
        let conv = Preset::Conv.network(&shape, &[], 2, Activation::Relu, Activation::Sigmoid);
        for network in [mlp.unwrap(), conv.unwrap()] {
            let (n, m) = (network.features(), network.latent());
            let scaling = model(Activation::Tanh).scaling;
            let model = Model::new(network, scaling, 1);
            let rows: Vec<f32> = (0..n * 300).map(|i| (i as f32 * 0.37).sin()).collect();
            let values = |rows: &[f32]| Values::Floats(rows.to_vec().into());
            let codes = model.encode(&values(&rows), &Cpu).unwrap();
            let decoded = model.decode(&codes, &Cpu).unwrap().to_floats();
            for part in [0..1, 298..300, 63..64, 64..65, 17..150] {
                let some = values(&rows[part.start * n..part.end * n]);
                let found = model.encode(&some, &Cpu).unwrap();
                assert_eq!(found, codes[part.start * m..part.end * m], "{part:?}");
                let found = model.decode(&found, &Cpu).unwrap();
                assert_eq!(found.to_floats(), decoded[part.start * n..part.end * n]);
                assert_eq!(found, model.reconstruct(&some, &Cpu).unwrap(), "{part:?}");
            }
        }
    }
}
