//! `nrae search --random 0` panicked: the best of no settings was taken. It is refused.

use crate::test_dir::TestDir;

#[test]
fn a_search_of_no_settings_is_refused() {
    let folder = TestDir::new();
    folder.refuse(
        "search --data x.csv --validation 0.2 --over train.lr=1e-3,1e-2 --random 0 --k 3 --device cpu --out s",
        &["there is nothing to try"],
    );
}
