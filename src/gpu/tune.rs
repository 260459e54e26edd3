//! Which tile computes a product in the least time, found with a stopwatch: once and before any run,
//! by `nrae doctor --tune`.
//!
//! Each kernel is taken out of its recording and run by itself with every tile that can compute it.
//! Those whose results are not what the f64 CPU kernels give, within the device's tolerance, are out
//! whatever they take.

use super::cache::{tuned_path, write_tuned};
use super::choice::product;
use super::device::Gpu;
use super::family::GemmFamily;
use super::fuse::{self, Kernel};
use super::options::Precision;
use super::tile::Tile;
use crate::cpu::CpuSession;
use crate::engine::{Binding, DType, Pass, Recording, Role, View};
use crate::error::{Error, Result};
use crate::executor::{Executor, Session};
use crate::random::{Generator, Stream};
use crate::tolerance::{Tolerance, worse};
use crate::tuned::{Product, Tuned, TunedProduct};
use rand::RngExt;
use serde::Serialize;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Times of a candidate, of which the least counts.
const REPEATS: usize = 5;
/// How long each lasts, about.
const REPEAT: Duration = Duration::from_millis(2);
/// Runs in a repeat, at most.
const MOST_RUNS: usize = 256;
/// How much less time than the tile of the shape alone another has to take, as a factor: less is
/// within what a repetition changes.
const GAIN: f64 = 0.97;
/// A candidate whose first run takes so many times as long as the best so far is not timed further.
const HOPELESS: f64 = 4.0;
/// Draws of inputs, one of which must hold: a sum may fall onto the kink of an activation, where
/// rounding decides its derivative.
const DRAWS: usize = 3;
/// Terms up to which inputs are drawn from -1..1; beyond, from less, so that sums stay as large.
const TERMS: f64 = 1024.0;
/// What results hold before a run.
const UNWRITTEN: f32 = 1e30;

/// What timing the candidates of a product found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timed {
    /// The product.
    #[serde(flatten)]
    pub product: Product,
    /// Family and tile of the kernel that runs from now on; `None` where none is right.
    pub chosen: Option<Candidate>,
    /// The one that the shape alone would choose, which may be the same; `None` where it is not
    /// right.
    pub by_shape: Option<Candidate>,
    /// How many there are.
    pub candidates: usize,
    /// Those that did not reproduce the f64 CPU kernels.
    pub wrong: Vec<String>,
}

/// A kernel that computes a product, and what it takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Family of kernels.
    pub family: &'static str,
    /// Name of the tile.
    pub tile: String,
    /// Time of a run, dispatch included.
    pub microseconds: f64,
}

/// A candidate as it has been tried.
struct Tried {
    family: GemmFamily,
    tile: Tile,
    holds: bool,
    seconds: f64,
}

/// A kernel by itself.
struct Single {
    recording: Recording,
    /// What is read before it is written.
    inputs: Vec<View>,
    /// What the kernel stores.
    outputs: Vec<View>,
    /// Inputs lie between this and its negative.
    amplitude: f32,
    /// The results of each draw in f64, once they have been asked for.
    references: [OnceCell<Vec<Vec<f64>>>; DRAWS],
}

impl Gpu {
    /// Times the kernels of all products of `recordings`, each shape once. `progress` is called
    /// with the share that is done.
    ///
    /// # Errors
    /// When the device fails.
    pub fn tune(
        &self,
        recordings: &[Recording],
        progress: &mut dyn FnMut(f64),
    ) -> Result<Vec<Timed>> {
        // Timed among themselves, not against what was timed before.
        let gpu = self.with_tuned(None);
        let mut seen = HashSet::new();
        let mut work = Vec::new();
        for recording in recordings {
            let fuses = |kernel: &Kernel| gpu.fuses(kernel);
            let ordered = fuse::ordered(recording, &fuse::order(recording, fuses));
            let groups = fuse::groups(&ordered, fuses);
            for (group, (_, kernel)) in groups.iter().zip(fuse::kernels(&ordered, &groups)) {
                let candidates = gpu.candidates(&kernel);
                if let Some(product) = product(&kernel)
                    && candidates.len() > 1
                    && seen.insert(product.clone())
                {
                    let single = Single::new(&ordered, group, &kernel, &product);
                    work.push((product, kernel, candidates, single));
                }
            }
        }
        let mut all = Vec::with_capacity(work.len());
        let count = work.iter().map(|(_, _, candidates, _)| candidates.len());
        let (count, mut done) = (count.sum::<usize>() as f64, 0.0);
        for (product, kernel, candidates, single) in work {
            let by_shape = gpu.by_shape(&kernel);
            let mut tried: Vec<Tried> = Vec::with_capacity(candidates.len());
            for (family, tile) in candidates {
                let best = tried.iter().filter(|tried| tried.holds);
                let best = best
                    .map(|tried| tried.seconds)
                    .fold(f64::INFINITY, f64::min);
                let entry = entry(&product, family, &tile);
                let gpu = gpu.with_tuned(Some(gpu.table(vec![entry])));
                let (holds, seconds) = single.try_on(&gpu, best)?;
                tried.push(Tried {
                    family,
                    tile,
                    holds,
                    seconds,
                });
                done += 1.0;
                progress(done / count);
            }
            all.push(Timed::new(product, &tried, by_shape));
        }
        Ok(all)
    }

