// One slot of jets: output[b] = jets[b, slot].
//
// jets    [batch, slots, features]
// output  [batch, features]
// Grid: one thread an element of output.
// CPU kernel: src/cpu/select_slot.rs

#import shared/flat

struct Params {
    batch: u32,
    slots: u32,
    slot: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> jets: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let b = element / params.features;
        output[element] = jets[(b * params.slots + params.slot) * params.features + element % params.features];
    }
}
