//! Values of named features.

use super::*;

fn panel(label: &str, [of_data, of_model]: [f64; 2]) -> Panel {
    let series = |name: &str, value: f64| Series {
        name: name.into(),
        points: vec![(0.0, value), (1.0, 0.0), (2.0, 1.0)],
    };
    Panel {
        label: label.into(),
        series: vec![series("data", of_data), series("model", of_model)],
    }
}

#[test]
fn every_feature_has_a_row_from_the_top_down() {
    let names = [
        "age",
        "a name that is far too long for its place in the picture",
        "z",
    ];
    let names = names.map(str::to_owned);
    let panels = [panel("best", [0.2, 0.8]), panel("worst", [0.0, 1.0])];
    let picture = drawn(|path| feature_panels(path, "Features", &names, &panels));
    assert!(picture.has_white_border());
    let rows: Vec<usize> = (0..picture.height)
        .filter(|&y| (0..picture.width).any(|x| picture.at(x, y) == category(1)))
        .collect();
    // The legend, and three rows, evenly spaced.
    let starts: Vec<usize> = rows
        .windows(2)
        .filter(|pair| pair[1] > pair[0] + 1)
        .map(|pair| pair[1])
        .collect();
    assert_eq!(starts.len(), 3, "{rows:?}");
    assert!(
        (starts[2] - starts[1]).abs_diff(starts[1] - starts[0]) <= 1,
        "{starts:?}"
    );
    // In the second and the third row a dot lies on another, whose rim stays.
    assert!(picture.count(category(0)) > 0);
    let mut nothing = panels[0].clone();
    nothing.series.truncate(1);
    nothing.series[0].points = vec![(0.0, f64::NAN)];
    let told = refused(|path| feature_panels(path, "Nothing", &names, &[nothing]));
    assert!(told.contains("no series has a finite point"), "{told}");
}
