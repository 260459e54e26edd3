//! Which recordings can run as replicas of one: those of the same passes on the same buffers.

use super::pass::{Pass, Uniform};
use super::recording::Recording;

/// Parameters in which replicas may differ, of passes that have no sums over a workgroup: seeds,
/// scales of data, amounts of noise, and how Adam updates.
const OWN: &[&str] = &[
    "seed_low",
    "seed_high",
    "shift",
    "scale",
    "amount",
    "beta1",
    "beta2",
    "epsilon",
    "weight_decay",
    "grad_clip_norm",
];

impl Recording {
    /// Whether both have the same passes on the same buffers, so that they can run as replicas: they
    /// may differ in seeds and in a few more parameters that no extent and no sum depends on.
    pub fn is_like(&self, other: &Self) -> bool {
        let buffers = self.buffers.iter().zip(&other.buffers);
        let passes = self.passes.iter().zip(&other.passes);
        (self.buffers.len(), self.passes.len()) == (other.buffers.len(), other.passes.len())
            && (self.update, self.shares_memory) == (other.update, other.shares_memory)
            && buffers.clone().all(|(a, b)| {
                (a.len, a.dtype, a.role, &a.initial) == (b.len, b.dtype, b.role, &b.initial)
            })
            && passes.clone().all(|((_, a), (_, b))| alike(a, b))
    }
}

fn alike(a: &Pass, b: &Pass) -> bool {
    let may_differ = matches!(
        a,
        Pass::Noise(_) | Pass::Gather(_) | Pass::Corrupt(_) | Pass::Adam(_)
    );
    let same = |(a, b): (&(&str, Uniform), &(&str, Uniform))| {
        a == b || may_differ && a.0 == b.0 && OWN.contains(&a.0)
    };
    a.name() == b.name()
        && a.bindings() == b.bindings()
        && a.overrides() == b.overrides()
        && a.grid() == b.grid()
        && a.uniforms().iter().zip(&b.uniforms()).all(same)
}
