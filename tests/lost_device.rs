//! A device that is lost in the middle of a run, or runs out of memory, by an executor between the run
//! and the CPU.

use nrae::cpu::Cpu;
use nrae::data::Synthetic;
use nrae::engine::{Recording, Segment, View};
use nrae::error::{Error, Result};
use nrae::executor::{Executor, Session};
use nrae::train::{Config, Run, SavedRun, Splits, Trainer};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The CPU, lost after so many calls of its sessions.
struct Weak(Arc<AtomicUsize>);

struct WeakSession(Box<dyn Session>, Arc<AtomicUsize>);

impl Executor for Weak {
    fn name(&self) -> String {
        Cpu.name()
    }

    fn driver(&self) -> String {
        Cpu.driver()
    }

    fn data_limit(&self) -> usize {
        Cpu.data_limit()
    }

    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>> {
        let session = Cpu.prepare(recording)?;
        Ok(Box::new(WeakSession(session, self.0.clone())))
    }
}

impl WeakSession {
    fn session(&mut self) -> Result<&mut dyn Session> {
        let left = self.1.load(Relaxed);
        if left == 0 {
            return Err(Error::Device("the GPU was lost".into()));
        }
        self.1.store(left - 1, Relaxed);
        Ok(&mut *self.0)
    }
}

impl Session for WeakSession {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        self.session()?.write(view, values)
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        self.session()?.write_u32(view, values)
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        self.session()?.run(steps)
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        self.session()?.run_segment(segment)
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        self.session()?.read(view)
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        self.session()?.read_u32(view)
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        self.session()?.profile()
    }
}

fn trainer(executor: &dyn Executor) -> Result<Trainer> {
    let mut config = Config {
        // Noise by the place in the batch keeps steps whole, and their bytes with them.
        method: "dae".into(),
        ..Config::default()
    };
    config.data.synthetic = Some(Synthetic::SwissRollOfficial);
    config.net.latent = 1;
    config.net.hidden = vec![8];
    config.train.epochs = Some(3);
    let splits = Splits::load(&config)?;
    Trainer::new(config, splits, executor, &mut |_| ())
}

const FILES: [&str; 4] = [
    "model.safetensors",
    "metrics.jsonl",
    "checkpoint/last.safetensors",
    "checkpoint/state.safetensors",
];

fn bytes(folder: &Path) -> [Vec<u8>; 4] {
    FILES.map(|file| std::fs::read(folder.join(file)).unwrap())
}

/// The CPU with so many bytes for what is prepared on it at once.
struct Small {
    room: usize,
    taken: Arc<AtomicUsize>,
}

/// A session that gives its bytes back.
struct SmallSession {
    session: Box<dyn Session>,
    bytes: usize,
    taken: Arc<AtomicUsize>,
}

impl Executor for Small {
    fn name(&self) -> String {
        Cpu.name()
    }

    fn driver(&self) -> String {
        Cpu.driver()
    }

    fn data_limit(&self) -> usize {
        Cpu.data_limit()
    }

    fn prepare(&self, recording: &Recording) -> Result<Box<dyn Session>> {
        let bytes = recording.bytes();
        if self.taken.load(Relaxed) + bytes > self.room {
            return Err(Error::Device("the GPU ran out of memory".into()));
        }
        self.taken.fetch_add(bytes, Relaxed);
        Ok(Box::new(SmallSession {
            session: Cpu.prepare(recording)?,
            bytes,
            taken: self.taken.clone(),
        }))
    }
}

impl Drop for SmallSession {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Relaxed);
    }
}

impl Session for SmallSession {
    fn write(&mut self, view: View, values: &[f32]) -> Result<()> {
        self.session.write(view, values)
    }

    fn write_u32(&mut self, view: View, values: &[u32]) -> Result<()> {
        self.session.write_u32(view, values)
    }

    fn run(&mut self, steps: usize) -> Result<()> {
        self.session.run(steps)
    }

    fn run_segment(&mut self, segment: Segment) -> Result<()> {
        self.session.run_segment(segment)
    }

    fn read(&mut self, view: View) -> Result<Vec<f32>> {
        self.session.read(view)
    }

    fn read_u32(&mut self, view: View) -> Result<Vec<u32>> {
        self.session.read_u32(view)
    }

    fn profile(&mut self) -> Result<Option<Vec<Duration>>> {
        self.session.profile()
    }
}

/// Goes on with the run in `folder` to twice its epochs and sums it up.
fn go_on(folder: &Path, executor: &dyn Executor) -> Result<()> {
    let mut run = SavedRun::read(folder, Some(6))?.resume(false, executor, &mut |_| ())?;
    assert!(run.train(&mut ())?);
    run.summarise().map(drop)
}

/// A run of three epochs, in a folder.
fn start() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::create(trainer(&Cpu).unwrap(), folder.path(), false, &Cpu).unwrap();
    assert!(run.train(&mut ()).unwrap());
    folder
}

/// Wherever memory ends, a sentence that says so, and a folder that goes on to the same bytes.
#[test]
fn a_run_goes_on_after_its_device_ran_out_of_memory() {
    let whole = start();
    go_on(whole.path(), &Cpu).unwrap();
    let mut refused = 0;
    for room in (0..).map(|step| 1000 << step) {
        let folder = start();
        let small = Small {
            room,
            taken: Arc::default(),
        };
        let outcome = go_on(folder.path(), &small);
        assert_eq!(small.taken.load(Relaxed), 0);
        if let Err(error) = &outcome {
            assert!(matches!(error, Error::Device(_)), "{room} bytes: {error}");
            assert!(error.to_string().contains("out of memory"), "{error}");
            go_on(folder.path(), &Cpu).unwrap();
            refused += 1;
        }
        assert!(bytes(folder.path()) == bytes(whole.path()), "{room} bytes");
        if outcome.is_ok() {
            break;
        }
    }
    assert!(refused > 1, "{refused}");
}

/// Wherever the device is lost, before the first step or in the last measure: an error, and the folder goes on to the same bytes.
#[test]
fn a_run_goes_on_from_its_checkpoint_after_its_device_was_lost() {
    let whole = start();
    let calls = Arc::new(AtomicUsize::new(usize::MAX));
    go_on(whole.path(), &Weak(calls.clone())).unwrap();
    let calls = usize::MAX - calls.load(Relaxed);
    assert!(calls > 10, "{calls}");
    for lost_after in (0..calls).step_by(calls.div_ceil(20)) {
        let folder = start();
        let weak = Weak(Arc::new(AtomicUsize::new(lost_after)));
        let error = go_on(folder.path(), &weak).unwrap_err();
        assert!(matches!(error, Error::Device(_)), "{lost_after}: {error}");
        // Where it was lost behind the last step, only the summary is missing.
        go_on(folder.path(), &Cpu).unwrap();
        assert!(folder.path().join("result.json").exists());
        assert!(
            bytes(folder.path()) == bytes(whole.path()),
            "lost after {lost_after} calls"
        );
    }
}
