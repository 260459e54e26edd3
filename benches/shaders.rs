//! Every pass of `nrae bench gemm`, `conv` and `jet`, and the graph of nearest neighbours, against earlier times: on the CPU, and on the GPU
//! or the software driver where there is one (`NRAE_ADAPTER` chooses). After each, the share of what the device reaches at its fastest, measured
//! in the same run.
//!
//! `cargo bench -- gemm` runs one family, `cargo bench -- 'CPU.*linear_weight'` what the expression matches.

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use nrae::bench::{Family, Prepared, Unit, measure_limit, normal_samples};
use nrae::cpu::Cpu;
use nrae::executor::Executor;
use nrae::gpu::{Gpu, GpuOptions};
use nrae::graph::{Metric, device_finds, distance_products};
use std::time::{Duration, Instant};

/// Seconds for which each try at the limit is measured.
const LIMIT: f64 = 0.2;

/// A device with the rates that it reaches, each measured when it is first needed.
struct Device {
    executor: Box<dyn Executor>,
    limits: [Option<f64>; 2],
}

impl Device {
    fn all() -> Vec<Self> {
        let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(Cpu)];
        match Gpu::open(&GpuOptions { software: true, ..Default::default() }) {
            Ok(gpu) => executors.push(Box::new(gpu)),
            Err(error) => eprintln!("only the CPU is measured: {error}"),
        }
        executors.into_iter().map(|executor| Self { executor, limits: [None; 2] }).collect()
    }

    /// Prints the share of the limit that `amount` in `fastest` is. Nothing where nothing was measured, as a filter left it out.
    fn tell_share(&mut self, unit: Unit, amount: u64, fastest: Option<Duration>) {
        let Some(fastest) = fastest else { return };
        let limit = *self.limits[unit as usize].get_or_insert_with(|| {
            measure_limit(&*self.executor, unit, LIMIT).expect("the device has room for the largest works").rate
        });
        let rate = amount as f64 / fastest.as_secs_f64() / 1e9;
        let name = unit.name();
        println!("{:24}share:  {rate:.1} of {limit:.1} {name}, {:.1} %\n", "", 100.0 * rate / limit);
    }
}

fn passes(criterion: &mut Criterion) {
    for mut device in Device::all() {
        for family in Family::ALL {
            let mut group = criterion.benchmark_group(format!("{} on {}", family.name, device.executor.name()));
            // Times do not spread with the number of runs, so that all samples may have the same.
            group.sampling_mode(SamplingMode::Flat);
            for work in family.works() {
                group.throughput(match work.unit {
                    Unit::Operations => Throughput::Elements(work.amount),
                    Unit::Bytes => Throughput::Bytes(work.amount),
                });
                // Allocated only if it is asked for, and once.
                let mut prepared: Option<Prepared> = None;
                let mut fastest: Option<Duration> = None;
                group.bench_function(BenchmarkId::new(work.pass, &work.shape), |bencher| {
                    let prepared = prepared.get_or_insert_with(|| work.prepare(&*device.executor).expect("the device has room"));
                    bencher.iter_custom(|runs| {
                        let taken = prepared.run(runs as usize).expect("the device runs");
                        keep_fastest(&mut fastest, taken, runs);
                        taken
                    });
                });
                device.tell_share(work.unit, work.amount, fastest);
            }
        }
    }
}

fn neighbours(criterion: &mut Criterion) {
    let (features, k) = (784, 15);
    for (mut device, on_cpu) in Device::all().into_iter().zip([true, false]) {
        let mut group = criterion.benchmark_group(format!("knn on {}", device.executor.name()));
        group.sampling_mode(SamplingMode::Flat);
        for samples in [1000, 3000] {
            if !on_cpu && !device_finds(&*device.executor, samples, features, k) {
                continue;
            }
            let points = normal_samples(samples, features).expect("few samples fit into memory");
            // A device computes both distances of a pair.
            let amount = if on_cpu { distance_products(samples, features) } else { 2 * (samples * samples * features) as u64 };
            group.throughput(Throughput::Elements(amount));
            let mut fastest: Option<Duration> = None;
            group.bench_function(BenchmarkId::new("nearest_neighbours", format!("{samples}x{features}, k {k}")), |bencher| {
                bencher.iter_custom(|runs| {
                    let start = Instant::now();
                    for _ in 0..runs {
                        let executor = (!on_cpu).then_some(&*device.executor);
                        Metric::Euclidean.graph(executor, &points, features, k, &mut |_| ()).expect("there are enough samples");
                    }
                    keep_fastest(&mut fastest, start.elapsed(), runs);
                    start.elapsed()
                });
            });
            device.tell_share(Unit::Operations, amount, fastest);
        }
    }
}

fn keep_fastest(fastest: &mut Option<Duration>, taken: Duration, runs: u64) {
    let one = taken.div_f64(runs as f64);
    *fastest = Some(fastest.map_or(one, |fastest| fastest.min(one)));
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
