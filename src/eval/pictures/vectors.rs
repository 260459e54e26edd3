//! Reconstructions of vectors, feature by feature.

use super::PlotInputs;
use crate::error::Result;
use crate::executor::Executor;
use crate::plot::{self, Panel, Series};
use std::path::Path;

/// Most features that have a row each under their name.
const MOST_NAMED: usize = 40;

impl PlotInputs<'_> {
    /// The best, the median and the worst reconstruction: of features with names as dots in a row each,
    /// of others or very many as lines over all of them.
    pub(super) fn reconstructed_vectors(&self, path: &Path, executor: &dyn Executor) -> Result<()> {
        let chosen = self.chosen(1, executor)?;
        let n = self.model.network.features();
        let named = self.columns.len() == n && n <= MOST_NAMED;
        let first = u32::from(!named);
        let line = |name: &str, values: &[f32]| Series {
            name: name.into(),
            points: (first..)
                .zip(values)
                .map(|(feature, &value)| (feature.into(), value.into()))
                .collect(),
        };
        let rows = chosen
            .data
            .chunks_exact(n)
            .zip(chosen.reconstruction.chunks_exact(n));
        let labelled = ["best", "median", "worst"]
            .into_iter()
            .zip(&chosen.errors)
            .zip(rows);
        let panels: Vec<Panel> = labelled
            .map(|((which, error), (data, reconstruction))| Panel {
                label: format!("{which}: MSE {error:.2e}"),
                series: vec![
                    line("data, as scaled", data),
                    line("reconstruction", reconstruction),
                ],
            })
            .collect();
        let title = format!(
            "{}: best, median and worst of {}, {} samples",
            self.name,
            self.shown().0,
            chosen.among
        );
        if named {
            plot::feature_panels(path, &title, self.columns, &panels)
        } else {
            plot::signal_panels(path, &title, "feature", &panels)
        }
    }
}
