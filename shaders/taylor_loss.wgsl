// The loss at the end of the decoder and its gradient to what the last activation read:
// taylor_evaluate.wgsl, weighted_squared_error.wgsl, taylor_evaluate_adjoint.wgsl and
// activate_adjoint.wgsl for at most one direction, with all between in registers.
//
// input        [batch, 1 + INPUT_ORDER directions, features]: what the activation read
// jets         [batch, 1 + OUTPUT_ORDER directions, features]: what it gave
// target_rows  [batch, group, features]
// weights      [steps, batch, group]
// state        [5]  word 0: the step within the block
// d_input      like input
// losses       [batch, rows], rows = centre + directions
// Grid: one workgroup a jet.
// CPU kernels: those of the four passes. In the table of src/gpu/fuse/mod.rs.

#import shared/flat
#import shared/tree
#import shared/activation
#import curve
#import shared/activate_jet_adjoint
#import shared/sine

#vectors features

struct Params {
    batch: u32,
    directions: u32,
    features: u32,
    centre: u32,
    first: u32,
    group: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Values>;
@group(0) @binding(2) var<storage, read> jets: array<Values>;
@group(0) @binding(3) var<storage, read> target_rows: array<Values>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> state: array<u32>;
@group(0) @binding(6) var<storage, read_write> d_input: array<Values>;
@group(0) @binding(7) var<storage, read_write> losses: array<f32>;

// The gradient at the slots of one feature of the jet.
var<private> d_jet: array<Values, 3>;

fn load_u(i: u32) -> Values {
    return input[nth(i)];
}

fn load_dy(i: u32) -> Values {
    return d_jet[i / params.features];
}

fn store_du(i: u32, value: Values) {
    d_input[nth(i)] = value;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let jet = flat_group(group, groups);
    if jet < params.batch {
        let n = params.features;
        let at_centre = jet * params.group + params.first;
        let at_neighbour = at_centre + params.centre;
        let first_weight = state[0] * params.batch * params.group;
        let weight = weights[first_weight + at_centre];
        let neighbour_weight = weights[first_weight + min(at_neighbour, params.batch * params.group - 1u)];
        var squares = Values();
        var neighbour_squares = Values();
        for (var i = thread * WIDTH; i < n; i += 64u * WIDTH) {
            let u = jet * (1u + INPUT_ORDER * params.directions) * n + i;
            let y = jet * (1u + OUTPUT_ORDER * params.directions) * n + i;
            let y0 = jets[nth(y)];
            d_jet = array<Values, 3>();
            if params.centre == 1u {
                let difference = y0 - target_rows[nth(at_centre * n + i)];
                d_jet[0] = 2.0 * weight * difference;
                squares = fma(difference, difference, squares);
            }
            if params.directions == 1u {
                var row = y0 + jets[nth(y + n)];
                if OUTPUT_ORDER == 2u {
                    row += 0.5 * jets[nth(y + 2u * n)];
                }
                let difference = row - target_rows[nth(at_neighbour * n + i)];
                let d_row = 2.0 * neighbour_weight * difference;
                d_jet[0] += d_row;
                d_jet[1] = d_row;
                d_jet[2] = 0.5 * d_row;
                neighbour_squares = fma(difference, difference, neighbour_squares);
            }
            activate_jet_adjoint(curve(load_u(u)), u, 0u, n);
        }
        let rows = params.centre + params.directions;
        let sum = sum_over_workgroup(thread, total(squares));
        workgroupBarrier();
        let neighbour_sum = sum_over_workgroup(thread, total(neighbour_squares));
        if thread == 0u {
            if params.centre == 1u {
                losses[jet * rows] = weight * sum;
            }
            if params.directions == 1u {
                losses[jet * rows + params.centre] = neighbour_weight * neighbour_sum;
            }
        }
    }
}
