//! The page about a run, `report.html`: what became of it, and what to try next.

mod card;
mod measures;
mod signs;

pub use card::write_card;
pub(in crate::train) use card::{CARD, is_card};

use super::folder::RESULT;
use super::{Config, Record, RunFolder, Settings, Splits, flatten};
use crate::error::{Error, Result};
use crate::eval::{ManifoldMeasures, Preservation, Quantiles, short};
use crate::executor::Executor;
use crate::model::Model;
use crate::page::{Notice, Page, Picture};
use measures::Measured;
use serde_json::Value;
use signs::{hint, signs};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// The pictures of a run by section: file name, what it shows, its caption.
const CURVES: &[Shown] = &[(
    "loss.png",
    "Training curves over epochs",
    "What is minimised, its parts, and the errors of training and validation data; the dotted line is the epoch of the saved model.",
)];
const LATENTS: &[Shown] = &[
    (
        "latent.png",
        "The latent space, coloured by label",
        "Latents of the training data. What is near here should be near in the data.",
    ),
    (
        "order.png",
        "The latent dimension against the known coordinate",
        "A line that only rises or only falls: the latent has the order of the data.",
    ),
    (
        "grid.png",
        "Decoded images over the latent plane",
        "What the decoder makes of places in the latent space.",
    ),
    (
        "traversal.png",
        "Decoded images along the latent dimension",
        "What the decoder makes of places along the latent dimension.",
    ),
    (
        "interpolation.png",
        "Decoded images between two samples",
        "What the decoder makes of the way between two samples.",
    ),
    (
        "manifold.png",
        "The decoded manifold among the data",
        "The manifold that the decoder draws through the data.",
    ),
];
const RECONSTRUCTIONS: &[Shown] = &[(
    "reconstruction.png",
    "Samples with their reconstructions, the best to the worst",
    "The best, the median and the worst, with their errors.",
)];

type Shown = (&'static str, &'static str, &'static str);

/// What is known of a run.
struct Run<'a> {
    folder: &'a RunFolder,
    config: Config,
    settings: BTreeMap<String, String>,
    result: Value,
    records: Vec<Record>,
}

/// Writes `report.html` into the folder of a run that has ended, and gives the signs of trouble that
/// it tells, in words. Neighbourhoods and geometry are measured on `splits`, where they are there.
///
/// # Errors
/// When the run has not ended, a file of it is missing or damaged, the device fails, or the page
/// cannot be written.
pub fn write_report(
    folder: &RunFolder,
    splits: Option<&Splits>,
    to: &Path,
    executor: &dyn Executor,
) -> Result<Vec<String>> {
    let run = Run::read(folder)?;
    let measured = match splits {
        Some(splits) => {
            let model = Model::load(folder.path())?;
            Some(Measured::of(&model, splits, run.config.seed, executor)?)
        }
        None => None,
    };
    let found = signs(&run.config, &run.result, &run.records, measured.as_ref());
    let mut page = Page::new(&run.config.title());
    run.introduce(&mut page);
    for sign in &found {
        page.notice(Notice::Trouble, sign.word, &sign.text);
    }
    if found.is_empty() {
        let text = "Errors, curves, latents, neighbours and geometry look as they should.";
        page.notice(Notice::Good, "No sign of trouble.", text);
    }
    run.errors(&mut page);
    run.section(&mut page, "Curves", CURVES)?;
    run.section(&mut page, "Latent space", LATENTS)?;
    run.section(&mut page, "Reconstructions", RECONSTRUCTIONS)?;
    if let Some(measured) = &measured {
        neighbourhoods(&mut page, measured);
        geometry(&mut page, &measured.geometry);
    }
    run.next(&mut page, !found.is_empty());
    run.details(&mut page);
    page.write(to)?;
    let told = found
        .into_iter()
        .map(|sign| format!("{} {}", sign.word, sign.text));
    Ok(told.collect())
}

