//! `nrae explore`

use super::apply::reading_for;
use super::device::DeviceArguments;
use super::ends::configuration;
use super::{Outcome, output};
use crate::data::{Dataset, write_atomically};
use crate::error::Result;
use crate::explore::{Explorer, ExplorerInputs};
use crate::model::Model;
use crate::train::Splits;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a page to explore the latent space in a browser
///
/// One HTML file that needs no server and no network: the latents of the data, coloured by label; each
/// with its sample and its reconstruction; decoding wherever the pointer is dragged; the metric and
/// the curvature of the decoded manifold; and the geodesic between two points. The decoder runs in
/// the page. More than two latents are shown on two principal components or any two axes.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae explore runs/digits-nrae-q\n  nrae explore runs/digits-nrae-q --data new.npy --out new.html\n  nrae explore runs/cells --points 1000000"
)]
pub(super) struct ExploreArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// Samples to show instead of the run's training data
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The page to write [default: explore.html in the run folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Codes to show, at most; of more data, evenly as many
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    points: usize,
    /// Points along a side of the grid of metric and curvature, at most; 0 for none
    #[arg(long, value_name = "N", default_value_t = 96)]
    field: usize,
    /// Print a line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

impl ExploreArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let shown = self.shown(&model)?;
        let inputs = ExplorerInputs {
            title: &shown.title,
            model: &model,
            data: &shown.data,
            classes: &shown.classes,
            columns: &shown.columns,
            points: self.points,
            field: self.field,
        };
        let explorer = Explorer::new(inputs, &*self.device.open()?)?;
        let folder = if self.model.is_dir() {
            Some(&*self.model)
        } else {
            self.model.parent()
        };
        let beside = || folder.unwrap_or(&self.model).join("explore.html");
        let out = self.out.clone().unwrap_or_else(beside);
        write_atomically(&out, |file| file.write_all(explorer.html.as_bytes()))?;
        let bytes = explorer.html.len();
        if self.json {
            let told = serde_json::json!({ "out": out, "bytes": bytes, "explorer": explorer });
            output::json(&told)?;
            return Ok(ExitCode::SUCCESS);
        }
        output::line(format!(
            "Wrote {}: {} latents, {} with their samples, {:.1} MB. Open it in a browser; it needs no network.",
            out.display(),
            explorer.points,
            explorer.samples,
            bytes as f64 / 1e6
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    fn shown(&self, model: &Model) -> Result<Shown> {
        if let Some(file) = &self.data {
            let reading = reading_for(model, &self.model, file)?;
            return Ok(Shown {
                title: format!("{} on {}", self.model.display(), file.display()),
                data: reading.data,
                classes: reading.classes.unwrap_or_default(),
                columns: reading.columns,
            });
        }
        let config = configuration(&self.model)?;
        let splits = Splits::load(&config)?;
        Ok(Shown {
            title: config.title(),
            data: splits.train,
            classes: splits.classes,
            columns: splits.columns,
        })
    }
}

/// What a page is about: the samples, with the names of their classes and features.
struct Shown {
    title: String,
    data: Dataset,
    classes: Vec<String>,
    columns: Vec<String>,
}
