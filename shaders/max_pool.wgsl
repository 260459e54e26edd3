// The value of every window that is the largest in slot 0, in all slots.
//
// centres  [batch * slots, channels, height, width]: rows 0, slots, ... are slot 0; also what is
// pooled
// output   [batch * slots, channels, output_height, output_width]
// Grid: one thread a (jet, channel, window).
// CPU kernel: src/cpu/max_pool.rs

#import shared/flat
#import shared/largest

struct Params {
    batch: u32,
    slots: u32,
    channels: u32,
    height: u32,
    width: u32,
    output_height: u32,
    output_width: u32,
    kernel: u32,
    stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> centres: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    let windows = params.output_height * params.output_width;
    if element < params.batch * params.channels * windows {
        let plane = element / windows % params.channels;
        let row = element / windows / params.channels * params.slots;
        let size = params.height * params.width;
        let at = largest((row * params.channels + plane) * size, element % windows);
        for (var slot = 0u; slot < params.slots; slot++) {
            let channel = (row + slot) * params.channels + plane;
            output[channel * windows + element % windows] = centres[channel * size + at];
        }
    }
}
