//! When fusing moved to the GPU's executor, memory was still planned by single passes. A product's
//! input was no longer needed once the product had run, so its memory went to what the activation
//! behind it gives; but the fused kernel of both reads the one while it writes the other, which wgpu
//! refuses. Every run on a real GPU ended with its first validation. Software drivers do not fuse by
//! themselves, and what was tested with the GPU's kernels were steps, which keep what layers give.

use nrae::cpu::Cpu;
use nrae::engine::{Stack, inference};
use nrae::executor::{Executor, Session};
use nrae::gpu::{GemmFamily, Gpu, GpuOptions};
use nrae::net::{Activation, Network, Parameters};
use nrae::tolerance::Tolerance;

#[test]
fn networks_run_with_the_kernels_of_a_gpu() {
    const ROWS: usize = 7;
    let network = Network::mlp(
        &[64],
        &[32, 32, 32],
        2,
        Activation::Elu,
        Activation::Sigmoid,
    )
    .unwrap();
    let gpu = Gpu::open(&GpuOptions {
        software: true,
        family: Some(GemmFamily::Tiled),
        ..Default::default()
    })
    .expect("these tests need a Vulkan driver: `make test` installs one");
    let parameters = Parameters::of(&network).initialise(3);
    for stack in [Stack::Encoder, Stack::Decoder, Stack::Whole] {
        let inference = inference(&network, stack, ROWS);
        let input: Vec<f32> = (0..inference.input.len)
            .map(|i| (i as f32 * 1.3).sin())
            .collect();
        let [got, want] = [&gpu as &dyn Executor, &Cpu].map(|executor| {
            let mut session: Box<dyn Session> = executor.prepare(&inference.recording).unwrap();
            session.write(inference.parameters, &parameters).unwrap();
            session.write(inference.input, &input).unwrap();
            session.run(1).unwrap();
            session.read(inference.output).unwrap()
        });
        let want: Vec<f64> = want.into_iter().map(f64::from).collect();
        let error = Tolerance::F32.worst(&got, &want);
        assert!(error <= 1.0, "{got:?}, not {want:?}");
    }
}
