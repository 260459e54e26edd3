// Word 0 of the state += 1: the next step of the block. Where word 3 says that the gradient was not
// finite, word 1 becomes what word 0 now is, unless an earlier step has already set it.
//
// state  [5]
// Grid: one workgroup.
// CPU kernel: src/cpu/increment_step.rs

@group(0) @binding(0) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(1)
fn main() {
    let step = state[0] + 1u;
    state[0] = step;
    if state[3] != 0u && state[1] == 0u {
        state[1] = step;
    }
}
