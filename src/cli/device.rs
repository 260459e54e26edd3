//! Which device a command runs on.

use crate::cpu::Cpu;
use crate::error::Result;
use crate::executor::Executor;
use crate::gpu::{Gpu, GpuOptions};

/// Options of every command that computes.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Device")]
pub(super) struct DeviceArguments {
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    pub(super) device: Choice,
    /// A GPU by its number in `nrae doctor` or by a part of its name
    #[arg(long, value_name = "NAME")]
    pub(super) adapter: Option<String>,
}

/// Values of `--device`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    /// A GPU if there is one, else the CPU (which is faster than a software GPU driver)
    #[default]
    Auto,
    /// A GPU, or a software driver where there is none
    Gpu,
    /// The CPU, which needs no driver
    Cpu,
}

impl DeviceArguments {
    /// Opens the device.
    ///
    /// # Errors
    /// When a GPU is asked for and there is none.
    pub(super) fn open(&self) -> Result<Box<dyn Executor>> {
        let options = |software| GpuOptions { adapter: self.adapter.clone(), software, ..Default::default() };
        let asked_for = self.adapter.is_some() || std::env::var_os("NRAE_ADAPTER").is_some();
        match self.device {
            Choice::Cpu => Ok(Box::new(Cpu)),
            Choice::Auto if !asked_for => match Gpu::open(&options(false)) {
                Ok(gpu) => Ok(Box::new(gpu)),
                Err(_) => Ok(Box::new(Cpu)),
            },
            Choice::Auto | Choice::Gpu => Ok(Box::new(Gpu::open(&options(true))?)),
        }
    }
}
