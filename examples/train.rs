//! Trains NRAE-Q on a noisy Swiss roll from Rust: `cargo run --release --example train`.

use nrae::cpu::Cpu;
use nrae::data::Synthetic;
use nrae::eval::{jets, rank_correlation};
use nrae::train::{Config, Splits, Trainer};

fn main() -> nrae::error::Result<()> {
    let mut config = Config {
        method: "nrae-q".into(),
        seed: 1,
        ..Config::default()
    };
    config.data.synthetic = Some(Synthetic::SwissRollOfficial);
    config.net.latent = 1;
    config.neighbours.k = 3;
    config.neighbours.lambda = 1.0;
    config.net.hidden = vec![256; 3];
    config.train.batch = Some(16);
    config.train.epochs = 2000;
    let splits = Splits::load(&config)?;
    // A GPU takes the place of the CPU with `nrae::gpu::Gpu::open(&Default::default())?`.
    let mut trainer = Trainer::new(config, splits, &Cpu, &mut |_| ())?;
    while !trainer.is_done() {
        for record in trainer
            .advance()?
            .iter()
            .filter(|record| record.epoch % 400 == 0)
        {
            println!("epoch {}: loss {:.6}", record.epoch, record.loss);
        }
    }
    let model = trainer.best_model()?;
    let train = &trainer.splits().train;
    let latents = model.encode(&train.values, &Cpu)?;
    let order = rank_correlation(
        &latents,
        train.parameter.as_ref().expect("a curve has a coordinate"),
    );
    println!(
        "rank correlation with the angle: {:.3}",
        order.unwrap_or(0.0)
    );
    let at_zero = jets(&model, &[0.0], &[1.0], &Cpu)?;
    println!(
        "the curve at 0: {:?}, its tangent: {:?}, its second derivative: {:?}",
        at_zero.value, at_zero.jvp, at_zero.hvp
    );
    model.save("swiss-roll.safetensors".as_ref())
}
