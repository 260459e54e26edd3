//! The command line, one file per subcommand: each turns arguments into validated data and makes
//! one call.

mod apply;
mod bench;
mod compare;
#[cfg(target_os = "linux")]
mod cut_short;
mod data;
mod device;
mod doctor;
mod ends;
mod eval;
mod explore;
mod export;
mod files;
mod geodesic;
mod grad;
mod gradcheck;
mod init;
mod jets;
mod knn;
mod messages;
mod methods;
mod neighbourhood_loss;
mod net;
mod output;
mod preparing;
mod report;
mod reproduce;
mod resume;
mod run;
mod runs;
mod sample;
mod saved;
mod search;
mod settings;
mod shader;
mod stop;
mod table;
mod train;

use crate::error::{Error, Result};
use crate::ranks::{Alone, Launch, Ranks};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use log::LevelFilter;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// The first line of `nrae --help`.
const ABOUT: &str = "Neighborhood Reconstructing Autoencoders: autoencoders whose manifold follows the data, on any GPU or the CPU.";

const EXAMPLES: &str = "\
Examples:
  nrae train --data data/digits.npy --labels data/digits-labels.npy
  nrae train configs/swiss-roll.toml --seed 3 --out runs/roll
  nrae encode runs/digits-nrae-q --data data/digits.npy --out z.npy
  nrae doctor

Environment:
  NRAE_DATA     a folder to search for data files and for the sets of `nrae data`
  NRAE_ADAPTER  the GPU to use, like --adapter
  NRAE_CACHE    a folder for compiled shaders instead of the user's cache folder; empty to keep none
  NRAE_KERNELS  `tiled`, `register` or `subgroup`: the family of matrix product kernels on a GPU
  NRAE_LARGEST_BINDING  bytes that a GPU may bind at once, where they are to be fewer than it could
  NRAE_LEVELS   `on` or `off`: whether independent kernels run side by side on a GPU
  NRAE_MAP_FROM  bytes from which on an .npy or images of .tar stay in their files instead of memory [default: 268435456]
  TMPDIR        a folder on a disk with room for two copies of such data as f32, where their neighbours are found
  NRAE_FILTERING  `off` or `always` instead of where it pays: 9 products for 16 in convolutions on a GPU

Exit status: 0 success, 1 failed while running, 2 invalid arguments or input, 75 saved \
but not done (SIGTERM, SIGUSR1 or --time-limit), 130 stopped by Ctrl-C.";

#[derive(Parser)]
#[command(name = "nrae", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 110, args_override_self = true)]
struct Arguments {
    /// Hide notes and warnings about data; a run folder has them in warnings.txt
    #[arg(
        long,
        global = true,
        hide_short_help = true,
        help_heading = "Device and output"
    )]
    no_warnings: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::InitArguments),
    Train(train::TrainArguments),
    Resume(resume::ResumeArguments),
    Search(search::SearchArguments),
    Reproduce(reproduce::ReproduceArguments),
    Runs(runs::RunsArguments),
    Compare(compare::CompareArguments),
    Eval(eval::EvalArguments),
    Report(report::ReportArguments),
    Encode(apply::EncodeArguments),
    Decode(apply::DecodeArguments),
    Reconstruct(apply::ReconstructArguments),
    Sample(sample::SampleArguments),
    Interpolate(geodesic::InterpolateArguments),
    Geodesic(geodesic::GeodesicArguments),
    Explore(explore::ExploreArguments),
    Export(export::ExportArguments),
    Jets(jets::JetsArguments),
    Grad(grad::GradArguments),
    Gradcheck(gradcheck::GradcheckArguments),
    Knn(knn::KnnArguments),
    Methods(methods::MethodsArguments),
    Net(net::NetArguments),
    Data(data::DataArguments),
    Bench(bench::BenchArguments),
    Shader(shader::ShaderArguments),
    #[command(visible_alias = "devices")]
    Doctor(doctor::DoctorArguments),
}

impl Command {
    /// Whether several processes make its runs, which know of each other by the folder of these alone.
    fn deals_out_runs(&self) -> bool {
        matches!(self, Self::Search(_) | Self::Reproduce(_))
    }

