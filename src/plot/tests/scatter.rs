//! Points with labels.

use super::*;

#[test]
fn scatter_colours_by_label() {
    // Opacity mixes a marker's colour with white, so that of a single point is known.
    let mixed =
        |colour: Colour, opacity: f64| colour.map(|c| 255.0 - opacity * (255.0 - f64::from(c)));
    let picture = drawn(|path| {
        scatter(
            path,
            "Latents",
            &[[0.5, -2.0], [f32::NAN, 1.0]],
            Some(&[4, 9]),
        )
    });
    assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT));
    assert!(picture.has_white_border());
    let expected = mixed(category(0), 0.9);
    let near = |pixel: &[u8; 3]| (0..3).all(|c| (f64::from(pixel[c]) - expected[c]).abs() <= 2.0);
    let marker = picture
        .rgb
        .as_chunks::<3>()
        .0
        .iter()
        .filter(|&pixel| near(pixel))
        .count();
    assert!(
        (80..200).contains(&marker),
        "a marker of radius 7 covers 154 pixels, found {marker}"
    );
    // The legend shows the second label although its point cannot be drawn.
    assert!(picture.count(category(1)) > 50);
}

#[test]
fn scatter_takes_many_points_and_many_labels() {
    let points: Vec<[f32; 2]> = (0..60_000)
        .map(|i| i as f32)
        .map(|i| [(i * 0.37).sin(), (i * 0.11).cos()])
        .collect();
    let labels: Vec<u32> = (0..60_000).collect();
    let picture = drawn(|path| scatter(path, "Latents", &points, Some(&labels)));
    assert!(picture.has_white_border());
    assert!(picture.count(WHITE) < WIDTH * HEIGHT * 8 / 10);
    drawn(|path| scatter(path, "Latents", &[[1.0, 1.0]; 3], None));
}

#[test]
fn scatter_refuses_what_it_cannot_draw() {
    assert!(refused(|path| scatter(path, "Latents", &[], None)).contains("no finite point"));
    assert!(
        refused(|path| scatter(path, "Latents", &[[f32::NAN; 2]], None))
            .contains("no finite point")
    );
    let message = refused(|path| scatter(path, "Latents", &[[0.0; 2]; 3], Some(&[1])));
    assert!(message.contains("3 points but 1 label"), "{message}");
}

#[test]
fn pictures_are_the_same_bytes_each_time() {
    let bytes = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        scatter(&path, "Latents", &[[0.0, 1.0], [2.0, 3.0]], Some(&[0, 1])).unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(bytes(), bytes());
}
