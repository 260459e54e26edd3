//! Fields as colours.

use super::*;

/// A field of 3 columns and 2 rows, with one value that is not finite.
const FIELD: Field<'_> = Field {
    values: &[0.0, 1.0, 2.0, 3.0, f32::NAN, 5.0],
    columns: 3,
    x: (-1.0, 1.0),
    y: (0.0, 4.0),
    equal: false,
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

#[test]
fn heat_maps_of_one_unit_have_square_cells() {
    // 3 columns over 2 and 2 rows over 1: every cell is a square.
    let field = Field {
        values: &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        y: (0.0, 1.0),
        equal: true,
        ..FIELD
    };
    let picture = drawn(|path| heatmap(path, "Field", ["x", "y", "value"], &field, ("data", &[])));
    let cell: Vec<(usize, usize)> = (0..picture.width * picture.height)
        .map(|i| (i % picture.width, i / picture.width))
        .filter(|&(x, y)| x < 880 && picture.at(x, y) == ordered(0.2))
        .collect();
    let span = |values: Vec<usize>| values.iter().max().unwrap() - values.iter().min().unwrap();
    let (width, height) = (
        span(cell.iter().map(|p| p.0).collect()),
        span(cell.iter().map(|p| p.1).collect()),
    );
    assert!(
        width > 100 && width.abs_diff(height) <= 2,
        "{width} x {height}"
    );
}
