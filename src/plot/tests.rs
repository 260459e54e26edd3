//! Every picture as a file: valid, of the expected size, with the expected colours in the expected
//! places.

use super::figure::{HEIGHT, WIDTH};
use super::palette::{BLUE, Colour, GRID, INK, ORANGE, RED, WHITE, category, ordered};
use super::*;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A decoded PNG file.
struct Decoded {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Decoded {
    fn at(&self, x: usize, y: usize) -> Colour {
        let start = (y * self.width + x) * 3;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }

    fn count(&self, colour: Colour) -> usize {
        self.rgb
            .as_chunks::<3>()
            .0
            .iter()
            .filter(|&&pixel| pixel == colour)
            .count()
    }

    /// Whether a border of some pixels is empty: nothing is clipped.
    fn has_white_border(&self) -> bool {
        let border =
            |x: usize, y: usize| x.min(y).min(self.width - 1 - x).min(self.height - 1 - y) < 8;
        let mut pixels = (0..self.width * self.height).map(|i| (i % self.width, i / self.width));
        pixels.all(|(x, y)| !border(x, y) || self.at(x, y) == WHITE)
    }
}

fn drawn(draw: impl FnOnce(&Path) -> Result<()>) -> Decoded {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("picture.png");
    draw(&path).unwrap();
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap()))
            .read_info()
            .unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    assert_eq!(
        (info.color_type, info.bit_depth),
        (png::ColorType::Rgb, png::BitDepth::Eight)
    );
    Decoded {
        width: info.width as usize,
        height: info.height as usize,
        rgb,
    }
}

/// The sentence of an error, after checking that no file was left.
fn refused(draw: impl FnOnce(&Path) -> Result<()>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let error = draw(&folder.path().join("picture.png")).unwrap_err();
    assert!(matches!(error, Error::Input(_)) && folder.path().read_dir().unwrap().next().is_none());
    error.to_string()
}

fn series(name: &str, points: &[(f64, f64)]) -> Series {
    Series {
        name: name.to_owned(),
        points: points.to_vec(),
    }
}

#[test]
fn curves_show_every_series_within_their_margins() {
    let falling: Vec<(f64, f64)> = (1..=50)
        .map(|e| (f64::from(e), 100.0 / f64::from(e * e)))
        .collect();
    let flat: Vec<(f64, f64)> = (1..=50).map(|e| (f64::from(e), 1.0)).collect();
    let picture = drawn(|path| {
        curves(
            path,
            "Losses",
            "loss",
            &[series("falling", &falling), series("flat", &flat)],
        )
    });
    assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT));
    assert!(picture.has_white_border());
    for colour in [category(0), category(1), INK, GRID] {
        assert!(
            picture.count(colour) > 500,
            "{colour:?}: {}",
            picture.count(colour)
        );
    }
}

#[test]
fn curves_take_one_point_a_constant_and_gaps() {
    for points in [
        &[(3.0, 0.5)][..],
        &[(1.0, 0.0), (2.0, 0.0)],
        &[
            (1.0, 1.0),
            (2.0, f64::NAN),
            (3.0, f64::INFINITY),
            (4.0, 50.0),
        ],
    ] {
        let picture = drawn(|path| {
            curves(
                path,
                "",
                "loss",
                &[series("s", points), series("empty", &[])],
            )
        });
        assert!(picture.count(category(0)) > 100, "{points:?}");
    }
    assert!(
        refused(|path| curves(path, "Losses", "loss", &[series("s", &[(1.0, f64::NAN)])]))
            .contains("no series has a finite point")
    );
    assert!(refused(|path| curves(path, "Losses", "loss", &[])).contains("\"Losses\""));
}

#[test]
fn long_texts_are_cut_and_not_clipped() {
    let long = "a very long text ".repeat(30);
    let picture = drawn(|path| {
        curves(
            path,
            &long,
            &long,
            &[series(&long, &[(1.0, 1.0), (2.0, 1e-9)])],
        )
    });
    assert!(picture.has_white_border());
}

#[test]
fn a_legend_of_many_rows_leaves_room_for_the_data() {
    let many: Vec<Series> = (0..100)
        .map(|i| {
            series(
                &format!("a series of some length, {i}"),
                &[(1.0, 1.0), (2.0, 1.5)],
            )
        })
        .collect();
    let picture = drawn(|path| curves(path, "Losses", "loss", &many));
    assert!(picture.height > HEIGHT && picture.has_white_border());
}

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
fn pictures_are_the_same_bytes_each_time() {
    let bytes = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        scatter(&path, "Latents", &[[0.0, 1.0], [2.0, 3.0]], Some(&[0, 1])).unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(bytes(), bytes());
}