impl<'a> Run<'a> {
    fn read(folder: &'a RunFolder) -> Result<Self> {
        if !folder.has(RESULT)? {
            let path = folder.path().display();
            return Err(Error::input(format!(
                "{path} has no result yet, so there is nothing to report: end the run with `nrae resume {path}`"
            )));
        }
        let read = |name: &str| {
            let path = folder.file(name);
            std::fs::read_to_string(&path).map_err(|source| Error::file(path, source))
        };
        let damaged = |name: &str, error: &dyn std::fmt::Display| {
            Error::input(format!(
                "{} is damaged: {error}",
                folder.file(name).display()
            ))
        };
        let lines = read("metrics.jsonl")?;
        let records: Result<_, serde_json::Error> =
            lines.lines().map(serde_json::from_str).collect();
        let table: toml::Table = read("config.toml")?
            .parse()
            .map_err(|error| damaged("config.toml", &error))?;
        let mut settings = BTreeMap::new();
        flatten("", &table, &mut settings);
        Ok(Self {
            config: Settings::from_file(&folder.file("config.toml"))?.finish()?,
            result: serde_json::from_str(&read(RESULT)?)
                .map_err(|error| damaged(RESULT, &error))?,
            records: records.map_err(|error| damaged("metrics.jsonl", &error))?,
            settings,
            folder,
        })
    }

    /// A value of `result.json` as a text; empty where there is none.
    fn told(&self, key: &str) -> String {
        match &self.result[key] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }

    /// One sentence that says what was trained, on what, and how long.
    fn introduce(&self, page: &mut Page) {
        let samples = &self.result["samples"]["train"];
        let seconds = self.result["seconds"].as_f64().unwrap_or_default();
        let stopped = match self.result["stopped"].as_bool() {
            Some(true) => ", until validation no longer improved",
            _ => "",
        };
        page.paragraph(&format!(
            "{samples} samples of shape {}, {} latent {}, {} parameters; {} epochs in {seconds:.1} s{stopped}.",
            self.told("shape"),
            self.config.net.latent,
            if self.config.net.latent == 1 { "dimension" } else { "dimensions" },
            self.told("parameters"),
            self.told("epochs"),
        ));
        let date = self.told("date");
        let date = date.get(..10).unwrap_or_default();
        page.remark(&format!(
            "nrae {}, {}, {date}, seed {}",
            self.told("version"),
            self.told("device"),
            self.told("seed")
        ));
    }

    /// The errors of each split.
    fn errors(&self, page: &mut Page) {
        page.section("Errors");
        let splits = ["train", "validation", "test"];
        let rows = splits.into_iter().filter_map(|split| {
            let errors = self.result["errors"].get(split)?;
            let number = |key: &str| errors[key].as_f64();
            Some(vec![
                if split == "train" { "training" } else { split }.to_owned(),
                self.result["samples"][split].to_string(),
                number("mse").map(short).unwrap_or_default(),
                number("relative").map(percent).unwrap_or_default(),
                number("pca_mse").map(short).unwrap_or_default(),
                number("mse_original").map(short).unwrap_or_default(),
            ])
        });
        let header = [
            "data",
            "samples",
            "MSE",
            "of variance",
            "PCA's MSE",
            "MSE in own units",
        ];
        page.table(&header, &rows.collect::<Vec<_>>());
        let correlation = self.result["rank_correlation"].as_f64();
        let correlation = correlation.map_or(String::new(), |correlation| {
            format!(" The rank correlation of latent and coordinate is {correlation:.4}; 1 and -1 are best.")
        });
        page.remark(&format!(
            "Mean squared errors per element of scaled data, those of the model of epoch {}; PCA has as many dimensions.{correlation}",
            self.told("best_epoch")
        ));
    }

