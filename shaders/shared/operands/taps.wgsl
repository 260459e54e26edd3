// The kernels of a convolution as filters with 2 x 2 taps, `stride` apart. The importing shader binds
// `weight` and has the convolution's sides in `params`.

// 0 beyond the kernel.
fn tap(kernel: u32, at: vec2<u32>) -> f32 {
    let value = weight[(kernel * params.kernel_height + at.x) * params.kernel_width + at.y];
    return select(value, 0.0, (at.x >= params.kernel_height) | (at.y >= params.kernel_width));
}

// The taps from `first` on of the kernel of two channels.
fn taps(output: u32, input: u32, first: vec2<u32>) -> vec4<f32> {
    let kernel = output * params.inputs + input;
    return vec4(
#repeat y 2
#repeat x 2
        tap(kernel, first + vec2($yu, $xu) * params.stride),
#end
#end
    );
}
