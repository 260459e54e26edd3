//! Grids of images.

use super::*;

#[test]
fn image_grids_enlarge_by_whole_factors_and_map_the_range() {
    // Two images of 2 x 2 pixels side by side: factor 128 / 2, margins of 16, a gap of 6.
    let images = [-1.0, 0.0, 1.0, 7.0, 1.0, 1.0, 1.0, -1.0];
    let picture = drawn(|path| {
        image_grid(
            path,
            &images,
            [1, 2, 2],
            2,
            (-1.0, 1.0),
            &Captions::default(),
        )
    });
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
    let rgb = drawn(|path| {
        image_grid(
            path,
            &[1.0, 0.0, 0.5],
            [3, 1, 1],
            1,
            (0.0, 1.0),
            &Captions::default(),
        )
    });
    assert_eq!(rgb.at(rgb.width / 2, rgb.height / 2), [255, 0, 128]);
}

#[test]
fn image_grids_have_captions_at_the_left_of_their_rows() {
    let images = vec![1.0; 4 * 64];
    let bare = drawn(|path| {
        image_grid(
            path,
            &images,
            [1, 8, 8],
            2,
            (0.0, 1.0),
            &Captions::default(),
        )
    });
    let picture = drawn(|path| {
        image_grid(
            path,
            &images,
            [1, 8, 8],
            2,
            (0.0, 1.0),
            &Captions {
                rows: &["input", "output"],
                ..Captions::default()
            },
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
    let grid = |values: usize, shape, range, rows: &[&str]| {
        let images = vec![0.5; values];
        let captions = Captions {
            rows,
            ..Captions::default()
        };
        refused(|path| image_grid(path, &images, shape, 2, range, &captions))
    };
    assert!(grid(7, [1, 2, 2], (0.0, 1.0), &[]).contains("7 values"));
    assert!(grid(8, [2, 2, 2], (0.0, 1.0), &[]).contains("1 or 3 channels"));
    assert!(grid(8, [1, 2, 2], (1.0, 1.0), &[]).contains("range"));
    assert!(
        grid(8, [1, 2, 2], (0.0, 1.0), &["a", "b"]).contains("1 rows of images have 2 captions")
    );
    assert!(grid(200_000, [1, 1, 1], (0.0, 1.0), &[]).contains("too large"));
}

#[test]
fn image_grids_have_a_title_and_a_caption_below_each_image() {
    let images = [1.0; 4 * 16];
    let below = ["0.01", "0.02", "0.03", "far too long a caption for a tile"].map(String::from);
    let with = |captions: &Captions<'_>| {
        drawn(|path| image_grid(path, &images, [1, 4, 4], 2, (0.0, 1.0), captions))
    };
    let bare = with(&Captions::default());
    let captions = Captions {
        title: "A title",
        note: "A note",
        below: &below,
        ..Captions::default()
    };
    let full = with(&captions);
    assert_eq!(
        (full.width, full.height),
        (bare.width, bare.height + 30 + 26 + 2 * 20)
    );
    assert!(full.has_white_border());
    let inked = |rows: std::ops::Range<usize>| {
        rows.flat_map(|y| (0..full.width).map(move |x| (x, y)))
            .any(|(x, y)| full.at(x, y)[0] < 90)
    };
    // Title, note, and below either row.
    for rows in [16..40, 44..66, 202..218, 356..372] {
        assert!(inked(rows.clone()), "{rows:?}");
    }
    assert!(
        refused(|path| {
            let captions = Captions {
                below: &below[..3],
                ..captions
            };
            image_grid(path, &images, [1, 4, 4], 2, (0.0, 1.0), &captions)
        })
        .contains("4 images have 3 captions")
    );
}
