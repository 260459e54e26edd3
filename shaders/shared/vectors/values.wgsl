// Four values at a time: a load of 16 bytes instead of four of 4. Stands in for scalars/values.wgsl
// where the sides that `#vectors` names are multiples of 4, since views begin at multiples of 64
// values.

alias Values = vec4<f32>;
alias Words = vec4<u32>;

const WIDTH: u32 = 4u;
// Places of the bits of consecutive bytes in a word.
const BYTES_OF_WORD: Words = Words(0u, 8u, 16u, 24u);

// Which element of an array of `Values` begins with value i, or holds it.
fn nth(i: u32) -> u32 {
    return i / 4u;
}

// Word i, of the element of an array of `Words` that it is in.
fn word_of(words: Words, i: u32) -> u32 {
    return words[i % 4u];
}

fn total(values: Values) -> f32 {
    return (values.x + values.y) + (values.z + values.w);
}