    /// Keeps what `timed` found beside what was found before for other products, and returns where
    /// and the whole table.
    ///
    /// # Errors
    /// When there is nowhere to keep it, or it cannot be written.
    pub fn keep_tuned(&self, precision: Precision, timed: &[Timed]) -> Result<(PathBuf, Tuned)> {
        let path = tuned_path(&self.info, precision).ok_or_else(|| {
            Error::input(
                "there is no folder to keep the table of timed kernels in: let NRAE_CACHE name one",
            )
        })?;
        let chosen = timed.iter().filter_map(|timed| {
            let chosen = timed.chosen.as_ref()?;
            Some(TunedProduct {
                product: timed.product.clone(),
                family: chosen.family.to_owned(),
                tile: chosen.tile.clone(),
            })
        });
        let mut tuned = self
            .tuned_kernels()
            .cloned()
            .unwrap_or_else(|| self.table(Vec::new()));
        tuned.merge(chosen.collect());
        write_tuned(&path, &tuned)?;
        Ok((path, tuned))
    }

    fn table(&self, products: Vec<TunedProduct>) -> Tuned {
        Tuned {
            adapter: self.info.name.clone(),
            driver: self.driver(),
            products,
        }
    }

    /// What runs `kernel` where nothing has been timed.
    fn by_shape(&self, kernel: &Kernel) -> (GemmFamily, Tile) {
        let family = self.family_for(kernel);
        (family, self.tile_by_shape(kernel, family))
    }
}

fn entry(product: &Product, family: GemmFamily, tile: &Tile) -> TunedProduct {
    TunedProduct {
        product: product.clone(),
        family: family.name().to_owned(),
        tile: tile.name(),
    }
}

impl Timed {
    /// Of the candidates as `tried`. The one of the shape alone stays unless another gains
    /// something.
    fn new(product: Product, tried: &[Tried], by_shape: (GemmFamily, Tile)) -> Self {
        let told = |tried: &Tried| Candidate {
            family: tried.family.name(),
            tile: tried.tile.name(),
            microseconds: 1e6 * tried.seconds,
        };
        let right = || tried.iter().filter(|tried| tried.holds);
        let usual = right().find(|tried| (tried.family, tried.tile) == by_shape);
        let best = right().min_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let chosen = match (usual, best) {
            (Some(usual), Some(best)) if best.seconds > GAIN * usual.seconds => Some(usual),
            (_, best) => best,
        };
        let wrong = tried.iter().filter(|tried| !tried.holds);
        Self {
            product,
            chosen: chosen.map(told),
            by_shape: usual.map(told),
            candidates: tried.len(),
            wrong: wrong
                .map(|tried| format!("{} {}", tried.family.name(), tried.tile.name()))
                .collect(),
        }
    }
}

impl Single {
    /// The passes of `ordered` at `group`, which `kernel` runs, with the buffers that they bind.
    fn new(ordered: &Recording, group: &Range<usize>, kernel: &Kernel, product: &Product) -> Self {
        let mut recording = Recording {
            passes: ordered.passes[group.clone()].to_vec(),
            buffers: ordered.buffers.clone(),
            update: None,
            shares_memory: ordered.shares_memory,
        };
        let written = |bindings: &[Binding]| -> Vec<View> {
            let written = bindings.iter().filter(|binding| binding.access.writes());
            written.map(|binding| binding.view).collect()
        };
        let outputs = written(&kernel.describe().bindings());
        let mut inputs: Vec<View> = Vec::new();
        let mut known: Vec<View> = Vec::new();
        for (_, pass) in &recording.passes {
            let bindings = Pass::bindings(pass);
            for Binding { view, access, .. } in &bindings {
                if access.reads() && !known.iter().chain(&inputs).any(|own| own.overlaps(*view)) {
                    inputs.push(*view);
                }
            }
            known.extend(written(&bindings));
        }
        for (id, buffer) in recording.buffers.iter_mut().enumerate() {
            let of = |views: &[View]| views.iter().any(|view| view.buffer.0 == id);
            buffer.initial = None;
            if of(&inputs) {
                buffer.role = Role::Persistent;
            } else if of(&outputs) {
                buffer.role = Role::Output;
            } else if !of(&known) {
                buffer.len = 1;
            }
        }
        inputs.retain(|view| recording.buffers[view.buffer.0].dtype == DType::Float);
        let terms = product.shape[2] as f64;
        Self {
            recording,
            inputs,
            outputs,
            amplitude: (TERMS / terms.max(TERMS)).powf(0.25) as f32,
            references: Default::default(),
        }
    }

