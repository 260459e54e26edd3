// Adjoint of activate.wgsl: with a = d_output,
//   du2 = s' a2
//   du1 = s' a1 + 2 s'' u1 a2
//   du0 = s' a0 + sum over directions of (s'' u1 a1 + (s''' u1^2 + s'' u2) a2)
//
// input     [batch, 1 + INPUT_ORDER directions, features]: what activate.wgsl read
// d_output  [batch, 1 + OUTPUT_ORDER directions, features]
// d_input   like input
// Grid: one thread a (jet, feature), or 4 features.
// CPU kernel: src/cpu/activate_adjoint.rs

#import shared/flat
#import reads d_output 2
#import shared/activation
#import curve
#import shared/activate_jet_adjoint
#import shared/sine

#vectors features

struct Params {
    batch: u32,
    directions: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(3) var<storage, read_write> d_input: array<Values>;

fn load_u(i: u32) -> Values {
    return input[nth(i)];
}

fn load_dy(i: u32) -> Values {
    return read_d_output(i);
}

fn store_du(i: u32, value: Values) {
    d_input[nth(i)] = value;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let element = (flat_group(group, groups) * 256u + thread) * WIDTH;
    if element < params.batch * params.features {
        let n = params.features;
        let jet = element / n;
        let u = jet * (1u + INPUT_ORDER * params.directions) * n + element % n;
        let y = jet * (1u + OUTPUT_ORDER * params.directions) * n + element % n;
        activate_jet_adjoint(curve(load_u(u)), u, y, n);
    }
}
