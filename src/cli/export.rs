//! `nrae export`

use super::{Outcome, output};
use crate::data::{create_folder, write_atomically};
use crate::error::Error;
use crate::model::{Model, model_file};
use crate::pytorch;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a model for use in another program
///
/// For PyTorch this is `load.py`, a module with the network written down in torch.nn, the scaling of
/// the data, and the functions encode(x) and decode(z) on raw samples, equal to `nrae encode` and
/// `nrae decode`. It reads the weights from model.safetensors beside it.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae export runs/digits-nrae-q --format pytorch\n  nrae export runs/digits-nrae-q --out my/project"
)]
pub(super) struct ExportArguments {
    /// A run folder or a model.safetensors
    model: PathBuf,
    /// What to write for
    #[arg(long, value_enum, default_value_t)]
    format: ExportFormat,
    /// The folder to write, with a copy of the weights [default: that of the weights]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Values of `--format`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
enum ExportFormat {
    /// A module `load.py` for PyTorch
    #[default]
    Pytorch,
}

impl ExportArguments {
    pub(super) fn run(self) -> Outcome {
        let model = Model::load(&self.model)?;
        let weights = model_file(&self.model);
        let name = weights.file_name().unwrap_or_default().to_string_lossy();
        let folder = match &self.out {
            Some(folder) => {
                create_folder(folder)?;
                let copy = folder.join(&*name);
                std::fs::copy(&weights, &copy).map_err(|source| Error::file(&copy, source))?;
                folder.clone()
            }
            None => weights.parent().unwrap_or(&weights).to_owned(),
        };
        let text = match self.format {
            ExportFormat::Pytorch => pytorch::module(&model.network, &name),
        };
        let path = folder.join("load.py");
        write_atomically(&path, |file| file.write_all(text.as_bytes()))?;
        output::line(format!(
            "Wrote {}: in that folder, `from load import encode, decode` reads {name}",
            path.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
