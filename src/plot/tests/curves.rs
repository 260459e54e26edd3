//! Losses over the epochs.

use super::*;

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

/// A tenth of the largest value is at a tenth of the height, and on a logarithmic axis far above.
#[test]
fn axes_of_signals_are_linear() {
    let panels = [Panel {
        label: "signal".into(),
        series: vec![series("a", &[(1.0, 1e-4), (2.0, 0.1), (3.0, 1.0)])],
    }];
    let linear = drawn(|path| signal_panels(path, "Signals", "time step", &panels));
    let logarithmic = drawn(|path| curve_panels(path, "Signals", "time step", &panels, None));
    assert_eq!(linear.height, logarithmic.height);
    // A straight line between distant values is shorter than one that is bent.
    assert!(linear.count(category(0)) != logarithmic.count(category(0)));
}

#[test]
fn panels_lie_below_one_another_with_the_best_epoch_marked() {
    let panel = |label: &str, value: f64| Panel {
        label: label.to_owned(),
        series: vec![series("a", &[(1.0, value), (20.0, 2.0 * value)])],
    };
    let panels = [panel("loss", 1.0), panel("error", 100.0)];
    let draw = |panels: &[Panel], marked| {
        drawn(|path| curve_panels(path, "Training", "epoch", panels, marked))
    };
    let (one, two) = (draw(&panels[..1], None), draw(&panels, None));
    assert_eq!((two.width, two.height), (WIDTH, one.height + 400));
    assert!(two.has_white_border());
    assert!(two.count(category(0)) > 19 * one.count(category(0)) / 10);
    // Two dotted lines and their names in the legends.
    let marked = draw(&panels, Some(("best epoch", 7.0)));
    assert!(marked.count(INK) > two.count(INK) + 300);
    let empty = Panel {
        label: String::new(),
        series: Vec::new(),
    };
    let one_left = draw(&[empty.clone(), panels[0].clone()], None);
    assert_eq!(one_left.height, one.height);
    for panels in [&[][..], &[empty]] {
        let message = refused(|path| curve_panels(path, "Training", "epoch", panels, None));
        assert!(message.contains("\"Training\""), "{message}");
    }
}
