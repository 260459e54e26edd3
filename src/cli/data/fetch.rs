//! `nrae data fetch`

use crate::cli::Outcome;
use crate::cli::output;
use crate::cli::run::OutputOptions;
use crate::data::{Origin, PUBLISHED, Published, check, data_folders, download};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae data fetch mnist
  nrae data fetch cifar10 svhn --data-dir /srv/data
  nrae data fetch mnist --mirror https://storage.googleapis.com/cvdf-datasets/mnist/

The files are stored in DIR/NAME and checked against their published checksums. An interrupted download is resumed. The program \
curl does the transfer; it respects https_proxy and http_proxy.";

/// Download data sets
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct FetchArguments {
    /// Names from `nrae data list`
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// The folder to download to [default: NRAE_DATA, or else `data`]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Another URL of the folder that holds the files
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    #[command(flatten)]
    voice: OutputOptions,
}

impl FetchArguments {
    pub(super) fn run(self) -> Outcome {
        let sets: Vec<&Published> = self
            .names
            .iter()
            .map(|name| find(name))
            .collect::<Result<_>>()?;
        let folder = data_folders(self.data_dir.as_deref()).swap_remove(0);
        for set in sets {
            self.fetch(set, &folder.join(set.name))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn fetch(&self, set: &'static Published, folder: &Path) -> Result<()> {
        let Origin::Web { base, files, .. } = set.origin else {
            return Err(Error::input(match set.origin {
                Origin::ByHand(advice) => {
                    format!("{} cannot be fetched freely. {advice}", set.name)
                }
                _ => format!(
                    "{} needs no fetching: it comes with nrae's source code, in the folder data",
                    set.name
                ),
            }));
        };
        self.voice.say(format!(
            "{} ({}). Licence: {}",
            set.name, set.about, set.licence
        ))?;
        let base = self.mirror.as_deref().unwrap_or(base);
        for file in files {
            let url = format!("{}/{}", base.trim_end_matches('/'), file.name);
            self.file(&url, file, &folder.join(file.name))?;
        }
        self.voice
            .say(format!("Look at it with: nrae data info {}", set.name))
    }

    fn file(&self, url: &str, file: &crate::data::File, path: &Path) -> Result<()> {
        let present = path.exists();
        if present && !file.sums.is_empty() && !check(path, file.sums)? {
            return Err(Error::input(format!(
                "{} is there already, but is not the published file: its sum is another. Move it away to fetch it",
                path.display()
            )));
        }
        if !present {
            let bar = self.voice.bar(
                0,
                "{msg} {bar:30.cyan/dim} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left",
            );
            bar.set_message(file.name);
            download(url, path, file.sums, &mut |done, total| {
                bar.set_length(total.unwrap_or(done));
                bar.set_position(done);
            })?;
            bar.finish_and_clear();
        }
        let checked = if file.sums.is_empty() {
            "no sum is published to check it with"
        } else {
            "its sum agrees"
        };
        self.voice.say(format!(
            "{}: {}, {checked}",
            path.display(),
            if present {
                "there already"
            } else {
                "downloaded"
            }
        ))?;
        if self.voice.json {
            output::json(&serde_json::json!({
                "file": path,
                "url": url,
                "bytes": path.metadata().map_or(0, |metadata| metadata.len()),
                "downloaded": !present,
                "checked": !file.sums.is_empty(),
            }))?;
        }
        Ok(())
    }
}

fn find(name: &str) -> Result<&'static Published> {
    Published::find(name).ok_or_else(|| {
        let names: Vec<_> = PUBLISHED.iter().map(|set| set.name).collect();
        Error::input(format!(
            "there is no data set `{name}`: choose one of {}",
            names.join(", ")
        ))
    })
}
