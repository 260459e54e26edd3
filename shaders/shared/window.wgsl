// A convolution's windows as a matrix. The importing shader binds `image` and has the convolution's
// sides in `params`.

// The image value that the window of a (row, position) sees at its term (channel, kernel row,
// kernel column); 0 beyond the image.
fn window_value(place: u32, term: u32) -> f32 {
    let positions = params.output_height * params.output_width;
    let at = place % positions;
    let window = params.kernel * params.kernel;
    // Beyond the image, differences wrap around to numbers that are larger than any side.
    let y = at / params.output_width * params.stride + term % window / params.kernel - params.padding;
    let x = at % params.output_width * params.stride + term % params.kernel - params.padding;
    let value = image[((place / positions * params.inputs + term / window) * params.height + y) * params.width + x];
    return select(value, 0.0, y >= params.height || x >= params.width);
}
