//! `nrae eval`

use super::apply::samples_for;
use super::device::DeviceArguments;
use super::neighbourhood_loss::{LossArguments, MeasuredLoss};
use super::{Outcome, output};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::eval::{
    CleanErrors, CurvatureField, Elbo, ManifoldMeasures, Pca, Preservation, Quantiles, psnr,
    rank_correlation, short,
};
use crate::executor::Executor;
use crate::model::Model;
use crate::train::verdict::{collapsed_latents, worse_than_pca};
use crate::train::{Config, Settings, Splits};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae eval runs/digits-nrae-q                         on the run's own splits
  nrae eval runs/digits-nrae-q --data data/digits.npy  on a file
  nrae eval runs/noisy --data noisy.npy --clean clean.npy    what is left of the noise
  nrae eval runs/digits-nrae-q --curvature-field curvature.png
  nrae eval runs/digits-nrae-q --neighbourhood-loss
  nrae eval model.safetensors --data x.npy --json

Neighbourhood measures compare the latent space with the data; 1 is best. Trustworthiness is lowered by latent neighbours that are far \
apart in the data, continuity by neighbours in the data that are far apart in the latent space (Venna and Kaski 2001); recall is the \
fraction of the k nearest neighbours in the data that are among the k nearest in the latent space.

Geometry is that of the decoded manifold at the latents: log det and condition number of its metric G = J'J, its scalar \
curvature S (2 / r^2 on a sphere of radius r in space), and the norm of its second fundamental form as extrinsic curvature (the \
curvature of the curve if there is one latent dimension). Latents at which G is singular are counted and excluded. All values are in the \
units of scaled data. Beyond 20 latent dimensions only the metric is measured.

The neighbourhood loss is the paper's equation 3 in full: the mean over all samples x, and over x itself and all its neighbours x', of \
K(x', x) |x' - F~(x'; x)|^2 per element of scaled data, with the graph, the kernel and the order of the run; the point loss has x alone. \
The loss that training prints is of sampled neighbours: beside one of them x weighs 1/2 where equation 3 has 1 / (k + 1), unless \
`neighbours.centre_weight` is \"unbiased\" or `neighbours.num_sampled` is \"all\". Each set of samples has neighbours of its own.

A variational autoencoder has an evidence lower bound (ELBO), in nats a sample: that of a decoder whose Gaussian noise has the variance \
which `kl.weight` stands for in a run folder, and the likeliest variance for a file.";

/// Neighbours of each sample if `--k` is not given.
const K: usize = 10;

/// Measure a model: reconstruction, neighbourhoods, geometry
///
/// Errors are means per element of scaled data and comparable between methods; the PSNR is that of
/// data in the unit range. Distributions are given by their median and 5 % and 95 % quantiles.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct EvalArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Samples to measure on instead of the run's own
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// What samples should be reconstructed as, one a row of --data: their clean originals, say. Errors
    /// are then those against them
    #[arg(long, value_name = "FILE", requires = "data")]
    clean: Option<PathBuf>,
    /// Neighbours of each sample; 10, where the data have more than 20 samples. Those of
    /// --neighbourhood-loss are as many as in the run, or all others of a smaller split, where it is
    /// not given
    #[arg(long, help_heading = "Measures")]
    k: Option<usize>,
    /// Compare neighbourhoods among at most N samples; 0 to skip
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5000,
        help_heading = "Measures"
    )]
    neighbourhood_samples: usize,
    /// Measure geometry at the latents of at most N samples; 0 to skip
    #[arg(
        long,
        value_name = "N",
        default_value_t = 500,
        help_heading = "Measures"
    )]
    geometry_samples: usize,
    /// Seed for the choice of samples from larger data, and for the latents of the ELBO
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Measures")]
    seed: u64,
    #[command(flatten)]
    loss: LossArguments,
    /// The scalar curvature over a latent space of two dimensions, around the latents of the
    /// (training) data: a picture as .png or .svg, or f32 [rows, columns, (z1, z2, S)] as .npy
    #[arg(long, value_name = "FILE", help_heading = "Measures")]
    curvature_field: Option<PathBuf>,
    /// Print lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

