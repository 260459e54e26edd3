// The end of a step: adam.wgsl without clipping, and beside it the sum of a loss (sum.wgsl) and the
// next step (increment_step.wgsl).
//
// parameters, gradients, first, second  [len]
// schedule  [steps, 4]: learning rate, 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t), unused
// input     [losses]
// output    [steps, columns]
// state     [5]  word 0: the step within the block; word 3: workgroups of this dispatch that have read
//                it, of which the last one counts on
// Grid: one thread 4 parameters; behind them one workgroup for the loss.
// CPU kernels: src/cpu/adam.rs, src/cpu/sum.rs, then src/cpu/increment_step.rs. In the table of
// src/gpu/fuse/mod.rs.

#import shared/adam
#import shared/tree

struct Params {
    len: u32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
    losses: u32,
    columns: u32,
    column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameters: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> first: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> second: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> schedule: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> input: array<f32>;
@group(0) @binding(7) var<storage, read_write> output: array<f32>;
@group(0) @binding(8) var<storage, read_write> state: array<atomic<u32>>;

// Words 0 and 1 of the state as this workgroup found them.
var<workgroup> progress: vec2<u32>;

// One thread of a workgroup reads for all and then says so, so that whoever counts on does so after
// everyone has read. Atomics are relaxed, so nothing but the branch on what was read, which is always
// taken, keeps the addition from being made before the load.
fn read_progress(groups: u32) {
    let step = atomicLoad(&state[0]);
    progress = vec2(step, atomicLoad(&state[1]));
    if step != 0xffffffffu && atomicAdd(&state[3], 1u) + 1u == groups {
        atomicStore(&state[3], 0u);
        atomicStore(&state[0], step + 1u);
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group.x * 256u + thread;
    let old = load(i);
    if thread == 0u {
        read_progress(groups.x);
    }
    workgroupBarrier();
    let step = progress.x;
    if group.x + 1u < groups.x {
        if i < vectors() && goes_on(step, progress.y) && !update(i, old, schedule[step], 1.0, true) {
            atomicStore(&state[1], step + 1u);
        }
    } else {
        var part = 0.0;
        for (var loss = thread; loss < params.losses; loss += 64u) {
            part += input[loss];
        }
        let sum = sum_over_first_threads(thread, part);
        if thread == 0u {
            output[step * params.columns + params.column] = sum;
        }
    }
}
