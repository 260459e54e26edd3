//! Threads and devices of a process. What was made before a fork is not used after it: threads do not
//! exist in the child, and a device belongs to the process that opened it.

use crate::error::raised;
use nrae::cpu::Cpu;
use nrae::error::{Error, Result};
use nrae::executor::Executor;
use nrae::gpu::{Gpu, GpuOptions, Precision};
use pyo3::prelude::*;
use rayon::ThreadPool;
use std::sync::{Arc, Mutex};

/// What was asked for: `auto`, `gpu` or `cpu`, a part of an adapter's name, `f32`, `f16` or `f16x3`.
pub(crate) type Choice = (String, Option<String>, String);

/// What a process has opened.
struct Opened {
    process: u32,
    pool: Option<Arc<ThreadPool>>,
    devices: Vec<(Choice, Arc<dyn Executor>)>,
}

/// Only locked where Python's lock is held: a fork, which needs that too, never finds it locked.
static OPENED: Mutex<Opened> = Mutex::new(Opened {
    process: 0,
    pool: None,
    devices: Vec::new(),
});

/// Calls `body` with what this process has opened.
fn with_opened<T>(_: Python<'_>, body: impl FnOnce(&mut Opened) -> T) -> T {
    let mut opened = OPENED.lock().unwrap_or_else(|lock| lock.into_inner());
    let process = std::process::id();
    if opened.process != process {
        // Neither can be put away: their threads are those of another process.
        std::mem::forget(opened.pool.take());
        std::mem::forget(std::mem::take(&mut opened.devices));
        opened.process = process;
    }
    body(&mut opened)
}

/// The threads of this process.
pub(crate) fn pool(py: Python<'_>) -> PyResult<Arc<ThreadPool>> {
    with_opened(py, |opened| {
        if let Some(pool) = &opened.pool {
            return Ok(pool.clone());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .thread_name(|number| format!("nrae {number}"))
            .build();
        let pool = pool.map_err(|error| {
            raised(Error::Device(format!("no threads can be started: {error}")))
        })?;
        Ok(opened.pool.insert(Arc::new(pool)).clone())
    })
}

/// The device that `choice` stands for, opened once in a process.
pub(crate) fn device(py: Python<'_>, choice: &Choice) -> PyResult<Arc<dyn Executor>> {
    let known = |opened: &mut Opened| {
        let mut known = opened.devices.iter();
        known
            .find(|(other, _)| other == choice)
            .map(|(_, device)| device.clone())
    };
    if let Some(device) = with_opened(py, known) {
        return Ok(device);
    }
    let device = py.detach(|| open(choice)).map_err(raised)?;
    with_opened(py, |opened| {
        opened.devices.push((choice.clone(), device.clone()));
    });
    Ok(device)
}

/// Opens a device, as `--device`, `--adapter` and `--precision` of the command line do.
fn open((device, adapter, precision): &Choice) -> Result<Arc<dyn Executor>> {
    let precision = match precision.as_str() {
        "f32" => Precision::F32,
        "f16" => Precision::F16,
        "f16x3" => Precision::F16x3,
        other => {
            return Err(Error::input(format!(
                "precision is {other:?}, but it is \"f32\", \"f16\" or \"f16x3\""
            )));
        }
    };
    let named = adapter.is_some() || std::env::var_os("NRAE_ADAPTER").is_some();
    let gpu = |software| -> Result<Arc<dyn Executor>> {
        let gpu = Gpu::open(&GpuOptions {
            adapter: adapter.clone(),
            software,
            precision,
            cached: true,
            ..GpuOptions::default()
        })?;
        Ok(Arc::new(gpu))
    };
    match device.as_str() {
        "cpu" if precision != Precision::F32 => Err(Error::input(
            "the CPU multiplies in f32: leave out precision, or choose device=\"gpu\"",
        )),
        "cpu" => Ok(Arc::new(Cpu)),
        "auto" if named || precision != Precision::F32 => gpu(true),
        "auto" => Ok(gpu(false).unwrap_or_else(|_| Arc::new(Cpu))),
        "gpu" => gpu(true),
        other => Err(Error::input(format!(
            "device is {other:?}, but it is \"auto\", \"gpu\" or \"cpu\""
        ))),
    }
}

/// Name and driver of the device that a choice stands for.
#[pyfunction]
pub(crate) fn describe(py: Python<'_>, choice: Choice) -> PyResult<(String, String)> {
    let (device, pool) = (device(py, &choice)?, pool(py)?);
    Ok(py.detach(|| pool.install(|| (device.name(), device.driver()))))
}
