//! `nrae export`

use super::saved::SavedSummary;
use super::{Outcome, output};
use crate::cpu::Cpu;
use crate::data::{create_folder, write_atomically};
use crate::error::{Error, Result};
use crate::model::{Model, model_file};
use crate::train::{RunFolder, SavedRun, write_card, write_events};
use crate::{onnx, pytorch};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a model for use in another program
///
/// `pytorch` writes `load.py`, a module with the network written down in torch.nn, the scaling of the
/// data, and the functions encode(x) and decode(z) on raw samples. It reads the weights from
/// model.safetensors beside it. `onnx` writes `encoder.onnx` (x to z) and `decoder.onnx` (z to x) for
/// ONNX Runtime and whatever else reads ONNX, for any number of samples at once, with weights and
/// scaling inside. Both give what `nrae encode` and `nrae decode` give. `tensorboard` writes the metrics
/// of a run as an event file, `svg` its pictures without pixels, on the CPU, and `card` a model card.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// What to write for
    #[arg(long, value_enum, default_value_t)]
    format: ExportFormat,
    /// The folder to write; for PyTorch with a copy of the weights [default: that of the weights]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  nrae export runs/digits-nrae-q --format pytorch
  nrae export runs/digits-nrae-q --format onnx --out my/project
  nrae export runs/digits-nrae-q --format svg --out paper/figures";

/// Values of `--format`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
enum ExportFormat {
    /// A module `load.py` for PyTorch
    #[default]
    Pytorch,
    /// `encoder.onnx` and `decoder.onnx` for ONNX Runtime
    Onnx,
    /// The metrics of a run folder as events for TensorBoard
    Tensorboard,
    /// The pictures of a run folder as SVG, for papers
    Svg,
    /// A model card of a run folder: README.md, as the Hugging Face Hub reads it
    Card,
}

impl ExportArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let weights = model_file(&self.model);
        let folder = match &self.out {
            Some(folder) => {
                create_folder(folder)?;
                folder.clone()
            }
            None => weights.parent().unwrap_or(&weights).to_owned(),
        };
        match self.format {
            ExportFormat::Pytorch => self.pytorch(&model, &weights, &folder)?,
            ExportFormat::Onnx => onnx(&model, &folder)?,
            ExportFormat::Svg => self.pictures()?,
            ExportFormat::Card => {
                let path = folder.join("README.md");
                write_card(&RunFolder::open(&self.model)?, &path)?;
                output::line(format!("Wrote {}", path.display()))?;
            }
            ExportFormat::Tensorboard => {
                let records = SavedSummary::read(&self.model)?.records;
                let path = write_events(&folder, &records)?;
                output::line(format!(
                    "Wrote {}: {} epochs",
                    path.display(),
                    records.len()
                ))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Draws the pictures again, into `plots` of the run where no folder is given.
    fn pictures(&self) -> Result<()> {
        let plots = self.model.join("plots");
        let folder = self.out.as_ref().unwrap_or(&plots);
        let run = SavedRun::read(&self.model, None)?;
        let files = run.draw("svg", folder, &Cpu, &mut |_| ())?;
        files
            .iter()
            .try_for_each(|file| output::line(format!("Wrote {}", file.display())))
    }

    fn pytorch(&self, model: &Model, weights: &Path, folder: &Path) -> Result<()> {
        let name = weights.file_name().unwrap_or_default().to_string_lossy();
        if self.out.is_some() {
            let copy = folder.join(&*name);
            let bytes = std::fs::read(weights).map_err(|source| Error::file(weights, source))?;
            write_atomically(&copy, |file| file.write_all(&bytes))?;
        }
        let text = pytorch::module(&model.network, &name);
        let path = folder.join("load.py");
        write_atomically(&path, |file| file.write_all(text.as_bytes()))?;
        output::line(format!(
            "Wrote {}: in that folder, `from load import encode, decode` reads {name}",
            path.display()
        ))
    }
}

/// Writes both graphs and says what they take and give.
fn onnx(model: &Model, folder: &Path) -> Result<()> {
    let graphs = [
        ("encoder.onnx", onnx::encoder(model)?),
        ("decoder.onnx", onnx::decoder(model)?),
    ];
    for (name, graph) in graphs {
        let path = folder.join(name);
        write_atomically(&path, |file| file.write_all(graph.file.as_bytes()))?;
        let (input, given) = (graph.input, graph.output);
        output::line(format!("Wrote {}: {input} -> {given}", path.display()))?;
    }
    Ok(())
}
