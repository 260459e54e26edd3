// One update of some parameters by Adam with decoupled weight decay, as PyTorch's AdamW does it.
// Skipped once word 1 of the state is set. A parameter whose gradient has a square that is not
// finite stays as it is, and so do all where the norm is not finite; word 3 of the state then
// becomes 1.
//
// parameters, gradients, first, second  [len]
// schedule  [steps, 4]: learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), unused
// norm      [1]  squared norm of the whole gradient, which only clipping needs
// state     [5]  word 0: the step within the block
// Grid: one thread 4 parameters; what lies behind the last one stays as it is.
// CPU kernel: src/cpu/adam.rs

#import shared/flat

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
// Atomic, since many threads may set word 3.
@group(0) @binding(7) var<storage, read_write> state: array<atomic<u32>>;

// By the bits: compilers may assume that arithmetic never meets a NaN.
fn is_finite(value: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(value) & vec4(0x7f800000u)) != vec4(0x7f800000u);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = flat_group(group, groups) * 256u + thread;
    // Loaded in front of the branch, from a place inside: within it, software drivers take longer
    // over every lane.
    let vectors = (params.len + 3u) / 4u;
    let at = min(i, vectors - 1u);
    let inside = vec4(4u * at) + vec4(0u, 1u, 2u, 3u) < vec4(params.len);
    let gradient = select(vec4(0.0), gradients[at], inside);
    let old_first = first[at];
    let old_second = second[at];
    let parameter = parameters[at];
    let step = schedule[atomicLoad(&state[0])];
    let length = sqrt(norm[0]);
    if i < vectors && atomicLoad(&state[1]) == 0u {
        var factor = 1.0;
        if params.grad_clip_norm > 0.0 && length > params.grad_clip_norm {
            factor = params.grad_clip_norm / length;
        }
        let g = gradient * factor;
        let finite = is_finite(gradient * gradient) & is_finite(vec4(norm[0]));
        let m = params.beta1 * old_first + (1.0 - params.beta1) * g;
        let v = params.beta2 * old_second + (1.0 - params.beta2) * g * g;
        let updated = parameter * (1.0 - step.x * params.weight_decay)
            - step.x * (m * step.y) / (sqrt(v) * step.z + params.epsilon);
        let changes = finite & inside;
        first[i] = select(old_first, m, changes);
        second[i] = select(old_second, v, changes);
        parameters[i] = select(parameter, updated, changes);
        if !all(finite) {
            atomicStore(&state[3], 1u);
        }
    }
}
