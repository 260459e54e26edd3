//! The native module of the Python package `nrae`: what the library computes, for arrays of NumPy.
//!
//! It is thin: names, defaults of the estimator and checks of what users pass are in Python, in
//! `python/nrae/`. Whatever computes leaves Python's lock to others.

mod arrays;
mod device;
mod error;
mod fit;
mod graph;
mod messages;
mod model;
mod settings;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    messages::install();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<model::Model>()?;
    module.add_class::<fit::Checkpoint>()?;
    module.add_class::<fit::Fitted>()?;
    module.add_function(wrap_pyfunction!(fit::fit, module)?)?;
    module.add_function(wrap_pyfunction!(graph::knn_graph, module)?)?;
    module.add_function(wrap_pyfunction!(settings::defaults, module)?)?;
    module.add_function(wrap_pyfunction!(settings::read_config, module)?)?;
    module.add_function(wrap_pyfunction!(settings::validation_fraction, module)?)?;
    module.add_function(wrap_pyfunction!(device::describe, module)?)?;
    module.add_function(wrap_pyfunction!(arrays::chosen_layout, module)?)?;
    Ok(())
}
