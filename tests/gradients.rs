//! The f64 twins against central differences and against the plain definition of the loss.

mod common;

use common::Problem;
use nrae::cpu::CpuSession;
use nrae::executor::Session;
use nrae::net::Activation;
use nrae::objective::Sampling;

fn session(problem: &Problem) -> CpuSession<f64> {
    let step = &problem.step;
    let mut session = CpuSession::<f64>::new(&step.recording);
    session.write_words(step.data, &problem.data).unwrap();
    session.write_words(step.indices, &problem.indices).unwrap();
    session.write(step.weights, &problem.weights).unwrap();
    session.write(step.parameters, &problem.parameters).unwrap();
    session
}

fn loss(session: &mut CpuSession<f64>, problem: &Problem) -> f64 {
    session.memory.words_mut(problem.step.state)[0] = 0;
    session.replay(1);
    session.memory.reals(problem.step.losses)[0]
}

/// Every parameter of small networks, for every method, activation and way of sampling.
#[test]
fn gradients_agree_with_central_differences() {
    let h = 1e-5;
    for method in ["ae", "nrae-l", "nrae-q"] {
        for (index, hidden) in Activation::ALL.into_iter().enumerate() {
            for (output, sampling) in [
                (Activation::Linear, Sampling { neighbours: 1, centre: true }),
                (Activation::Sigmoid, Sampling { neighbours: 2, centre: true }),
                (Activation::Relu, Sampling { neighbours: 2, centre: false }),
            ] {
                let seed = index as u64 + 100;
                let problem = Problem::new(method, hidden, output, (3, &[5, 4], 2), 3, sampling, seed);
                let mut session = session(&problem);
                loss(&mut session, &problem);
                let gradient = session.memory.reals(problem.step.gradients).to_vec();
                let parameters = session.memory.reals(problem.step.parameters).to_vec();
                let scale = gradient.iter().fold(0.0_f64, |a, g| a.max(g.abs()));
                for i in 0..parameters.len() {
                    let mut at = |value: f64| {
                        session.memory.reals_mut(problem.step.parameters)[i] = value;
                        loss(&mut session, &problem)
                    };
                    let difference = (at(parameters[i] + h) - at(parameters[i] - h)) / (2.0 * h);
                    at(parameters[i]);
                    let error = (gradient[i] - difference).abs();
                    assert!(
                        error <= 1e-6 * scale.max(1.0),
                        "{method} {hidden:?} {output:?} {sampling:?}: parameter {i}: {} against {difference}",
                        gradient[i]
                    );
                }
            }
        }
    }
}
