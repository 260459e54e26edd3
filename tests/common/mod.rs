//! Small random problems that several test files share.

#![allow(unreachable_pub, reason = "every test file is a crate of its own that includes this one")]

use nrae::engine::{Data, Step, gradient_step};
use nrae::net::{Activation, Network};
use nrae::objective::{METHODS, Objective, Sampling};
use nrae::random::{Generator, Stream};

/// A loss and a block of one batch, with everything that a step reads.
pub struct Problem {
    pub step: Step,
    pub data: Vec<u32>,
    pub indices: Vec<u32>,
    pub weights: Vec<f32>,
    pub parameters: Vec<f32>,
}

/// A stream of uniform numbers in -1..1.
pub fn uniform(seed: u64) -> impl FnMut() -> f32 {
    let mut generator = Generator::new(seed, Stream::Test, 0);
    move || (2.0 * generator.uniform() - 1.0) as f32
}

pub fn objective(method: &str, neighbours: usize, centre: bool) -> Objective {
    METHODS.iter().find(|m| m.name == method).expect("a method of the table").objective(Sampling { neighbours, centre })
}

impl Problem {
    pub fn new(
        method: &str,
        hidden: Activation,
        output: Activation,
        widths: (usize, &[usize], usize),
        batch: usize,
        sampling: Sampling,
        seed: u64,
    ) -> Self {
        let (features, middle, latent) = widths;
        let network = Network::mlp(&[features], middle, latent, hidden, output).unwrap();
        let objective = objective(method, sampling.neighbours, sampling.centre);
        let samples = 7;
        let step = gradient_step(&network, &objective, Data::floats(samples), batch, 1);
        let mut draw = uniform(seed);
        let data = (0..samples * features).map(|_| draw().to_bits()).collect();
        let mut generator = Generator::new(seed, Stream::Test, 1);
        let rows = batch * step.targets;
        let indices = (0..rows).map(|_| generator.below(samples as u32)).collect();
        let weights = (0..rows).map(|_| 0.5 + 0.4 * draw()).collect();
        // Biases as large as weights keep jets away from trivial values.
        let parameters = step.layout.initialise(seed).into_iter().map(|p| 1.5 * p).collect();
        Self { step, data, indices, weights, parameters }
    }
}
