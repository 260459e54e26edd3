//! Every pass of `nrae bench gemm`, `conv`, `jet` and `rest`, and the graph of nearest neighbours, against
//! earlier times: on the CPU, and on the GPU or the software driver where there is one
//! (`NRAE_ADAPTER` chooses). After each, the share of what the device reaches at its fastest,
//! measured in the same run.
//!
//! `cargo bench -- gemm` runs one family, `cargo bench -- 'CPU.*linear_weight'` what the expression
//! matches.

use criterion::{
    Bencher, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use nrae::bench::{Prepared, Suite, Unit, graph_products, measure_limit, normal_samples};
use nrae::cpu::Cpu;
use nrae::executor::Executor;
use nrae::gpu::{Gpu, GpuOptions};
use nrae::graph::{Metric, device_finds};
use std::time::{Duration, Instant};

/// Seconds for which each try at the limit is measured.
const LIMIT: f64 = 0.2;

/// A device with the rates that it reaches, each measured when it is first needed.
struct Device {
    executor: Box<dyn Executor>,
    on_cpu: bool,
    limits: [Option<f64>; 2],
}

impl Device {
    fn new(executor: Box<dyn Executor>, on_cpu: bool) -> Self {
        Self {
            executor,
            on_cpu,
            limits: [None; 2],
        }
    }

    /// Prints the share of the limit that `amount` in `fastest` is. Nothing where nothing was
    /// measured, as a filter left it out.
    fn tell_share(&mut self, unit: Unit, amount: u64, fastest: Option<Duration>) {
        let Some(fastest) = fastest else { return };
        let limit = *self.limits[unit as usize].get_or_insert_with(|| {
            measure_limit(&*self.executor, unit, LIMIT)
                .expect("the device has room for the largest works")
                .rate
        });
        let rate = amount as f64 / fastest.as_secs_f64() / 1e9;
        let name = unit.name();
        println!(
            "{:24}share:  {rate:.1} of {limit:.1} {name}, {:.1} %\n",
            "",
            100.0 * rate / limit
        );
    }
}

/// Measures what takes `run(runs)`, and keeps the fastest time of one run.
fn measure(
    bencher: &mut Bencher,
    fastest: &mut Option<Duration>,
    mut run: impl FnMut(u64) -> Duration,
) {
    bencher.iter_custom(|runs| {
        let taken = run(runs);
        let one = taken.div_f64(runs as f64);
        *fastest = Some(fastest.map_or(one, |fastest| fastest.min(one)));
        taken
    });
}

fn passes(criterion: &mut Criterion, device: &mut Device) {
    for family in Suite::ALL {
        let mut group =
            criterion.benchmark_group(format!("{} on {}", family.name, device.executor.name()));
        // Times do not spread with the number of runs, so that all samples may have the same.
        group.sampling_mode(SamplingMode::Flat);
        for work in family.works() {
            group.throughput(match work.unit {
                Unit::Operations => Throughput::Elements(work.amount),
                Unit::Bytes => Throughput::Bytes(work.amount),
            });
            // Allocated only if it is asked for, and once.
            let mut prepared: Option<Prepared> = None;
            let mut fastest = None;
            group.bench_function(BenchmarkId::new(work.pass, &work.shape), |bencher| {
                let prepared = prepared.get_or_insert_with(|| {
                    work.prepare(&*device.executor)
                        .expect("the device has room")
                });
                measure(bencher, &mut fastest, |runs| {
                    prepared.run(runs as usize).expect("the device runs")
                });
            });
            device.tell_share(work.unit, work.amount, fastest);
        }
    }
}

fn neighbours(criterion: &mut Criterion, device: &mut Device) {
    let (features, k) = (784, 15);
    let mut group = criterion.benchmark_group(format!("knn on {}", device.executor.name()));
    group.sampling_mode(SamplingMode::Flat);
    for samples in [1000, 3000] {
        let executor = (!device.on_cpu).then_some(&*device.executor);
        if executor.is_some_and(|executor| !device_finds(executor, samples, features, k)) {
            continue;
        }
        let points = normal_samples(samples, features).expect("few samples fit into memory");
        let amount = graph_products(executor, samples, features);
        group.throughput(Throughput::Elements(amount));
        let mut fastest = None;
        group.bench_function(
            BenchmarkId::new("nearest_neighbours", format!("{samples}x{features}, k {k}")),
            |bencher| {
                measure(bencher, &mut fastest, |runs| {
                    let start = Instant::now();
                    for _ in 0..runs {
                        Metric::Euclidean
                            .graph(
                                nrae::graph::Search::Exact,
                                nrae::graph::Workers::on(executor),
                                &points,
                                features,
                                k,
                                &mut |_| (),
                            )
                            .expect("there are enough samples");
                    }
                    start.elapsed()
                });
            },
        );
        device.tell_share(Unit::Operations, amount, fastest);
    }
}

fn devices(criterion: &mut Criterion) {
    let mut devices = vec![Device::new(Box::new(Cpu), true)];
    match Gpu::open(&GpuOptions {
        software: true,
        ..Default::default()
    }) {
        Ok(gpu) => devices.push(Device::new(Box::new(gpu), false)),
        Err(error) => eprintln!("only the CPU is measured: {error}"),
    }
    for device in &mut devices {
        passes(criterion, device);
        neighbours(criterion, device);
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
    targets = devices
}
criterion_main!(shaders);
