//! Every executor against what PyTorch gives in double precision: layers, losses with their gradients, and curves of training.
//! `scripts/make-golden` writes the files beside this one.

#[path = "../common/mod.rs"]
mod common;
mod device;
mod file;

use device::{Device, Errors, Run, singles, within};
use file::{Case, Golden};
use nrae::engine::{Optimiser, Pass, jets_inference};
use nrae::net::Parameters;
use nrae::objective::{
    Corruption, CorruptionKind, Data, Method, Objective, Sampling, Step, Variants, gradient_step,
    training_step,
};
use nrae::tolerance::Tolerance;

/// f(z), J v and v'Hv of every kind of layer.
#[test]
fn layers_give_what_pytorch_gives() {
    let golden = Golden::read("layers");
    for device in Device::all() {
        let tolerance = device.choose(within(1e-13, 1e-12), within(3e-6, 1e-5));
        let mut errors = Errors::default();
        for case in &golden.cases {
            let (z, directions) = (golden.reals(case, "z"), golden.reals(case, "directions"));
            let (m, n) = (case.network.latent(), case.network.features());
            let (batch, count) = (z.len() / m, directions.len() / z.len());
            let inference = jets_inference(&case.network, batch, count, 2);
            let jets = z.chunks(m).zip(directions.chunks(count * m));
            let mut run = device.prepare(&inference.recording);
            run.write(inference.parameters, &golden.parameters(case, "decoder"));
            run.write(
                inference.input,
                &jets
                    .flat_map(|(z, directions)| [z, directions].concat())
                    .collect::<Vec<_>>(),
            );
            run.run(1);
            // Slots that are zero by structure are not there.
            let slots = inference.output_jets.slots();
            let output = run.read(inference.output);
            let slot = |jet: &[f64], first: usize, count: usize| match jet
                .get(first * n..(first + count) * n)
            {
                Some(values) => values.to_vec(),
                None => vec![0.0; count * n],
            };
            for (name, first, count) in [
                ("value", 0, 1),
                ("first", 1, count),
                ("second", 1 + count, count),
            ] {
                let got: Vec<f64> = output
                    .chunks(slots * n)
                    .flat_map(|jet| slot(jet, first, count))
                    .collect();
                errors.compare(
                    format!("{}, {name}", case.name),
                    &got,
                    golden.reals(case, name),
                    tolerance,
                );
            }
        }
        errors.judge(&device);
    }
}

/// What `case` minimises.
fn objective(case: &Case) -> Objective {
    let variants = Variants {
        mmd: case.kernel.unwrap_or_default(),
        contractive: case.estimate.unwrap_or_default(),
        corruption: case.amount.map(|amount| Corruption {
            kind: CorruptionKind::Gaussian,
            amount,
        }),
        k: case.k,
    };
    let sampling = Sampling {
        neighbours: case.neighbours,
        centre: case.centre,
    };
    Method::find(&case.method)
        .unwrap()
        .objective(sampling, variants)
}

/// Writes what every step reads.
fn feed(run: &mut Run, step: &Step, golden: &Golden, case: &Case) {
    let data: Vec<u32> = singles(golden.reals(case, "data"))
        .into_iter()
        .map(f32::to_bits)
        .collect();
    run.write_u32(step.data, &data);
    run.write_u32(step.indices, golden.words(case, "indices"));
    run.write(step.weights, golden.reals(case, "weights"));
    let loss_weights = [case.count as f64, f64::from(case.weight as f32)];
    run.write(
        step.loss_weights,
        &loss_weights[..step.columns].repeat(step.steps),
    );
    run.write(step.parameters, &golden.parameters(case, ""));
    run.write_u32(step.state, &Step::start(0));
}

fn data(golden: &Golden, case: &Case) -> Data {
    Data::floats(golden.reals(case, "data").len() / case.network.features())
}

