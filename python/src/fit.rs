//! Training: in a thread of its own, while the calling one hears how it gets on, calls back, and looks
//! at signals.

use crate::arrays::dataset;
use crate::device::{Choice, device, pool};
use crate::error::raised;
use crate::model::Model;
use crate::settings::{configuration, json};
use nrae::data::Dataset;
use nrae::error::{Error, Result};
use nrae::executor::Executor;
use nrae::train::{Config, Preparing, Record, Splits, State, Trainer};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::ThreadPool;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Signals are looked at this often.
const PATIENCE: Duration = Duration::from_millis(20);

/// Everything that is needed to train on.
#[pyclass(frozen, module = "nrae._native")]
pub(crate) struct Checkpoint(Arc<State>);

#[pymethods]
impl Checkpoint {
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        let state = State::from_bytes(bytes, Path::new("the checkpoint"));
        Ok(Self(Arc::new(state.map_err(raised)?)))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Py<PyAny>, (Bound<'py, PyBytes>,))> {
        let load = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((load.unbind(), (PyBytes::new(py, &self.0.to_bytes()),)))
    }
}

/// What training has given.
#[pyclass(frozen, get_all, module = "nrae._native")]
pub(crate) struct Fitted {
    model: Py<Model>,
    checkpoint: Py<Checkpoint>,
    /// Every setting of the run, as JSON.
    config: String,
    /// Why it has stopped: `done`, `validation`, `callback` or `interrupt`.
    stopped: &'static str,
}

/// What to train.
struct Task {
    config: Config,
    train: Dataset,
    validation: Option<Dataset>,
    device: Arc<dyn Executor>,
    pool: Arc<ThreadPool>,
    /// A model to train on, with its state and its epochs.
    before: Option<(Arc<nrae::model::Model>, Arc<State>, usize)>,
}

/// What the thread that trains tells.
enum Told {
    /// What happens before the first step.
    Preparing(Preparing),
    /// Steps done, and those of the whole run.
    Steps(usize, usize),
    /// An epoch, and how many there are.
    Epoch(Box<Record>, usize),
    /// The end.
    Trained(Box<Result<Trained>>),
}

struct Trained {
    model: nrae::model::Model,
    state: State,
    config: Config,
    early: bool,
}

/// How the thread that trains is spoken to.
struct Line {
    told: Sender<Told>,
    /// Hears that the epochs that were told have been listened to; `None` where nobody listens.
    heard: Option<Receiver<()>>,
    stop: Arc<AtomicBool>,
}

impl Task {
    /// The splits, with the scaling of the model that is trained on, and the configuration for as many
    /// epochs more. Where it is told to stop meanwhile, nobody waits for anything any more: the thread
    /// ends.
    fn prepare(mut self, told: &Sender<Told>, stop: &Arc<AtomicBool>) -> Result<Trainer> {
        let mut splits = Splits::of(&self.config, self.train, self.validation)?;
        if let Some((model, _, epochs)) = &self.before {
            if model.network.shape != splits.train.shape {
                return Err(Error::input(format!(
                    "X has samples of shape {:?}, but the model that is trained on takes {:?}",
                    splits.train.shape, model.network.shape
                )));
            }
            splits.scaling = model.scaling.clone();
            self.config.resolve(&splits)?;
            self.config.train.epochs = Some(epochs + self.config.epochs());
        }
        let mut progress = |what| {
            if stop.load(Ordering::Relaxed) {
                std::panic::resume_unwind(Box::new("told to stop"));
            }
            drop(told.send(Told::Preparing(what)));
        };
        let mut trainer = Trainer::new(self.config, splits, &*self.device, &mut progress)?;
        trainer.stop_by(stop.clone())?;
        if let Some((_, state, epochs)) = self.before {
            trainer.resume(State::clone(&state), epochs)?;
        }
        Ok(trainer)
    }

    /// Trains to the end, or until it is told to stop.
    fn run(self, line: &Line) -> Result<Trained> {
        let pool = self.pool.clone();
        let (told, stop) = (&line.told, &line.stop);
        let mut trainer = pool.install(|| self.prepare(told, stop))?;
        let (total, epochs) = (trainer.total_steps(), trainer.config().epochs());
        drop(line.told.send(Told::Steps(trainer.progress().step, total)));
        while !trainer.is_done() && !line.stop.load(Ordering::Relaxed) {
            let records = pool.install(|| trainer.advance())?;
            drop(line.told.send(Told::Steps(trainer.progress().step, total)));
            for record in records {
                drop(line.told.send(Told::Epoch(Box::new(record), epochs)));
                if let Some(heard) = &line.heard {
                    // Where nobody answers any more, it has been told to stop.
                    let _ = heard.recv();
                }
            }
        }
        Ok(Trained {
            model: trainer.best_model()?,
            state: trainer.state()?,
            config: trainer.config().clone(),
            early: trainer.progress().stopped_early,
        })
    }
}

