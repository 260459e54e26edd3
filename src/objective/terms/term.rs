//! What all terms have in common.

use crate::engine::jets::Tensor;
use crate::engine::{Arena, Tape, View};
use crate::error::Result;
use crate::graph::Graph;
use crate::objective::latents::Latents;
use crate::objective::recorder::StepRecorder;

/// What a step has to provide for a term.
#[derive(Clone, Copy, Debug)]
pub(in crate::objective) struct Needs {
    /// A place for a gradient at the latents.
    pub(in crate::objective) latent_gradient: bool,
    /// Gradients of its own for a stack of layers that it records.
    pub(in crate::objective) stack: bool,
    /// The neighbours of every centre in the graph, encoded.
    pub(in crate::objective) neighbours: bool,
}

impl Needs {
    /// Those of a term on the latents alone.
    pub(super) const LATENTS: Self = Self {
        latent_gradient: true,
        stack: false,
        neighbours: false,
    };
}

/// What a term is recorded from, beside the step itself.
pub(in crate::objective) struct TermContext<'r> {
    /// The term's name.
    pub(in crate::objective) name: &'static str,
    /// Its column of the loss weights and of the losses.
    pub(in crate::objective) column: usize,
    /// What the encoder saw, [batch * group, n].
    pub(in crate::objective) seen: Tensor,
    /// The encoder, which has been recorded forward.
    pub(in crate::objective) encoder: &'r Tape,
    /// What it gave.
    pub(in crate::objective) latents: &'r mut Latents,
    /// The parameters, and where the gradients of the term's stack of layers go.
    pub(in crate::objective) arena: &'r Arena<'r>,
}

impl TermContext<'_> {
    /// A new table of `width` numbers for each sample of the data set, which
    /// [`TermSettings::table`] fills.
    pub(super) fn table(&self, r: &mut StepRecorder, name: &str, width: usize) -> View {
        let view = r.step.recording.reals(name, r.data.samples * width);
        r.step.tables.push((self.name, view));
        view
    }
}

/// A term's section of the configuration.
pub trait TermSettings {
    /// Name of the section, [`Term::name`](super::Term::name).
    fn name(&self) -> &'static str;

    /// The full weight of the term.
    fn weight(&self) -> f64;

    /// Settings beyond the weight that must be numbers >= 0, with their keys.
    fn amounts(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// What the term's table in [`Step::tables`](crate::objective::Step::tables) holds, [samples,
    /// width], where it has one.
    ///
    /// # Errors
    /// When it cannot be made from the data.
    fn table(&self, _: &TableSource) -> Result<Vec<f32>> {
        Ok(Vec::new())
    }
}

/// The training set that tables are made from.
#[derive(Clone, Copy, Debug)]
pub struct TableSource<'a> {
    /// [samples, features], scaled.
    pub samples: &'a [f32],
    /// Features of a sample.
    pub features: usize,
    /// Latent dimensions.
    pub latent: usize,
    /// The neighbourhood graph, where the objective needs one.
    pub graph: Option<&'a Graph>,
    /// The run's seed.
    pub seed: u64,
}