    /// A section of the pictures of `shown` that this run has drawn; none where it has none. One that
    /// somebody has removed since is left out.
    ///
    /// # Errors
    /// When a picture that is there cannot be read.
    fn section(&self, page: &mut Page, heading: &str, shown: &[Shown]) -> Result<()> {
        let mut drawn: Vec<(Vec<u8>, &Shown)> = Vec::new();
        for shown in shown.iter().filter(|(name, ..)| self.has_drawn(name)) {
            let path = self.folder.file("plots").join(shown.0);
            match std::fs::read(&path) {
                Ok(bytes) => drawn.push((bytes, shown)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(Error::file(path, source)),
            }
        }
        if drawn.is_empty() {
            return Ok(());
        }
        page.section(heading);
        let pictures: Vec<Picture<'_>> = drawn
            .iter()
            .map(|(bytes, (_, shows, caption))| Picture {
                bytes,
                shows,
                caption,
            })
            .collect();
        page.pictures(&pictures);
        Ok(())
    }

    /// Whether the last end of the run drew a picture: an older one may lie beside it.
    fn has_drawn(&self, name: &str) -> bool {
        let files = self.result["files"].as_array().into_iter().flatten();
        files
            .filter_map(Value::as_str)
            .any(|file| Path::new(file).file_name().is_some_and(|file| file == name))
    }

    /// What to do now.
    fn next(&self, page: &mut Page, trouble: bool) {
        page.section("What to try next");
        if trouble {
            page.paragraph("What the boxes above say, one at a time; then compare the runs.");
        } else if let Some(text) = hint(&self.records) {
            page.paragraph(&text);
        }
        let path = self.folder.path().display();
        let data = self.told("data");
        let again = if self.config.data.synthetic.is_some() {
            "--synthetic"
        } else {
            "--data"
        };
        let methods = if self.config.method == "ae" {
            "ae,nrae-l,nrae-q".into()
        } else {
            format!("ae,{}", self.config.method)
        };
        let rows = [
            (
                "is it better than a plain autoencoder?",
                format!(
                    "nrae train {again} {data}{} --method {methods}",
                    self.config.data.reading_flags()
                ),
            ),
            (
                "longer",
                format!("nrae resume {path} --epochs {}", 2 * self.config.epochs()),
            ),
            ("all measures, on all splits", format!("nrae eval {path}")),
            (
                "side by side with another run",
                format!("nrae compare {path} OTHER"),
            ),
            (
                "for other programs",
                format!("nrae export {path} --format onnx"),
            ),
        ];
        let rows = rows.map(|(what, command)| vec![what.to_owned(), format!("`{command}`")]);
        page.table(&["", ""], &rows);
    }

    /// Everything that decides the run, folded away.
    fn details(&self, page: &mut Page) {
        page.section("Settings");
        let command = self.result["command"].as_array().into_iter().flatten();
        let command: Vec<&str> = command.filter_map(Value::as_str).collect();
        let facts = [
            ("command", format!("`{}`", command.join(" "))),
            ("data", self.told("data")),
            ("SHA-256 of the data", self.told("data_sha256")),
            ("scaling", self.told("scaling")),
            (
                "device",
                format!("{}, {}", self.told("device"), self.told("driver")),
            ),
        ];
        let rows = facts.map(|(name, value)| vec![name.to_owned(), value]);
        page.table(&["", ""], &rows);
        let all = self.settings.iter();
        let all: Vec<Vec<String>> = all
            .map(|(key, value)| vec![key.clone(), value.clone()])
            .collect();
        page.folded("every setting", |page| {
            page.table(&["setting", "value"], &all)
        });
    }
}

fn neighbourhoods(page: &mut Page, measured: &Measured) {
    let Some(found) = measured.neighbourhoods else {
        return;
    };
    page.section("Neighbourhoods");
    let row = |name: &str, found: &Preservation| {
        let values = [found.trustworthiness, found.continuity, found.recall];
        let values = values.map(|value| format!("{value:.3}"));
        std::iter::once(name.to_owned()).chain(values).collect()
    };
    let mut rows: Vec<Vec<String>> = vec![row("this run", &found)];
    rows.extend(measured.of_pca.iter().map(|found| row("PCA", found)));
    page.table(
        &["latents", "trustworthiness", "continuity", "recall"],
        &rows,
    );
    page.remark(&format!(
        "The {} nearest neighbours among {} training samples; 1 is best. Trustworthiness: latent neighbours are neighbours in the data. \
         Continuity: neighbours in the data are latent neighbours. Recall: the share of neighbours that both have.",
        found.k, found.samples
    ));
}

fn geometry(page: &mut Page, found: &ManifoldMeasures) {
    page.section("Geometry");
    let named = [
        ("log det of the metric", found.log_determinant),
        ("condition number of the metric", found.condition),
        ("scalar curvature", found.scalar_curvature),
        ("extrinsic curvature", found.extrinsic_curvature),
    ];
    let rows = named.into_iter().filter_map(|(name, quantiles)| {
        let Quantiles { q05, median, q95 } = quantiles?;
        let values = [median, q05, q95].map(short);
        Some(std::iter::once(name.to_owned()).chain(values).collect())
    });
    page.table(&["", "median", "5 %", "95 %"], &rows.collect::<Vec<_>>());
    let singular = match found.singular {
        0 => String::new(),
        count => format!(" At {count} of them the metric is singular; they are left out."),
    };
    page.remark(&format!(
        "Of the decoded manifold at {} latents, in the units of scaled data.{singular}",
        found.samples
    ));
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
