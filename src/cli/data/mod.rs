//! `nrae data`: lists, downloads, shows and converts data sets.

mod fetch;
mod info;
mod list;
mod make;
mod prepare;
mod write;

use super::Outcome;
use super::table::TableArguments;
use crate::data::{
    Format, Layout, ReadOptions, Reading, SampleLabels, data_folders, find_data, open_dataset,
};
use crate::error::Result;
pub(super) use info::Info;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  nrae data list
  nrae data fetch mnist
  nrae data info mnist:test --picture samples.png
  nrae data prepare photos/ --size 64 --out photos.npy
  nrae data make rotated mnist --class 3 --count 20 --degrees 180 --out rotated.npy";

/// What `nrae data --help` ends with.
fn after_help() -> String {
    format!(
        "{EXAMPLES}\n\nWherever nrae reads samples it takes {}; a part of these as FILE:PART, such as mnist.npz:x_test or \
         cifar-10-binary.tar.gz:test; or the name of a set that `nrae data list` shows.",
        Format::list()
    )
}

/// List, download, inspect and convert data sets
#[derive(clap::Args, Debug)]
#[command(after_help = after_help())]
pub(super) struct DataArguments {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(clap::Subcommand, Debug)]
enum DataCommand {
    List(list::ListArguments),
    Fetch(fetch::FetchArguments),
    Info(info::InfoArguments),
    Prepare(prepare::PrepareArguments),
    Make(make::MakeArguments),
}

impl DataArguments {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            DataCommand::List(arguments) => arguments.run(),
            DataCommand::Fetch(arguments) => arguments.run(),
            DataCommand::Info(arguments) => arguments.run(),
            DataCommand::Prepare(arguments) => arguments.run(),
            DataCommand::Make(arguments) => arguments.run(),
        }
    }
}

/// Samples that a command reads.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Input {
    /// A file or folder, a part of one as FILE:PART, or a name from `nrae data list`
    input: PathBuf,
    /// Labels, if they are in a separate file
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The axes of an array: nchw, nhwc, nhw (images), ncl, nlc, nl (signals) [default: by its shape]
    #[arg(
        long,
        value_enum,
        value_name = "AXES",
        hide_possible_values = true,
        default_value_t
    )]
    layout: Layout,
    /// The folder to search for named sets [default: NRAE_DATA, then `data`]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) table: TableArguments,
}

impl Input {
    pub(super) fn read(&self, options: &ReadOptions) -> Result<Reading> {
        let options = &ReadOptions {
            layout: self.layout,
            table: self.table.options(),
            ..options.clone()
        };
        let mut reading = open_dataset(
            &self.input,
            &data_folders(self.data_dir.as_deref()),
            options,
        )?;
        if let Some(labels) = &self.labels {
            let path = find_data(labels)?;
            let labels = SampleLabels::read(&path)?;
            // Of a part of the samples, only the labels tell how many there are in all.
            let whole = match (options.skip, options.limit) {
                (0, None) => reading.data.samples,
                _ => labels.len(),
            };
            let kept = options.range(whole);
            reading = reading.labelled_by(labels, kept, whole, &path)?;
        }
        Ok(reading)
    }

    pub(super) fn path(&self) -> &Path {
        &self.input
    }

    /// The file with the labels, where there is one of their own.
    pub(super) fn labels(&self) -> Option<&Path> {
        self.labels.as_deref()
    }
}
