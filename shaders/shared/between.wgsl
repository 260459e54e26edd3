// How bilinear upsampling by 2 places output pixels, as PyTorch does it.

override ALIGN_CORNERS: u32 = 0u;

// Where an output pixel lies between two input pixels along a side of `size`: the lower one, and
// the share of the upper one.
fn between(at: u32, size: u32) -> vec2<f32> {
    var place: f32;
    if ALIGN_CORNERS == 1u {
        place = f32(at) * f32(size - 1u) / f32(2u * size - 1u);
    } else {
        place = max(0.5 * f32(at) - 0.25, 0.0);
    }
    let lower = min(floor(place), f32(size - 1u));
    return vec2(lower, place - lower);
}