/// Trains on samples. `settings` are JSON; `before` is what an earlier call gave, with the number of
/// its epochs, to train on. `on_progress(what, done, of)` hears of progress, `on_epoch(json, epochs)` of
/// every epoch, and stops the run where it gives `True`; training waits for it where `wait`.
#[pyfunction]
#[pyo3(signature = (x, settings, layout, choice, validation, before, on_progress, on_epoch, wait))]
#[expect(
    clippy::too_many_arguments,
    reason = "called by name from one place in Python"
)]
pub(crate) fn fit(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    settings: &str,
    layout: &str,
    choice: Choice,
    validation: Option<&Bound<'_, PyAny>>,
    before: Option<(Bound<'_, Model>, Bound<'_, Checkpoint>, usize)>,
    on_progress: &Bound<'_, PyAny>,
    on_epoch: &Bound<'_, PyAny>,
    wait: bool,
) -> PyResult<Fitted> {
    let task = Task {
        config: configuration(settings).map_err(raised)?,
        train: dataset(x, layout)?,
        validation: validation.map(|x| dataset(x, layout)).transpose()?,
        device: device(py, &choice)?,
        pool: pool(py)?,
        before: before
            .map(|(model, state, epochs)| (model.get().0.clone(), state.get().0.clone(), epochs)),
    };
    let (sender, receiver) = channel();
    let (answer, heard) = channel();
    let stop = Arc::new(AtomicBool::new(false));
    let line = Line {
        told: sender,
        heard: wait.then_some(heard),
        stop: stop.clone(),
    };
    // Whichever way this function is left, the thread stops at its next block.
    let _stopping = OnDrop(stop.clone());
    std::thread::spawn(move || {
        let outcome = task.run(&line);
        drop(line.told.send(Told::Trained(Box::new(outcome))));
    });
    let mut listener = Listener {
        on_progress,
        on_epoch,
        stopped: None,
        trains: false,
    };
    let mut receiver = Some(receiver);
    loop {
        let (kept, told) = py.detach(|| {
            let receiver = receiver.take().expect("given back every time");
            let told = receiver.recv_timeout(PATIENCE);
            (receiver, told)
        });
        receiver = Some(kept);
        listener.interrupted(py, py.check_signals())?;
        match told {
            Ok(Told::Trained(outcome)) => return listener.fitted(py, outcome.map_err(raised)?),
            Ok(told) => {
                let epoch = matches!(told, Told::Epoch(..));
                let outcome = listener.hear(told);
                listener.interrupted(py, outcome)?;
                if listener.stopped.is_some() {
                    stop.store(true, Ordering::Relaxed);
                }
                if epoch {
                    let _ = answer.send(());
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                if listener.stopped.is_some() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(raised(Error::Device("training ended in a panic".into())));
            }
        }
    }
}

/// Sets a flag when it goes.
struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The side of Python.
struct Listener<'a, 'py> {
    on_progress: &'a Bound<'py, PyAny>,
    on_epoch: &'a Bound<'py, PyAny>,
    stopped: Option<&'static str>,
    /// Whether there is a model already.
    trains: bool,
}

impl Listener<'_, '_> {
    /// Passes on what was raised, by a callback or by Python where it handles signals, which it does in
    /// its main thread; but the first Ctrl-C while there is a model to keep only stops.
    fn interrupted(&mut self, py: Python<'_>, outcome: PyResult<()>) -> PyResult<()> {
        match outcome {
            Err(error)
                if error.is_instance_of::<PyKeyboardInterrupt>(py)
                    && self.trains
                    && self.stopped != Some("interrupt") =>
            {
                self.stopped = Some("interrupt");
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn hear(&mut self, told: Told) -> PyResult<()> {
        match told {
            Told::Preparing(Preparing::Graph(share)) => {
                self.on_progress.call1(("graph", share, 1.0))?;
            }
            Told::Preparing(Preparing::Start(share)) => {
                self.on_progress.call1(("start", share, 1.0))?;
            }
            Told::Steps(done, total) => {
                self.trains = true;
                self.on_progress.call1(("steps", done, total))?;
            }
            Told::Epoch(record, epochs) => {
                let text = serde_json::to_string(&record).expect("plain data");
                let stop = self.on_epoch.call1((text, epochs))?;
                if self.stopped.is_none() && stop.is_truthy()? {
                    self.stopped = Some("callback");
                }
            }
            Told::Trained(_) => {}
        }
        Ok(())
    }

    fn fitted(&self, py: Python<'_>, trained: Trained) -> PyResult<Fitted> {
        let ended = if trained.early { "validation" } else { "done" };
        Ok(Fitted {
            model: Py::new(py, Model(Arc::new(trained.model)))?,
            checkpoint: Py::new(py, Checkpoint(Arc::new(trained.state)))?,
            config: json(&trained.config)?,
            stopped: self.stopped.unwrap_or(ended),
        })
    }
}
