//! Reconstructions of signals, over their length.

use super::PlotInputs;
use crate::error::Result;
use crate::executor::Executor;
use crate::plot::{self, Panel, Series};
use std::path::Path;

/// Channels that are drawn, at most.
const CHANNELS: usize = 2;

impl PlotInputs<'_> {
    /// The best, the median and the worst reconstruction as curves, channel by channel.
    pub(super) fn reconstructed_signals(&self, path: &Path, executor: &dyn Executor) -> Result<()> {
        let &[channels, _, length] = self.model.network.shape.as_slice() else {
            unreachable!("signals are [channels, 1, length]")
        };
        let chosen = self.chosen(1, executor)?;
        let n = channels * length;
        let mut panels = Vec::new();
        let rows = chosen
            .data
            .chunks_exact(n)
            .zip(chosen.reconstruction.chunks_exact(n));
        let named = ["best", "median", "worst"].into_iter().zip(&chosen.errors);
        for ((which, error), (data, reconstruction)) in named.zip(rows) {
            let both = data.chunks(length).zip(reconstruction.chunks(length));
            for (channel, (data, reconstruction)) in (1..).zip(both.take(CHANNELS)) {
                let of = match channels {
                    1 => String::new(),
                    _ => format!(", ch {channel}"),
                };
                panels.push(Panel {
                    label: format!("{which}{of}: {error:.3}"),
                    series: vec![
                        line("data, as scaled", data),
                        line("reconstruction", reconstruction),
                    ],
                });
            }
        }
        let shown = match channels {
            0..=CHANNELS => String::new(),
            _ => format!(", {CHANNELS} of {channels} channels"),
        };
        let title = format!(
            "{}: reconstructions of {} with their MSE (of {} signals{shown})",
            self.name,
            self.shown().0,
            chosen.among
        );
        plot::signal_panels(path, &title, "time step", &panels)
    }
}

/// Values over their places, from 1 on.
fn line(name: &str, values: &[f32]) -> Series {
    Series {
        name: name.into(),
        points: (1_u32..)
            .zip(values)
            .map(|(place, &value)| (place.into(), value.into()))
            .collect(),
    }
}