    /// Writes the inputs of a draw, and what is never a result where results will be.
    fn fill(&self, session: &mut dyn Session, draw: usize) -> Result<()> {
        for view in &self.outputs {
            session.write(*view, &vec![UNWRITTEN; view.len])?;
        }
        for (i, view) in self.inputs.iter().enumerate() {
            let mut generator = Generator::new(draw as u64, Stream::Test, i as u64);
            let mut value = || self.amplitude * generator.random_range(-1.0..1.0_f32);
            let values: Vec<f32> = (0..view.len).map(|_| value()).collect();
            session.write(*view, &values)?;
        }
        Ok(())
    }

    /// The results of a draw in f64.
    fn reference(&self, draw: usize) -> &[Vec<f64>] {
        self.references[draw].get_or_init(|| {
            let mut session = CpuSession::<f64>::new(&self.recording);
            let filled = self.fill(&mut session, draw);
            filled.expect("memory takes what it is given");
            session.replay(1);
            let read = |view: &View| session.memory.reals(*view).to_vec();
            self.outputs.iter().map(read).collect()
        })
    }

    /// Whether `gpu` gives what the f64 CPU kernels do, and the time of a run in seconds: of one
    /// run alone where that is hopeless beside `best`.
    fn try_on(&self, gpu: &Gpu, best: f64) -> Result<(bool, f64)> {
        let mut session = gpu.prepare(&self.recording)?;
        let mut holds = false;
        for draw in 0..DRAWS {
            self.fill(&mut *session, draw)?;
            session.run(1)?;
            let error = self.error(&mut *session, self.reference(draw), gpu.tolerance())?;
            holds = error <= 1.0;
            if holds {
                break;
            }
        }
        if !holds {
            return Ok((false, f64::INFINITY));
        }
        let end = self.outputs[0].part(0, 1);
        let mut run = |steps: usize| -> Result<f64> {
            session.read(end)?;
            let start = Instant::now();
            session.run(steps)?;
            session.read(end)?;
            Ok(start.elapsed().as_secs_f64() / steps as f64)
        };
        run(2)?;
        let mut least = run(1)?;
        if least > HOPELESS * best + REPEAT.as_secs_f64() {
            return Ok((true, least));
        }
        let mut steps = 1;
        while steps < MOST_RUNS && steps as f64 * least < REPEAT.as_secs_f64() {
            steps *= 4;
            least = run(steps)?;
        }
        for _ in 0..REPEATS {
            least = least.min(run(steps)?);
        }
        Ok((true, least))
    }

