//! Sets of images in every format: as written by others, whole, damaged and hostile. Here is what
//! writes them.

mod cifar;
mod containers;
mod damage;
mod hostile;
mod images;
mod mat;
mod npz;
mod parts;
mod published;
mod webdataset;

use super::*;
use std::borrow::Cow;
use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use zip::write::SimpleFileOptions;

/// 8 x 4 pixels of RGB (201, 38, 41), written by Pillow.
const RED_JPEG: &str = "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e292d2c\
333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113261515264f352d354f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f\
4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4fffc00011080004000803012200021101031101ffc400150001010000000000000000000000000000\
0005ffc40014100100000000000000000000000000000000ffc4001501010100000000000000000000000000000406ffc40014110100000000000000000000000000000000ff\
da000c03010002110311003f008c000ae7ffd9";
/// 8 x 4 pixels from black to white, left to right.
const GREY_JPEG: &str = "ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a0b0b\
0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc0000b080004000801011100ffc40014000100000000000000000000000000000002ffc4001910\
000105000000000000000000000000000005093182c1ffda0008010100003f002d672914c3ffd9";
/// The same as [`RED_JPEG`] as a lossless WebP.
const RED_WEBP: &str =
    "524946461e000000574542505650384c110000002f07c000000750932637a5ff8188e87f0000";
/// 4 x 3 pixels of red as a BMP, the second one of them blue.
const BMP: &str = "424d5a0000000000000036000000280000000400000003000000010018000000000024000000c40e0000c40e000000000000000000000000ff0000ff0000ff0000ff0000ff0000ff0000ff0000ff0000ffff00000000ff0000ff";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn png(
    width: u32,
    height: u32,
    colour: png::ColorType,
    depth: png::BitDepth,
    rows: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(rows)
        .unwrap();
    bytes
}

fn grey(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    png(
        width,
        height,
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        pixels,
    )
}

fn zip(files: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let method = if deflate {
        zip::CompressionMethod::Deflated
    } else {
        zip::CompressionMethod::Stored
    };
    for (name, content) in files {
        writer
            .start_file(
                *name,
                SimpleFileOptions::default().compression_method(method),
            )
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        builder
            .append_data(&mut header, name, &content[..])
            .unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!(
        "{:<117}\n",
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}")
    );
    [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(header.len() as u16).to_le_bytes(),
        header.as_bytes(),
        data,
    ]
    .concat()
}

/// A folder to write files into and read them from.
struct TestDir(tempfile::TempDir);

impl TestDir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, name: &str) -> Reading {
        read_dataset(&self.path(name), &ReadOptions::default()).unwrap()
    }

    fn refuse(&self, name: &str) -> String {
        let error = read_dataset(&self.path(name), &ReadOptions::default()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(text.contains(name.split(':').next().unwrap()), "{text}");
        text
    }
}

fn bytes(reading: &Reading) -> &[u8] {
    match &reading.data.values {
        Values::Bytes(values) => match values.whole() {
            Cow::Borrowed(values) => values,
            Cow::Owned(_) => panic!("mapped"),
        },
        _ => panic!("floats"),
    }
}
