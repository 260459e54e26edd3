//! Every pass of `nrae bench gemm`, `conv` and `jet`, and the graph of nearest neighbours, against earlier times: on the CPU, and on the GPU
//! or the software driver where there is one (`NRAE_ADAPTER` chooses).
//!
//! `cargo bench -- gemm` runs one family, `cargo bench -- 'CPU.*linear_weight'` what the expression matches.

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use nrae::bench::{Family, Prepared, Unit, normal_samples};
use nrae::cpu::Cpu;
use nrae::executor::Executor;
use nrae::gpu::{Gpu, GpuOptions};
use nrae::graph::{distance_products, nearest_neighbours};
use std::time::Duration;

fn passes(criterion: &mut Criterion) {
    let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(Cpu)];
    match Gpu::open(&GpuOptions { software: true, ..Default::default() }) {
        Ok(gpu) => executors.push(Box::new(gpu)),
        Err(error) => eprintln!("only the CPU is measured: {error}"),
    }
    for executor in &executors {
        for family in Family::ALL {
            let mut group = criterion.benchmark_group(format!("{} on {}", family.name, executor.name()));
            // Times do not spread with the number of runs, so that all samples may have the same.
            group.sampling_mode(SamplingMode::Flat);
            for work in family.works() {
                group.throughput(match work.unit {
                    Unit::Operations => Throughput::Elements(work.amount),
                    Unit::Bytes => Throughput::Bytes(work.amount),
                });
                // Allocated only if it is asked for, and once.
                let mut prepared: Option<Prepared> = None;
                group.bench_function(BenchmarkId::new(work.pass, &work.shape), |bencher| {
                    let prepared = prepared.get_or_insert_with(|| work.prepare(&**executor).expect("the device has room"));
                    bencher.iter_custom(|runs| prepared.run(runs as usize).expect("the device runs"));
                });
            }
        }
    }
}

fn neighbours(criterion: &mut Criterion) {
    let (features, k) = (784, 15);
    let mut group = criterion.benchmark_group("knn on CPU");
    for samples in [1000, 3000] {
        let points = normal_samples(samples, features).expect("few samples fit into memory");
        group.throughput(Throughput::Elements(distance_products(samples, features)));
        group.bench_function(BenchmarkId::new("nearest_neighbours", format!("{samples}x{features}, k {k}")), |bencher| {
            bencher.iter(|| nearest_neighbours(&points, features, k, &mut |_| ()).expect("there are enough samples"));
        });
    }
}

criterion_group! {
    name = shaders;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .nresamples(2000)
        .without_plots();
    targets = passes, neighbours
}
criterion_main!(shaders);
