//! Images in their places of a plane.

use super::*;

const MAP: ImageMap<'_> = ImageMap {
    images: &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0],
    shape: [3, 1, 1],
    range: (0.0, 1.0),
    places: &[[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]],
    weights: &[1.0, 0.5, 0.0],
    side: 1.0,
};

#[test]
fn images_fade_to_the_background_as_their_weights_say() {
    let picture = drawn(|path| image_map(path, "Grid", ["z1", "z2"], &MAP));
    assert_eq!(picture.width, WIDTH);
    assert!(picture.has_white_border());
    let place = |colour: Colour| {
        let all = (0..picture.width * picture.height)
            .map(|i| (i % picture.width, i / picture.width))
            .filter(|&(x, y)| picture.at(x, y) == colour);
        let own: Vec<_> = all.collect();
        let span = |of: fn(&(usize, usize)) -> usize| {
            let values = own.iter().map(of);
            (values.clone().min().unwrap(), values.max().unwrap())
        };
        (span(|p| p.0), span(|p| p.1))
    };
    let (blue, pale) = (place([0, 0, 255]), place([128, 128, 255]));
    // Squares of the same size in the same row, two sides apart; the third is not there.
    let size = |(low, high): (usize, usize)| high - low;
    assert!(
        size(blue.0) > 250 && size(blue.0).abs_diff(size(blue.1)) <= 1,
        "{blue:?}"
    );
    assert!(blue.1 == pale.1 && pale.0.0 > blue.0.1 + size(blue.0));
    let row_above = blue.1.0 - size(blue.1) / 2;
    let middle = pale.0.0 + size(pale.0) / 3;
    assert_eq!(picture.at(middle, row_above), WHITE);
}

#[test]
fn what_does_not_fit_is_refused() {
    let of = |map: ImageMap<'_>| refused(|path| image_map(path, "Grid", ["z1", "z2"], &map));
    let message = of(ImageMap {
        weights: &[1.0],
        ..MAP
    });
    assert!(
        message.contains("3 images, but 3 places and 1 weights"),
        "{message}"
    );
    assert!(of(ImageMap { side: 0.0, ..MAP }).contains("a side of 0"));
    assert!(
        of(ImageMap {
            range: (1.0, 1.0),
            ..MAP
        })
        .contains("range")
    );
}