/// Compares an arena with the tensors called `prefix` and a parameter's name.
fn compare_arena(
    errors: &mut Errors,
    arena: &[f64],
    (golden, case): (&Golden, &Case),
    prefix: &str,
    tolerance: Tolerance,
) {
    for entry in Parameters::of(&case.network).entries {
        let (name, got) = (
            format!("{prefix} {}", entry.name),
            &arena[entry.offset..][..entry.len()],
        );
        errors.compare(
            format!("{}, {name}", case.name),
            got,
            golden.reals(case, &name),
            tolerance,
        );
    }
}

/// Whole losses, with their gradients to every parameter.
#[test]
fn losses_and_gradients_are_those_of_pytorch() {
    let golden = Golden::read("losses");
    for device in Device::all() {
        let tolerance = device.choose(within(1e-14, 1e-12), within(1e-6, 1e-5));
        let mut errors = Errors::default();
        for case in &golden.cases {
            let mut step = gradient_step(
                &case.network,
                &objective(case),
                data(&golden, case),
                case.batch,
                1,
                0,
            );
            // What the step would draw is given.
            let passes = step.recording.passes.len();
            step.recording
                .passes
                .retain(|(_, pass)| !matches!(pass, Pass::Noise(_)));
            let drawn = passes - step.recording.passes.len();
            let mut run = device.prepare(&step.recording);
            feed(&mut run, &step, &golden, case);
            let noise = [
                "noise",
                "code noise",
                "prior",
                "probe",
                "mixing",
                "directions",
            ];
            let noise: Vec<_> = noise
                .into_iter()
                .filter_map(|name| Some((name, golden.find(case, name)?)))
                .collect();
            assert_eq!(noise.len(), drawn, "{}", case.name);
            for (name, values) in noise {
                let (view, _) = step
                    .recording
                    .views()
                    .find(|(_, buffer)| buffer.name == name)
                    .unwrap();
                assert_eq!(view.len, values.len(), "{}, {name}", case.name);
                run.write(view, values);
            }
            for (view, name) in [
                (step.table("grae"), "embedding"),
                (step.table("lle"), "coefficients"),
            ] {
                if let Some(view) = view {
                    run.write(view, golden.reals(case, name));
                }
            }
            run.run(1);
            errors.compare(
                format!("{}, loss", case.name),
                &run.read(step.losses),
                golden.reals(case, "losses"),
                tolerance,
            );
            let gradients = run.read(step.gradients.unwrap());
            compare_arena(
                &mut errors,
                &gradients,
                (&golden, case),
                "gradient",
                tolerance,
            );
        }
        errors.judge(&device);
    }
}

/// Ten steps of `AdamW`: the loss of each, and the parameters at their end.
#[test]
fn curves_of_training_are_those_of_pytorch() {
    let golden = Golden::read("curves");
    for device in Device::all() {
        let tolerance = device.choose(within(1e-13, 1e-12), within(2e-6, 2e-5));
        let mut errors = Errors::default();
        for case in &golden.cases {
            let steps = case.setting("steps") as usize;
            let [rate, beta1, beta2, epsilon, weight_decay, grad_clip_norm] =
                ["rate", "beta1", "beta2", "epsilon", "decay", "clip"]
                    .map(|name| case.setting(name));
            let optimiser = Optimiser {
                beta1,
                beta2,
                epsilon,
                weight_decay,
                grad_clip_norm,
            };
            let step = training_step(
                &case.network,
                &objective(case),
                data(&golden, case),
                case.batch,
                steps,
                0,
                &optimiser,
            );
            let mut run = device.prepare(&step.recording);
            feed(&mut run, &step, &golden, case);
            let correction = |beta: f64, t: usize| 1.0 / (1.0 - beta.powi(t as i32));
            let schedule = (1..=steps)
                .flat_map(|t| [rate, correction(beta1, t), correction(beta2, t).sqrt(), 0.0]);
            run.write(step.schedule.unwrap(), &schedule.collect::<Vec<_>>());
            run.run(steps);
            errors.compare(
                format!("{}, losses", case.name),
                &run.read(step.losses),
                golden.reals(case, "losses"),
                tolerance,
            );
            let parameters = run.read(step.parameters);
            compare_arena(
                &mut errors,
                &parameters,
                (&golden, case),
                "trained",
                tolerance,
            );
        }
        errors.judge(&device);
    }
}
