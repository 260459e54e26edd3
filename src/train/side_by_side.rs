//! What several runs have learned in one picture.

use super::{Config, RunFolder, Settings, Splits};
use crate::data::Dataset;
use crate::embedding::principal_components;
use crate::error::{Error, Result};
use crate::eval::{colouring, decoded_curve};
use crate::executor::Executor;
use crate::model::Model;
use crate::plot::{self, Latents, Manifold};
use std::path::{Path, PathBuf};

/// Most samples whose latents are drawn.
const MOST_POINTS: usize = 5000;

/// Draws `runs` side by side into the PNG file `path`, each with its method and error: their
/// decoded manifolds where all have one latent dimension and data in the plane, else the latents
/// of their training data, on the first two principal components where there are more than two
/// dimensions.
///
/// ```no_run
/// use nrae::{cpu::Cpu, train::draw_side_by_side};
///
/// let runs = ["ae", "nrae-l", "nrae-q"].map(|method| format!("runs/roll-{method}").into());
/// draw_side_by_side(&runs, "manifolds.png".as_ref(), &Cpu)?;
/// # Ok::<(), nrae::error::Error>(())
/// ```
///
/// # Errors
/// When a folder holds no run, its data cannot be read, a model has one latent dimension and others
/// or its data do not fit that, the device fails, or the file cannot be written.
pub fn draw_side_by_side(runs: &[PathBuf], path: &Path, executor: &dyn Executor) -> Result<()> {
    let runs: Vec<Loaded> = runs
        .iter()
        .map(|run| Loaded::read(run))
        .collect::<Result<_>>()?;
    let mut names: Vec<String> = runs.iter().map(|run| run.config.data.name()).collect();
    names.sort();
    names.dedup();
    let names = names.join(", ");
    if runs.iter().all(Loaded::is_curve) {
        let models: Vec<Manifold> = runs
            .iter()
            .map(|run| run.manifold(executor))
            .collect::<Result<_>>()?;
        return plot::manifolds(path, &format!("{names}: decoded manifolds"), &models);
    }
    let axes = if runs.iter().all(|run| run.model.network.latent() == 2) {
        ["z\u{2081}", "z\u{2082}"]
    } else {
        ["first principal component of z", "second"]
    };
    let models: Vec<Latents> = runs
        .iter()
        .map(|run| run.latents(executor))
        .collect::<Result<_>>()?;
    let title = format!("{names}: latents of the training data");
    plot::scatters(path, &title, axes, &models)
}

/// A run as its folder holds it.
struct Loaded {
    path: PathBuf,
    config: Config,
    model: Model,
    splits: Splits,
}

impl Loaded {
    fn read(path: &Path) -> Result<Self> {
        let folder = RunFolder::open(path)?;
        let config = Settings::from_file(&folder.file("config.toml"))?.finish()?;
        Ok(Self {
            path: path.to_owned(),
            model: Model::load(path)?,
            splits: Splits::load(&config)?,
            config,
        })
    }

    /// Whether it decodes a curve in the plane.
    fn is_curve(&self) -> bool {
        self.model.network.latent() == 1 && self.model.network.shape == [2]
    }

    /// Its method and the error of the data that are farthest from training.
    fn title(&self, executor: &dyn Executor) -> Result<String> {
        let Splits {
            train,
            validation,
            test,
            ..
        } = &self.splits;
        let (which, data) = match (test, validation) {
            (Some(test), _) => ("test", test),
            (None, Some(validation)) => ("validation", validation),
            (None, None) => ("training", train),
        };
        let mse = self.model.mean_squared_error(&data.values, executor)?;
        let method = self.config.method()?.title();
        Ok(format!("{method}: {which} MSE {mse:.4}"))
    }

    fn manifold(&self, executor: &dyn Executor) -> Result<Manifold> {
        let values = &self.splits.train.values;
        let codes = self.model.encode(values, executor)?;
        let test = self.splits.test.as_ref();
        Ok(Manifold {
            title: self.title(executor)?,
            data: plane(&values.to_floats()),
            curve: plane(&decoded_curve(&self.model, &codes, executor)?),
            truth: test.map_or_else(Vec::new, known_curve),
        })
    }

    fn latents(&self, executor: &dyn Executor) -> Result<Latents> {
        let m = self.model.network.latent();
        if m == 1 {
            return Err(Error::input(format!(
                "{} has one latent dimension: side by side, runs have at least 2, or all have 1 and data in the plane",
                self.path.display()
            )));
        }
        let train = self.splits.train.take(MOST_POINTS);
        let codes = self.model.encode(&train.values, executor)?;
        let points = if m == 2 {
            codes
        } else {
            principal_components(&codes, m, 2)?
        };
        Ok(Latents {
            title: self.title(executor)?,
            points: plane(&points),
            labels: colouring(&train, &self.splits.classes),
        })
    }
}

/// The points of a curve whose coordinate along it is known, in its order; else none.
fn known_curve(data: &Dataset) -> Vec<[f32; 2]> {
    let Some(parameter) = &data.parameter else {
        return Vec::new();
    };
    let points = plane(&data.values.to_floats());
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| parameter[a].total_cmp(&parameter[b]));
    order.into_iter().map(|i| points[i]).collect()
}

/// Pairs of coordinates.
fn plane(values: &[f32]) -> Vec<[f32; 2]> {
    values.as_chunks().0.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::data::Synthetic;
    use crate::train::{Config, Run, Trainer};

    fn run(folder: &Path, method: &str, latent: usize) -> PathBuf {
        let mut config = Config {
            method: method.into(),
            ..Config::default()
        };
        config.data.synthetic = Some(Synthetic::SwissRollOfficial);
        config.net.hidden = vec![16];
        config.net.latent = latent;
        config.neighbours.k = Some(3);
        config.train.epochs = Some(5);
        let splits = Splits::load(&config).unwrap();
        let trainer = Trainer::new(config, splits, &Cpu, &mut |_| ()).unwrap();
        let path = folder.join(format!("{method}-{latent}"));
        let mut run = Run::create(trainer, &path, false, &Cpu).unwrap();
        assert!(run.train(&mut ()).unwrap());
        path
    }

    #[test]
    fn runs_are_drawn_from_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        let runs = ["ae", "nrae-q"].map(|method| run(folder.path(), method, 1));
        let width = |runs: &[PathBuf]| {
            let path = folder.path().join("manifolds.png");
            draw_side_by_side(runs, &path, &Cpu).unwrap();
            let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
            png::Decoder::new(file).read_info().unwrap().info().width
        };
        assert_eq!(width(&runs), 2 * width(&runs[..1]));
        // Latents in two dimensions, and in more, but not beside a curve.
        let wider = [2, 3].map(|latent| run(folder.path(), "ae", latent));
        // The second has a panel more, beside the common colour bar.
        assert_eq!(width(&wider) - width(&wider[..1]), 520);
        let path = folder.path().join("no.png");
        let mixed = [wider[0].clone(), runs[0].clone()];
        let message = draw_side_by_side(&mixed, &path, &Cpu)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("ae-1 has one latent dimension"),
            "{message}"
        );
        assert!(!path.exists());
    }

    #[test]
    fn a_known_curve_is_in_order() {
        let test = Synthetic::SwissRollOfficial.test(50);
        let curve = known_curve(&test);
        let length = |a: &[f32; 2], b: &[f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        assert_eq!(curve.len(), 50);
        assert!(
            curve
                .windows(2)
                .all(|pair| length(&pair[0], &pair[1]) < 0.8)
        );
    }
}
