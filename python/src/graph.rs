//! The graph of nearest neighbours.

use crate::arrays::{dataset, given};
use crate::device::{Choice, device, pool};
use crate::error::raised;
use nrae::data::{Scaling, ScalingKind};
use nrae::graph::{Metric, Search, Workers, device_finds};
use numpy::PyArrayDyn;
use pyo3::prelude::*;

/// An array for Python.
type Array<'py, T> = Bound<'py, PyArrayDyn<T>>;

/// Indices and distances, both [N, k], of the k nearest neighbours of each row of `x` [N, n], and, where
/// they are approximate, the estimated share of true ones.
#[pyfunction]
pub(crate) fn knn_graph<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    k: usize,
    metric: &str,
    graph: &str,
    choice: Choice,
) -> PyResult<(Array<'py, u32>, Array<'py, f32>, Option<f64>)> {
    let search = crate::settings::named::<Search>("graph", graph)?;
    let metric = crate::settings::named::<Metric>("metric", metric)?;
    let (device, pool) = (device(py, &choice)?, pool(py)?);
    let data = dataset(x, "auto")?;
    let (samples, features) = (data.samples, data.features());
    let graph = py.detach(|| {
        let points = Scaling::fit(ScalingKind::None, &data).apply(&data.values);
        let asked = choice.0 == "gpu"
            || device.is_hardware() && device_finds(&*device, samples, features, k);
        let workers = Workers::on(Some(&*device).filter(|_| asked));
        pool.install(|| metric.graph(search, workers, &points, features, k, &mut |_| ()))
    });
    let graph = graph.map_err(raised)?;
    let shape = [samples, k];
    Ok((
        given(py, graph.neighbours, &shape)?,
        given(py, graph.distances, &shape)?,
        graph.recall,
    ))
}
