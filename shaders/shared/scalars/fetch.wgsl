// A block of 4 x 4 operands of a product, value by value: of four lines (rows of A, columns of B)
// and four terms, which are its columns. Terms from end_k on are 0; lines beyond the last are like
// it, and what they give is not stored. Loads stand in no branch, so that they overlap, and what
// they compute of a line or of a term is the same for the whole block.

fn element_$operand(line: u32, k: u32, end_k: u32) -> f32 {
    let value = load_$operand(min(line, extent().$side - 1u), min(k, end_k - 1u));
    return select(0.0, value, k < end_k);
}

fn fetch_$operand(line: u32, k: u32, end_k: u32) -> mat4x4<f32> {
    return mat4x4(
#repeat j 4
        vec4(
#repeat i 4
            element_$operand(line + $iu, k + $ju, end_k),
#end
        ),
#end
    );
}
