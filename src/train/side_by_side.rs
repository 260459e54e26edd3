//! The decoded curves of several runs in one picture.

use super::{RunFolder, Settings, Splits};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::eval::decoded_curve;
use crate::executor::Executor;
use crate::model::Model;
use crate::plot::{self, Manifold};
use std::path::{Path, PathBuf};

/// Draws the decoded manifolds of `runs`, each with its method and error, side by side into the
/// PNG file `path`. The runs have one latent dimension and data in the plane; all panels have the
/// same axes.
///
/// ```no_run
/// use nrae::{cpu::Cpu, train::draw_manifolds};
///
/// let runs = ["ae", "nrae-l", "nrae-q"].map(|method| format!("runs/roll-{method}").into());
/// draw_manifolds(&runs, "manifolds.png".as_ref(), &Cpu)?;
/// # Ok::<(), nrae::error::Error>(())
/// ```
///
/// # Errors
/// When a folder holds no run, its data cannot be read, its model decodes to no curve in the plane,
/// the device fails, or the file cannot be written.
pub fn draw_manifolds(runs: &[PathBuf], path: &Path, executor: &dyn Executor) -> Result<()> {
    let mut names = Vec::new();
    let mut models = Vec::new();
    for run in runs {
        let folder = RunFolder::open(run)?;
        let config = Settings::from_file(&folder.file("config.toml"))?.finish()?;
        let model = Model::load(run)?;
        if model.network.latent() != 1 || model.network.shape != [2] {
            return Err(Error::input(format!(
                "{} decodes {} latent dimensions to the shape {:?}, but manifolds are drawn side by side for 1 dimension and data \
                 in the plane, [2]",
                run.display(),
                model.network.latent(),
                model.network.shape
            )));
        }
        let splits = Splits::load(&config)?;
        let (which, measured) = match &splits.test {
            Some(test) => ("test", test),
            None => ("training", &splits.train),
        };
        let mse = model.mean_squared_error(&measured.values, executor)?;
        let codes = model.encode(&splits.train.values, executor)?;
        let method = config.method()?.title();
        models.push(Manifold {
            title: format!("{method}: {which} MSE {mse:.4}"),
            data: plane(&splits.train.values.to_floats()),
            curve: plane(&decoded_curve(&model, &codes, executor)?),
            truth: splits.test.as_ref().map_or_else(Vec::new, known_curve),
        });
        if !names.contains(&config.data.name()) {
            names.push(config.data.name());
        }
    }
    let title = format!("{}: decoded manifolds", names.join(", "));
    plot::manifolds(path, &title, &models)
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
        config.neighbours.k = 3;
        config.train.epochs = 5;
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
            draw_manifolds(runs, &path, &Cpu).unwrap();
            let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
            png::Decoder::new(file).read_info().unwrap().info().width
        };
        assert_eq!(width(&runs), 2 * width(&runs[..1]));
        let plane = run(folder.path(), "ae", 2);
        let path = folder.path().join("no.png");
        let message = draw_manifolds(&[plane], &path, &Cpu)
            .unwrap_err()
            .to_string();
        assert!(message.contains("decodes 2 latent dimensions"), "{message}");
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
