//! Points with labels.

use super::*;

const AXES: Axes<'_> = Axes {
    labels: ["z\u{2081}", "z\u{2082}"],
    equal: false,
};

#[test]
fn scatter_colours_by_label() {
    // Opacity mixes a marker's colour with white, so that of a single point is known.
    let mixed =
        |colour: Colour, opacity: f64| colour.map(|c| 255.0 - opacity * (255.0 - f64::from(c)));
    let picture = drawn(|path| {
        scatter(
            path,
            "Latents",
            AXES,
            &[[0.5, -2.0], [f32::NAN, 1.0]],
            Some(&Colouring::of_classes([4, 9])),
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
    let labels = Colouring::of_classes((0..60_000).collect::<Vec<_>>());
    let picture = drawn(|path| scatter(path, "Latents", AXES, &points, Some(&labels)));
    assert!(picture.has_white_border());
    assert!(picture.count(WHITE) < WIDTH * HEIGHT * 8 / 10);
    drawn(|path| scatter(path, "Latents", AXES, &[[1.0, 1.0]; 3], None));
}

#[test]
fn scatter_refuses_what_it_cannot_draw() {
    assert!(refused(|path| scatter(path, "Latents", AXES, &[], None)).contains("no finite point"));
    assert!(
        refused(|path| scatter(path, "Latents", AXES, &[[f32::NAN; 2]], None))
            .contains("no finite point")
    );
    let message = refused(|path| {
        scatter(
            path,
            "Latents",
            AXES,
            &[[0.0; 2]; 3],
            Some(&Colouring::of_classes([1])),
        )
    });
    assert!(message.contains("3 points but 1 label"), "{message}");
}

#[test]
fn pictures_are_the_same_bytes_each_time() {
    let bytes = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        scatter(
            &path,
            "Latents",
            AXES,
            &[[0.0, 1.0], [2.0, 3.0]],
            Some(&Colouring::of_classes([0, 1])),
        )
        .unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn equal_axes_have_equal_units() {
    // Four corners of a square, in data that are wider than high.
    let points = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [6.0, 0.0]];
    let axes = Axes {
        equal: true,
        ..AXES
    };
    let picture = drawn(|path| {
        scatter(
            path,
            "",
            axes,
            &points,
            Some(&Colouring::of_classes([0, 1, 2, 3, 4])),
        )
    });
    let middle = |c: usize| {
        // Below the legend.
        let all = (0..picture.width * picture.height).filter(|i| i / picture.width > 60);
        let own: Vec<_> = all
            .map(|i| (i % picture.width, i / picture.width))
            .filter(|&(x, y)| {
                let near = |i: usize| {
                    let (found, full) = (picture.at(x, y)[i], category(c)[i]);
                    found.abs_diff(full) <= (255 - full) / 8 + 4
                };
                picture.at(x, y) != WHITE && (0..3).all(near)
            })
            .collect();
        let sum = own.iter().fold((0, 0), |s, at| (s.0 + at.0, s.1 + at.1));
        ((sum.0 / own.len()) as f64, (sum.1 / own.len()) as f64)
    };
    let (origin, right, up) = (middle(0), middle(1), middle(2));
    let (across, high) = (right.0 - origin.0, origin.1 - up.1);
    assert!(
        across > 80.0 && (across - high).abs() <= 3.0,
        "{across} {high}"
    );
}

#[test]
fn pairs_have_a_panel_each_and_one_legend() {
    let points: Vec<f32> = (0..400).map(|i| (i as f32 * 0.7).sin()).collect();
    let of = |dimensions: usize| {
        let labels: Vec<u32> = (0..400 / dimensions as u32).map(|i| i % 2).collect();
        let labels = Colouring::of_classes(labels);
        drawn(|path| scatter_pairs(path, "Latents", &points, dimensions, Some(&labels)))
    };
    let (two, three, four) = (of(2), of(3), of(4));
    assert!(
        [&two, &three, &four]
            .iter()
            .all(|picture| picture.has_white_border())
    );
    // One panel, a row of three, and two rows of three.
    assert!(three.width == 3 * two.width && three.height.abs_diff(two.height) < 40);
    assert!(four.width == three.width && four.height > 2 * three.height - 200);
    assert!(
        refused(|path| scatter_pairs(path, "Latents", &points, 1, None)).contains("1 dimensions")
    );
    assert!(
        refused(|path| scatter_pairs(path, "Latents", &[f32::NAN; 6], 3, None))
            .contains("no finite point")
    );
}

#[test]
fn several_models_have_a_panel_each_with_the_same_colours() {
    let model = |title: &str, labels: Option<Vec<u32>>| Latents {
        title: title.to_owned(),
        points: (0..60)
            .map(|i| i as f32)
            .map(|i| [i.sin(), 5.0 * i.cos()])
            .collect(),
        labels: labels.map(Colouring::of_classes),
    };
    // The second model has one label only, which keeps its colour.
    let models = [
        model("AE", Some((0..60).map(|i| i % 2).collect())),
        model("NRAE-Q", Some(vec![1; 60])),
    ];
    let draw = |models: &[Latents]| drawn(|path| scatters(path, "Two", ["z1", "z2"], models));
    let (one, two) = (draw(&models[..1]), draw(&models));
    assert!(two.width == 2 * one.width && two.has_white_border());
    let orange = |from: usize| {
        let pixels = (0..two.width * two.height).map(|i| (i % two.width, i / two.width));
        let own = pixels.filter(|&(x, y)| {
            x >= from && y > 110 && two.at(x, y)[0] > 200 && two.at(x, y)[2] < 90
        });
        own.count()
    };
    assert!(orange(one.width) > 300, "{}", orange(one.width));
    assert!(refused(|path| scatters(path, "Two", ["z1", "z2"], &[])).contains("\"Two\""));
    let unpaired = [model("AE", Some(vec![1]))];
    assert!(
        refused(|path| scatters(path, "Two", ["z1", "z2"], &unpaired))
            .contains("60 points but 1 labels")
    );
}
