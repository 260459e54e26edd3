//! One image file: PNG, JPEG, WebP or BMP.

use super::exif::{orientation, upright};
use crate::data::{Values, write_atomically};
use crate::error::Result as Written;
use std::io::{self, Cursor};
use std::path::Path;
use zune_bmp::BmpDecoder;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Bytes that one decoded image may take.
const LARGEST: usize = 1 << 28;
/// Bytes that deflate packs into one, at most.
const DEFLATED: usize = 1032;
/// Endings of the files that are read.
pub(super) const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "webp", "bmp"];

/// An image.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Image {
    /// [channels, height, width], in this order; 1 channel for grey, 3 for RGB. Bytes, or floats from
    /// 0 to 65535 where the file has 16 bits a channel.
    pub(super) pixels: Values,
    /// Channels, height and width.
    pub(super) shape: [usize; 3],
    /// Whether some of it was transparent, and is laid over white.
    pub(super) transparent: bool,
    /// Whether it was turned, as its camera noted.
    pub(super) turned: bool,
}

/// The ending of a file's name, in small letters; empty where it has none.
pub(super) fn ending(name: &str) -> String {
    let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
    file.rsplit_once('.')
        .map_or(String::new(), |(_, ending)| ending.to_lowercase())
}

/// Whether a file of this name is an image that [`decode`] takes.
pub(super) fn is_picture(name: &str) -> bool {
    ENDINGS.contains(&ending(name).as_str())
}

/// Decodes a PNG, JPEG, WebP (its first frame) or BMP, by the first bytes. Fewer than 8 bits are
/// spread over 0 to 255 (of one bit, 0 is black and 1 is 255), palettes resolved, what is
/// transparent is laid over white, and what a camera held on its side is turned upright. An error
/// is the end of a sentence that begins with the file's name.
pub(super) fn decode(bytes: &[u8]) -> Result<Image, String> {
    let decoded = if bytes.starts_with(b"\x89PNG") {
        decode_png(bytes)?
    } else if bytes.starts_with(&[0xff, 0xd8]) {
        decode_jpeg(bytes)?
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        decode_webp(bytes)?
    } else if bytes.starts_with(b"BM") {
        decode_bmp(bytes)?
    } else {
        return Err("is neither PNG, JPEG, WebP nor BMP, whatever its name says".into());
    };
    let Decoded {
        pixels,
        channels,
        height,
        width,
        orientation,
    } = decoded;
    let area = height * width;
    if area == 0 || pixels.len() != channels * area {
        return Err(format!(
            "cannot be decoded: {height} x {width} pixels of {channels} channels are not {} values",
            pixels.len()
        ));
    }
    // Alpha is the last of 2 or 4 channels.
    let kept = channels - usize::from(channels.is_multiple_of(2));
    let mut image = Image {
        pixels: Values::Bytes(Vec::new().into()),
        shape: [kept, height, width],
        transparent: false,
        turned: orientation != 1,
    };
    match pixels {
        Pixels::Bytes(pixels) => {
            let (planes, transparent) = planes(&pixels, channels, kept, 255);
            let (planes, [height, width]) = upright(&planes, [height, width], orientation);
            image.pixels = Values::Bytes(planes.into());
            (image.shape, image.transparent) = ([kept, height, width], transparent);
        }
        Pixels::Words(pixels) => {
            let (planes, transparent) = planes(&pixels, channels, kept, 65535);
            let (planes, [height, width]) = upright(&planes, [height, width], orientation);
            image.pixels = Values::Floats(planes.into_iter().map(f32::from).collect());
            (image.shape, image.transparent) = ([kept, height, width], transparent);
        }
    }
    Ok(image)
}

/// The first `kept` of `channels`, which lie last in `pixels`, as planes; laid over white by the
/// alpha behind them where there is one, and whether that shows anywhere.
fn planes<T: Copy + Into<u64> + TryFrom<u64>>(
    pixels: &[T],
    channels: usize,
    kept: usize,
    peak: u64,
) -> (Vec<T>, bool) {
    let alphas = || pixels.iter().skip(kept).step_by(channels);
    let transparent = kept < channels && alphas().any(|&alpha| alpha.into() != peak);
    let plane = |channel: usize| {
        pixels.chunks_exact(channels).map(move |pixel| {
            if !transparent {
                return pixel[channel];
            }
            let (value, alpha): (u64, u64) = (pixel[channel].into(), pixel[kept].into());
            let over_white = (value * alpha + peak * (peak - alpha) + peak / 2) / peak;
            T::try_from(over_white).unwrap_or(pixel[channel])
        })
    };
    ((0..kept).flat_map(plane).collect(), transparent)
}

