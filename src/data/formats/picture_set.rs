//! The images of a folder as they become a data set.

use super::picture::Image;
use crate::data::reading::Reading;
use crate::data::{Dataset, Values};
use std::collections::BTreeSet;

/// What a byte counts among values of 16 bits: white stays white.
pub(super) const WORDS_OF_BYTE: f32 = 257.0;

/// Images so far, all of one shape, and what was found in them.
pub(super) struct PictureSet {
    /// Height and width that they are brought to, where they are.
    size: Option<[usize; 2]>,
    shape: [usize; 3],
    /// None where they would be more than `most` bytes.
    pixels: Option<Pixels>,
    most: usize,
    /// Heights and widths before any adjustment.
    stored: BTreeSet<[usize; 2]>,
    /// Whether one of another size than the first was refused.
    mixed: bool,
    count: usize,
    grey: usize,
    transparent: usize,
    turned: usize,
    words: usize,
}

enum Pixels {
    Bytes(Vec<u8>),
    Words(Vec<f32>),
}

impl PictureSet {
    /// Images that were brought to `size`, where it is given, with at most so many bytes of pixels.
    pub(super) fn new(size: Option<[usize; 2]>, most: usize) -> Self {
        Self {
            size,
            shape: [0; 3],
            pixels: Some(Pixels::Bytes(Vec::new())),
            most,
            stored: BTreeSet::new(),
            mixed: false,
            count: 0,
            grey: 0,
            transparent: 0,
            turned: 0,
            words: 0,
        }
    }

    /// Adds an image that had the height and width `stored`; grey ones among coloured ones become
    /// coloured, and those of 8 bits among those of 16 bits count as much.
    pub(super) fn push(&mut self, image: Image, stored: [usize; 2]) {
        self.stored.insert(stored);
        if self.count == 0 {
            self.shape = image.shape;
        }
        if image.shape[1..] != self.shape[1..] {
            self.mixed = true;
            return;
        }
        self.count += 1;
        self.grey += usize::from(image.shape[0] == 1);
        self.transparent += usize::from(image.transparent);
        self.turned += usize::from(image.turned);
        self.words += usize::from(matches!(image.pixels, Values::Floats(_)));
        let area = image.shape[1] * image.shape[2];
        let coloured = image.shape[0] > self.shape[0];
        self.shape[0] = self.shape[0].max(image.shape[0]);
        let size = if self.words > 0 { 4 } else { 1 };
        if (self.count * size).saturating_mul(self.shape[0] * area) > self.most {
            self.pixels = None;
        }
        let Some(all) = &mut self.pixels else { return };
        if coloured {
            all.colour(area);
        }
        let mut pixels = Pixels::from(image.pixels);
        if image.shape[0] < self.shape[0] {
            pixels.colour(area);
        }
        all.append(pixels);
    }

    /// The shape of all images where their pixels were too many to be kept, and whether they have 16 bits
    /// a value.
    pub(super) fn too_large(&self) -> Option<([usize; 3], bool)> {
        self.pixels
            .is_none()
            .then_some((self.shape, self.words > 0))
    }

    /// Whether the images have to be brought to one size: they differ, or have a side longer than
    /// `largest`.
    pub(super) fn needs_a_size(&self, largest: Option<usize>) -> bool {
        self.mixed || largest.is_some_and(|largest| self.shape[1].max(self.shape[2]) > largest)
    }

    /// The same with three equal channels where they are grey and `channels` is 3.
    pub(super) fn with_channels(mut self, channels: usize) -> Self {
        if (self.shape[0], channels) == (1, 3) {
            if let Some(pixels) = &mut self.pixels {
                pixels.colour(self.shape[1] * self.shape[2]);
            }
            self.shape[0] = 3;
        }
        self
    }

    /// The data set, with a label for each image where there are classes, and what a person should
    /// know of it. Pixels that were not kept are those of `mapped`.
    pub(super) fn finish(self, labels: Option<Vec<u32>>, mapped: Option<Values>) -> Reading {
        let notes = self.notes();
        let values = match self.pixels.unwrap_or(Pixels::Bytes(Vec::new())) {
            Pixels::Bytes(pixels) => Values::Bytes(pixels.into()),
            Pixels::Words(pixels) => Values::Floats(pixels.into()),
        };
        let values = mapped.unwrap_or(values);
        Reading {
            data: Dataset {
                samples: self.count,
                shape: self.shape.to_vec(),
                values,
                labels,
                parameter: None,
            },
            classes: None,
            columns: Vec::new(),
            means: Vec::new(),
            notes,
        }
    }

    fn notes(&self) -> Vec<String> {
        let (count, mut notes) = (self.count, Vec::new());
        let of = |some: usize| format!("{some} of {count} images");
        if let Some([rows, columns]) = self.size
            && self.stored.iter().any(|&size| size != [rows, columns])
        {
            let from = match (self.stored.first(), self.stored.last()) {
                (Some([h, w]), Some(last)) if last == &[*h, *w] => format!("{h} x {w} pixels"),
                _ => format!(
                    "{} sizes with sides of {} to {} pixels",
                    self.stored.len(),
                    self.stored.iter().flatten().min().unwrap_or(&0),
                    self.stored.iter().flatten().max().unwrap_or(&0)
                ),
            };
            notes.push(format!(
                "Images: {from}, cropped in the middle and resized to {rows} x {columns}; --size chooses another"
            ));
        }
        if (1..count).contains(&self.grey) && self.shape[0] == 3 {
            let grey = of(self.grey);
            notes.push(format!(
                "Images: {grey} are grey and have three equal channels"
            ));
        }
        if self.words > 0 {
            let others = match count - self.words {
                0 => String::new(),
                some => format!("; the {some} of 8 bits are spread over 0 to 65535, too"),
            };
            notes.push(format!(
                "Images: {} have 16 bits a channel, which are kept{others}",
                of(self.words)
            ));
        }
        if self.turned > 0 {
            let turned = of(self.turned);
            notes.push(format!(
                "Images: {turned} are turned as their camera noted (Exif)"
            ));
        }
        if self.transparent > 0 {
            let transparent = of(self.transparent);
            notes.push(format!(
                "Images: {transparent} are partly transparent and laid over white"
            ));
        }
        notes
    }
}

impl Pixels {
    fn from(values: Values) -> Self {
        match values {
            Values::Bytes(values) => Self::Bytes(values.into()),
            values => Self::Words(values.to_floats()),
        }
    }

    /// Three equal planes for each one of `area` pixels.
    fn colour(&mut self, area: usize) {
        fn threefold<T: Copy>(values: &[T], area: usize) -> Vec<T> {
            let planes = values.chunks_exact(area);
            planes.flat_map(|plane| [plane; 3].concat()).collect()
        }
        *self = match self {
            Self::Bytes(values) => Self::Bytes(threefold(values, area)),
            Self::Words(values) => Self::Words(threefold(values, area)),
        };
    }

    fn words(self) -> Vec<f32> {
        match self {
            Self::Bytes(values) => values
                .into_iter()
                .map(|value| WORDS_OF_BYTE * f32::from(value))
                .collect(),
            Self::Words(values) => values,
        }
    }

    fn append(&mut self, others: Self) {
        match (&mut *self, others) {
            (Self::Bytes(values), Self::Bytes(others)) => values.extend(others),
            (Self::Words(values), others) => values.extend(others.words()),
            (Self::Bytes(values), Self::Words(others)) => {
                let mut words = Self::Bytes(std::mem::take(values)).words();
                words.extend(others);
                *self = Self::Words(words);
            }
        }
    }
}
