//! Curves and surfaces in space.

use super::*;

/// A grid of `side` x `side` points in the plane x_3 = 0.
fn plane(side: usize) -> Vec<[f32; 3]> {
    (0..side * side)
        .map(|i| [(i % side) as f32, (i / side) as f32, 0.0])
        .collect()
}

#[test]
fn surfaces_show_data_and_mesh() {
    let points = plane(9);
    let data: Vec<[f32; 3]> = points.iter().map(|p| [p[0], p[1], 0.5]).collect();
    let draw = |points: &[[f32; 3]]| {
        let mesh = Mesh { points, columns: 9 };
        drawn(|path| surface(path, "Plane", &data, &mesh))
    };
    let orange = |picture: &Decoded| {
        let pixels = picture.rgb.as_chunks::<3>().0.iter();
        pixels.filter(|p| p[0] > 240 && p[2] < 190).count()
    };
    let whole = draw(&points);
    assert_eq!(whole.width, WIDTH);
    assert!(whole.has_white_border() && orange(&whole) > 3000);
    // What is not finite is left out, and what strays does not break the picture.
    let mut torn = points.clone();
    torn[..54].fill([f32::NAN; 3]);
    torn[80] = [1e30, -1e30, 0.0];
    let torn = draw(&torn);
    assert!(
        (300..orange(&whole) / 2).contains(&orange(&torn)),
        "{}",
        orange(&torn)
    );
}

#[test]
fn surfaces_refuse_what_they_cannot_draw() {
    let points = plane(3);
    let of = |data: &[[f32; 3]], columns| {
        let mesh = Mesh {
            points: &points,
            columns,
        };
        refused(|path| surface(path, "Plane", data, &mesh))
    };
    assert!(of(&points, 4).contains("9 points in 4 columns"));
    assert!(of(&points, 0).contains("in 0 columns"));
    assert!(of(&[[f32::NAN; 3]], 3).contains("no finite point"));
}
