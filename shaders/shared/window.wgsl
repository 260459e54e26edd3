// A convolution's windows as a matrix. The importing shader binds `image` and has the convolution's
// sides in `params`.

// The image value that the window of a (row, position) sees at its term (channel, kernel row,
// kernel column), or so many columns further right; 0 beyond the image.
fn window_value(place: u32, term: u32, right: u32) -> f32 {
    let positions = params.output_height * params.output_width;
    let at = place % positions;
    let window = params.kernel_height * params.kernel_width;
    // Beyond the image, differences wrap around to numbers that are larger than any side.
    let y = at / params.output_width * params.stride + term % window / params.kernel_width - params.padding_height;
    let x = at % params.output_width * params.stride + term % params.kernel_width - params.padding_width + right;
    let value = image[((place / positions * params.inputs + term / window) * params.height + y) * params.width + x];
    return select(value, 0.0, (y >= params.height) | (x >= params.width));
}

// What a window sees at 4 terms; 0 from the ends of places and terms on. Of a kernel whose rows are
// whole fours that is a part of a row, so that terms are taken apart once.
fn window_values(place: u32, term: u32, ends: vec2<u32>) -> vec4<f32> {
    let terms = vec4(term) + vec4(0u, 1u, 2u, 3u);
    let inside = min(place, ends.x - 1u);
    var values: vec4<f32>;
    if params.kernel_width % 4u == 0u {
        let first = min(term, ends.y - 1u) / 4u * 4u;
        values = vec4(
#repeat i 4
            window_value(inside, first, $iu),
#end
        );
    } else {
        let last = ends.y - 1u;
        values = vec4(
#repeat i 4
            window_value(inside, min(terms[$i], last), 0u),
#end
        );
    }
    return select(vec4(0.0), values, vec4(place < ends.x) & (terms < vec4(ends.y)));
}

// What the windows of 4 places, which are the columns, see at 4 terms.
fn window_block(place: u32, term: u32, ends: vec2<u32>) -> mat4x4<f32> {
    return mat4x4(
#repeat i 4
        window_values(place + $iu, term, ends),
#end
    );
}
