//! The neighbourhood graph of a run, found or from a file, and room for all of it.

use super::{NeighbourConfig, find_data};
use crate::data::{Dataset, Scaling, read_integers};
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::graph::{Graph, Neighbourhoods, Workers, device_finds};
use crate::net::Network;
use crate::objective::Objective;
use crate::ranks::Ranks;
use crate::scratch::Scratch;
use std::path::Path;

/// Bytes of one layer's jets where all neighbours are compared, at most.
const MOST_JETS: usize = 1 << 30;

/// f32 copies of all samples that it takes to find neighbours: scaled, and those in another order.
const COPIES: usize = 2;

/// The graph of the samples of `data` that `settings` describe: from its file, which rank 0 reads for all,
/// or found by all `ranks` together. `scaled` gives the samples [samples, features] as `scaling` makes
/// them, where they are needed, and `progress` is called with the share of the graph that is done.
///
/// # Errors
/// When the file cannot be used, there are not more than k samples, or the device fails.
pub fn neighbourhood_graph<'a>(
    settings: &NeighbourConfig,
    data: &Dataset,
    scaling: &Scaling,
    scaled: impl FnOnce() -> Result<&'a Scratch>,
    executor: &dyn Executor,
    ranks: &dyn Ranks,
    progress: &mut dyn FnMut(f64),
) -> Result<Graph> {
    if let Some(path) = &settings.graph {
        return share_graph(ranks, settings.k(), || {
            read_graph(path, settings, data, scaling)
        });
    }
    let (samples, features, k) = (data.samples, data.features(), settings.k());
    let device = Some(executor)
        .filter(|device| device.is_hardware() && device_finds(*device, samples, features, k));
    if data.values.is_mapped() {
        log::info!(
            "neighbours are sought in copies of all samples, which take {:.1} GiB in {} meanwhile; a graph from a file, such as `nrae knn` \
             writes, takes none of that (--graph FILE)",
            (COPIES * 4 * samples * features) as f64 / f64::from(1 << 30),
            std::env::temp_dir().display()
        );
    }
    let (metric, scaled) = (settings.metric, ranks.agree(scaled())?);
    let workers = Workers {
        device,
        ranks,
        on_disk: scaled.is_on_disk(),
    };
    metric.graph(settings.search, workers, scaled, features, k, progress)
}

/// The graph of `k` neighbours that `find` finds on rank 0, for all.
///
/// # Errors
/// Those of `find`.
fn share_graph(ranks: &dyn Ranks, k: usize, find: impl FnOnce() -> Result<Graph>) -> Result<Graph> {
    if !ranks.are_several() {
        return find();
    }
    let bytes = ranks.told(|| {
        let graph = find()?;
        let neighbours: &[u8] = bytemuck::cast_slice(&graph.neighbours);
        Ok([neighbours, bytemuck::cast_slice(&graph.distances)].concat())
    })?;
    let (neighbours, distances) = bytes.split_at(bytes.len() / 2);
    Ok(Graph {
        k,
        neighbours: bytemuck::pod_collect_to_vec(neighbours),
        distances: bytemuck::pod_collect_to_vec(distances),
        recall: None,
    })
}

/// The graph in a file of indices [N, k], with distances from the data.
fn read_graph(
    path: &Path,
    settings: &NeighbourConfig,
    data: &Dataset,
    scaling: &Scaling,
) -> Result<Graph> {
    let path = find_data(path)?;
    let (shape, neighbours) = read_integers(&path)?;
    let (samples, most) = (data.samples, settings.k());
    match *shape.as_slice() {
        [rows, k] if rows == samples && k >= most => {
            let kept: Vec<u32> = neighbours
                .chunks_exact(k)
                .flat_map(|row| row[..most].iter().copied())
                .collect();
            let n = data.features();
            let read =
                |sample: usize, to: &mut [f32]| scaling.apply_to(&data.values, sample * n, to);
            settings
                .metric
                .graph_of(kept, most, samples, n, &read)
                .map_err(|what| Error::input(format!("{} {what}", path.display())))
        }
        _ => Err(Error::input(format!(
            "{} has the shape {shape:?}, but a graph of {samples} samples with {most} neighbours each has [{samples}, {most}] or more \
             columns",
            path.display(),
        ))),
    }
}

/// Makes room for the largest neighbourhood beside each centre.
///
/// # Errors
/// When the jets of the decoder's widest layer would take more than [`MOST_JETS`].
pub(super) fn compare_all(
    objective: &mut Objective,
    neighbourhoods: &Neighbourhoods,
    batch: usize,
    network: &Network,
) -> Result<()> {
    if objective.sampling.neighbours == 0 {
        return Ok(());
    }
    let largest = neighbourhoods.largest();
    let slots = 1 + objective.reconstruction.order() * largest;
    let (mut shape, mut widest) = (vec![network.latent()], network.features());
    for layer in &network.decoder {
        shape = layer
            .output_shape(&shape)
            .expect("the network has been checked");
        widest = widest.max(shape.iter().product());
    }
    if (batch * slots).saturating_mul(4 * widest) > MOST_JETS {
        return Err(Error::input(format!(
            "neighbours.num_sampled is \"all\" and the largest neighbourhood has {largest} neighbours, which take more than {} MiB \
             in a layer for a batch of {batch}: choose a smaller train.batch or neighbours.k, other neighbours.edges, or a number for \
             neighbours.num_sampled",
            MOST_JETS >> 20
        )));
    }
    objective.sampling.neighbours = largest;
    Ok(())
}
