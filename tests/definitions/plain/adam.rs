//! Adam (Kingma and Ba 2015, algorithm 1) with decoupled weight decay (Loshchilov and Hutter 2019)
//! and clipping by the global norm, as `torch.optim.AdamW` and `torch.nn.utils.clip_grad_norm_`
//! have them.

/// The optimiser with its moments.
#[derive(Clone, Debug)]
pub struct Adam {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
    /// 0 for no clipping.
    pub clip: f64,
    pub first: Vec<f64>,
    pub second: Vec<f64>,
    /// Steps done.
    pub steps: u32,
}

impl Adam {
    pub fn step(&mut self, parameters: &mut [f64], gradient: &[f64], rate: f64) {
        self.steps += 1;
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        for i in 0..parameters.len() {
            let g = if self.clip > 0.0 && norm > self.clip {
                gradient[i] * self.clip / norm
            } else {
                gradient[i]
            };
            parameters[i] -= rate * self.weight_decay * parameters[i];
            self.first[i] = self.beta1 * self.first[i] + (1.0 - self.beta1) * g;
            self.second[i] = self.beta2 * self.second[i] + (1.0 - self.beta2) * g * g;
            let mean = self.first[i] / (1.0 - self.beta1.powi(self.steps as i32));
            let square = self.second[i] / (1.0 - self.beta2.powi(self.steps as i32));
            parameters[i] -= rate * mean / (square.sqrt() + self.epsilon);
        }
    }
}

/// The factor of the learning rate in `epoch` of `epochs`, both from 0.
pub fn schedule(name: &str, epoch: usize, epochs: usize) -> f64 {
    match name {
        "constant" => 1.0,
        // The authors' `StepLR(10, gamma=0.9)`, which counts the epochs beyond four fifths of all.
        "step" => {
            let late = (0..).find(|&epoch| 5 * epoch > 4 * epochs).unwrap();
            let mut factor = 1.0;
            for counted in 1..(epoch + 1).saturating_sub(late) {
                if counted % 10 == 0 {
                    factor *= 0.9;
                }
            }
            factor
        }
        "cosine" => (1.0 + (std::f64::consts::PI * epoch as f64 / epochs as f64).cos()) / 2.0,
        other => panic!("no definition of {other}"),
    }
}

/// The share of the terms' weights that counts in `epoch`: it rises evenly from 0 over the first
/// `warm_up` epochs.
pub fn warmth(epoch: usize, warm_up: usize) -> f64 {
    if epoch >= warm_up {
        1.0
    } else {
        epoch as f64 / warm_up as f64
    }
}
