//! `nrae gradcheck` of a convolutional network with ReLU failed for one seed in some: a central
//! difference that steps across a kink says nothing of the derivative, and with tens of thousands of
//! units every step that was tried crossed one. Smaller steps are tried now.

use crate::test_dir::TestDir;

#[test]
fn a_step_across_a_kink_is_no_wrong_derivative() {
    let folder = TestDir::new();
    folder.succeed(
        "gradcheck --shape 1,28,28 --net conv28 --latent 2 --activation relu --method nr-vae-l --seed 3 --device cpu",
    );
}
