//! Manifolds in the plane, and lines of latents.

use super::*;

#[test]
fn manifolds_show_data_curve_and_neighbourhoods() {
    let data: Vec<[f32; 2]> = (0..200)
        .map(|i| i as f32 * 0.03)
        .map(|t| [t, t.sin()])
        .collect();
    let curve: Vec<[f32; 2]> = data.iter().map(|p| [p[0], 0.8 * p[1]]).collect();
    let centre = Neighbourhood {
        centre: data[50],
        reconstructed: vec![[1.2, 1.3], [1.8, 1e30], [f32::NAN, 0.0]],
        targets: vec![data[40], data[60], data[61]],
    };
    let plain = drawn(|path| manifold_2d(path, "Sine", &data, &curve, &[]));
    assert_eq!((plain.width, plain.count(RED)), (WIDTH, 0));
    assert!(plain.count(ORANGE) > 1000);
    let picture = drawn(|path| manifold_2d(path, "Sine", &data, &curve, &[centre]));
    assert!(picture.has_white_border());
    assert!(picture.count(RED) > 50 && picture.count(BLUE) > 30);
}

#[test]
fn manifolds_have_equal_units() {
    // A circle of red points is as wide as it is high, whatever the shape of the data.
    let data = [[-3.0, -1.0], [3.0, 1.0]];
    let reconstructed: Vec<[f32; 2]> = (0..64)
        .map(|i| i as f32 * 0.1)
        .map(|t| [t.cos(), t.sin()])
        .collect();
    let targets = reconstructed.clone();
    let circle = Neighbourhood {
        centre: [0.0, 0.0],
        reconstructed,
        targets,
    };
    let picture = drawn(|path| manifold_2d(path, "", &data, &data, &[circle]));
    let red: Vec<(usize, usize)> = (0..picture.width * picture.height)
        .map(|i| (i % picture.width, i / picture.width))
        // Below the legend.
        .filter(|&(x, y)| y > 80 && picture.at(x, y) == RED)
        .collect();
    let span = |values: Vec<usize>| values.iter().max().unwrap() - values.iter().min().unwrap();
    let (width, height) = (
        span(red.iter().map(|p| p.0).collect()),
        span(red.iter().map(|p| p.1).collect()),
    );
    assert!(
        width > 200 && width.abs_diff(height) <= 2,
        "{width} x {height}"
    );
}

#[test]
fn manifolds_and_lines_refuse_what_they_cannot_draw() {
    let point = [[0.0, 0.0]];
    assert!(
        refused(|path| manifold_2d(path, "Sine", &[], &point, &[]))
            .contains("data has no finite point")
    );
    assert!(
        refused(|path| manifold_2d(path, "Sine", &point, &[], &[]))
            .contains("the decoded curve has no finite point")
    );
    let uneven = Neighbourhood {
        centre: [0.0; 2],
        reconstructed: vec![[0.0; 2]],
        targets: vec![],
    };
    assert!(
        refused(|path| manifold_2d(path, "Sine", &point, &point, &[uneven]))
            .contains("1 reconstructions but 0 targets")
    );
    assert!(
        refused(|path| latent_line(path, "Line", &[1.0], &[]))
            .contains("1 latents but 0 coordinates")
    );
    assert!(
        refused(|path| latent_line(path, "Line", &[f32::NAN], &[1.0])).contains("no finite point")
    );
}

#[test]
fn latent_lines_take_one_point_and_a_constant() {
    for latents in [&[0.25][..], &[0.0; 40]] {
        let parameter: Vec<f32> = (0..latents.len()).map(|i| i as f32).collect();
        let picture = drawn(|path| latent_line(path, "Line", latents, &parameter));
        assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT));
        assert!(picture.has_white_border());
    }
}

#[test]
fn manifolds_side_by_side_share_their_axes() {
    let data: Vec<[f32; 2]> = (0..40)
        .map(|i| i as f32 * 0.15)
        .map(|t| [t, t.sin()])
        .collect();
    let model = |title: &str, wild: f32| Manifold {
        title: title.to_owned(),
        data: data.iter().step_by(5).copied().collect(),
        curve: data.iter().map(|p| [p[0], wild * p[1]]).collect(),
        truth: data.clone(),
    };
    let one = drawn(|path| manifolds(path, "Sine", &[model("AE", 0.5)]));
    let models = [model("AE", 1.8), model("NRAE-L", 1.0), model("NRAE-Q", 0.2)];
    let three = drawn(|path| manifolds(path, "Sine", &models));
    assert_eq!(three.width, 3 * one.width);
    assert!(three.has_white_border());
    assert!(three.count(ORANGE) > 1000, "{}", three.count(ORANGE));
    // The first point of the data lies at the same place of each panel.
    let first = |panel: usize| {
        let pixels = (0..one.width * three.height).map(|i| (i % one.width, i / one.width));
        let blue = |&(x, y): &(usize, usize)| {
            let pixel = three.at(x + panel * one.width, y);
            y > 110 && pixel[2] > 150 && pixel[0] < 90
        };
        pixels.filter(blue).min().unwrap()
    };
    assert!(first(0).0 == first(1).0 && first(1).0 == first(2).0);
    assert!(refused(|path| manifolds(path, "Sine", &[])).contains("at least one model"));
    let nothing = Manifold {
        curve: vec![[f32::NAN; 2]],
        ..model("AE", 1.0)
    };
    assert!(refused(|path| manifolds(path, "Sine", &[nothing])).contains("\"AE\""));
}
