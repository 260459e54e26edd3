//! Trains NRAE-Q on a noisy Swiss roll from Rust, into a run folder as `nrae train` would make it:
//! `cargo run --release --example train`. `nrae resume runs/example --epochs 3000` goes on with it.

use nrae::cpu::Cpu;
use nrae::data::Synthetic;
use nrae::error::Result;
use nrae::eval::jets;
use nrae::train::{Config, Observer, Record, Run, Splits, Trainer};

/// Prints an epoch in 400.
struct Print;

impl Observer for Print {
    fn epoch(&mut self, record: &Record) -> Result<()> {
        if record.epoch.is_multiple_of(400) {
            println!("epoch {}: loss {:.6}", record.epoch, record.loss);
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut config = Config {
        method: "nrae-q".into(),
        seed: 1,
        ..Config::default()
    };
    config.data.synthetic = Some(Synthetic::SwissRollOfficial);
    config.net.latent = 1;
    config.neighbours.k = Some(3);
    config.neighbours.lambda = 1.0;
    config.net.hidden = vec![256; 3];
    config.train.batch = Some(16);
    config.train.epochs = Some(2000);
    let splits = Splits::load(&config)?;
    // A GPU takes the place of the CPU with `nrae::gpu::Gpu::open(&Default::default())?`.
    let trainer = Trainer::new(config, splits, &Cpu, &mut |_| ())?;
    let mut run = Run::create(trainer, "runs/example".as_ref(), true, &Cpu)?;
    run.train(&mut Print)?;
    let summary = run.summarise()?;
    println!(
        "mean squared error {:.6}, rank correlation with the angle {:.3}, in {}",
        summary.train_mse,
        summary.rank_correlation.unwrap_or(0.0),
        summary.out.display()
    );
    let model = run.trainer_mut().best_model()?;
    let at_zero = jets(&model, &[0.0], &[1.0], &Cpu)?;
    println!(
        "the curve at 0: {:?}, its tangent: {:?}, its second derivative: {:?}",
        at_zero.value, at_zero.jvp, at_zero.hvp
    );
    Ok(())
}
