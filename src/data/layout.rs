//! Which axis of an array is which.

use super::array::{Array, Values};
use serde::{Deserialize, Serialize};

/// Which axis of an array [N, ...] is which: height H, width W, channels C, length L of a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// By the shape: [N, n] vectors, [N, H, W] grey images, or signals where they are no bytes and one
    /// side is 8 times the other, and of four axes those with channels at the end where they are
    /// likelier to be
    #[default]
    Auto,
    /// Images with their channels first, as PyTorch has them: [N, C, H, W]
    Nchw,
    /// Images with their channels last: [N, H, W, C]
    Nhwc,
    /// Grey images: [N, H, W]
    Nhw,
    /// Signals with their channels first: [N, C, L]
    Ncl,
    /// Signals with their channels last: [N, L, C]
    Nlc,
    /// Signals of one channel: [N, L]
    Nl,
}

/// Sides of a three-dimensional array that are so far apart are channels and a length.
const LONG: usize = 8;

/// Whether samples with these sides, which are no pixels in bytes, are signals.
fn long_beside(channels: usize, length: usize, bytes: bool) -> bool {
    !bytes && channels > 1 && length >= LONG * channels
}

impl Layout {
    /// What the command line calls it, which is its axes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Nchw => "nchw",
            Self::Nhwc => "nhwc",
            Self::Nhw => "nhw",
            Self::Ncl => "ncl",
            Self::Nlc => "nlc",
            Self::Nl => "nl",
        }
    }

    /// What [`Layout::Auto`] stands for on an array of `shape`, of `bytes` or not; `None` for vectors and for what is neither images nor
    /// signals.
    ///
    /// Of four axes, channels are the second or the last: for bytes the last where it is 1, 3 or 4,
    /// else the second where it is, else the smaller of the two. Where they are equal, floats have
    /// channels first and bytes last.
    pub fn chosen(shape: &[usize], bytes: bool) -> Option<Self> {
        let colour = |channels: usize| matches!(channels, 1 | 3 | 4);
        Some(match *shape {
            [_, channels, length] if long_beside(channels, length, bytes) => Self::Ncl,
            [_, length, channels] if long_beside(channels, length, bytes) => Self::Nlc,
            [_, _, _] => Self::Nhw,
            [_, _, _, last] if bytes && colour(last) => Self::Nhwc,
            [_, first, _, _] if colour(first) => Self::Nchw,
            [_, first, _, last] if last < first || (bytes && last == first) => Self::Nhwc,
            [_, _, _, _] => Self::Nchw,
            _ => return None,
        })
    }

    /// The layout in which samples of an array of `shape` have the shape `wanted`; the one that
    /// [`Layout::Auto`] stands for where it does.
    pub(super) fn giving(shape: &[usize], bytes: bool, wanted: &[usize]) -> Option<Self> {
        let all = [
            Self::Nchw,
            Self::Nhwc,
            Self::Nhw,
            Self::Ncl,
            Self::Nlc,
            Self::Nl,
        ];
        let chosen = Self::chosen(shape, bytes);
        let mut likely = chosen.into_iter().chain(all);
        likely.find(|layout| layout.sample(shape).is_some_and(|sample| sample == wanted))
    }

    /// The shape of a sample, [channels, height, width], of an array that has as many axes as the
    /// layout.
    fn sample(self, shape: &[usize]) -> Option<[usize; 3]> {
        Some(match (self, shape) {
            (Self::Nchw, &[_, c, h, w]) | (Self::Nhwc, &[_, h, w, c]) => [c, h, w],
            (Self::Nhw, &[_, h, w]) => [1, h, w],
            (Self::Ncl, &[_, c, l]) | (Self::Nlc, &[_, l, c]) => [c, 1, l],
            (Self::Nl, &[_, l]) => [1, 1, l],
            _ => return None,
        })
    }

    /// `array` with its axes in the order of samples, and the shape of one. An error is the end of a
    /// sentence that begins with the array's name.
    pub(super) fn samples(self, array: Array) -> Result<(Vec<usize>, Values), String> {
        let Array { shape, values } = array;
        let layout = match self {
            Self::Auto => match (Self::chosen(&shape, is_bytes(&values)), &*shape) {
                (Some(layout), _) => layout,
                (None, &[_, n]) => return Ok((vec![n], values)),
                (None, &[n]) => {
                    return Err(format!(
                        "has the shape [{n}], one axis: reshape it to [{n}, 1] for {n} samples of one feature, x.reshape(-1, 1), or to \
                         [1, {n}] for one sample"
                    ));
                }
                (None, _) => {
                    return Err(format!(
                        "has the shape {shape:?}: give vectors as [N, n], images as [N, H, W], [N, C, H, W] or [N, H, W, C], signals as \
                         [N, C, L] with --layout ncl"
                    ));
                }
            },
            layout => layout,
        };
        let Some(sample) = layout.sample(&shape) else {
            let axes: Vec<String> = layout
                .name()
                .to_uppercase()
                .chars()
                .map(String::from)
                .collect();
            return Err(format!(
                "has the shape {shape:?}, but --layout {} is for [{}]",
                layout.name(),
                axes.join(", ")
            ));
        };
        let values = match layout {
            Self::Nhwc | Self::Nlc => values.channels_first(sample[0], sample[1] * sample[2]),
            _ => values,
        };
        Ok((sample.to_vec(), values))
    }

    /// What is said of an array of `shape` that is read by [`Layout::Auto`] where it may have been
    /// meant otherwise.
    pub(super) fn remark(self, shape: &[usize], bytes: bool) -> Option<String> {
        if self != Self::Auto {
            return None;
        }
        let colour = |channels: usize| matches!(channels, 1 | 3 | 4);
        match (Self::chosen(shape, bytes)?, shape) {
            (signals @ (Self::Ncl | Self::Nlc), _) => {
                let axes = if signals == Self::Ncl {
                    "[N, C, L]"
                } else {
                    "[N, L, C]"
                };
                Some(format!(
                    "Layout: {shape:?} taken as {axes}, signals; if they are grey images, give --layout nhw"
                ))
            }
            (Self::Nhw, _) => None,
            (Self::Nhwc, &[_, first, _, last]) if bytes && colour(last) && !colour(first) => None,
            (Self::Nchw, &[_, first, _, last]) if colour(first) && !colour(last) => None,
            (chosen, _) => {
                let (taken, other) = match chosen {
                    Self::Nhwc => ("[N, H, W, C], channels last", "nchw"),
                    _ => ("[N, C, H, W], channels first", "nhwc"),
                };
                Some(format!(
                    "Layout: {shape:?} taken as {taken}; --layout {other} takes the other end"
                ))
            }
        }
    }
}

