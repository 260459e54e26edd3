//! When the settings were renamed, the error of a held-out fraction that leaves no sample still named
//! the key by its old name, `data.validation_share`, which a configuration can no longer have.

use crate::test_dir::TestDir;

#[test]
fn an_error_names_the_key_of_today() {
    let folder = TestDir::new();
    folder.refuse(
        "train --data x.csv --validation 0.001 --k 3 --device cpu --out run",
        &["data.validation_fraction = 0.001 takes 0 of 40 samples"],
    );
}
