//! Images are read, decoded on all threads, and brought to one size.

use super::picture::{Image, decode};
use super::picture_set::PictureSet;
use crate::data::Adjustments;
use crate::data::reading::ReadOptions;
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::borrow::Cow;
use std::path::Path;

/// Files that are read before they are decoded, at most.
const BLOCK: usize = 512;
/// Bytes that the images of a block take before they are adjusted, about.
const DECODED: usize = 1 << 28;
/// Channels of an image, at most.
const CHANNELS: usize = 4;
/// Height and width that images of different sizes are brought to.
pub const SIZE: usize = 64;

/// Files of images, and what they are in.
pub(super) struct Images<'f, F> {
    pub(super) source: &'f Path,
    pub(super) files: &'f [F],
    /// Bytes of pixels that are kept, at most; of more, none are.
    pub(super) most: usize,
}

impl<F: Sync> Images<'_, F> {
    /// Reads all of them as `options` say, and tells how each was adjusted. Where they differ in size or
    /// are too large, they are brought to [`SIZE`], unless the options say to which one.
    ///
    /// # Errors
    /// When some of them are damaged or cannot be adjusted; the first ones are named.
    pub(super) fn gather<'b>(
        &self,
        options: &ReadOptions,
        name: impl Fn(&F) -> String + Sync,
        mut read: impl FnMut(&F) -> Result<Cow<'b, [u8]>>,
    ) -> Result<(PictureSet, Adjustments)> {
        let adjusted = |size: Option<[usize; 2]>| Adjustments {
            cover: size.or(options.adjustments.cover),
            ..options.adjustments.clone()
        };
        let sized = options.adjustments.sets_size();
        let mut brought_to = |size: Option<[usize; 2]>| {
            let adjustments = adjusted(size);
            let differ = (!sized && size.is_none()).then_some(options.largest);
            let set = self.all(&adjustments, differ, &name, &mut read)?;
            Ok::<_, Error>((set, adjustments))
        };
        match &options.like {
            Some(shape) if !sized && shape.len() == 3 => {
                let (set, adjustments) = brought_to(Some([shape[1], shape[2]]))?;
                Ok((set.with_channels(shape[0]), adjustments))
            }
            _ => {
                let (set, adjustments) = brought_to(None)?;
                if sized || !set.needs_a_size(options.largest) {
                    Ok((set, adjustments))
                } else {
                    brought_to(Some([SIZE; 2]))
                }
            }
        }
    }

    /// All of them, adjusted. Where they may `differ` in size, it stops when they turn out to, or to have a
    /// side longer than what is given with that. The first block is small: of photographs a few hundred
    /// would fill the memory.
    fn all<'b>(
        &self,
        adjustments: &Adjustments,
        differ: Option<Option<usize>>,
        name: &(impl Fn(&F) -> String + Sync),
        read: &mut impl FnMut(&F) -> Result<Cow<'b, [u8]>>,
    ) -> Result<PictureSet> {
        let mut set = PictureSet::new(adjustments.cover, self.most);
        let mut refused = Vec::new();
        let threads = rayon::current_num_threads().min(BLOCK);
        let (mut rest, mut length) = (self.files, threads);
        while !rest.is_empty() {
            let (block, others) = rest.split_at(length.min(rest.len()));
            rest = others;
            let packed = block.iter().map(|file| Ok((file, read(file)?)));
            let packed = packed.collect::<Result<Vec<_>>>()?;
            let images: Vec<_> = packed
                .into_par_iter()
                .map(|(file, bytes)| unpack(&bytes, adjustments).map_err(|what| (name(file), what)))
                .collect();
            let mut most = 1;
            for image in images {
                match image {
                    Ok((image, stored)) => {
                        most = most.max(CHANNELS * stored[0] * stored[1]);
                        set.push(image, stored);
                    }
                    Err(what) => refused.push(what),
                }
            }
            if refused.is_empty() && differ.is_some_and(|largest| set.needs_a_size(largest)) {
                break;
            }
            length = (DECODED / most).clamp(threads, BLOCK);
        }
        self.refuse(&refused).map(|()| set)
    }

    /// # Errors
    /// When any were refused: their names, and why.
    fn refuse(&self, refused: &[(String, String)]) -> Result<()> {
        let Some((first, others)) = refused.split_first() else {
            return Ok(());
        };
        let named: Vec<&str> = others.iter().take(4).map(|(name, _)| &**name).collect();
        let more = match others.len() {
            0 => String::new(),
            1..=4 => format!("; so are {}", named.join(", ")),
            count => format!("; so are {} and {} more", named.join(", "), count - 4),
        };
        Err(Error::input(format!(
            "{}: {} in it {}{more}: replace or remove it",
            self.source.display(),
            first.0,
            first.1
        )))
    }
}

/// The image in the bytes of a file, adjusted, with the height and width that it had. An error is the
/// end of a sentence that begins with the file's name.
pub(super) fn unpack(
    bytes: &[u8],
    adjustments: &Adjustments,
) -> Result<(Image, [usize; 2]), String> {
    let mut image = decode(bytes)?;
    let stored = [image.shape[1], image.shape[2]];
    (image.pixels, image.shape) = adjustments.image(image.pixels, image.shape)?;
    Ok((image, stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_images_are_decoded_before_they_are_brought_to_a_size() {
        let mut png = Vec::new();
        let encoder = png::Encoder::new(&mut png, 70, 50);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[9; 70 * 50]).unwrap();
        drop(writer);
        let files: Vec<usize> = (0..BLOCK + 100).collect();
        let images = Images {
            source: Path::new("photos"),
            files: &files,
            most: usize::MAX,
        };
        for (largest, size, shape) in [
            (Some(64), None, [1, SIZE, SIZE]),
            (Some(64), Some([66, 66]), [1, 66, 66]),
            (None, None, [1, 50, 70]),
        ] {
            let options = ReadOptions {
                largest,
                adjustments: Adjustments {
                    size,
                    ..Adjustments::default()
                },
                ..ReadOptions::default()
            };
            let mut reads = 0;
            let read = |_: &usize| {
                reads += 1;
                Ok(Cow::Borrowed(&png[..]))
            };
            let (set, _) = images.gather(&options, usize::to_string, read).unwrap();
            let twice = if shape[1] == SIZE {
                rayon::current_num_threads()
            } else {
                0
            };
            assert!(reads <= files.len() + twice, "{reads}");
            let reading = set.finish(None, None);
            assert_eq!(
                (reading.data.samples, &reading.data.shape[..]),
                (files.len(), &shape[..])
            );
        }
    }
}