fn is_bytes(values: &Values) -> bool {
    matches!(values, Values::Bytes(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_where_they_are_likelier_to_be() {
        for (shape, bytes, expected, said) in [
            ([9, 5, 16, 16], false, Layout::Nchw, true),
            ([9, 16, 16, 5], false, Layout::Nhwc, true),
            ([9, 2, 40, 30], false, Layout::Nchw, true),
            ([9, 64, 64, 2], true, Layout::Nhwc, true),
            ([9, 32, 32, 3], true, Layout::Nhwc, false),
            ([9, 32, 32, 3], false, Layout::Nhwc, true),
            ([9, 3, 32, 32], true, Layout::Nchw, false),
            ([9, 3, 32, 32], false, Layout::Nchw, false),
            ([9, 3, 4, 4], true, Layout::Nhwc, true),
            ([9, 6, 6, 6], true, Layout::Nhwc, true),
            ([9, 6, 6, 6], false, Layout::Nchw, true),
        ] {
            assert_eq!(Layout::chosen(&shape, bytes), Some(expected), "{shape:?}");
            let remark = Layout::Auto.remark(&shape, bytes);
            assert_eq!(remark.is_some(), said, "{shape:?}: {remark:?}");
        }
        assert_eq!(Layout::chosen(&[9, 2, 100], false), Some(Layout::Ncl));
        assert_eq!(Layout::chosen(&[9, 100, 2], false), Some(Layout::Nlc));
        assert_eq!(Layout::chosen(&[9, 2, 100], true), Some(Layout::Nhw));
        assert_eq!(Layout::chosen(&[9, 20, 100], false), Some(Layout::Nhw));
        assert_eq!(Layout::chosen(&[9, 1, 100], false), Some(Layout::Nhw));
        let signals = [9, 2, 100];
        assert!(
            Layout::Auto
                .remark(&signals, false)
                .unwrap()
                .contains("give --layout nhw")
        );
        assert!(Layout::Nhw.remark(&signals, false).is_none());
        assert!(Layout::Auto.remark(&[9, 28, 28], false).is_none());
    }

    #[test]
    fn a_model_finds_the_layout_that_gives_its_samples() {
        for (shape, wanted, expected) in [
            (&[9, 2, 100][..], [2, 1, 100], Layout::Ncl),
            (&[9, 100, 2], [2, 1, 100], Layout::Nlc),
            (&[9, 2, 100], [1, 2, 100], Layout::Nhw),
            (&[9, 100], [1, 1, 100], Layout::Nl),
            (&[9, 16, 16, 5], [5, 16, 16], Layout::Nhwc),
            (&[9, 5, 16, 16], [5, 16, 16], Layout::Nchw),
        ] {
            assert_eq!(Layout::giving(shape, false, &wanted), Some(expected));
        }
        assert_eq!(Layout::giving(&[9, 7], false, &[1, 2, 4]), None);
    }
}
