// Sum over slot 0 and all positions of every channel, in order: the gradient of a convolution to
// its bias; one sum for each stretch of jets.
//
// input   [jets * slots, channels, positions]
// output  [ceil(jets / stretch), channels]
// Grid: one workgroup an element of output.
// CPU kernel: src/cpu/channel_sums.rs

#import shared/flat
#import shared/tree

struct Params {
    jets: u32,
    slots: u32,
    channels: u32,
    positions: u32,
    stretch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups);
    let first = element / params.channels * params.stretch;
    if first < params.jets {
        let channel = element % params.channels;
        let end = min(first + params.stretch, params.jets);
        var sum = 0.0;
        for (var i = thread; i < (end - first) * params.positions; i += 64u) {
            let plane = (first + i / params.positions) * params.slots * params.channels + channel;
            sum += input[plane * params.positions + i % params.positions];
        }
        let whole = sum_over_workgroup(thread, sum);
        if thread == 0u {
            output[element] = whole;
        }
    }
}
