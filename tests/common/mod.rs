//! Executors that several tests run on.

use nrae::cpu::Cpu;
use nrae::executor::Executor;
use nrae::gpu::{Gpu, GpuOptions};

/// A GPU as `options` say, software drivers included.
pub(crate) fn gpu(options: GpuOptions) -> Gpu {
    Gpu::open(&GpuOptions {
        software: true,
        ..options
    })
    .expect("these tests need a Vulkan driver: `make test` installs one")
}

/// A GPU with each family of product kernels that it can run, and the CPU in f32.
pub(crate) fn executors() -> Vec<Box<dyn Executor>> {
    let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(Cpu)];
    for family in gpu(GpuOptions::default()).families() {
        executors.push(Box::new(gpu(GpuOptions {
            checked: true,
            family: Some(*family),
            ..Default::default()
        })));
    }
    executors
}
