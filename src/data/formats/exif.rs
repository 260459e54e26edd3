//! The orientation that a camera notes in an image, as Exif has it.

/// Tag of the orientation.
const ORIENTATION: u16 = 0x0112;

/// How an image has to be turned to stand upright, 1 to 8 as in Exif; 1, which is not at all, where
/// `exif` does not say.
pub(super) fn orientation(exif: &[u8]) -> u16 {
    find(exif)
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}

fn find(exif: &[u8]) -> Option<u16> {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let big = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let word = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    };
    let long = |at: usize| {
        let bytes = tiff.get(at..at + 4)?.try_into().ok()?;
        Some(if big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    };
    // A directory: a count, then 12 bytes each of tag, type, count and value.
    let directory = long(4)? as usize;
    let entries = usize::from(word(directory)?);
    let mut entry = (0..entries).map(|i| directory + 2 + 12 * i);
    let found = entry.find(|&at| word(at) == Some(ORIENTATION))?;
    word(found + 8)
}

/// Planes [channels, height, width] turned upright from `orientation`, and the height and width
/// that they then have.
pub(super) fn upright<T: Copy>(
    pixels: &[T],
    [height, width]: [usize; 2],
    orientation: u16,
) -> (Vec<T>, [usize; 2]) {
    let (last_row, last_column) = (height - 1, width - 1);
    let size = if orientation >= 5 {
        [width, height]
    } else {
        [height, width]
    };
    let from = |y: usize, x: usize| match orientation {
        2 => (y, last_column - x),
        3 => (last_row - y, last_column - x),
        4 => (last_row - y, x),
        5 => (x, y),
        6 => (last_row - x, y),
        7 => (last_row - x, last_column - y),
        8 => (x, last_column - y),
        _ => (y, x),
    };
    let turned = pixels.chunks_exact(height * width).flat_map(|plane| {
        (0..size[0] * size[1]).map(move |at| {
            let (y, x) = from(at / size[1], at % size[1]);
            plane[y * width + x]
        })
    });
    (turned.collect(), size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_orientation_stands_upright() {
        // As a camera stores an upright image of rows 123 and 456.
        for (orientation, stored, sides) in [
            (1, [1, 2, 3, 4, 5, 6], [2, 3]),
            (2, [3, 2, 1, 6, 5, 4], [2, 3]),
            (3, [6, 5, 4, 3, 2, 1], [2, 3]),
            (4, [4, 5, 6, 1, 2, 3], [2, 3]),
            (5, [1, 4, 2, 5, 3, 6], [3, 2]),
            (6, [3, 6, 2, 5, 1, 4], [3, 2]),
            (7, [6, 3, 5, 2, 4, 1], [3, 2]),
            (8, [4, 1, 5, 2, 6, 3], [3, 2]),
        ] {
            let turned = upright(&stored, sides, orientation);
            assert_eq!(turned, (vec![1, 2, 3, 4, 5, 6], [2, 3]), "{orientation}");
        }
    }

    #[test]
    fn the_tag_is_found_in_either_byte_order_and_damage_is_not_followed() {
        let little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        assert_eq!((orientation(little), orientation(big)), (6, 8));
        for end in 0..little.len() {
            assert!(matches!(orientation(&little[..end]), 1 | 6));
        }
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff\xff"), 1);
    }
}