    /// The error of the worst result, in units of what `tolerance` allows.
    fn error(
        &self,
        session: &mut dyn Session,
        reference: &[Vec<f64>],
        tolerance: Tolerance,
    ) -> Result<f64> {
        let mut error = 0.0;
        for (view, want) in self.outputs.iter().zip(reference) {
            error = worse(error, tolerance.worst(&session.read(*view)?, want));
        }
        Ok(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::GpuOptions;
    use crate::gpu::choice::product as product_of;
    use crate::gpu::pipeline::PipelineKey;
    use crate::gpu::shader::Replication;

    fn tried(family: GemmFamily, tile: usize, holds: bool, seconds: f64) -> Tried {
        let tile = Tile::all(family)[tile];
        Tried {
            family,
            tile,
            holds,
            seconds,
        }
    }

    fn product() -> Product {
        Product {
            kernel: "linear".into(),
            shape: [8, 8, 8],
            parts: 1,
            rows_per_jet: 1,
        }
    }

    #[test]
    fn what_is_wrong_cannot_win() {
        let family = GemmFamily::Tiled;
        let all = [
            tried(family, 0, true, 3.0),
            tried(family, 1, false, 1.0),
            tried(GemmFamily::Register, 0, true, 2.0),
        ];
        let timed = Timed::new(product(), &all, (family, all[0].tile));
        let chosen = timed.chosen.unwrap();
        assert_eq!((chosen.family, &*chosen.tile), ("register", "16x64"));
        assert_eq!(timed.by_shape.unwrap().microseconds, 3e6);
        assert_eq!(timed.wrong, ["tiled 64x64"]);
        let timed = Timed::new(product(), &all[1..2], (family, all[1].tile));
        assert_eq!((timed.chosen, timed.by_shape), (None, None));
    }

    /// What the table says runs, as long as it is a kernel that there is.
    #[test]
    fn kernels_are_those_of_the_table() {
        let mut r = Recording::default();
        let [input, weight, bias, output] = ["x", "w", "b", "y"].map(|name| r.reals(name, 64 * 64));
        let (rows, inputs, outputs, slots) = (8, 8, 8, 1);
        let pass = crate::engine::ops::Linear {
            input: input.part(0, rows * inputs),
            weight: weight.part(0, inputs * outputs),
            bias: bias.part(0, outputs),
            output: output.part(0, rows * outputs),
            rows,
            inputs,
            outputs,
            slots,
        };
        r.push("linear", pass.clone());
        let options = GpuOptions {
            software: true,
            ..GpuOptions::default()
        };
        let gpu = Gpu::open(&options).unwrap();
        let timed = gpu.tune(&[r], &mut |_| ()).unwrap();
        let [timed] = &timed[..] else {
            panic!("one product: {timed:?}");
        };
        assert_eq!(timed.product, product());
        assert!(
            timed.wrong.is_empty() && timed.chosen.is_some(),
            "{timed:?}"
        );
        let kernel = Kernel::Pass(pass.into());
        let runs = |family: GemmFamily, tile: &str| {
            let entry = TunedProduct {
                product: product(),
                family: family.name().into(),
                tile: tile.into(),
            };
            let gpu = gpu.with_tuned(Some(gpu.table(vec![entry])));
            let variant = PipelineKey::new(&kernel, &gpu, Replication::Alone).variant;
            (variant.family, variant.tile.unwrap().name())
        };
        for (family, tile) in gpu.candidates(&kernel) {
            assert_eq!(runs(family, &tile.name()), (family, tile.name()));
        }
        let (family, tile) = gpu.by_shape(&kernel);
        assert_eq!(runs(family, "3x5"), (family, tile.name()));
    }

    /// A convolution that can be filtered is also timed so, and runs so where the table says it.
    #[test]
    fn minimal_filtering_is_a_candidate() {
        let mut r = Recording::default();
        let geometry = crate::engine::ops::Geometry {
            inputs: 3,
            height: 8,
            width: 8,
            outputs: 5,
            output_height: 4,
            output_width: 4,
            kernel: 4.into(),
            stride: 2,
            padding: 1.into(),
        };
        let pass = crate::engine::ops::Convolve {
            image: r.reals("image", geometry.image()),
            weight: r.reals("weight", 5 * geometry.terms()),
            bias: r.reals("bias", 5),
            output: r.reals("output", geometry.output()),
            rows: 1,
            slots: 1,
            geometry,
        };
        let kernel = Kernel::Pass(pass.into());
        let gpu = Gpu::open(&GpuOptions {
            software: true,
            family: Some(GemmFamily::Tiled),
            ..GpuOptions::default()
        })
        .unwrap();
        let candidates = gpu.candidates(&kernel);
        for tile in Tile::filtered() {
            assert!(candidates.contains(&(GemmFamily::Tiled, tile)));
            let entry = entry(&product_of(&kernel).unwrap(), GemmFamily::Tiled, &tile);
            let timed = gpu.with_tuned(Some(gpu.table(vec![entry])));
            let key = PipelineKey::new(&kernel, &timed, Replication::Alone);
            assert_eq!(
                (key.name, key.variant.tile),
                ("convolve_filtered", Some(tile))
            );
        }
        let by_shape = PipelineKey::new(&kernel, &gpu, Replication::Alone);
        assert_eq!(by_shape.name, "convolve", "few channels");
    }

    #[test]
    fn the_usual_tile_stays_where_nothing_is_gained() {
        let family = GemmFamily::Tiled;
        let all = [
            tried(family, 0, true, 1.0),
            tried(family, 1, true, 0.98),
            tried(family, 2, true, 0.9),
        ];
        let chosen = |all: &[Tried]| {
            let timed = Timed::new(product(), all, (family, all[0].tile));
            timed.chosen.unwrap().tile
        };
        assert_eq!(chosen(&all[..2]), "128x128");
        assert_eq!(chosen(&all), "32x32");
    }
}
