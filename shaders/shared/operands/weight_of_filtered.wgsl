// The gradient of a convolution to its weight by minimal filtering: values are gradients to 2 x 2
// outputs, results the gradients to the 2 x 2 taps of a phase (see convolve_filtered.wgsl), and terms
// (row, tile of 2 x 2 outputs) of a stretch. The importing shader binds `d_output`, `image` and
// `d_weight`, and has the convolution's sides and `stretch` in `params`.

var<private> part: u32;

fn tiles() -> vec2<u32> {
    return (vec2(params.output_height, params.output_width) + 1u) / 2u;
}

fn extent() -> vec3<u32> {
    return vec3(params.outputs, params.rows * tiles().x * tiles().y, params.inputs * params.stride * params.stride);
}

// Row, and place of the first output, of a term.
fn tile_of_term(k: u32) -> vec3<u32> {
    let at = k % (tiles().x * tiles().y);
    return vec3(k / (tiles().x * tiles().y), at / tiles().y * 2u, at % tiles().y * 2u);
}

fn gradient(plane: u32, at: vec2<u32>) -> f32 {
    let value = d_output[(plane * params.output_height + at.x) * params.output_width + at.y];
    return select(value, 0.0, (at.x >= params.output_height) | (at.y >= params.output_width));
}

fn gradients(plane: u32, first: vec2<u32>) -> vec4<f32> {
    return vec4(
#repeat y 2
#repeat x 2
        gradient(plane, first + vec2($yu, $xu)),
#end
#end
    );
}

fn fetch_a(row: u32, k: u32, slot: u32, end_k: u32) -> mat2x4<f32> {
    let tile = tile_of_term(min(k + slot, end_k - 1u));
    let plane = tile.x * params.outputs;
    let last = params.outputs - 1u;
    return mat2x4(
#repeat i 2
        select(vec4(0.0), gradients(plane + min(row + $iu, last), tile.yz), k + slot < end_k),
#end
    );
}

// A pixel of a channel; 0 beyond the image, where rows and columns below zero wrap around.
fn pixel(plane: u32, at: vec2<u32>) -> f32 {
    let value = image[(plane * params.height + at.x) * params.width + at.y];
    return select(value, 0.0, (at.x >= params.height) | (at.y >= params.width));
}

// Image channel, and row and column of the phase, of a column.
fn phase_of(column: u32) -> vec3<u32> {
    let phases = params.stride * params.stride;
    return vec3(column / phases, column % phases / params.stride, column % params.stride);
}

fn pixels(column: u32, tile: vec3<u32>) -> mat3x3<f32> {
    let phase = phase_of(min(column, extent().z - 1u));
    let plane = tile.x * params.inputs + phase.x;
    let first = tile.yz * params.stride + phase.yz - vec2(params.padding_height, params.padding_width);
    return mat3x3(
#repeat x 3
#repeat y 3
        pixel(plane, first + vec2($yu, $xu) * params.stride),
#end
#end
    );
}

fn fetch_b(column: u32, k: u32, slot: u32, end_k: u32) -> Pixels {
    // Beyond the last term it is the last, times gradients of 0.
    let tile = tile_of_term(min(k + slot, end_k - 1u));
    return Pixels(pixels(column, tile), pixels(column + 1u, tile));
}

fn store_results(row: u32, column: u32, values: vec4<f32>) {
    let phase = phase_of(column);
    let kernel = (part * params.outputs + row) * params.inputs + phase.x;
#repeat y 2
#repeat x 2
    let at_$y$x = phase.yz + vec2($yu, $xu) * params.stride;
    if at_$y$x.x < params.kernel_height && at_$y$x.y < params.kernel_width {
        d_weight[(kernel * params.kernel_height + at_$y$x.x) * params.kernel_width + at_$y$x.y] = values[2u * $yu + $xu];
    }
#end
#end
}

// The terms of stretch group.z.
fn product_of_part(group: vec3<u32>, thread: u32) {
    part = group.z;
    let terms = tiles().x * tiles().y;
    product(group.xy, thread, part * params.stretch * terms, min((part + 1u) * params.stretch, params.rows) * terms);
}
