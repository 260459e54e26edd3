//! `nrae train --hidden 200000,200000` panicked with "Cannot allocate memory", exit status 101: memory
//! for the buffers of a step was taken with an `unwrap`. It is a sentence that names the size and says
//! what to do.

use crate::test_dir::TestDir;

#[test]
fn a_network_beyond_memory_is_a_sentence() {
    let folder = TestDir::new();
    folder.refuse(
        "train --data x.csv --hidden 300000000 --k 3 --device cpu --out run",
        &["MiB of memory", "choose a smaller network"],
    );
}