/// Writes `pixels` [channels, height, width] as a grey (1 channel) or RGB (3) PNG of 8 bits a
/// channel.
///
/// # Errors
/// When the file cannot be written.
pub fn write_png(path: &Path, pixels: &[u8], [channels, height, width]: [usize; 3]) -> Written<()> {
    let area = height * width;
    let last: Vec<u8> = (0..area)
        .flat_map(|at| (0..channels).map(move |channel| pixels[channel * area + at]))
        .collect();
    let side = |side: usize| u32::try_from(side).map_err(io::Error::other);
    write_atomically(path, |file| {
        let mut encoder = png::Encoder::new(file, side(width)?, side(height)?);
        encoder.set_color(match channels {
            1 => png::ColorType::Grayscale,
            _ => png::ColorType::Rgb,
        });
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(&last).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)
    })
}

/// Values of 8 or of 16 bits.
enum Pixels {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

impl Pixels {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Words(values) => values.len(),
        }
    }
}

/// An image as it is stored.
struct Decoded {
    /// Channels last.
    pixels: Pixels,
    channels: usize,
    height: usize,
    width: usize,
    /// As Exif has it; 1 for upright.
    orientation: u16,
}

/// The end of a sentence on a file that a decoder refuses.
fn damaged(error: impl std::fmt::Display) -> String {
    let said = error.to_string();
    let words: Vec<&str> = said.split_whitespace().collect();
    format!("is damaged or cut short: {}", words.join(" "))
}

/// The end of a sentence on a file whose `bytes` cannot hold what it claims.
fn too_few(bytes: &[u8], (width, height): (u32, u32)) -> String {
    let length = bytes.len();
    damaged(format!(
        "{length} bytes cannot hold {height} x {width} pixels"
    ))
}

fn decode_png(bytes: &[u8]) -> Result<Decoded, String> {
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: LARGEST });
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let size = reader
        .output_buffer_size()
        .filter(|&size| size <= LARGEST)
        .ok_or("is too large")?;
    if reader.info().raw_bytes() > bytes.len().saturating_mul(DEFLATED) {
        return Err(too_few(bytes, reader.info().size()));
    }
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
    pixels.truncate(frame.buffer_size());
    let pixels = match frame.bit_depth {
        png::BitDepth::Sixteen => {
            let words = pixels.as_chunks().0.iter().copied();
            Pixels::Words(words.map(u16::from_be_bytes).collect())
        }
        _ => Pixels::Bytes(pixels),
    };
    let exif = reader.info().exif_metadata.as_deref();
    Ok(Decoded {
        pixels,
        channels: frame.color_type.samples(),
        height: frame.height as usize,
        width: frame.width as usize,
        orientation: exif.map_or(1, orientation),
    })
}

fn decode_jpeg(bytes: &[u8]) -> Result<Decoded, String> {
    let strict = decode_strictly(bytes);
    match (&strict, without_extra_bytes(bytes)) {
        (Err(_), Some(mended)) => decode_strictly(&mended).or(strict),
        _ => strict,
    }
}

/// A JPEG without the bytes between the segments of its header that belong to none of them, which
/// some cameras and programs leave there; `None` where there are no such bytes.
fn without_extra_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    const START_OF_SCAN: u8 = 0xda;
    let mut kept = bytes.get(..2)?.to_vec();
    let (mut at, mut extra) = (2, false);
    loop {
        let rest = bytes.get(at..)?;
        let is_marker = |pair: &[u8]| pair[0] == 0xff && matches!(pair[1], 0x01 | 0xc0..=0xfe);
        let skipped = rest.windows(2).position(is_marker)?;
        extra |= skipped > 0;
        at += skipped;
        let marker = bytes[at + 1];
        if marker == START_OF_SCAN {
            kept.extend(&bytes[at..]);
            return extra.then_some(kept);
        }
        let length = match marker {
            0x01 | 0xd0..=0xd9 => 0,
            _ => usize::from(u16::from_be_bytes(
                bytes.get(at + 2..at + 4)?.try_into().ok()?,
            )),
        };
        kept.extend(bytes.get(at..at + 2 + length)?);
        at += 2 + length;
    }
}

