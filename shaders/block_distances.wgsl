// distances = |b|^2 - 2 a.b for the samples a of the rows and b of the columns of a block: squared
// distances but for |a|^2. The step counts the blocks, row by row. Beyond the last sample it is
// repeated.
//
// points     [samples, features]
// squares    [samples]: |b|^2
// state      word 0: the step
// distances  [rows, columns]
// Grid: one workgroup a tile of distances, columns along x.
// CPU kernel: src/cpu/block_distances.rs

#import product
#import fetch_a
#import fetch_b

struct Params {
    samples: u32,
    features: u32,
    rows: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> points: array<f32>;
@group(0) @binding(2) var<storage, read> squares: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<u32>;
@group(0) @binding(4) var<storage, read_write> distances: array<f32>;

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = true;

// First samples of the rows and of the columns.
var<private> first: vec2<u32>;

fn extent() -> vec3<u32> {
    return vec3(params.rows, params.features, params.columns);
}

fn load_a(row: u32, k: u32) -> f32 {
    return points[min(first.x + row, params.samples - 1u) * params.features + k];
}

fn load_b(column: u32, k: u32) -> f32 {
    return points[min(first.y + column, params.samples - 1u) * params.features + k];
}

fn store(row: u32, column: u32, value: f32) {
    distances[row * params.columns + column] = squares[min(first.y + column, params.samples - 1u)] - 2.0 * value;
}

@compute @workgroup_size(PRODUCT_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let across = (params.samples + params.columns - 1u) / params.columns;
    first = vec2(state[0] / across * params.rows, state[0] % across * params.columns);
    product(group.xy, thread, 0u, params.features);
}
