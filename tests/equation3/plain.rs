//! The paper's equations 2 to 4 in f64, for networks of one hidden tanh layer.

use nrae::model::Model;
use nrae::net::Parameters;

/// x -> W x + b.
struct Linear {
    weight: Vec<f64>,
    bias: Vec<f64>,
}

impl Linear {
    /// W x.
    fn times(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.weight.chunks_exact(x.len());
        rows.map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum())
            .collect()
    }

    fn apply(&self, x: &[f64]) -> Vec<f64> {
        add(&self.times(x), &self.bias)
    }
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// An autoencoder n - h - m - h - n with tanh in the hidden layers.
pub(crate) struct Plain([Linear; 4]);

impl Plain {
    pub(crate) fn of(model: &Model) -> Self {
        let layout = Parameters::of(&model.network);
        let mut tensors = layout.entries.iter().map(|entry| {
            let values = &model.parameters[entry.offset..][..entry.len()];
            values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>()
        });
        let mut next = || tensors.next().expect("eight tensors");
        let layers = std::array::from_fn(|_| Linear {
            weight: next(),
            bias: next(),
        });
        assert_eq!(layout.entries.len(), 8);
        Self(layers)
    }

    fn encode(&self, x: &[f64]) -> Vec<f64> {
        let hidden = self.0[0].apply(x).into_iter().map(f64::tanh);
        self.0[1].apply(&hidden.collect::<Vec<_>>())
    }

    /// Equation 2: f(z) + J dz, and + dz' H dz / 2 where `order` is 2.
    fn expand(&self, z: &[f64], dz: &[f64], order: usize) -> Vec<f64> {
        let (inner, outer) = (&self.0[2], &self.0[3]);
        let (a, da) = (inner.apply(z), inner.times(dz));
        let hidden = a.iter().zip(&da).map(|(a, da)| {
            let t = a.tanh();
            let slope = 1.0 - t * t;
            let second = -2.0 * t * slope * da * da / 2.0;
            t + slope * da + if order == 2 { second } else { 0.0 }
        });
        outer.apply(&hidden.collect::<Vec<_>>())
    }

    /// |x' - F~(x'; x)|^2 / n.
    pub(crate) fn error(&self, x: &[f64], other: &[f64], order: usize) -> f64 {
        let (z, to) = (self.encode(x), self.encode(other));
        let dz: Vec<f64> = to.iter().zip(&z).map(|(to, z)| to - z).collect();
        let expanded = self.expand(&z, &dz, order);
        let squares = other.iter().zip(expanded).map(|(x, y)| (x - y).powi(2));
        squares.sum::<f64>() / x.len() as f64
    }
}

/// N(x) without x, with distances: the k nearest, and whom they are the nearest of where
/// `symmetric`.
pub(crate) fn neighbours(points: &[Vec<f64>], k: usize, symmetric: bool) -> Vec<Vec<(usize, f64)>> {
    let distance = |a: usize, b: usize| {
        let squares = points[a]
            .iter()
            .zip(&points[b])
            .map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let nearest = |of: usize| {
        let mut others: Vec<usize> = (0..points.len()).filter(|other| *other != of).collect();
        others.sort_by(|a, b| distance(of, *a).total_cmp(&distance(of, *b)));
        others.truncate(k);
        others
    };
    let directed: Vec<Vec<usize>> = (0..points.len()).map(nearest).collect();
    let of = |at: usize| {
        let others = (0..points.len()).filter(|other| {
            directed[at].contains(other) || symmetric && directed[*other].contains(&at)
        });
        others.map(|other| (other, distance(at, other))).collect()
    };
    (0..points.len()).map(of).collect()
}

/// Equation 3 over n.
pub(crate) fn equation3(
    plain: &Plain,
    points: &[Vec<f64>],
    neighbours: &[Vec<(usize, f64)>],
    order: usize,
    kernel: impl Fn(f64) -> f64,
) -> f64 {
    let of = |(x, neighbours): (&Vec<f64>, &Vec<(usize, f64)>)| {
        let others = neighbours
            .iter()
            .map(|(other, distance)| kernel(*distance) * plain.error(x, &points[*other], order));
        let sum = plain.error(x, x, order) + others.sum::<f64>();
        sum / (1 + neighbours.len()) as f64
    };
    points.iter().zip(neighbours).map(of).sum::<f64>() / points.len() as f64
}

pub(crate) fn point_loss(plain: &Plain, points: &[Vec<f64>]) -> f64 {
    points.iter().map(|x| plain.error(x, x, 0)).sum::<f64>() / points.len() as f64
}

pub(crate) fn rows(values: &[f32], features: usize) -> Vec<Vec<f64>> {
    let rows = values.chunks_exact(features);
    rows.map(|row| row.iter().map(|v| f64::from(*v)).collect())
        .collect()
}
