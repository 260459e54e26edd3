// Philox4x32-10 (Salmon et al., SC 2011).
// CPU kernel: src/random.rs

// The low and the high word of a product of 32-bit words.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let middle = a1 * b0 + ((a0 * b0) >> 16u);
    let low_middle = (middle & 0xffffu) + a0 * b1;
    return vec2(a * b, a1 * b1 + (middle >> 16u) + (low_middle >> 16u));
}

fn philox(key: vec2<u32>, counter: vec4<u32>) -> vec4<u32> {
    var k = key;
    var c = counter;
    for (var round = 0u; round < 10u; round++) {
        let p0 = wide_product(c.x, 0xD2511F53u);
        let p1 = wide_product(c.z, 0xCD9E8D57u);
        c = vec4(p1.y ^ c.y ^ k.x, p1.x, p0.y ^ c.w ^ k.y, p0.x);
        k += vec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return c;
}
