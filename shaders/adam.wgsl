// One update of all parameters by Adam with decoupled weight decay, as PyTorch's AdamW does it. Skipped, from then on, once the
// gradient's squared norm is not finite: word 1 of the state then names the first such step, plus 1.
//
// parameters, gradients, first, second  [len], len a multiple of 4
// schedule  [steps, 4]: learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), unused
// norm      [1]  squared norm of the gradient
// state     [4]  word 0: the step within the block
// Grid: one thread 4 parameters. Twin: src/cpu/adam.rs

#import shared/flat

struct Params {
    len: u32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
    clip: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> first: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> second: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> schedule: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> norm: array<f32>;
@group(0) @binding(7) var<storage, read_write> state: array<u32>;

// By the bits: compilers may assume that arithmetic never meets a NaN.
fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = flat_group(group, groups) * 64u + thread;
    // Loaded in front of the branch, from a place inside: within it, software drivers take longer over every lane.
    let at = min(i, params.len / 4u - 1u);
    let gradient = gradients[at];
    let old_first = first[at];
    let old_second = second[at];
    let parameter = parameters[at];
    let step = schedule[state[0]];
    let finite = is_finite(norm[0]);
    if i == 0u && !finite && state[1] == 0u {
        state[1] = state[0] + 1u;
    }
    // A mark set just now comes with a norm that is not finite, so no thread depends on who sees the mark first.
    if i < params.len / 4u && finite && state[1] == 0u {
        let length = sqrt(norm[0]);
        var factor = 1.0;
        if params.clip > 0.0 && length > params.clip {
            factor = params.clip / length;
        }
        let g = gradient * factor;
        let m = params.beta1 * old_first + (1.0 - params.beta1) * g;
        let v = params.beta2 * old_second + (1.0 - params.beta2) * g * g;
        first[i] = m;
        second[i] = v;
        parameters[i] = parameter * (1.0 - step.x * params.weight_decay)
            - step.x * (m * step.y) / (sqrt(v) * step.z + params.epsilon);
    }
}
