//! A page of text, tables and pictures, written as Markdown or as one self-contained HTML file.

use crate::error::{Error, Result};
use crate::page::{Page, Picture};
use std::path::{Path, PathBuf};

/// A part of a page. Texts may have `**bold**` and `` `code` ``.
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

/// The page as HTML, with the pictures of `folder` inside.
///
/// # Errors
/// When a picture cannot be read.
pub(super) fn html(title: &str, blocks: &[Block], folder: &Path) -> Result<String> {
    let mut page = Page::new(title);
    for block in blocks {
        match block {
            Block::Heading(2, text) => page.section(text),
            Block::Heading(_, text) => page.subsection(text),
            Block::Text(text) => page.paragraph(text),
            Block::List(items) => page.list(items),
            Block::Table(rows) => {
                let header: Vec<&str> = rows[0].iter().map(String::as_str).collect();
                page.table(&header, &rows[1..]);
            }
            Block::Picture { file, caption } => {
                let path = folder.join(file);
                let bytes = &std::fs::read(&path).map_err(|source| Error::file(&path, source))?;
                let (shows, caption) = (caption, caption);
                page.pictures(&[Picture {
                    bytes,
                    shows,
                    caption,
                }]);
            }
        }
    }
    Ok(page.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_same_content_either_way() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), "foo").unwrap();
        let picture = |file: &str| Block::Picture {
            file: file.into(),
            caption: "curve".into(),
        };
        let blocks = [
            Block::Heading(2, "A < B".into()),
            Block::Heading(3, "C".into()),
            Block::List(vec!["`x` is **bold**".into()]),
            Block::Table(vec![
                vec!["a".into(), "b".into()],
                vec!["x".into(), "2 * 3".into()],
            ]),
            picture("a.png"),
        ];
        let text = markdown(&blocks);
        for part in [
            "## A < B",
            "### C",
            "- `x` is **bold**",
            "| a | b |\n|---|---|\n| x | 2 * 3 |",
            "![curve](a.png)",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = html("t", &blocks, folder.path()).unwrap();
        for part in [
            "<h2>A &lt; B</h2>",
            "<h3>C</h3>",
            "<code>x</code> is <b>bold</b>",
            "2 * 3</td>",
            "base64,Zm9v",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(html("t", &[picture("b.png")], folder.path()).is_err());
    }
}