/// Refuses what is cut short, which a lenient decoder fills with grey.
fn decode_strictly(bytes: &[u8]) -> Result<Decoded, String> {
    let options = DecoderOptions::default().set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (grey, info) = (
        decoder.input_colorspace() == Some(ColorSpace::Luma),
        decoder.info().ok_or("has no size")?,
    );
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let channels = if grey { 1 } else { 3 };
    if width * height * channels > LARGEST {
        return Err("is too large".into());
    }
    // Every block of 8 x 8 pixels takes a bit or more; the decoder makes grey of those that are missing.
    if width.div_ceil(8) * height.div_ceil(8) > 8 * bytes.len() {
        return Err(too_few(bytes, (width as u32, height as u32)));
    }
    let out = if grey {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    let turned = decoder.exif().map_or(1, |exif| orientation(exif));
    decoder.set_options(options.jpeg_set_out_colorspace(out));
    Ok(Decoded {
        pixels: Pixels::Bytes(decoder.decode().map_err(damaged)?),
        channels,
        height,
        width,
        orientation: turned,
    })
}

fn decode_webp(bytes: &[u8]) -> Result<Decoded, String> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    decoder.set_memory_limit(LARGEST);
    let size = decoder
        .output_buffer_size()
        .filter(|&size| size <= LARGEST)
        .ok_or("is too large")?;
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    // A damaged note of the camera leaves the image as it is.
    let exif = decoder.exif_metadata().ok().flatten();
    Ok(Decoded {
        pixels: Pixels::Bytes(pixels),
        channels: if decoder.has_alpha() { 4 } else { 3 },
        height: height as usize,
        width: width as usize,
        orientation: exif.map_or(1, |exif| orientation(&exif)),
    })
}

/// Whether a BMP without compression has all its rows; the decoder leaves those out that are missing.
fn has_all_rows(bytes: &[u8]) -> Option<bool> {
    let long = |at: usize| {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(i32::from_le_bytes(four).unsigned_abs() as usize)
    };
    let (offset, header, compression) = (long(10)?, long(14)?, long(30)?);
    if header < 40 || !matches!(compression, 0 | 3) {
        return Some(true);
    }
    let bits = usize::from(u16::from_le_bytes(bytes.get(28..30)?.try_into().ok()?));
    // Rows are filled up to whole fours.
    let row = long(18)?.checked_mul(bits)?.div_ceil(32) * 4;
    let end = row.checked_mul(long(22)?)?.checked_add(offset)?;
    Some(end <= bytes.len())
}

fn decode_bmp(bytes: &[u8]) -> Result<Decoded, String> {
    if has_all_rows(bytes) == Some(false) {
        return Err(damaged("rows of pixels are missing"));
    }
    // The decoder reads a few bytes behind the header that the smallest images do not have.
    let bytes = [bytes, &[0; 16]].concat();
    let mut decoder = BmpDecoder::new(ZCursor::new(&bytes[..]));
    decoder
        .decode_headers()
        .map_err(|error| damaged(format!("{error:?}")))?;
    let (width, height) = decoder.dimensions().ok_or("has no size")?;
    let fits = decoder
        .output_buf_size()
        .is_some_and(|size| size <= LARGEST);
    if !fits {
        return Err("is too large".into());
    }
    let pixels = decoder
        .decode()
        .map_err(|error| damaged(format!("{error:?}")))?;
    let channels = decoder
        .colorspace()
        .map_or(0, |space| space.num_components());
    // Grey levels are stored as a palette of them.
    let is_grey = |pixel: &[u8]| pixel[0] == pixel[1] && pixel[1] == pixel[2];
    let (pixels, channels) = if channels == 3 && pixels.chunks_exact(3).all(is_grey) {
        (pixels.into_iter().step_by(3).collect(), 1)
    } else {
        (pixels, channels)
    };
    Ok(Decoded {
        pixels: Pixels::Bytes(pixels),
        channels,
        height,
        width,
        orientation: 1,
    })
}
