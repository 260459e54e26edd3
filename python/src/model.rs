//! A trained model.

use crate::arrays::{dataset, given, rows, samples};
use crate::device::{Choice, device, pool};
use crate::error::raised;
use nrae::error::{Error, Result};
use nrae::eval::{Curvature, Derivatives, Geodesic, GeodesicOptions, Metric};
use nrae::eval::{decoder_derivatives, jets};
use nrae::executor::Executor;
use nrae::explore::{Explorer, ExplorerInputs};
use numpy::{PyArray1, PyArrayDyn};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model of the library, which any number of threads may use.
#[pyclass(frozen, module = "nrae._native")]
pub(crate) struct Model(pub(crate) Arc<nrae::model::Model>);

/// Latents on a page to explore, at most, and points along a side of its field of curvature.
const MOST_POINTS: usize = 100_000;
const FIELD: usize = 96;

type Floats<'py> = Bound<'py, PyArrayDyn<f32>>;

impl Model {
    /// Calls `body` with the device, on this process's threads and without Python's lock.
    fn on<T: Send>(
        &self,
        py: Python<'_>,
        choice: &Choice,
        body: impl FnOnce(&nrae::model::Model, &dyn Executor) -> Result<T> + Send,
    ) -> PyResult<T> {
        let (device, pool) = (device(py, choice)?, pool(py)?);
        py.detach(|| pool.install(|| body(&self.0, &*device)))
            .map_err(raised)
    }

    /// What `look` finds in the derivatives of the decoder at each of `z` [B, m].
    fn derivatives<T: Send>(
        &self,
        py: Python<'_>,
        z: &Bound<'_, PyAny>,
        (order, choice): (usize, &Choice),
        look: impl Fn(&Derivatives) -> T + Sync + Send,
    ) -> PyResult<Vec<T>> {
        let z = rows(z)?;
        self.on(py, choice, |model, device| {
            decoder_derivatives(model, &z, order, device, look)
        })
    }
}

