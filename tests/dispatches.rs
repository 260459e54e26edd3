//! What a training step consists of with the kernels of a GPU: a dispatch costs about 2 us there
//! whatever it does, and so does a barrier.

use nrae::bench::Workload;
use nrae::executor::Executor;
use nrae::gpu::{GemmFamily, Gpu, GpuOptions};
use nrae::objective::Method;

#[test]
fn steps_take_few_dispatches_levels_and_barriers() {
    let options = GpuOptions {
        family: Some(GemmFamily::Tiled),
        software: true,
        ..Default::default()
    };
    let gpu = Gpu::open(&options).unwrap();
    let method = Method::find("nrae-q").unwrap();
    // The convolutional networks have two products each whose terms workgroups share, which takes
    // two dispatches more than it would otherwise, and less time.
    for (name, bounds) in [
        ("toy", [26, 19, 24]),
        ("mlp", [26, 19, 24]),
        ("conv28", [36, 26, 33]),
        ("conv32", [38, 28, 35]),
    ] {
        let workload = Workload::ALL.iter().find(|workload| workload.name == name);
        let (_, step) = workload.unwrap().step(&method, &gpu).unwrap();
        let session = gpu.prepare(&step.recording).unwrap();
        let counts = session.counts().unwrap();
        let found = [counts.dispatches, counts.levels, counts.barriers];
        println!("{name}: {found:?}");
        assert!(
            found
                .iter()
                .zip(bounds)
                .all(|(found, bound)| *found <= bound),
            "{name}: {counts:?}, but at most {bounds:?} are allowed"
        );
    }
}
