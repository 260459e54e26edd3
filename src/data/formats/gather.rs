//! Images are read, decoded on all threads, and brought to one size.

use super::picture::{Image, decode};
use super::picture_set::PictureSet;
use crate::data::Adjustments;
use crate::data::reading::ReadOptions;
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::borrow::Cow;
use std::path::Path;

/// Files that are read before they are decoded.
const BLOCK: usize = 512;
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
        let mut brought_to = |size| {
            let adjustments = adjusted(size);
            let set = self.all(&adjustments, size.is_some(), &name, &mut read)?;
            Ok::<_, Error>((set, adjustments))
        };
        match (&options.like, options.adjustments.sets_size()) {
            (Some(shape), false) if shape.len() == 3 => {
                let (set, adjustments) = brought_to(Some([shape[1], shape[2]]))?;
                Ok((set.with_channels(shape[0]), adjustments))
            }
            (_, sized) => {
                let (set, adjustments) = brought_to(None)?;
                if sized || !set.needs_a_size(options.largest) {
                    Ok((set, adjustments))
                } else {
                    brought_to(Some([SIZE; 2]))
                }
            }
        }
    }

    /// All of them, adjusted; where they are not `sized`, it stops when they turn out to need that.
    fn all<'b>(
        &self,
        adjustments: &Adjustments,
        sized: bool,
        name: &(impl Fn(&F) -> String + Sync),
        read: &mut impl FnMut(&F) -> Result<Cow<'b, [u8]>>,
    ) -> Result<PictureSet> {
        let mut set = PictureSet::new(adjustments.cover, self.most);
        let mut refused = Vec::new();
        for block in self.files.chunks(BLOCK) {
            let packed = block.iter().map(|file| Ok((file, read(file)?)));
            let packed = packed.collect::<Result<Vec<_>>>()?;
            let images: Vec<_> = packed
                .into_par_iter()
                .map(|(file, bytes)| unpack(&bytes, adjustments).map_err(|what| (name(file), what)))
                .collect();
            for image in images {
                match image {
                    Ok((image, stored)) => set.push(image, stored),
                    Err(what) => refused.push(what),
                }
            }
            if !sized && refused.is_empty() && set.is_mixed() {
                break;
            }
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
