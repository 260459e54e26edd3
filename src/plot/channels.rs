//! Images of any number of channels as pictures, which have three colours.

use std::borrow::Cow;

/// `images` [count, channels, height, width] of `shape` = [channels, height, width] as grey ones (1
/// channel) or RGB (3), and their shape: two channels are red and green, and of more the first
/// three are shown. `black` is the value of what is missing.
pub fn drawn_channels(
    images: &[f32],
    [channels, height, width]: [usize; 3],
    black: f32,
) -> (Cow<'_, [f32]>, [usize; 3]) {
    if matches!(channels, 1 | 3) {
        return (images.into(), [channels, height, width]);
    }
    let (area, shown) = (height * width, channels.min(3));
    let missing = vec![black; (3 - shown) * area];
    let drawn = images
        .chunks_exact(channels * area)
        .flat_map(|image| image[..shown * area].iter().chain(&missing).copied())
        .collect();
    (Cow::Owned(drawn), [3, height, width])
}

/// What a picture of images of so many channels shows, as a sentence; nothing where it shows all as
/// anyone expects.
pub fn shown_channels(channels: usize) -> Option<String> {
    match channels {
        1 | 3 => None,
        2 => Some("Red and green are the two channels.".into()),
        _ => Some(format!(
            "Red, green and blue are the first three of {channels} channels."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_are_red_and_green_and_of_more_the_first_three_are_shown() {
        let two = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(
            drawn_channels(&two, [2, 1, 1], -1.0),
            (vec![1.0, 2.0, -1.0, 3.0, 4.0, -1.0].into(), [3, 1, 1])
        );
        let five = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(
            drawn_channels(&five, [5, 1, 1], 0.0),
            (vec![1.0, 2.0, 3.0].into(), [3, 1, 1])
        );
        assert_eq!(drawn_channels(&five, [1, 1, 5], 0.0).1, [1, 1, 5]);
        assert!(shown_channels(5).unwrap().contains("first three of 5"));
        assert!(shown_channels(3).is_none() && shown_channels(1).is_none());
    }
}
