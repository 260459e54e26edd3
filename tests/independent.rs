//! The decoder's jets against an implementation of second-order dual numbers that is not ours: the
//! `num-dual` crate.

use nrae::cpu::CpuSession;
use nrae::engine::jets_inference;
use nrae::executor::Session;
use nrae::net::{Activation, Layer, Network, Parameters};
use num_dual::{Dual2_64, DualNum};

/// One activation as anyone would write it down.
fn apply(function: Activation, x: Dual2_64) -> Dual2_64 {
    let one = Dual2_64::from_re(1.0);
    match function {
        Activation::Linear => x,
        Activation::Relu => {
            if x.re > 0.0 {
                x
            } else {
                Dual2_64::from_re(0.0)
            }
        }
        Activation::LeakyRelu => {
            if x.re > 0.0 {
                x
            } else {
                x * 0.01
            }
        }
        Activation::Elu => {
            if x.re > 0.0 {
                x
            } else {
                x.exp_m1()
            }
        }
        Activation::Selu => {
            let (scale, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_3);
            if x.re > 0.0 {
                x * scale
            } else {
                x.exp_m1() * (scale * alpha)
            }
        }
        Activation::Softplus => x.exp().ln_1p(),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => one / (one + (-x).exp()),
        // The normal distribution function through its series of Maclaurin, good to 1e-13 for |x| <
        // 4.
        Activation::Gelu => {
            let mut term = x;
            let mut sum = x;
            for n in 1..60 {
                term = term * x * x * (-0.5 / f64::from(n));
                sum += term * (1.0 / f64::from(2 * n + 1));
            }
            x * (sum * (1.0 / std::f64::consts::TAU.sqrt()) + 0.5)
        }
        Activation::Silu => x / (one + (-x).exp()),
        Activation::Sine => x.sin(),
    }
}

#[test]
fn jets_agree_with_dual_numbers_of_another_crate() {
    for hidden in Activation::ALL {
        let network = Network::mlp(&[4], &[6, 5], 2, hidden, Activation::Tanh).unwrap();
        let layout = Parameters::of(&network);
        let parameters: Vec<f32> = layout.initialise(11).into_iter().map(|p| 2.0 * p).collect();
        let (z, dz) = ([0.3_f32, -0.8], [0.7_f32, 0.4]);

        let mut row: Vec<Dual2_64> = z
            .iter()
            .zip(dz)
            .map(|(z, dz)| Dual2_64::new(f64::from(*z), f64::from(dz), 0.0))
            .collect();
        for (index, layer) in network.decoder.iter().enumerate() {
            row = match layer {
                Layer::Linear { inputs, outputs } => {
                    let of = |name: &str| {
                        let entry = layout
                            .entries
                            .iter()
                            .find(|e| e.name == format!("decoder.{index}.{name}"))
                            .unwrap();
                        &parameters[entry.offset..][..entry.len()]
                    };
                    let (weight, bias) = (of("weight"), of("bias"));
                    let sum = |o: usize| {
                        (0..*inputs).fold(Dual2_64::from_re(f64::from(bias[o])), |sum, i| {
                            sum + row[i] * f64::from(weight[o * inputs + i])
                        })
                    };
                    (0..*outputs).map(sum).collect()
                }
                Layer::Activation { function } => {
                    row.into_iter().map(|x| apply(*function, x)).collect()
                }
                other => panic!("an mlp has no {other:?}"),
            };
        }

        let map = jets_inference(&network, 1, 1, 2);
        let mut session = CpuSession::<f64>::new(&map.recording);
        session.write(map.parameters, &parameters).unwrap();
        session.write(map.input, &[z, dz].concat()).unwrap();
        session.replay(1);
        let jet = session.memory.reals(map.output);
        for (i, want) in row.iter().enumerate() {
            approx::assert_relative_eq!(jet[i], want.re, max_relative = 1e-11);
            approx::assert_relative_eq!(jet[4 + i], want.v1, max_relative = 1e-11, epsilon = 1e-14);
            approx::assert_relative_eq!(jet[8 + i], want.v2, max_relative = 1e-10, epsilon = 1e-13);
        }
    }
}
