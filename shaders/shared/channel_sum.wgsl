// Sums of slot 0 over the positions of a channel, as channel_sums.wgsl, by a workgroup of a product
// beside its tiles. The importing shader binds `d_output`, `image` and `d_bias`, has the convolution's
// sides, `slots` and `bias_stretch` in `params`, and BIAS_OF_IMAGE. $memory is the workgroup memory of
// the product.

// Value i of slot 0 of a channel, counted from jet `first`.
fn channel_value(channel: u32, first: u32, i: u32) -> f32 {
    if BIAS_OF_IMAGE == 1u {
        let positions = params.height * params.width;
        let plane = (first + i / positions) * params.slots * params.inputs + channel;
        return image[plane * positions + i % positions];
    }
    let positions = params.output_height * params.output_width;
    let plane = (first + i / positions) * params.slots * params.outputs + channel;
    return d_output[plane * positions + i % positions];
}

// An element of d_bias by the whole workgroup, always in the same order: 16 loads of a thread wait
// together, then 16 threads add up what 16 or fewer have each, then one adds up those.
fn channel_sum(element: u32, channels: u32, positions: u32, thread: u32) {
    let first = element / channels * params.bias_stretch;
    let jets = min(params.bias_stretch, params.rows / params.slots - first);
    let channel = element % channels;
    let values = jets * positions;
    var sum = 0.0;
    for (var i = thread; i < values; i += 16u * PRODUCT_THREADS) {
#repeat j 16
        let value_$j = channel_value(channel, first, min(i + $ju * PRODUCT_THREADS, values - 1u));
#end
#repeat j 16
        sum += select(0.0, value_$j, i + $ju * PRODUCT_THREADS < values);
#end
    }
    workgroupBarrier();
    $memory[thread].x = sum;
    workgroupBarrier();
    if thread < 16u {
        var of_some = 0.0;
        for (var i = thread; i < PRODUCT_THREADS; i += 16u) {
            of_some += $memory[i].x;
        }
        $memory[thread].y = of_some;
    }
    workgroupBarrier();
    if thread == 0u {
        var whole = 0.0;
        for (var i = 0u; i < min(16u, PRODUCT_THREADS); i++) {
            whole += $memory[i].y;
        }
        d_bias[element] = whole;
    }
}

// An element of d_bias, if there are as many.
fn channel_sum_beside(element: u32, thread: u32) {
    var channels = params.outputs;
    var positions = params.output_height * params.output_width;
    if BIAS_OF_IMAGE == 1u {
        channels = params.inputs;
        positions = params.height * params.width;
    }
    let parts = (params.rows / params.slots + params.bias_stretch - 1u) / params.bias_stretch;
    if element < parts * channels {
        channel_sum(element, channels, positions, thread);
    }
}