    /// Whether it works with a model that has been trained already.
    fn has_a_model(&self) -> bool {
        !matches!(
            self,
            Self::Init(_)
                | Self::Train(_)
                | Self::Search(_)
                | Self::Reproduce(_)
                | Self::Knn(_)
                | Self::Data(_)
        )
    }
}

/// Whether the command that was given, or one within it, has `--quiet`.
fn quiet(matches: &ArgMatches) -> bool {
    let here = matches.try_get_one("quiet").ok().flatten() == Some(&true);
    here || matches.subcommand().is_some_and(|(_, inner)| quiet(inner))
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let launch = Launch::of_this_process();
    let parsed = Arguments::command().try_get_matches().and_then(|matches| {
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok((matches, arguments))
    });
    let (matches, arguments) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            if launch.leads() {
                // Nothing is left to do when even this cannot be written.
                let _ = error.print();
            }
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let deals = arguments.command.deals_out_runs();
    let joined: Result<Arc<dyn Ranks>> = if deals {
        Ok(Arc::new(Alone))
    } else {
        launch.join()
    };
    let ranks = match joined {
        Ok(ranks) => ranks,
        // One of them says it for all.
        Err(error) => return failed(&error, launch.leads()),
    };
    let leads = if deals { launch.leads() } else { ranks.leads() };
    let printed = match (arguments.no_warnings || !leads, quiet(&matches)) {
        (true, _) => LevelFilter::Off,
        (_, true) => LevelFilter::Warn,
        _ => LevelFilter::Info,
    };
    messages::install(printed, arguments.command.has_a_model());
    stop::hear_of_full_quotas();
    #[cfg(target_os = "linux")]
    cut_short::hear_of_files_cut_short();
    let outcome = Error::caught(|| match arguments.command {
        Command::Train(arguments) => arguments.run(&ranks),
        Command::Resume(arguments) => arguments.run(&ranks),
        Command::Knn(arguments) => arguments.run(&*ranks),
        _ if ranks.are_several() => Err(Error::input(format!(
            "only `nrae train`, `resume`, `knn`, `search` and `reproduce` are done by several processes, and {} have been started: start one",
            ranks.size()
        ))),
        Command::Init(arguments) => arguments.run(),
        Command::Runs(arguments) => arguments.run(),
        Command::Compare(arguments) => arguments.run(),
        Command::Search(arguments) => arguments.run(launch),
        Command::Reproduce(arguments) => arguments.run(launch),
        Command::Eval(arguments) => arguments.run(),
        Command::Report(arguments) => arguments.run(),
        Command::Encode(arguments) => arguments.run(),
        Command::Decode(arguments) => arguments.run(),
        Command::Reconstruct(arguments) => arguments.run(),
        Command::Sample(arguments) => arguments.run(),
        Command::Interpolate(arguments) => arguments.run(),
        Command::Geodesic(arguments) => arguments.run(),
        Command::Explore(arguments) => arguments.run(),
        Command::Export(arguments) => arguments.run(),
        Command::Jets(arguments) => arguments.run(),
        Command::Grad(arguments) => arguments.run(),
        Command::Gradcheck(arguments) => arguments.run(),
        Command::Methods(arguments) => arguments.run(),
        Command::Net(arguments) => arguments.run(),
        Command::Data(arguments) => arguments.run(),
        Command::Bench(arguments) => arguments.run(),
        Command::Shader(arguments) => arguments.run(),
        Command::Doctor(arguments) => arguments.run(),
    });
    let outcome = match outcome {
        Ok(outcome) => outcome,
        // The others do not know that this one goes: what started them ends them.
        Err(error) if ranks.are_several() => {
            let _ = failed(&error, true);
            std::process::exit(error.exit_code().into());
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(code) => code,
        Err(Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, leads),
    }
}

/// The exit status of `error`, which is printed where this process is the one that does so.
fn failed(error: &Error, printed: bool) -> ExitCode {
    if printed {
        // Nothing is left to do when even this cannot be written.
        let _ = writeln!(std::io::stderr(), "nrae: {error}");
    }
    ExitCode::from(error.exit_code())
}

/// The outcome of a subcommand.
type Outcome = Result<ExitCode>;
