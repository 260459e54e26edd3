//! Faults that were found, one file each; the first lines tell the story.

#[path = "../common/test_dir.rs"]
mod test_dir;

#[path = "../common/mod.rs"]
mod common;

mod fused_kernels_and_planned_memory;
mod network_beyond_memory;
mod norms_of_any_size;
mod old_key_in_an_error;
mod relu_across_a_kink;
mod search_of_nothing;
