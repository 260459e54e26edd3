// Adjoint of activate.wgsl: with a = d_output,
//   du2 = s' a2
//   du1 = s' a1 + 2 s'' u1 a2
//   du0 = s' a0 + sum over directions of (s'' u1 a1 + (s''' u1^2 + s'' u2) a2)
//
// input     [batch, 1 + INPUT_ORDER directions, features]: what activate.wgsl read
// d_output  [batch, 1 + OUTPUT_ORDER directions, features]
// d_input   like input
// Grid: one thread a (jet, feature).
// CPU kernel: src/cpu/activate_adjoint.rs

#import shared/flat
#import shared/activation
#import shared/activate_jet_adjoint
#import shared/sine

struct Params {
    batch: u32,
    directions: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> d_output: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_input: array<f32>;

fn load_u(i: u32) -> f32 {
    return input[i];
}

fn load_dy(i: u32) -> f32 {
    return d_output[i];
}

fn store_du(i: u32, value: f32) {
    d_input[i] = value;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = flat_group(group, groups) * 64u + thread;
    if element < params.batch * params.features {
        let n = params.features;
        let jet = element / n;
        let u = jet * (1u + INPUT_ORDER * params.directions) * n + element % n;
        let y = jet * (1u + OUTPUT_ORDER * params.directions) * n + element % n;
        activate_jet_adjoint(activation(load_u(u)), u, y, n);
    }
}
