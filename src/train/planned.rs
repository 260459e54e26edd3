//! The step of a run, recorded for the data and the memory that it has.

use super::data_loader::{LARGEST_BLOCK, capacity, device_layout};
use super::defaults::batch;
use super::{Config, Splits};
use crate::error::Result;
use crate::executor::Executor;
use crate::net::Network;
use crate::objective::{Objective, Step, training_step_for, training_step_in_segments};

/// Records the step of a run on `device`: of one of `ranks`, where there are several, as long as its
/// update waits for the gradients of all.
pub(super) fn record(
    config: &Config,
    splits: &Splits,
    network: &Network,
    objective: &Objective,
    batch: usize,
    device: &dyn Executor,
    ranks: usize,
) -> Step {
    let mut data = device_layout(&splits.scaling, &splits.train);
    let total = config.epochs() * data.samples.div_ceil(batch);
    let mut limit = device.data_limit();
    if splits.train.values.is_mapped() && !device.is_hardware() {
        // What stands for a device has this machine's memory, where the samples are meant not to be.
        limit = limit.min(2 * LARGEST_BLOCK);
    }
    let memory = config
        .train
        .data_memory_mib
        .map_or(limit, |mebibytes| limit.min(mebibytes << 20));
    let (steps, streamed) = capacity(
        &data,
        network.features(),
        batch / ranks * objective.group(),
        total,
        memory,
    );
    data.streamed = streamed;
    let (batch, seed, optimiser) = (batch / ranks, config.seed, config.optimiser());
    if ranks > 1 {
        training_step_in_segments(network, objective, data, batch, steps, seed, &optimiser)
    } else {
        training_step_for(
            device, network, objective, data, batch, steps, seed, &optimiser,
        )
    }
}

/// The step that a run of `config` on `splits` would take on `device`, recorded but not prepared:
/// what it costs can be told beforehand.
///
/// # Errors
/// When settings and data do not fit each other.
pub fn planned_step(config: &Config, splits: &Splits, device: &dyn Executor) -> Result<Step> {
    let network = splits.network(config)?;
    let objective = config.objective()?;
    let batch = batch(config, splits.train.samples)?;
    Ok(record(
        config, splits, &network, &objective, batch, device, 1,
    ))
}
