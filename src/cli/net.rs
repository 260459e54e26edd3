//! `nrae net`

use super::device::DeviceArguments;
use super::settings::SettingArguments;
use super::{Outcome, output};
use crate::engine::Listing;
use crate::error::Result;
use crate::net::{Layer, Network};
use crate::train::{Splits, planned_step};
use serde::Serialize;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  nrae net --data data/digits.npy --hidden 128,64
  nrae net configs/mnist.toml --net conv28 --latent 16
  nrae net --data signals.npy --layout ncl --net conv
  nrae net configs/mnist.toml --json
  nrae net configs/digits.toml --passes
  nrae net configs/digits.toml --dot | dot -Tsvg > step.svg

A configuration can also give a network layer by layer:
  [[net.encoder]]
  kind = \"conv\"
  inputs = 1
  outputs = 32
  kernel = 4
  stride = 2
  padding = 1
Kinds: linear, activation (function), conv, conv-transpose (output_padding), max-pool, average-pool (kernel, stride), \
upsample (align_corners), group-norm (groups, channels), unit-norm, flatten, unflatten (shape). \
kernel, padding and output_padding of a convolution are a number or [height, width]. There is no batch normalisation: it \
couples the samples of a batch, so the decoder would have no J and H of a single sample.";

/// Print a network with its shapes, parameters, cost and memory
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct NetArguments {
    #[command(flatten)]
    settings: SettingArguments,
    /// Print the passes of a training step, too: level, extents, cost, and buffers with their lives
    #[arg(long)]
    passes: bool,
    /// Print a training step as a graph for Graphviz's `dot`, and nothing else
    #[arg(long, conflicts_with_all = ["json", "passes"])]
    dot: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArguments,
}

#[derive(Serialize)]
struct Row {
    name: String,
    layer: String,
    output: Vec<usize>,
    parameters: usize,
    /// Operations for one sample and one slot.
    flops: u64,
}

#[derive(Serialize)]
struct Told {
    method: String,
    input: Vec<usize>,
    layers: Vec<Row>,
    parameters: usize,
    /// Operations for one sample, forward.
    flops: u64,
    batch: usize,
    /// Operations of the products in a training step: all slots, forward and backward.
    step_flops: u64,
    /// Memory of the buffers of a training step, data included.
    step_bytes: usize,
    /// Passes that wait for each other make levels; those of one level may run side by side.
    step_levels: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Listing>,
}

impl NetArguments {
    pub(super) fn run(self) -> Outcome {
        let config = self.settings.configuration()?;
        let splits = Splits::load(&config)?;
        let network = splits.network(&config)?;
        let mut layers = rows("encoder", &network.encoder, &network.encoder_shapes()?);
        layers.extend(rows(
            "decoder",
            &network.decoder,
            &network.decoder_shapes()?,
        ));
        let step = planned_step(&config, &splits, &*self.device.open()?)?;
        if self.dot {
            output::line(step.recording.dot().trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        let told = Told {
            method: config.method.clone(),
            input: network.shape.clone(),
            parameters: layers.iter().map(|row| row.parameters).sum(),
            flops: layers.iter().map(|row| row.flops).sum(),
            layers,
            batch: step.batch,
            step_flops: step.recording.flops(),
            step_bytes: step.recording.bytes(),
            step_levels: step.recording.level_count(),
            step: self.passes.then(|| step.recording.listing()),
        };
        if self.json {
            output::json(&told)?
        } else {
            told.tell(&network)?
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn rows(stack: &str, layers: &[Layer], shapes: &[Vec<usize>]) -> Vec<Row> {
    let row = |(index, layer): (usize, &Layer)| Row {
        name: format!("{stack}.{index}"),
        layer: layer.describe(),
        output: shapes[index + 1].clone(),
        parameters: layer
            .parameters()
            .iter()
            .map(|parameter| parameter.shape.iter().product::<usize>())
            .sum(),
        flops: layer.flops(&shapes[index]),
    };
    layers.iter().enumerate().map(row).collect()
}

impl Told {
    fn tell(&self, network: &Network) -> Result<()> {
        output::line(format!(
            "{:<12} {:<52} {:>16} {:>12} {:>12}",
            "", "layer", "output", "parameters", "MFLOP"
        ))?;
        output::line(format!(
            "{:<12} {:<52} {:>16}",
            "",
            "sample",
            shape(&self.input)
        ))?;
        for row in &self.layers {
            let mflop = if row.flops > 0 {
                format!("{:.3}", row.flops as f64 / 1e6)
            } else {
                String::new()
            };
            let parameters = if row.parameters > 0 {
                row.parameters.to_string()
            } else {
                String::new()
            };
            output::line(format!(
                "{:<12} {:<52} {:>16} {parameters:>12} {mflop:>12}",
                row.name,
                row.layer,
                shape(&row.output)
            ))?;
        }
        output::line(format!(
            "{:<12} {:<52} {:>16} {:>12} {:>12.3}",
            "",
            "all",
            "",
            self.parameters,
            self.flops as f64 / 1e6
        ))?;
        if network.variational {
            output::line("The encoder gives means and log variances of the latent dimensions.")?;
        }
        output::line(format!(
            "A step of {} with a batch of {}: {:.2} GFLOP in products, {:.1} MiB of buffers.",
            self.method,
            self.batch,
            self.step_flops as f64 / 1e9,
            self.step_bytes as f64 / f64::from(1 << 20)
        ))?;
        self.step.iter().try_for_each(tell_passes)
    }
}

/// The passes of a step, then its buffers.
fn tell_passes(step: &Listing) -> Result<()> {
    output::line(format!(
        "\n{:>4} {:>5} {:<9} {:<34} {:<26} {:>9} {:>10}  uniforms",
        "pass", "level", "segment", "label", "kernel", "MFLOP", "KiB"
    ))?;
    for (position, row) in step.passes.iter().enumerate() {
        output::line(format!(
            "{position:>4} {:>5} {:<9} {:<34} {:<26} {:>9.3} {:>10.1}  {}",
            row.level,
            row.segment.unwrap_or(""),
            row.label,
            row.kernel,
            row.flops as f64 / 1e6,
            row.bytes as f64 / 1024.0,
            row.uniforms
        ))?;
        output::line(format!("{:>22}reads   {}", "", row.reads.join("; ")))?;
        output::line(format!("{:>22}writes  {}", "", row.writes.join("; ")))?;
    }
    output::line(format!(
        "\n{:<34} {:<5} {:<11} {:>12} {:>10}  in the memory of",
        "buffer", "type", "role", "elements", "live"
    ))?;
    for row in &step.buffers {
        let memory = if row.memory == row.name {
            ""
        } else {
            &row.memory
        };
        let live = format!("{}..{}", row.live.0, row.live.1);
        let line = format!(
            "{:<34} {:<5} {:<11} {:>12} {live:>10}  {memory}",
            row.name, row.dtype, row.role, row.len
        );
        output::line(line.trim_end())?;
    }
    Ok(())
}

fn shape(shape: &[usize]) -> String {
    shape
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join(" x ")
}
