// Word 0 of the state += 1: the next step of the block.
//
// state  [5]
// Grid: one workgroup.
// CPU kernel: src/cpu/increment_step.rs

@group(0) @binding(0) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(1)
fn main() {
    state[0] += 1u;
}
