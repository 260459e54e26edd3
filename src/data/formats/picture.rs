//! One PNG or JPEG file.

use crate::data::write_atomically;
use crate::error::Result as Written;
use std::io::{self, Cursor};
use std::path::Path;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Bytes that one decoded image may take.
const LARGEST: usize = 1 << 28;

/// An image of 8 bits a channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Image {
    /// [channels, height, width], in this order; 1 channel for grey, 3 for RGB.
    pub(super) pixels: Vec<u8>,
    /// Channels, height and width.
    pub(super) shape: [usize; 3],
}

/// Whether a file of this name is an image that [`decode`] takes.
pub(super) fn is_picture(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["png", "jpg", "jpeg"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// Decodes PNG or JPEG, by the first bytes. Fewer than 8 bits are spread over 0 to 255 (of one bit,
/// 0 is black and 1 is 255), 16 bits cut to 8, palettes resolved, and what is transparent is laid
/// over white. The rotation that a camera notes in a JPEG is not applied. An error is the end of a
/// sentence that begins with the file's name.
pub(super) fn decode(bytes: &[u8]) -> Result<Image, String> {
    let (pixels, channels, height, width) = if bytes.starts_with(b"\x89PNG") {
        decode_png(bytes)?
    } else if bytes.starts_with(&[0xff, 0xd8]) {
        decode_jpeg(bytes)?
    } else {
        return Err("is neither PNG nor JPEG, whatever its name says".into());
    };
    let area = height * width;
    if area == 0 || pixels.len() != channels * area {
        return Err(format!(
            "cannot be decoded: {height} x {width} pixels of {channels} channels are not {} bytes",
            pixels.len()
        ));
    }
    // Alpha is the last of 2 or 4 channels.
    let kept = channels - usize::from(channels.is_multiple_of(2));
    let plane = |channel: usize| {
        pixels.chunks_exact(channels).map(move |pixel| {
            if kept == channels {
                return pixel[channel];
            }
            let (value, alpha) = (u32::from(pixel[channel]), u32::from(pixel[kept]));
            ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        })
    };
    Ok(Image {
        pixels: (0..kept).flat_map(plane).collect(),
        shape: [kept, height, width],
    })
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

/// Pixels with channels last, channels, height and width.
type Decoded = (Vec<u8>, usize, usize, usize);

fn decode_png(bytes: &[u8]) -> Result<Decoded, String> {
    let damaged = |error: png::DecodingError| format!("is damaged or cut short: {error}");
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: LARGEST });
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let size = reader
        .output_buffer_size()
        .filter(|&size| size <= LARGEST)
        .ok_or("is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
    pixels.truncate(frame.buffer_size());
    Ok((
        pixels,
        frame.color_type.samples(),
        frame.height as usize,
        frame.width as usize,
    ))
}

fn decode_jpeg(bytes: &[u8]) -> Result<Decoded, String> {
    let damaged =
        |error: zune_jpeg::errors::DecodeErrors| format!("is damaged or cut short: {error}");
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
    let out = if grey {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    decoder.set_options(options.jpeg_set_out_colorspace(out));
    Ok((decoder.decode().map_err(damaged)?, channels, height, width))
}
