//! `nrae data list`

use crate::cli::{Outcome, output};
use crate::data::{Origin, PUBLISHED, Published, data_folders};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// List the data sets known by name, and which are present
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  nrae data list\n  nrae data list --json")]
pub(super) struct ListArguments {
    /// The folder to search [default: NRAE_DATA, then `data`]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one line of JSON per set
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    about: &'static str,
    shape: [usize; 3],
    parts: Vec<(&'static str, usize)>,
    licence: &'static str,
    /// `fetch`, `shipped` or `by hand`.
    origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    download_megabytes: Option<u32>,
    present: bool,
}

impl ListArguments {
    pub(super) fn run(self) -> Outcome {
        let folders = data_folders(self.data_dir.as_deref());
        let rows: Vec<Row> = PUBLISHED
            .iter()
            .map(|set| Row::of(set, set.is_present(&folders)))
            .collect();
        if self.json {
            rows.iter().try_for_each(output::json)?;
            return Ok(ExitCode::SUCCESS);
        }
        output::line(
            "name               images                             shape        here  to get it      licence",
        )?;
        for row in &rows {
            let parts: Vec<String> = row
                .parts
                .iter()
                .map(|(name, samples)| format!("{samples} {name}"))
                .collect();
            let [channels, height, width] = row.shape;
            let get = row
                .download_megabytes
                .map_or(row.origin.to_owned(), |size| format!("fetch {size} MB"));
            output::line(format!(
                "{:<18} {:<34} {:<12} {:<5} {get:<14} {}",
                row.name,
                parts.join(", ").replace("validation", "val."),
                format!("{channels}x{height}x{width}"),
                if row.present { "yes" } else { "no" },
                row.licence
            ))?;
        }
        let places: Vec<_> = folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        output::line(format!(
            "\nLooked for in {}. Use a name wherever samples are read, NAME:test for its test set.",
            places.join(" and ")
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Row {
    fn of(set: &'static Published, present: bool) -> Self {
        let (origin, download_megabytes) = match set.origin {
            Origin::Web { megabytes, .. } => ("fetch", Some(megabytes)),
            Origin::Shipped => ("shipped", None),
            Origin::ByHand(_) => ("by hand", None),
        };
        Self {
            name: set.name,
            about: set.about,
            shape: set.shape,
            parts: set
                .parts
                .iter()
                .map(|part| (part.name, part.samples))
                .collect(),
            licence: set.licence,
            origin,
            download_megabytes,
            present,
        }
    }
}
