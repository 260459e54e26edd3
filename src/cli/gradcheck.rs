//! `nrae gradcheck`

use super::device::{Choice, DeviceArguments};
use super::settings::SettingArguments;
use super::{Outcome, output};
use crate::cpu::Cpu;
use crate::data::ScalingKind;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::gradcheck::{
    CaseShape, CheckResult, Coverage, DIFFERENCE_TOLERANCE, LossCase, cases, check_case,
    layer_cases, loss_cases,
};
use crate::net::{Network, Parameters};
use crate::train::{Config, Splits};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae gradcheck                 on the GPU (or a software driver), otherwise on the CPU
  nrae gradcheck --device cpu    on the CPU in f32
  nrae gradcheck --json | jq 'select(.holds | not)'
  nrae gradcheck configs/digits.toml --set net.activation=gelu
  nrae gradcheck --shape 3,32,32 --net conv32 --latent 16 --method nr-vae-q

Exit status: 0 when everything holds, 1 when something does not, 2 when something given cannot be used.";

/// Samples of the user's data that a loss is checked on.
const SAMPLES: usize = 7;

/// Check derivatives: device against f64, f64 against central differences
///
/// Every operation and loss of a list of its own; or, where a configuration or a setting is given, each layer of that network
/// (f, J v and v'Hv) and the gradient of that loss, at initial parameters.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct GradcheckArguments {
    #[command(flatten)]
    settings: SettingArguments,
    /// The shape of a sample, N or C,H,W: random ones are then taken instead of data
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    shape: Option<Vec<usize>>,
    /// Only what fails, and the verdict
    #[arg(long)]
    quiet: bool,
    /// Print one line of JSON per check
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

/// A network and an objective of the user's own.
struct Subject {
    config: Config,
    network: Network,
    /// Scaled samples, [any, features], where there are data.
    data: Option<Vec<f32>>,
}

/// Results so far.
#[derive(Default)]
struct Tally {
    checks: usize,
    failures: usize,
}

impl GradcheckArguments {
    pub(super) fn run(self) -> Outcome {
        let own = self.shape.is_some() || self.settings.describe_a_run()?;
        let subject = own.then(|| self.subject()).transpose()?;
        let executor = self.executor()?;
        if !self.json {
            output::line(format!(
                "Device: {}, {}",
                executor.name(),
                executor.driver()
            ))?;
            output::line(format!(
                "{:<58} {:>12} {:>20}",
                "", "device - f64", "f64 - differences"
            ))?;
        }
        let tally = match &subject {
            Some(subject) => self.check_subject(subject, &*executor)?,
            None => self.check_all(&*executor)?,
        };
        let Tally { checks, failures } = tally;
        if !self.json {
            output::line(format!(
                "{} of {checks} checks hold. Errors are those of the worst element, in units of what is allowed of an element x\n\
                 of a tensor of size s (at most 30): {} on the device, {DIFFERENCE_TOLERANCE} of differences.",
                checks - failures,
                executor.tolerance()
            ))?;
        }
        Ok(if failures == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// A software driver is worth checking, though not worth training on.
    fn executor(&self) -> Result<Box<dyn Executor>> {
        if self.device.device != Choice::Auto {
            return self.device.open();
        }
        let gpu = DeviceArguments {
            device: Choice::Gpu,
            ..self.device.clone()
        };
        match gpu.open() {
            Err(_) if !self.device.asks_for_gpu() => Ok(Box::new(Cpu)),
            opened => opened,
        }
    }

    fn subject(&self) -> Result<Subject> {
        let config = self.settings.configuration()?;
        if let Some(shape) = &self.shape {
            if !matches!(shape.len(), 1 | 3) || shape.contains(&0) {
                return Err(Error::input(format!(
                    "--shape is {shape:?}, but a sample is a vector, N, or an image, CHANNELS,HEIGHT,WIDTH"
                )));
            }
            let network =
                config.network(shape, config.data.scaling.is_some_and(ScalingKind::is_unit))?;
            return Ok(Subject {
                config,
                network,
                data: None,
            });
        }
        if config.data.train.is_none() && config.data.synthetic.is_none() {
            return Err(Error::input(
                "a network is for samples of some shape: give --data FILE, or --shape N or C,H,W",
            ));
        }
        let splits = Splits::load(&config)?;
        let network = splits.network(&config)?;
        let data = splits.scaling.apply(&splits.train.take(SAMPLES).values);
        Ok(Subject {
            config,
            network,
            data: Some(data),
        })
    }

    fn check_subject(&self, subject: &Subject, executor: &dyn Executor) -> Result<Tally> {
        let Subject {
            config,
            network,
            data,
        } = subject;
        let mut tally = Tally::default();
        let parameters = Parameters::of(network).initialise(config.seed);
        for case in layer_cases(network, &parameters)? {
            self.take(&mut tally, &case.check(executor, config.seed)?)?;
        }
        let objective = config.objective()?;
        let term_weights: Vec<f32> = objective
            .terms
            .iter()
            .map(|term| config.weight(*term) as f32)
            .collect();
        // Of any two samples, as if they were as far from one another as most neighbours are.
        let neighbour_weight = config.neighbours.kernel().weight(1.0, 1.0);
        let case = LossCase::of_user(
            network,
            &objective,
            data.as_deref(),
            neighbour_weight,
            &term_weights,
            config.seed,
        );
        let mut result = case.check(executor, case.coverage())?;
        result.name = format!("{} {}", config.method, result.name);
        self.take(&mut tally, &result)?;
        Ok(tally)
    }

    fn check_all(&self, executor: &dyn Executor) -> Result<Tally> {
        let (mut tally, seed) = (Tally::default(), self.settings.seed());
        for case in cases(CaseShape {
            batch: 5,
            directions: 2,
            inputs: 37,
            outputs: 70,
        }) {
            self.take(&mut tally, &check_case(&case, executor, seed)?)?;
        }
        for case in loss_cases((9, &[33, 17], 3), 6, seed) {
            self.take(&mut tally, &case.check(executor, Coverage::Directions)?)?;
        }
        Ok(tally)
    }

    fn take(&self, tally: &mut Tally, result: &CheckResult) -> Result<()> {
        tally.checks += 1;
        tally.failures += usize::from(!result.holds());
        self.tell(result)
    }

    fn tell(&self, finding: &CheckResult) -> Result<()> {
        if self.json {
            let mut value = serde_json::to_value(finding).expect("plain data");
            value["holds"] = finding.holds().into();
            return output::json(&value);
        }
        if self.quiet && finding.holds() {
            return Ok(());
        }
        let difference = finding
            .difference_error
            .map_or("-".into(), |error| format!("{error:.3}"));
        let verdict = if finding.holds() { "" } else { "  FAILS" };
        output::line(format!(
            "{:<58} {:>12.3} {difference:>20}{verdict}",
            finding.name, finding.device_error
        ))
    }
}
