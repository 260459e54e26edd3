// The largest value of a window of max pooling. The importing shader binds `centres` and has the
// sides of images and windows in `params`.

// Where in the plane that begins at `first` the largest value of a window is: the first one of
// several.
fn largest(first: u32, window: u32) -> u32 {
    let y = window / params.output_width * params.stride;
    let x = window % params.output_width * params.stride;
    var at = first + y * params.width + x;
    for (var i = 1u; i < params.kernel * params.kernel; i++) {
        let other = first + (y + i / params.kernel) * params.width + x + i % params.kernel;
        if centres[other] > centres[at] {
            at = other;
        }
    }
    return at - first;
}
