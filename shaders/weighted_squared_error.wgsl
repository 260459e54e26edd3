// losses[b, r] = w |prediction - target|^2 and d_prediction = 2 w (prediction - target), with w =
// weights[step, b, t] and t = first + r: without the centre, target 0 is left out.
//
// prediction    [batch, rows, features]
// target_rows   [batch, group, features]
// weights       [steps, batch, group]
// state         [5]  word 0: the step within the block
// d_prediction  [batch, rows, features]
// losses        [batch, rows]
// Grid: one workgroup a row of prediction.
// CPU kernel: src/cpu/weighted_squared_error.rs

#import shared/flat
#import shared/tree

#vectors features

struct Params {
    batch: u32,
    rows: u32,
    first: u32,
    group: u32,
    features: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> prediction: array<Values>;
@group(0) @binding(2) var<storage, read> target_rows: array<Values>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<u32>;
@group(0) @binding(5) var<storage, read_write> d_prediction: array<Values>;
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let row = flat_group(group, groups);
    if row < params.batch * params.rows {
        let target_row = row / params.rows * params.group + row % params.rows + params.first;
        let weight = weights[state[0] * params.batch * params.group + target_row];
        var squares = Values(0.0);
        for (var i = thread * WIDTH; i < params.features; i += 64u * WIDTH) {
            let difference = prediction[nth(row * params.features + i)] - target_rows[nth(target_row * params.features + i)];
            d_prediction[nth(row * params.features + i)] = 2.0 * weight * difference;
            squares = fma(difference, difference, squares);
        }
        let sum = sum_over_workgroup(thread, total(squares));
        if thread == 0u {
            losses[row] = weight * sum;
        }
    }
}
