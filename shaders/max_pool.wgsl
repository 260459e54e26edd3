// The value of every window that is the largest in slot 0, in all slots.
//
// centres  [batch * slots, channels, height, width]: rows 0, slots, ... are slot 0; also what is pooled
// output   [batch * slots, channels, output_height, output_width]
// Grid: one thread a (jet, channel, window). Twin: src/cpu/max_pool.rs

#import shared/flat

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

// Where in the plane that begins at `first` the largest value of a window is: the first one of several.
fn largest(first: u32, window: u32) -> u32 {
    let y = window / params.output_width * params.stride;
    let x = window % params.output_width * params.stride;
    var at = first + y * params.width + x;
    for (var i = 1u; i < params.kernel * params.kernel; i++) {
        let other = first + (y + i / params.kernel) * params.width + x + i % params.kernel;
        if centres[other] > centres[at] {
            at = other;
        }
    }
    return at - first;
}

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
