//! A model card: `README.md` beside a model, with the front matter that the Hugging Face Hub reads.

use super::Run;
use crate::data::write_atomically;
use crate::error::{Error, Result};
use crate::eval::short;
use crate::train::RunFolder;
use std::fmt::Write;
use std::io::ErrorKind;
use std::path::Path;

/// What tells a card of ours from another `README.md`.
const OURS: &str = "library_name: nrae\n";
/// The card in a run folder.
pub(in crate::train) const CARD: &str = "README.md";

/// Whether at `path` there is a model card of ours.
///
/// # Errors
/// When what is there cannot be read.
pub(in crate::train) fn is_card(path: &Path) -> Result<bool> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).contains(OURS)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            Ok(false)
        }
        Err(error) => Err(Error::file(path, error)),
    }
}

/// Writes the model card of a run that has ended.
///
/// # Errors
/// When the run has not ended, a file of it is missing or damaged, or at `to` there is what is no
/// model card of nrae's.
pub fn write_card(folder: &RunFolder, to: &Path) -> Result<()> {
    let run = Run::read(folder)?;
    let is_there = to.try_exists().map_err(|error| Error::file(to, error))?;
    if is_there && !is_card(to)? {
        return Err(Error::input(format!(
            "{} is there already and no model card of nrae's: give another folder with --out",
            to.display()
        )));
    }
    write_atomically(to, |file| file.write_all(card(&run).as_bytes()))
}

/// The text of the card.
fn card(run: &Run<'_>) -> String {
    let (title, method) = (run.config.title(), &run.config.method);
    let latent = run.config.net.latent;
    let mut card = format!(
        "---\n{OURS}pipeline_tag: feature-extraction\ntags:\n- autoencoder\n- representation-learning\n- {method}\nmetrics:\n- mse\n---\n\n\
         # {title}\n\n\
         An autoencoder that nrae {} trained by the method `{method}`: {} parameters, from samples of shape {} to {latent} latent {} and back.\n",
        run.told("version"),
        run.told("parameters"),
        run.told("shape"),
        if latent == 1 {
            "dimension"
        } else {
            "dimensions"
        },
    );
    let samples = &run.result["samples"];
    _ = write!(
        card,
        "\n## Data\n\n`{}`: {} samples to train on, {} for validation, {} for the test. Scaling: `{}`; it is part of the model, which takes and \
         gives raw samples. SHA-256 of the training samples: `{}`.\n",
        run.told("data"),
        samples["train"],
        samples["validation"],
        samples["test"],
        run.told("scaling"),
        run.told("data_sha256"),
    );
    results(run, &mut card);
    card.push_str(
        "\n## Use\n\n```sh\nnrae encode . --data x.npy --out z.npy\nnrae decode . --data z.npy --out x.npy\n\
         nrae export . --format onnx       # encoder.onnx and decoder.onnx for ONNX Runtime\n\
         nrae export . --format pytorch    # load.py: from load import encode, decode\n```\n",
    );
    let command = run.result["command"].as_array().into_iter().flatten();
    let command: Vec<&str> = command.filter_map(serde_json::Value::as_str).collect();
    _ = write!(
        card,
        "\n## Training\n\n{} epochs, {} steps, seed {}, on {}. `config.toml` has every setting. The command was\n\n```sh\n{}\n```\n",
        run.told("epochs"),
        run.told("steps"),
        run.told("seed"),
        run.told("device"),
        command.join(" "),
    );
    if method.starts_with("nrae") {
        card.push_str(
            "\n## Citation\n\nYonghyeon Lee, Hyeokjun Kwon, Frank C. Park: Neighborhood Reconstructing Autoencoders. NeurIPS 2021. \
             <https://openreview.net/forum?id=O8DmBDjTYKs>\n",
        );
    }
    card
}

/// Errors of each split beside PCA's, and what the run was warned of.
fn results(run: &Run<'_>, card: &mut String) {
    card.push_str(
        "\n## Results\n\n| data | MSE | of the data's variance | PCA's MSE |\n|---|---|---|---|\n",
    );
    for split in ["train", "validation", "test"] {
        let errors = &run.result["errors"][split];
        let Some(mse) = errors["mse"].as_f64() else {
            continue;
        };
        let relative = errors["relative"].as_f64();
        let relative = relative.map_or(String::new(), |share| format!("{:.2} %", 100.0 * share));
        let pca = errors["pca_mse"].as_f64().map_or(String::new(), short);
        _ = writeln!(card, "| {split} | {} | {relative} | {pca} |", short(mse));
    }
    card.push_str(
        "\nMean squared errors per element of scaled data; PCA has as many dimensions.\n",
    );
    let warnings = run.result["warnings"].as_array().into_iter().flatten();
    for warning in warnings.filter_map(serde_json::Value::as_str) {
        _ = writeln!(card, "\nWarning: {warning}.");
    }
}
