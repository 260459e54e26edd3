// One update of some parameters by Adam with decoupled weight decay, as PyTorch's AdamW does it.
// A parameter whose gradient has a square that is not finite stays as it is, and so do all where
// the norm is not finite; word 1 of the state then becomes this step plus 1, and later steps are
// skipped.
//
// parameters, gradients, first, second  [len]
// schedule  [steps, 4]: learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), unused
// norm      [1]  squared norm of the whole gradient, which only clipping needs
// state     [5]  word 0: the step within the block
// Grid: one thread 4 parameters; what lies behind the last one stays as it is.
// CPU kernel: src/cpu/adam.rs

#import shared/flat
#import shared/adam

struct Params {
    len: u32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
    grad_clip_norm: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> first: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> second: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> schedule: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> norm: array<f32>;
// Atomic, since many threads may set word 1.
@group(0) @binding(7) var<storage, read_write> state: array<atomic<u32>>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = flat_group(group, groups) * 256u + thread;
    let old = load(i);
    let step = atomicLoad(&state[0]);
    let rates = schedule[step];
    let length = sqrt(norm[0]);
    if i < vectors() && goes_on(step, atomicLoad(&state[1])) {
        var factor = 1.0;
        if params.grad_clip_norm > 0.0 && length > params.grad_clip_norm {
            factor = params.grad_clip_norm / length;
        }
        if !update(i, old, rates, factor, is_finite(vec4(norm[0])).x) {
            atomicStore(&state[1], step + 1u);
        }
    }
}
