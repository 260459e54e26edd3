//! `nrae eval --neighbourhood-loss`

use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::eval::{Expansion, NeighbourhoodLoss};
use crate::executor::Executor;
use crate::graph::{Edges, Metric, Neighbourhoods};
use crate::model::Model;
use crate::objective::{Kernel, Reconstruction};
use crate::ranks::Alone;
use crate::train::{Config, KernelKind, NeighbourConfig, neighbourhood_graph};
use clap::ValueEnum;
use serde::Serialize;
use std::fmt;

/// What is measured; the run's own settings where it is not told.
#[derive(clap::Args, Debug)]
pub(super) struct LossArguments {
    /// The neighbourhood reconstruction loss of all neighbours (paper, equation 3), with the
    /// point loss beside it
    #[arg(long, help_heading = "Measures")]
    neighbourhood_loss: bool,
    /// Order of the decoder's expansion in it, 1 or 2; that of the run's method, and 2 for methods
    /// without neighbours and for files
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u8).range(1..=2),
        requires = "neighbourhood_loss",
        help_heading = "Measures"
    )]
    order: Option<u8>,
    /// Weight of a neighbour in it, where a sample itself counts 1; the run's kernel, and 0.5 for
    /// files
    #[arg(long, requires = "neighbourhood_loss", help_heading = "Measures")]
    lambda: Option<f64>,
}

/// The losses, and what they are of.
#[derive(Serialize)]
pub(super) struct MeasuredLoss {
    #[serde(flatten)]
    losses: NeighbourhoodLoss,
    order: usize,
    extended: bool,
    k: usize,
    metric: Metric,
    edges: Edges,
    /// Of a binary kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda: Option<f32>,
    /// Of a Gaussian kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    bandwidth: Option<f32>,
}

impl LossArguments {
    /// `None` where it is not asked for. `of_graph` says whether a graph that the run has from a
    /// file is of these samples.
    pub(super) fn measure(
        &self,
        k: Option<usize>,
        config: Option<&Config>,
        of_graph: bool,
        model: &Model,
        data: &Dataset,
        executor: &dyn Executor,
    ) -> Result<Option<MeasuredLoss>> {
        if !self.neighbourhood_loss {
            return Ok(None);
        }
        let mut settings = self.settings(k, config, of_graph)?;
        if k.is_none() && settings.graph.is_none() {
            // A split of few samples has fewer neighbours; the line says how many.
            settings.k = Some(settings.k().min(data.samples - 1).max(1));
        }
        let expansion = self.expansion(config)?;
        let scaled = model.scaling.working_copy(&data.values)?;
        let graph = neighbourhood_graph(
            &settings,
            data,
            &model.scaling,
            || Ok(&scaled),
            executor,
            &Alone,
            &mut |_| (),
        )?;
        drop(scaled);
        let neighbourhoods = Neighbourhoods::of_graph(&graph, settings.edges);
        let (kernel, median) = (settings.kernel(), graph.median_distance());
        let losses = NeighbourhoodLoss::measure(
            model,
            &data.values,
            &neighbourhoods,
            kernel,
            median,
            expansion,
            executor,
        )?;
        let (lambda, bandwidth) = match kernel {
            Kernel::Binary { lambda } => (Some(lambda), None),
            Kernel::Gaussian { bandwidth } => (None, Some(bandwidth.unwrap_or(median))),
        };
        Ok(Some(MeasuredLoss {
            losses,
            order: expansion.order,
            extended: expansion.extended,
            k: settings.k(),
            metric: settings.metric,
            edges: settings.edges,
            lambda,
            bandwidth,
        }))
    }

    fn settings(
        &self,
        k: Option<usize>,
        config: Option<&Config>,
        of_graph: bool,
    ) -> Result<NeighbourConfig> {
        let mut settings =
            config.map_or_else(NeighbourConfig::default, |config| config.neighbours.clone());
        if !of_graph {
            settings.graph = None;
        }
        settings.k = k.or(settings.k);
        if let Some(lambda) = self.lambda {
            if !(lambda.is_finite() && lambda >= 0.0) {
                return Err(Error::input(format!(
                    "--lambda is {lambda}, but it must be a number >= 0"
                )));
            }
            settings.lambda = lambda;
            settings.kernel = KernelKind::Binary;
        }
        Ok(settings)
    }

    fn expansion(&self, config: Option<&Config>) -> Result<Expansion> {
        let method = config.map(Config::method).transpose()?;
        let order = match (self.order, method.map(|method| method.reconstruction)) {
            (Some(order), _) => usize::from(order),
            (None, Some(Reconstruction::Neighbourhood { order })) => order,
            (None, _) => 2,
        };
        let extended = method.is_some_and(|method| method.extended);
        Ok(Expansion { order, extended })
    }
}

impl fmt::Display for MeasuredLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NeighbourhoodLoss { loss, point_loss } = self.losses;
        let edges = self.edges.to_possible_value();
        let edges = edges.as_ref().map_or("", |edges| edges.get_name());
        let kernel = match (self.lambda, self.bandwidth) {
            (Some(lambda), _) => format!("lambda {lambda}"),
            (None, bandwidth) => {
                format!("Gaussian kernel of bandwidth {}", bandwidth.unwrap_or(0.0))
            }
        };
        write!(
            f,
            "neighbourhood loss {loss:.6} (order {}, k {}, {edges} edges, {kernel}), point loss {point_loss:.6}",
            self.order, self.k
        )
    }
}
