//! What a training step allocates: as much on the device as was predicted, all of it before the
//! first step.

use nrae::cpu::Cpu;
use nrae::data::{Dataset, ReadOptions, Scaling, ScalingKind, Values, read_dataset, write_npy};
use nrae::executor::{Executor, Session};
use nrae::gpu::{Gpu, GpuOptions};
use nrae::model::Model;
use nrae::net::{Activation, Network, Preset};
use nrae::objective::{Data, Method, Sampling, Step, StepInputs, Variants, training_step};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, which counts what is asked of it.
struct Counting;

/// Bytes that were ever asked for, that are in use, and the most that were in use at once.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// The count belongs to one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

// SAFETY: every call is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        PEAK.fetch_max(
            LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size(),
            Ordering::Relaxed,
        );
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Steps that can be taken before the schedule ends.
const STEPS: usize = 16;
const BATCH: usize = 40;

fn training(method: &str, network: &Network) -> Step {
    let objective = Method::named(method).unwrap().objective(
        Sampling {
            neighbours: 1,
            centre: true,
        },
        Variants::default(),
    );
    training_step(
        network,
        &objective,
        Data::floats(512),
        BATCH,
        STEPS,
        0,
        &Default::default(),
    )
}

fn networks() -> [Network; 2] {
    [
        Network::mlp(
            &[784],
            &[512, 512, 512],
            2,
            Activation::Elu,
            Activation::Sigmoid,
        )
        .unwrap(),
        Preset::Conv28
            .network(&[1, 28, 28], &[], 16, Activation::Relu, Activation::Sigmoid)
            .unwrap(),
    ]
}

fn fill(step: &Step, session: &mut dyn Session) {
    StepInputs {
        loss_weights: &step.constant_loss_weights(BATCH, 1e-3),
        schedule: &step.constant_schedule(1e-4),
        parameters: &step.layout.initialise(0),
        ..Default::default()
    }
    .write(session, step)
    .unwrap();
}

#[test]
fn device_memory_is_predicted_and_does_not_grow() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let options = GpuOptions {
        software: true,
        ..Default::default()
    };
    let gpu =
        Gpu::open(&options).expect("these tests need a Vulkan driver: `make test` installs one");
    for network in networks() {
        for method in ["ae", "nrae-q"] {
            let step = training(method, &network);
            let before = gpu
                .allocated_bytes()
                .expect("Vulkan tells what is allocated");
            let mut session = gpu.prepare(&step.recording).unwrap();
            fill(&step, &mut *session);
            session.run(2).unwrap();
            session.read_u32(step.state).unwrap();
            let used = gpu.allocated_bytes().unwrap();
            session.run(8).unwrap();
            session.read_u32(step.state).unwrap();
            assert_eq!(
                gpu.allocated_bytes().unwrap(),
                used,
                "{method}: the device allocated after the first step"
            );
            let (used, predicted) = ((used - before) as f64, step.recording.bytes() as f64);
            assert!(
                (used / predicted - 1.0).abs() < 0.1,
                "{method}: {used} bytes are allocated, {predicted} were predicted"
            );
        }
    }
}

/// Nothing that grows with the batch or the network: a step leaves what the thread pool and lists
/// of pieces need, a few KiB. A thread that gets its first work late, on a busy machine, makes its
/// scratch memory then, so that the least of several blocks of steps counts.
#[test]
fn steps_on_the_cpu_allocate_next_to_nothing() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    for network in networks() {
        for method in ["ae", "nrae-q"] {
            let step = training(method, &network);
            let mut session = Cpu.prepare(&step.recording).unwrap();
            fill(&step, &mut *session);
            session.run(2).unwrap();
            let block = |_| {
                session.write_u32(step.state, &Step::start(0)).unwrap();
                let before = ALLOCATED.load(Ordering::Relaxed);
                session.run(8).unwrap();
                (ALLOCATED.load(Ordering::Relaxed) - before) / 8
            };
            let bytes = (0..4).map(block).min().expect("several blocks");
            assert!(
                bytes < step.recording.bytes() / 100,
                "{method}: a step allocates {bytes} bytes"
            );
        }
    }
}

/// Sets larger than memory are mapped files: nothing may hold all of their values.
#[test]
fn large_sets_are_scaled_and_encoded_in_parts() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let (samples, features) = (200_000, 100);
    let values = Values::Bytes(
        (0..samples * features)
            .map(|i| (i % 251) as u8)
            .collect::<Vec<_>>()
            .into(),
    );
    let data = Dataset {
        samples,
        shape: vec![features],
        values,
        labels: None,
        parameter: None,
    };
    let scaling = Scaling::fit(ScalingKind::Unit, &data);
    let network =
        Network::mlp(&[features], &[4], 1, Activation::Relu, Activation::Sigmoid).unwrap();
    let model = Model::new(network, scaling.clone(), 1);
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    assert_eq!(scaling.range(&data.values), (0.0, 250.0 / 255.0));
    let codes = model.encode(&data.values, &Cpu).unwrap();
    let most = PEAK.load(Ordering::Relaxed) - before;
    assert_eq!(codes.len(), samples);
    assert!(
        most < samples * features,
        "{most} bytes at once for {} of data",
        samples * features
    );
}

/// A file without a block on the disk, of 300 MB: large enough to be mapped.
#[test]
fn mapped_floats_are_read_split_and_scaled_in_parts() {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let (samples, features) = (70_000, 1024);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.npy");
    write_npy(&path, &[1, features], &vec![0.0; features]).unwrap();
    let header = std::fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&header[10..128]).into_owned();
    let text = text.replace("(1, 1024), }    ", "(70000, 1024), }");
    let file = std::fs::File::create(&path).unwrap();
    (&file).write_all(&header[..10]).unwrap();
    (&file).write_all(text.as_bytes()).unwrap();
    file.set_len((128 + 4 * samples * features) as u64).unwrap();

    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let data = read_dataset(&path, &ReadOptions::default()).unwrap().data;
    assert_eq!((data.samples, data.features()), (samples, features));
    let (train, validation) = data.split(samples / 10, 0);
    assert!(train.values.is_mapped() && validation.values.is_mapped());
    let scaling = Scaling::fit(ScalingKind::Standardise, &train);
    assert_eq!(scaling.range(&validation.values), (0.0, 0.0));
    let most = PEAK.load(Ordering::Relaxed) - before;
    assert!(
        most < samples * features / 2,
        "{most} bytes at once for {} of data",
        4 * samples * features
    );
}