/// A field of 3 columns and 2 rows, with one value that is not finite.
const FIELD: Field<'_> = Field {
    values: &[0.0, 1.0, 2.0, 3.0, f32::NAN, 5.0],
    columns: 3,
    x: (-1.0, 1.0),
    y: (0.0, 4.0),
};

#[test]
fn heat_maps_have_each_value_in_its_cell_and_a_bar() {
    let picture = drawn(|path| heatmap(path, "Field", ["x", "y", "value"], &FIELD, ("data", &[])));
    assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT));
    assert!(picture.has_white_border());
    let place = |colour: Colour| {
        let all =
            (0..picture.width * picture.height).map(|i| (i % picture.width, i / picture.width));
        // Left of the bar, which has every colour.
        let own: Vec<_> = all
            .filter(|&(x, y)| x < 900 && picture.at(x, y) == colour)
            .collect();
        let sum = own
            .iter()
            .fold((0, 0), |sum, at| (sum.0 + at.0, sum.1 + at.1));
        (
            own.len(),
            sum.0 / own.len().max(1),
            sum.1 / own.len().max(1),
        )
    };
    let [first, second, third, fourth, last] =
        [0.0, 1.0, 2.0, 3.0, 5.0].map(|value| place(ordered(value / 5.0)));
    assert!(
        [first, second, third, fourth, last]
            .iter()
            .all(|cell| cell.0 > 20_000),
        "{first:?} {last:?}"
    );
    // From left to right, the first row below; brighter is larger.
    assert!(first.1 + 100 < second.1 && second.1 + 100 < third.1 && third.2.abs_diff(first.2) < 3);
    assert!(
        fourth.1.abs_diff(first.1) < 3 && fourth.2 + 100 < first.2 && last.1.abs_diff(third.1) < 3
    );
    // Beside the grid lines through its middle.
    assert_eq!(picture.at(second.1 + 20, fourth.2 + 20), WHITE);
    // The bar grows brighter upwards, to the ends of the palette.
    let bar: Vec<(usize, Colour)> = (0..picture.height)
        .filter_map(|y| {
            (900..1060)
                .map(|x| picture.at(x, y))
                .find(|&c| c == ordered(0.0) || c == ordered(1.0))
                .map(|c| (y, c))
        })
        .collect();
    assert_eq!(
        (bar[0].1, bar[bar.len() - 1].1),
        (ordered(1.0), ordered(0.0))
    );
}

#[test]
fn heat_maps_take_constants_points_and_outliers() {
    let flat = Field {
        values: &[0.0; 6],
        ..FIELD
    };
    let picture = drawn(|path| {
        heatmap(
            path,
            "",
            ["x", "y", "value"],
            &flat,
            ("data", &[[0.0, 2.0], [99.0, f32::NAN]]),
        )
    });
    assert!(picture.count(RED) > 10 && picture.has_white_border());
    // One value in a thousand does not take all other colours away.
    let mut values: Vec<f32> = (0..1000).map(|i| i as f32).collect();
    values[500] = 1e9;
    let wild = Field {
        values: &values,
        columns: 50,
        ..FIELD
    };
    let picture = drawn(|path| heatmap(path, "Field", ["x", "y", "value"], &wild, ("data", &[])));
    assert!(picture.count(ordered(1.0)) > 5_000 && picture.count(ordered(0.0)) > 5_000);
}

#[test]
fn heat_maps_refuse_what_they_cannot_draw() {
    let map = |field: Field<'_>| {
        refused(|path| heatmap(path, "Field", ["x", "y", "value"], &field, ("data", &[])))
    };
    assert!(
        map(Field {
            columns: 4,
            ..FIELD
        })
        .contains("6 values in 4 columns")
    );
    assert!(
        map(Field {
            columns: 6,
            ..FIELD
        })
        .contains("at least 2 whole rows")
    );
    assert!(
        map(Field {
            columns: 0,
            ..FIELD
        })
        .contains("in 0 columns")
    );
    assert!(
        map(Field {
            x: (1.0, 1.0),
            ..FIELD
        })
        .contains("1..1 of x")
    );
    assert!(
        map(Field {
            y: (0.0, f64::NAN),
            ..FIELD
        })
        .contains("of y")
    );
    assert!(
        map(Field {
            values: &[f32::NAN; 6],
            ..FIELD
        })
        .contains("no finite value")
    );
}
