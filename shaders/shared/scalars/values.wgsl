// A value at a time. In shaders with `#vectors` this stands for vectors/values.wgsl, whose text is
// the same for four values, wherever rows are not multiples of 4 values long.

alias Values = f32;
alias Words = u32;

const WIDTH: u32 = 1u;
// Places of the bits of consecutive bytes in a word.
const BYTES_OF_WORD: Words = 0u;

// Which element of an array of `Values` begins with value i.
fn nth(i: u32) -> u32 {
    return i;
}

// Word i, of the element of an array of `Words` that it is in.
fn word_of(words: Words, i: u32) -> u32 {
    return words;
}

fn total(values: Values) -> f32 {
    return values;
}
