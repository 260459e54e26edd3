//! The device that a command runs on.

use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::executor::Executor;
use crate::gpu::{Gpu, GpuOptions, Kernels, Precision};
use crate::graph::device_finds;

/// Options of every command that computes.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Device and output")]
pub(super) struct DeviceArguments {
    /// auto, gpu or cpu; `nrae doctor --help` explains
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub(super) device: Choice,
    /// The GPU to use, by its number in `nrae doctor` or a part of its name
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(super) adapter: Option<String>,
    /// f32, or f16 or f16x3 for matrix products on a GPU; `nrae doctor --help` explains
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub(super) precision: PrecisionChoice,
}

/// Values of `--precision`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PrecisionChoice {
    /// Full single precision
    #[default]
    F32,
    /// Half precision with block exponents on cooperative matrices (tensor cores), if the GPU has
    /// them
    F16,
    /// The same with every operand split into two numbers of half precision, and three products in the
    /// place of one: errors near those of f32
    #[value(name = "f16x3")]
    F16x3,
}

impl From<PrecisionChoice> for Precision {
    fn from(choice: PrecisionChoice) -> Self {
        match choice {
            PrecisionChoice::F32 => Self::F32,
            PrecisionChoice::F16 => Self::F16,
            PrecisionChoice::F16x3 => Self::F16x3,
        }
    }
}

/// Values of `--device`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    /// A hardware GPU if there is one, otherwise the CPU (which is faster than a software driver)
    #[default]
    Auto,
    /// A GPU, or a software driver if there is none
    Gpu,
    /// The CPU, which needs no driver
    Cpu,
}

impl DeviceArguments {
    /// Whether only a GPU will do, since one is named or a precision is asked for that only GPUs
    /// have.
    pub(super) fn asks_for_gpu(&self) -> bool {
        let named = self.adapter.is_some() || std::env::var_os("NRAE_ADAPTER").is_some();
        named || self.precision != PrecisionChoice::F32
    }

    /// The device that finds a graph of `k` neighbours: a GPU that is asked for, or one that can
    /// and is faster than the CPU, of several that fit the one whose `turn` it is; `None` for the CPU.
    ///
    /// # Errors
    /// When a GPU is asked for and there is none, or a precision other than f32 is.
    pub(super) fn open_for_graph(
        &self,
        turn: usize,
        samples: usize,
        features: usize,
        k: usize,
    ) -> Result<Option<Box<dyn Executor>>> {
        if self.precision != PrecisionChoice::F32 {
            return Err(Error::input(
                "neighbours are found in f32, so that they are exact: leave out --precision",
            ));
        }
        let executor = self.open_in_turn(Kernels::AsTimed, turn)?;
        let takes = match self.device {
            Choice::Cpu => false,
            Choice::Gpu => true,
            Choice::Auto => {
                self.asks_for_gpu()
                    || executor.is_hardware() && device_finds(&*executor, samples, features, k)
            }
        };
        Ok(takes.then_some(executor))
    }

    /// Opens the device.
    ///
    /// # Errors
    /// When a GPU is asked for and there is none.
    pub(super) fn open(&self) -> Result<Box<dyn Executor>> {
        self.open_with(Kernels::AsTimed)
    }

    /// Opens the device with these kernels.
    ///
    /// # Errors
    /// Those of [`DeviceArguments::open`].
    pub(super) fn open_with(&self, kernels: Kernels) -> Result<Box<dyn Executor>> {
        self.open_in_turn(kernels, 0)
    }

    /// Opens the device with these kernels: of several adapters that fit, the one whose `turn` it is.
    ///
    /// # Errors
    /// Those of [`DeviceArguments::open`].
    pub(super) fn open_in_turn(&self, kernels: Kernels, turn: usize) -> Result<Box<dyn Executor>> {
        let options = |software| GpuOptions {
            adapter: self.adapter.clone(),
            software,
            turn,
            precision: self.precision.into(),
            kernels: kernels.clone(),
            cached: true,
            ..Default::default()
        };
        match self.device {
            Choice::Cpu if self.precision != PrecisionChoice::F32 => Err(Error::input(
                "the CPU multiplies in f32: leave out --precision, or choose a GPU with --device gpu",
            )),
            Choice::Cpu => Ok(Box::new(Cpu)),
            Choice::Auto if !self.asks_for_gpu() => gpu_or_cpu(Gpu::open_if_there(&options(false))),
            Choice::Auto | Choice::Gpu => Ok(Box::new(Gpu::open(&options(true))?)),
        }
    }
}

/// The GPU that was `found`, else the CPU: with the reason, where there is a GPU that is of no use.
///
/// # Errors
/// When what is asked of the GPU cannot be.
fn gpu_or_cpu<G: Executor + 'static>(found: Result<Option<G>>) -> Result<Box<dyn Executor>> {
    match found {
        Ok(Some(gpu)) => return Ok(Box::new(gpu)),
        Ok(None) => {}
        Err(Error::Device(why)) => log::warn!("{why}; the CPU takes its place"),
        Err(mistake) => return Err(mistake),
    }
    Ok(Box::new(Cpu))
}

/// What a command runs on, in the first lines that it prints.
pub(super) fn introduction(executor: &dyn Executor) -> String {
    let device = format!("Device: {}, {}", executor.name(), executor.driver());
    match executor.tuned() {
        Some(tuned) => format!("{device}\nKernels: {tuned}"),
        None => device,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_gpu_that_cannot_be_had_is_replaced() {
        let device = |found: Result<Option<Cpu>>| gpu_or_cpu(found).map(|device| device.name());
        let cpu = Cpu.name();
        assert_eq!(device(Ok(None)).unwrap(), cpu);
        assert_eq!(
            device(Err(Error::Device("it is lost".into()))).unwrap(),
            cpu
        );
        let mistake = device(Err(Error::input("NRAE_LEVELS is 7"))).unwrap_err();
        assert!(mistake.to_string().contains("NRAE_LEVELS"), "{mistake}");
    }
}
