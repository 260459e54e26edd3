//! `nrae doctor`

mod tune;

use super::device::PrecisionChoice;
use super::{Outcome, output};
use crate::cpu::Cpu;
use crate::executor::Executor;
use crate::gpu::{AdapterReport, Gpu, GpuOptions, adapters};
use crate::gradcheck::{CaseShape, CheckResult, Coverage, cases, check_case, loss_cases};
use serde::Serialize;
use std::process::ExitCode;

const LONG: &str = "\
Examples:
  nrae doctor
  nrae doctor --json
  nrae doctor --tune
  nrae doctor --tune mlp,configs/digits.toml --adapter 1

--tune times every kernel that can compute the matrix products of a training step and keeps the fastest of those whose results are
right (within the tolerance of `nrae gradcheck`) in a table for this adapter and its driver. Runs use the table where there is one,
and the shape of a product otherwise; a run that is resumed keeps the kernels that it began with, so that it has the bytes of one that
was never stopped. Steps to tune for are workloads of `nrae bench step` (toy, mlp, conv28 and conv32 where none is given) and
configurations: what differs in batch or widths has products of other shapes.

What the commands that compute take:
  --device auto     a hardware GPU if there is one, otherwise the CPU (which is faster than a software driver)
  --device gpu      a GPU, or a software driver if there is none
  --device cpu      the CPU, which needs no driver
  --adapter NAME    the GPU of this number or name; the environment variable NRAE_ADAPTER does the same
  --precision f32   full single precision
  --precision f16   half precision with block exponents on cooperative matrices (tensor cores), if the GPU has them: operands of matrix
                    products only, sums are in f32
  --precision f16x3 operands of matrix products split into two of those each, 22 bits, and three products in the place of one: errors
                    near f32's, and more work than f16

Exit status: 0 if every device passes its self-test.";

/// Show and test the devices of this machine, and say what to install
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  nrae doctor\n  nrae doctor --json\n\nExit status: 0 if every device passes its self-test.",
    after_long_help = LONG
)]
pub(super) struct DoctorArguments {
    /// Time kernels for the steps of workloads (see `nrae bench step`) or configurations, and keep the
    /// fastest
    #[arg(long, value_name = "WHAT", num_args = 0.., value_delimiter = ',')]
    tune: Option<Vec<String>>,
    /// With --tune: the GPU, by its number here or a part of its name
    #[arg(long, value_name = "NAME", requires = "tune")]
    adapter: Option<String>,
    /// With --tune: f32, or f16 or f16x3 for matrix products
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        requires = "tune"
    )]
    precision: PrecisionChoice,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Diagnosis {
    version: &'static str,
    threads: usize,
    adapters: Vec<AdapterReport>,
    tests: Vec<SelfTest>,
    chosen: String,
}

#[derive(Serialize)]
struct SelfTest {
    device: String,
    passed: bool,
    /// What failed, or how many checks passed.
    result: String,
}

impl DoctorArguments {
    pub(super) fn run(self) -> Outcome {
        if let Some(wanted) = &self.tune {
            return tune::tune(wanted, self.adapter, self.precision, self.json);
        }
        let adapters = adapters();
        let mut tests = vec![test("cpu".into(), &Cpu)];
        for (number, adapter) in adapters.iter().enumerate() {
            let options = GpuOptions {
                adapter: Some(number.to_string()),
                software: true,
                ..Default::default()
            };
            let name = format!("{number}: {}", adapter.name);
            tests.push(match Gpu::open(&options) {
                Ok(gpu) => test(name, &gpu),
                Err(error) => SelfTest {
                    device: name,
                    passed: false,
                    result: error.to_string(),
                },
            });
        }
        let hardware = adapters.iter().position(|adapter| adapter.kind != "Cpu");
        let chosen = hardware.map_or("cpu".into(), |number| {
            format!("{number}: {}", adapters[number].name)
        });
        let passed = tests.iter().all(|test| test.passed);
        let diagnosis = Diagnosis {
            version: env!("CARGO_PKG_VERSION"),
            threads: rayon::current_num_threads(),
            adapters,
            tests,
            chosen,
        };
        if self.json {
            output::json(&diagnosis)?;
        } else {
            diagnosis.tell(hardware.is_some())?;
        }
        Ok(if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// A few operations and losses; `nrae gradcheck` checks all of them.
fn test(device: String, executor: &dyn Executor) -> SelfTest {
    let run = || -> crate::error::Result<Vec<CheckResult>> {
        let small = CaseShape {
            batch: 3,
            directions: 1,
            inputs: 5,
            outputs: 7,
        };
        let mut findings = Vec::new();
        for case in cases(small)
            .iter()
            .filter(|case| !case.name.contains("order 2 to"))
        {
            findings.push(check_case(case, executor, 0)?);
        }
        for case in loss_cases((5, &[8], 2), 4, 0).iter().step_by(8) {
            findings.push(case.check(executor, Coverage::Directions)?);
        }
        Ok(findings)
    };
    let (passed, result) = match run() {
        Ok(findings) => match findings.iter().find(|finding| !finding.holds()) {
            Some(finding) => (
                false,
                format!("{} fails; see `nrae gradcheck`", finding.name),
            ),
            None => (true, format!("{} checks passed", findings.len())),
        },
        Err(error) => (false, error.to_string()),
    };
    SelfTest {
        device,
        passed,
        result,
    }
}

impl Diagnosis {
    fn tell(&self, hardware: bool) -> crate::error::Result<()> {
        output::line(format!(
            "nrae {}, {} CPU threads",
            self.version, self.threads
        ))?;
        for (number, adapter) in self.adapters.iter().enumerate() {
            output::line(format!(
                "\n{number}: {} ({}, {})",
                adapter.name, adapter.backend, adapter.kind
            ))?;
            output::line(format!("   driver      {}", adapter.driver))?;
            output::line(format!(
                "   limits      {} MiB per binding, {} MiB per buffer, {} threads and {} KiB per workgroup",
                adapter.max_binding_bytes >> 20,
                adapter.max_buffer_bytes >> 20,
                adapter.max_workgroup,
                adapter.workgroup_bytes >> 10
            ))?;
            output::line(format!(
                "   timestamps  {}",
                if adapter.timestamps { "yes" } else { "no" }
            ))?;
            let matrices = adapter
                .matrix_side
                .map_or("no cooperative matrices".into(), |side| {
                    format!("on matrices of {side} x {side}")
                });
            output::line(format!("   f16         {matrices}"))?;
        }
        output::line("\nSelf-tests")?;
        for test in &self.tests {
            output::line(format!(
                "  {} {}: {}",
                if test.passed { "ok  " } else { "FAIL" },
                test.device,
                test.result
            ))?;
        }
        output::line(format!("\n--device auto chooses {}.", self.chosen))?;
        if self.adapters.is_empty() {
            output::line(
                "No Vulkan, Metal or DX12 adapter was found. Training runs on the CPU. For a GPU, install its vendor's \
                 driver\n(NVIDIA: the nvidia-driver package; AMD and Intel: mesa-vulkan-drivers) and the Vulkan loader (libvulkan1). \
                 The shader tests\ncan run on a software driver: apt-get install mesa-vulkan-drivers libvulkan1",
            )?;
        } else if !hardware {
            output::line(
                "There is only a software GPU driver, which is slower than the CPU: it is for tests only.",
            )?;
        }
        Ok(())
    }
}
