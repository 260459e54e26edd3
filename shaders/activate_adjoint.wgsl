// Adjoint of activate.wgsl: with a = d_output,
//   du2 = s' a2
//   du1 = s' a1 + 2 s'' u1 a2
//   du0 = s' a0 + sum over directions of (s'' u1 a1 + (s''' u1^2 + s'' u2) a2)
//
// input     [batch, 1 + INPUT_ORDER directions, features]: what activate.wgsl read
// d_output  [batch, 1 + OUTPUT_ORDER directions, features]
// d_input   like input
// Grid: one thread a (jet, feature). Twin: src/cpu/activate_adjoint.rs

#import shared/flat
#import shared/activation
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

override INPUT_ORDER: u32 = 0u;
override OUTPUT_ORDER: u32 = 0u;

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
        let s = activation(input[u]);
        var du0 = s.y * d_output[y];
        if INPUT_ORDER >= 1u {
            for (var d = 1u; d <= params.directions; d++) {
                let u1 = input[u + d * n];
                let a1 = d_output[y + d * n];
                var du1 = s.y * a1;
                du0 += s.z * u1 * a1;
                if OUTPUT_ORDER == 2u {
                    let a2 = d_output[y + (params.directions + d) * n];
                    du1 += 2.0 * s.z * u1 * a2;
                    du0 += s.w * u1 * u1 * a2;
                    if INPUT_ORDER == 2u {
                        let second = u + (params.directions + d) * n;
                        du0 += s.z * input[second] * a2;
                        d_input[second] = s.y * a2;
                    }
                }
                d_input[u + d * n] = du1;
            }
        }
        d_input[u] = du0;
    }
}