#[pymethods]
impl Model {
    /// The model in a file or a run folder.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        let model = nrae::model::Model::load(&path).map_err(raised)?;
        Ok(Self(Arc::new(model)))
    }

    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        let model = nrae::model::Model::from_bytes(bytes, Path::new("the model"));
        Ok(Self(Arc::new(model.map_err(raised)?)))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    fn save(&self, path: PathBuf) -> PyResult<()> {
        self.0.save(&path).map_err(raised)
    }

    /// Pickle, copy and deepcopy go through the bytes of the file.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Py<PyAny>, (Bound<'py, PyBytes>,))> {
        let load = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((load.unbind(), (self.to_bytes(py),)))
    }

    /// The shape of a sample: (n,) or (channels, height, width).
    #[getter]
    fn shape(&self) -> Vec<usize> {
        self.0.network.shape.clone()
    }

    #[getter]
    fn features(&self) -> usize {
        self.0.network.features()
    }

    #[getter]
    fn latent(&self) -> usize {
        self.0.network.latent()
    }

    /// A Python module with the same network in PyTorch, that reads the weights from `file`.
    fn pytorch(&self, file: &str) -> String {
        nrae::pytorch::module(&self.0.network, file)
    }

    fn encode<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        layout: &str,
        choice: Choice,
    ) -> PyResult<Floats<'py>> {
        let data = dataset(x, layout)?;
        let codes = self.on(py, &choice, |model, device| {
            model.encode(&data.values, device)
        })?;
        given(py, codes, &[data.samples, self.latent()])
    }

    fn decode<'py>(
        &self,
        py: Python<'py>,
        z: &Bound<'py, PyAny>,
        choice: Choice,
    ) -> PyResult<Bound<'py, PyAny>> {
        let z = rows(z)?;
        let decoded = self.on(py, &choice, |model, device| model.decode(&z, device))?;
        samples(py, decoded, self.features())
    }

    fn reconstruct<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        layout: &str,
        choice: Choice,
    ) -> PyResult<Bound<'py, PyAny>> {
        let data = dataset(x, layout)?;
        let rebuilt = self.on(py, &choice, |model, device| {
            model.reconstruct(&data.values, device)
        })?;
        samples(py, rebuilt, self.features())
    }

    fn mean_squared_error(
        &self,
        py: Python<'_>,
        x: &Bound<'_, PyAny>,
        layout: &str,
        choice: Choice,
    ) -> PyResult<f64> {
        let data = dataset(x, layout)?;
        self.on(py, &choice, |model, device| {
            model.mean_squared_error(&data.values, device)
        })
    }

    fn jets<'py>(
        &self,
        py: Python<'py>,
        z: &Bound<'py, PyAny>,
        dz: &Bound<'py, PyAny>,
        choice: Choice,
    ) -> PyResult<[Floats<'py>; 3]> {
        let (z, dz) = (rows(z)?, rows(dz)?);
        if z.len() != dz.len() {
            return Err(raised(Error::input("give one direction for each latent")));
        }
        let found = self.on(py, &choice, |model, device| jets(model, &z, &dz, device))?;
        let shape = [z.len() / self.latent(), self.features()];
        Ok([
            given(py, found.value, &shape)?,
            given(py, found.jvp, &shape)?,
            given(py, found.hvp, &shape)?,
        ])
    }

    /// G = J^T J at each latent, [B, m, m].
    fn metric<'py>(
        &self,
        py: Python<'py>,
        z: &Bound<'py, PyAny>,
        choice: Choice,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let (m, n) = (self.latent(), self.features());
        let product = |derivatives: &Derivatives| -> Vec<f64> {
            let row = |i: usize| &derivatives.first[i * n..][..n];
            let dot = |i, j| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
            (0..m * m).map(|at| dot(at / m, at % m)).collect()
        };
        let metrics = self.derivatives(py, z, (1, &choice), product)?;
        let shape = [metrics.len(), m, m];
        given(py, metrics.concat(), &shape)
    }

    /// Scalar and extrinsic curvature at each latent, both `[B]`; NaN where the decoder is singular.
    fn curvature<'py>(
        &self,
        py: Python<'py>,
        z: &Bound<'py, PyAny>,
        choice: Choice,
    ) -> PyResult<[Bound<'py, PyArray1<f64>>; 2]> {
        let m = self.latent();
        let curvature = |derivatives: &Derivatives| {
            let metric = Metric::new(&derivatives.first, m)?;
            let curvature = Curvature::new(derivatives, &metric)?;
            Some((curvature.scalar, curvature.extrinsic))
        };
        let found = self.derivatives(py, z, (2, &choice), curvature)?;
        let known = found
            .into_iter()
            .map(|at| at.unwrap_or((f64::NAN, f64::NAN)));
        let (scalar, extrinsic) = known.unzip();
        Ok([scalar, extrinsic].map(|values: Vec<f64>| PyArray1::from_vec(py, values)))
    }

    /// The shortest path between two latents of `[m]`, near the straight line, in as many `pieces`: its
    /// points [pieces + 1, m], its length and that of the straight line decoded, and whether it has
    /// been found.
    fn geodesic<'py>(
        &self,
        py: Python<'py>,
        from: Vec<f64>,
        to: Vec<f64>,
        pieces: usize,
    ) -> PyResult<(Bound<'py, PyArrayDyn<f64>>, f64, f64, bool)> {
        let options = GeodesicOptions {
            pieces,
            ..GeodesicOptions::default()
        };
        let cpu = ("cpu".into(), None, "f32".into());
        let found = self.on(py, &cpu, |model, _| {
            Geodesic::between(model, &from, &to, options)
        })?;
        let shape = [found.path.len() / self.latent(), self.latent()];
        let path = given(py, found.path, &shape)?;
        Ok((path, found.length, found.straight_length, found.converged))
    }

    /// A page to explore the latent space in, around the latents of samples: HTML. `labels` has a class
    /// for each sample, of which `classes` are the names; `columns` are those of the features.
    #[pyo3(signature = (x, layout, title, labels, classes, columns, choice))]
    #[expect(clippy::too_many_arguments, reason = "called from one place in Python")]
    fn explore(
        &self,
        py: Python<'_>,
        x: &Bound<'_, PyAny>,
        layout: &str,
        title: &str,
        labels: Option<Vec<u32>>,
        classes: Vec<String>,
        columns: Vec<String>,
        choice: Choice,
    ) -> PyResult<String> {
        let mut data = dataset(x, layout)?;
        if let Some(labels) = labels {
            data = data.with_labels(labels, Path::new("y")).map_err(raised)?;
        }
        let explorer = self.on(py, &choice, |model, device| {
            let inputs = ExplorerInputs {
                title,
                model,
                data: &data,
                classes: &classes,
                columns: &columns,
                points: MOST_POINTS,
                field: FIELD,
            };
            Explorer::new(inputs, device)
        })?;
        Ok(explorer.html)
    }
}
