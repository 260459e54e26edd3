//! A page of text, tables and pictures, written as Markdown or as one self-contained HTML file.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A part of a page. Texts may have `**bold**`, `*italic*` and `` `code` ``.
pub(super) enum Block {
    /// A heading of a level from 1 on.
    Heading(usize, String),
    Text(String),
    List(Vec<String>),
    /// The first row is the header.
    Table(Vec<Vec<String>>),
    /// A PNG file in the folder of the page.
    Picture {
        file: PathBuf,
        caption: String,
    },
}

/// The page as Markdown, which names its pictures.
pub(super) fn markdown(blocks: &[Block]) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let text = |block: &Block| match block {
        Block::Heading(level, text) => format!("{} {text}\n", "#".repeat(*level)),
        Block::Text(text) => format!("{text}\n"),
        Block::List(items) => items.iter().map(|item| format!("- {item}\n")).collect(),
        Block::Table(rows) => {
            let line = format!("|{}\n", "---|".repeat(rows[0].len()));
            row(&rows[0]) + &line + &rows[1..].iter().map(|cells| row(cells)).collect::<String>()
        }
        Block::Picture { file, caption } => format!("![{caption}]({})\n", file.display()),
    };
    blocks.iter().map(text).collect::<Vec<_>>().join("\n")
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;margin:1em 0;font-size:14px;display:block;overflow-x:auto}th,td{border:1px solid #ccc;padding:.25em .6em;text-align:right;white-space:nowrap}\
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}th{background:#f2f2f2}img{max-width:100%}figure{margin:1em 0}\
figcaption{font-size:14px;color:#555}code{background:#f2f2f2;padding:0 .2em}";

/// The page as HTML, with the pictures of `folder` inside.
///
/// # Errors
/// When a picture cannot be read.
pub(super) fn html(title: &str, blocks: &[Block], folder: &Path) -> Result<String> {
    let cells = |tag: &str, cells: &[String]| {
        let cells: String = cells
            .iter()
            .map(|cell| format!("<{tag}>{}</{tag}>", inline(cell)))
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut body = String::new();
    for block in blocks {
        body += &match block {
            Block::Heading(level, text) => format!("<h{level}>{}</h{level}>\n", inline(text)),
            Block::Text(text) => format!("<p>{}</p>\n", inline(text)),
            Block::List(items) => {
                let items: String = items
                    .iter()
                    .map(|item| format!("<li>{}</li>\n", inline(item)))
                    .collect();
                format!("<ul>\n{items}</ul>\n")
            }
            Block::Table(rows) => {
                let rest: String = rows[1..].iter().map(|row| cells("td", row)).collect();
                format!("<table>\n{}{rest}</table>\n", cells("th", &rows[0]))
            }
            Block::Picture { file, caption } => {
                let path = folder.join(file);
                let png = std::fs::read(&path).map_err(|source| Error::file(&path, source))?;
                let caption = inline(caption);
                format!(
                    "<figure><img alt=\"{caption}\" src=\"data:image/png;base64,{}\"><figcaption>{caption}</figcaption></figure>\n",
                    base64(&png)
                )
            }
        };
    }
    let title = escaped(title);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n"
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Text with its marks as HTML.
fn inline(text: &str) -> String {
    let mut out = escaped(text);
    for (mark, tag) in [("`", "code"), ("**", "b"), ("*", "i")] {
        let parts: Vec<&str> = out.split(mark).collect();
        // An odd mark stays what it is.
        if parts.len() % 2 == 1 {
            let tagged = parts.iter().enumerate().map(|(i, part)| match i % 2 {
                0 => (*part).to_owned(),
                _ => format!("<{tag}>{part}</{tag}>"),
            });
            out = tagged.collect();
        }
    }
    out
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes in base 64 (RFC 4648).
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            text.push(match place <= group.len() {
                true => DIGITS[(word >> (18 - 6 * place) & 63) as usize].into(),
                false => '=',
            });
        }
    }
    text
}

/// The bytes of base 64; what is none is left out.
pub(super) fn from_base64(text: &str) -> Vec<u8> {
    let digits = text
        .bytes()
        .filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte));
    let (mut word, mut bits, mut bytes) = (0_usize, 0, Vec::new());
    for digit in digits {
        word = (word << 6 | digit) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard_and_comes_back() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text), bytes.as_bytes());
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(from_base64(&base64(&all)), all);
    }

    #[test]
    fn a_page_has_the_same_content_either_way() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), "foo").unwrap();
        let blocks = [
            Block::Heading(2, "A < B".into()),
            Block::List(vec!["`x` is **bold**".into()]),
            Block::Table(vec![
                vec!["a".into(), "b".into()],
                vec!["*1*".into(), "2 * 3".into()],
            ]),
            Block::Picture {
                file: "a.png".into(),
                caption: "curve".into(),
            },
        ];
        let text = markdown(&blocks);
        for part in [
            "## A < B",
            "- `x` is **bold**",
            "| a | b |\n|---|---|\n| *1* | 2 * 3 |",
            "![curve](a.png)",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = html("t", &blocks, folder.path()).unwrap();
        for part in [
            "<h2>A &lt; B</h2>",
            "<code>x</code> is <b>bold</b>",
            "<td><i>1</i></td><td>2 * 3</td>",
            "base64,Zm9v",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            html(
                "t",
                &[Block::Picture {
                    file: "b.png".into(),
                    caption: String::new()
                }],
                folder.path()
            )
            .is_err()
        );
    }
}
