// A block of 4 x 4 operands of a product, four values at a time: of four lines (rows of A, columns
// of B) and four terms, which are its columns. Terms from end_k on are 0; lines beyond the last are
// like others, and what they give is not stored.

fn values_$operand(line: u32, k: u32, end_k: u32) -> vec4<f32> {
    let values = load_$operand(min(line, extent().$side - 1u), min(k, end_k - 1u));
    return select(vec4(0.0), values, k < end_k);
}

fn fetch_$operand(line: u32, k: u32, end_k: u32) -> mat4x4<f32> {
    if $ALONG_K {
        return transpose(mat4x4(
#repeat i 4
            values_$operand(line + $iu, k, end_k),
#end
        ));
    }
    return mat4x4(
#repeat j 4
        values_$operand(line, k + $ju, end_k),
#end
    );
}
