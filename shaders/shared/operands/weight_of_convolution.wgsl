// The gradient of a convolution to its weight as a product: terms are the rows and positions of a
// stretch. The importing shader binds `d_output`, `image` and `d_weight`, and has the convolution's
// sides and `stretch` in `params`.

#import fetch_a
#import shared/window

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = true;

var<private> part: u32;

fn extent() -> vec3<u32> {
    let positions = params.output_height * params.output_width;
    return vec3(params.outputs, params.rows * positions, params.inputs * params.kernel_height * params.kernel_width);
}

fn load_a(row: u32, k: u32) -> f32 {
    let positions = params.output_height * params.output_width;
    return d_output[(k / positions * params.outputs + row) * positions + k % positions];
}

fn load_b(column: u32, k: u32) -> f32 {
    return window_value(k, column, 0u);
}

fn fetch_b(column: u32, k: u32, end_k: u32) -> mat4x4<f32> {
    return window_block(k, column, vec2(end_k, extent().z));
}

fn store(row: u32, column: u32, value: f32) {
    d_weight[(part * params.outputs + row) * params.inputs * params.kernel_height * params.kernel_width + column] = value;
}

// The terms of stretch group.z.
fn product_of_part(group: vec3<u32>, thread: u32) {
    part = group.z;
    let positions = params.output_height * params.output_width;
    product(group.xy, thread, part * params.stretch * positions, min((part + 1u) * params.stretch, params.rows) * positions);
}