#[derive(Serialize)]
struct Measures {
    data: String,
    samples: usize,
    mse: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    psnr: Option<f64>,
    /// Against clean targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    clean: Option<CleanErrors>,
    /// Spearman's, between a single latent dimension and the known coordinate of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_correlation: Option<f64>,
    /// Of a variational autoencoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Elbo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    neighbourhood_loss: Option<MeasuredLoss>,
    #[serde(skip_serializing_if = "Option::is_none")]
    neighbourhoods: Option<Preservation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geometry: Option<ManifoldMeasures>,
    /// What is wrong with the model, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Beyond this a scalar curvature says nothing but that the metric is nearly singular: in scaled data
/// it is that of a sphere of radius 0.001.
const ABSURD_CURVATURE: f64 = 1e6;

impl EvalArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let path = self.model.join("config.toml");
        let config = if path.exists() {
            Some(Settings::from_file(&path)?.finish()?)
        } else {
            None
        };
        let sets: Vec<(String, Dataset)> = match &self.data {
            Some(path) => vec![(
                path.display().to_string(),
                samples_for(&model, &self.model, path)?,
            )],
            None => self.own_splits(config.as_ref())?,
        };
        let field = self
            .curvature_field
            .as_deref()
            .map(|path| Ok((path, FieldFormat::of(path, &model)?)))
            .transpose()?;
        let executor = self.device.open()?;
        let variance = config
            .as_ref()
            .and_then(|config| config.kl.variance(model.network.features()));
        let pca = match self.data {
            None => Pca::fit(
                &sets[0].1,
                &model.scaling,
                model.network.latent(),
                self.seed,
            )?,
            Some(_) => None,
        };
        let mut sizes = BTreeSet::new();
        for (name, data) in &sets {
            let mut measures = self
                .measure(name, data, &model, variance, &*executor)
                .map_err(|error| error.within(name))?;
            if let Some(path) = &self.clean {
                let clean = samples_for(&model, &self.model, path)?;
                measures.clean = Some(CleanErrors::of(&model, data, &clean, path, &*executor)?);
            }
            // A graph from a file is that of the run's training samples.
            let of_graph = self.data.is_none() && std::ptr::eq(data, &sets[0].1);
            measures.neighbourhood_loss = self
                .loss
                .measure(self.k, config.as_ref(), of_graph, &model, data, &*executor)
                .map_err(|error| error.within(name))?;
            measures.warnings = verdicts(&measures, pca.as_ref(), data, &model, &*executor)?;
            sizes.extend(measures.neighbourhoods.as_ref().map(|found| found.samples));
            self.tell(&measures)?;
        }
        if sizes.len() > 1 && !self.json {
            output::line(format!(
                "Trustworthiness, continuity and recall depend on the number of samples: compare splits with \
                 --neighbourhood-samples {}",
                sizes.first().copied().unwrap_or_default()
            ))?;
        }
        if let Some((path, format)) = field {
            let (_, data) = &sets[0];
            let field =
                CurvatureField::of(&model, &model.encode(&data.values, &*executor)?, &*executor)?;
            match format {
                FieldFormat::Picture => field.draw(path, &self.title(config.as_ref()))?,
                FieldFormat::Npy => field.write_npy(path)?,
            }
            if !self.json {
                output::line(format!("Wrote {}", path.display()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What the curvature field's title begins with: method and data, or the model file.
    fn title(&self, config: Option<&Config>) -> String {
        config.map_or_else(|| self.model.display().to_string(), Config::title)
    }

    /// `variance` is that of the decoder's noise, where it is known.
    fn measure(
        &self,
        name: &str,
        data: &Dataset,
        model: &Model,
        variance: Option<f64>,
        executor: &dyn Executor,
    ) -> Result<Measures> {
        let mse = model.mean_squared_error(&data.values, executor)?;
        let rank_correlation = match &data.parameter {
            Some(parameter) if model.network.latent() == 1 => {
                rank_correlation(&model.encode(&data.values, executor)?, parameter)
            }
            _ => None,
        };
        Ok(Measures {
            data: name.to_owned(),
            samples: data.samples,
            mse,
            psnr: model.scaling.kind.is_unit().then(|| psnr(mse, 1.0)),
            clean: None,
            rank_correlation,
            evidence: Elbo::measure(model, &data.values, variance, self.seed, executor)?,
            neighbourhood_loss: None,
            warnings: Vec::new(),
            neighbourhoods: self.neighbourhoods(data, model, executor)?,
            geometry: match self.geometry_samples {
                0 => None,
                most => {
                    let codes = model.encode(&data.draw(most, self.seed).values, executor)?;
                    Some(ManifoldMeasures::measure(model, &codes, executor)?)
                }
            },
        })
    }

    /// `None` if they are not asked for, or if there are too few samples for the default k.
    fn neighbourhoods(
        &self,
        data: &Dataset,
        model: &Model,
        executor: &dyn Executor,
    ) -> Result<Option<Preservation>> {
        let samples = self.neighbourhood_samples.min(data.samples);
        if samples == 0 || (self.k.is_none() && samples <= 2 * K) {
            return Ok(None);
        }
        let drawn = data.draw(samples, self.seed);
        let codes = model.encode(&drawn.values, executor)?;
        let (scaled, m) = (model.scaling.apply(&drawn.values), model.network.latent());
        let (n, k) = (model.network.features(), self.k.unwrap_or(K));
        Preservation::measure(&scaled, n, &codes, m, k).map(Some)
    }

    fn own_splits(&self, config: Option<&Config>) -> Result<Vec<(String, Dataset)>> {
        let config = config.ok_or_else(|| {
            Error::input(format!(
                "{} is no run folder with data of its own: give --data FILE",
                self.model.display()
            ))
        })?;
        let splits = Splits::load(config).map_err(|error| {
            Error::input(format!(
                "{error}; or give the data of {} as --data FILE",
                self.model.display()
            ))
        })?;
        let named = [
            ("training", Some(splits.train)),
            ("validation", splits.validation),
            ("test", splits.test),
        ];
        Ok(named
            .into_iter()
            .filter_map(|(name, data)| Some((name.to_owned(), data?)))
            .collect())
    }

    fn tell(&self, measures: &Measures) -> Result<()> {
        if self.json {
            return output::json(measures);
        }
        let mut line = format!(
            "{}: MSE {:.6} on {} samples",
            measures.data, measures.mse, measures.samples
        );
        if let Some(psnr) = measures.psnr {
            line += &format!(", PSNR {psnr:.2} dB");
        }
        if let Some(correlation) = measures.rank_correlation {
            line += &format!(", rank correlation of latent and coordinate {correlation:.4}");
        }
        output::line(line)?;
        if let Some(CleanErrors {
            mse,
            psnr,
            input_mse,
        }) = &measures.clean
        {
            let psnr = psnr.map_or(String::new(), |psnr| format!(", mean PSNR {psnr:.2} dB"));
            output::line(format!(
                "  against clean samples: MSE {mse:.6}{psnr}; of the samples themselves {input_mse:.6}"
            ))?;
        }
        if let Some(loss) = &measures.neighbourhood_loss {
            output::line(format!("  {loss}"))?;
        }
        if let Some(Elbo {
            elbo,
            divergence,
            variance,
        }) = measures.evidence
        {
            output::line(format!(
                "  ELBO {elbo:.4} nats per sample, KL divergence {divergence:.4}; the noise of the decoder has variance {}",
                short(variance)
            ))?;
        }
        if let Some(found) = &measures.neighbourhoods {
            output::line(format!(
                "  {} neighbours among {} samples: trustworthiness {:.4}, continuity {:.4}, recall {:.4}",
                found.k, found.samples, found.trustworthiness, found.continuity, found.recall
            ))?;
        }
        measures.geometry.as_ref().map_or(Ok(()), tell_geometry)?;
        let mut warnings = measures.warnings.iter();
        warnings.try_for_each(|warning| output::line(format!("  warning: {warning}")))
    }
}

/// What is wrong with `model` on `data`, measured already: worse than `pca` of the training data,
/// collapsed latents, curvature without meaning.
fn verdicts(
    measures: &Measures,
    pca: Option<&Pca>,
    data: &Dataset,
    model: &Model,
    executor: &dyn Executor,
) -> Result<Vec<String>> {
    let latent = model.network.latent();
    let linear = pca.and_then(|pca| {
        let error = pca.mean_squared_error(&data.values, &model.scaling);
        worse_than_pca((&measures.data, data.samples), measures.mse, error, latent)
    });
    let codes = model.encode(&data.draw(2000, 0).values, executor)?;
    let curved = measures
        .geometry
        .as_ref()
        .and_then(|found| found.scalar_curvature)
        .is_some_and(|Quantiles { q05, median, q95 }| {
            [q05, median, q95]
                .iter()
                .any(|value| !value.is_finite() || value.abs() > ABSURD_CURVATURE)
        });
    let absurd = curved.then(|| {
        "the scalar curvature is not finite or beyond any meaning: the decoder is nearly flat in some direction, so \
         do not read it; look at the training of the run"
            .to_owned()
    });
    let found = [linear, collapsed_latents(&codes, latent)?, absurd];
    Ok(found.into_iter().flatten().collect())
}

fn tell_geometry(found: &ManifoldMeasures) -> Result<()> {
    let mut line = format!("  at {} latents, as median (5 % to 95 %)", found.samples);
    if found.singular > 0 {
        line += &format!(", without {} where the metric is singular", found.singular);
    }
    output::line(line + ":")?;
    for (name, quantiles) in [
        ("log det G", found.log_determinant),
        ("condition number of G", found.condition),
        ("scalar curvature S", found.scalar_curvature),
        ("extrinsic curvature", found.extrinsic_curvature),
    ] {
        let Some(Quantiles { q05, median, q95 }) = quantiles else {
            continue;
        };
        let mut line = format!(
            "    {name}: {} ({} to {})",
            short(median),
            short(q05),
            short(q95)
        );
        if let Some(absolute) = found
            .median_absolute_scalar_curvature
            .filter(|_| name == "scalar curvature S")
        {
            line += &format!(", |S| {}", short(absolute));
        }
        output::line(line)?;
    }
    Ok(())
}

/// What `--curvature-field` writes.
#[derive(Clone, Copy)]
enum FieldFormat {
    Picture,
    Npy,
}

impl FieldFormat {
    /// Chosen by the extension of the file, for a model that has such a field.
    fn of(path: &Path, model: &Model) -> Result<Self> {
        CurvatureField::check(model)?;
        match path
            .extension()
            .and_then(|extension| extension.to_str())
            .map(str::to_lowercase)
            .as_deref()
        {
            Some("png" | "svg") => Ok(Self::Picture),
            Some("npy") => Ok(Self::Npy),
            _ => Err(Error::input(format!(
                "{} is no name for a curvature field: give a file that ends in .png or .svg for a picture or in .npy for an array",
                path.display()
            ))),
        }
    }
}
