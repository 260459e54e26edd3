//! Grids of images.

use super::*;

#[test]
fn image_grids_enlarge_by_whole_factors_and_map_the_range() {
    // Two images of 2 x 2 pixels side by side: factor 128 / 2, margins of 16, a gap of 6.
    let images = [-1.0, 0.0, 1.0, 7.0, 1.0, 1.0, 1.0, -1.0];
    let picture = drawn(|path| image_grid(path, &images, [1, 2, 2], 2, (-1.0, 1.0), None));
    assert_eq!(
        (picture.width, picture.height),
        (16 + 128 + 6 + 128 + 16, 16 + 128 + 16)
    );
    for (x, y, level) in [
        (16, 16, 0),
        (79, 79, 0),
        (80, 79, 128),
        (16, 80, 255),
        (143, 143, 255),
        (150, 16, 255),
        (277, 143, 0),
    ] {
        assert_eq!(picture.at(x, y), [level; 3], "({x}, {y})");
    }
    assert_eq!((picture.at(15, 30), picture.at(147, 30)), (GRID, WHITE));
    let rgb = drawn(|path| image_grid(path, &[1.0, 0.0, 0.5], [3, 1, 1], 1, (0.0, 1.0), None));
    assert_eq!(rgb.at(rgb.width / 2, rgb.height / 2), [255, 0, 128]);
}

#[test]
fn image_grids_have_captions_at_the_left_of_their_rows() {
    let images = vec![1.0; 4 * 64];
    let bare = drawn(|path| image_grid(path, &images, [1, 8, 8], 2, (0.0, 1.0), None));
    let picture = drawn(|path| {
        image_grid(
            path,
            &images,
            [1, 8, 8],
            2,
            (0.0, 1.0),
            Some(&["input", "output"]),
        )
    });
    assert_eq!(picture.height, bare.height);
    assert!(picture.width > bare.width + 30);
    assert!(picture.has_white_border());
    let inked = |rows: std::ops::Range<usize>| {
        rows.flat_map(|y| (0..picture.width).map(move |x| (x, y)))
            .any(|(x, y)| picture.at(x, y)[0] < 60)
    };
    assert!(inked(16..144) && inked(150..278));
}

#[test]
fn image_grids_refuse_what_they_cannot_draw() {
    let grid = |values: usize, shape, range, captions: Option<&[&str]>| {
        let images = vec![0.5; values];
        refused(|path| image_grid(path, &images, shape, 2, range, captions))
    };
    assert!(grid(7, [1, 2, 2], (0.0, 1.0), None).contains("7 values"));
    assert!(grid(8, [2, 2, 2], (0.0, 1.0), None).contains("1 or 3 channels"));
    assert!(grid(8, [1, 2, 2], (1.0, 1.0), None).contains("range"));
    assert!(
        grid(8, [1, 2, 2], (0.0, 1.0), Some(&["a", "b"]))
            .contains("1 rows of images have 2 captions")
    );
    assert!(grid(200_000, [1, 1, 1], (0.0, 1.0), None).contains("too large"));
}
