//! A web page in one file: text, tables and pictures, readable on a phone, in light and in dark,
//! that asks no network for anything.

use crate::data::write_atomically;
use crate::error::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::fmt::Write;
use std::path::Path;

/// The style of every page.
const STYLE: &str = include_str!("page.css");

/// How a [`Page::notice`] is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// All is well.
    Good,
    /// Something to look at.
    Trouble,
}

/// A page that grows from top to bottom. Every text is escaped; in paragraphs, notices and cells
/// what stands between backticks becomes code.
///
/// ```
/// use nrae::page::{Notice, Page};
///
/// let mut page = Page::new("Digits <small>");
/// page.paragraph("Trained by `nrae train`.");
/// page.notice(Notice::Good, "Nothing to complain of", "");
/// page.table(&["split", "MSE"], &[vec!["test".into(), "0.024".into()]]);
/// let html = page.finish();
/// assert!(html.contains("<h1>Digits &lt;small&gt;</h1>") && html.contains("<code>nrae train</code>"));
/// assert!(html.contains("<td class=\"number\">0.024</td>"));
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    body: String,
}

impl Page {
    /// A page with this title and nothing else yet.
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            body: String::new(),
        }
    }

    /// Begins a section.
    pub fn section(&mut self, heading: &str) {
        self.element("h2", heading);
    }

    /// Begins a part of a section.
    pub fn subsection(&mut self, heading: &str) {
        self.element("h3", heading);
    }

    /// Items in a list.
    pub fn list(&mut self, items: &[String]) {
        let items = items
            .iter()
            .map(|item| format!("<li>{}</li>\n", inline(item)));
        _ = writeln!(self.body, "<ul>\n{}</ul>", items.collect::<String>());
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.element("p", text);
    }

    /// A paragraph in smaller, fainter letters: where something comes from, how it is to be read.
    pub fn remark(&mut self, text: &str) {
        _ = writeln!(self.body, "<p class=\"soft\">{}</p>", inline(text));
    }

    /// A box with a word in bold and what there is to say.
    pub fn notice(&mut self, kind: Notice, word: &str, text: &str) {
        let class = match kind {
            Notice::Good => "notice",
            Notice::Trouble => "notice trouble",
        };
        let (word, text) = (inline(word), inline(text));
        _ = writeln!(
            self.body,
            "<div class=\"{class}\"><b>{word}</b> {text}</div>"
        );
    }

    /// A table; columns of numbers are set flush right. On a narrow screen it scrolls by itself.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        let is_numeric = |column: usize| {
            let mut cells = rows.iter().filter_map(|row| row.get(column));
            cells.clone().any(|cell| is_number(cell))
                && cells.all(|cell| cell.is_empty() || is_number(cell))
        };
        let numeric: Vec<bool> = (0..header.len()).map(is_numeric).collect();
        let line = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.enumerate().map(|(column, cell)| {
                let class = match numeric.get(column) {
                    Some(true) => " class=\"number\"",
                    _ => "",
                };
                format!("<{tag}{class}>{}</{tag}>", inline(cell))
            });
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let head = line("th", &mut header.iter().copied());
        let body: String = rows
            .iter()
            .map(|row| line("td", &mut row.iter().map(String::as_str)))
            .collect();
        let head = if header.iter().all(|cell| cell.is_empty()) {
            String::new()
        } else {
            format!("<thead>\n{head}</thead>\n")
        };
        _ = writeln!(
            self.body,
            "<div class=\"scroll\"><table>\n{head}<tbody>\n{body}</tbody>\n</table></div>"
        );
    }

    /// Pictures beside each other where there is room, each a PNG or SVG file's content with what it
    /// shows for those who do not see it, and a caption.
    pub fn pictures(&mut self, pictures: &[Picture<'_>]) {
        self.body.push_str("<div class=\"figures\">\n");
        for picture in pictures {
            let (source, shown) = (data_uri(picture.bytes), escape(picture.shows));
            let caption = match picture.caption {
                "" => String::new(),
                text => format!("<figcaption>{}</figcaption>", inline(text)),
            };
            _ = writeln!(
                self.body,
                "<figure><img src=\"{source}\" alt=\"{shown}\" loading=\"lazy\">{caption}</figure>"
            );
        }
        self.body.push_str("</div>\n");
    }

    /// What `content` adds, folded away behind `summary`.
    pub fn folded(&mut self, summary: &str, content: impl FnOnce(&mut Self)) {
        _ = writeln!(self.body, "<details><summary>{}</summary>", inline(summary));
        content(self);
        self.body.push_str("</details>\n");
    }

    fn element(&mut self, tag: &str, text: &str) {
        _ = writeln!(self.body, "<{tag}>{}</{tag}>", inline(text));
    }

    /// The whole page.
    pub fn finish(&self) -> String {
        let (title, body, heading) = (escape(&self.title), &self.body, inline(&self.title));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <h1>{heading}</h1>\n{body}</body>\n</html>\n"
        )
    }

    /// Writes the page.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_atomically(path, |file| file.write_all(self.finish().as_bytes()))
    }
}

/// A picture of a [`Page`].
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The content of a PNG or SVG file.
    pub bytes: &'a [u8],
    /// What it shows, in words.
    pub shows: &'a str,
    /// What stands below it.
    pub caption: &'a str,
}

/// A text as HTML, also within quotation marks.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The content of a PNG or SVG file as an address that holds it.
pub fn data_uri(bytes: &[u8]) -> String {
    let kind = if bytes.starts_with(b"\x89PNG") {
        "png"
    } else {
        "svg+xml"
    };
    format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes))
}

/// An escaped text whose parts between backticks are code, and between double asterisks bold. A mark
/// without another stays what it is.
fn inline(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() - usize::from(parts.len().is_multiple_of(2));
    let mut html = String::new();
    for (i, part) in parts.iter().enumerate() {
        let text = match i % 2 {
            0 => bold(&escape(part)),
            _ => escape(part),
        };
        _ = match i {
            i if i >= paired => write!(html, "`{text}"),
            i if i % 2 == 1 => write!(html, "<code>{text}</code>"),
            _ => write!(html, "{text}"),
        };
    }
    html
}

fn bold(text: &str) -> String {
    let parts: Vec<&str> = text.split("**").collect();
    if parts.len().is_multiple_of(2) {
        return text.to_owned();
    }
    let tags = ["", "<b>", "</b>"];
    let tag = |i: usize| if i == 0 { tags[0] } else { tags[2 - i % 2] };
    let tagged = parts
        .iter()
        .enumerate()
        .map(|(i, part)| format!("{}{part}", tag(i)));
    tagged.collect()
}

/// Whether a cell begins with a number and is not much longer than one: `0.024`, `-3 %`, `1.2 s`.
fn is_number(cell: &str) -> bool {
    let cell = cell.trim_matches('*');
    let number = cell.split(' ').next().unwrap_or_default();
    cell.len() <= number.len() + 4 && number.replace(',', "").parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_escaped_and_backticks_make_code() {
        assert_eq!(
            inline("a < `b & c` > \"d\""),
            "a &lt; <code>b &amp; c</code> &gt; &quot;d&quot;"
        );
        assert_eq!(inline("one ` only"), "one ` only");
        assert_eq!(inline("`x` and ` only"), "<code>x</code> and ` only");
        assert_eq!(
            inline("**a** < `**` **b**"),
            "<b>a</b> &lt; <code>**</code> <b>b</b>"
        );
        assert_eq!(inline("2 ** 3"), "2 ** 3");
        let mut page = Page::new("<script>");
        page.section("<script>");
        page.notice(Notice::Trouble, "<script>", "<script>");
        page.subsection("<script>");
        page.list(&["<script>".into()]);
        page.table(&["<script>"], &[vec!["<script>".into()]]);
        page.folded("<script>", |page| page.remark("<script>"));
        page.pictures(&[Picture {
            bytes: b"<svg>",
            shows: "\"<script>",
            caption: "<script>",
        }]);
        let html = page.finish();
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("alt=\"&quot;&lt;script&gt;\""), "{html}");
    }

    #[test]
    fn a_page_asks_no_network_for_anything() {
        let mut page = Page::new("Digits");
        page.pictures(&[Picture {
            bytes: b"\x89PNG",
            shows: "nothing",
            caption: "",
        }]);
        let html = page.finish();
        assert!(
            html.contains("src=\"data:image/png;base64,iVBORw==\""),
            "{html}"
        );
        assert!(!html.contains("http") && !html.contains("url("), "{html}");
    }

    #[test]
    fn columns_of_numbers_are_told_from_others() {
        let numbers = ["0.024", "-3", "1.2e-5", "12 %", "3.4 s", "1,000"];
        assert!(numbers.into_iter().all(is_number));
        assert!(
            !["", "NRAE-Q", "3 neighbours a sample", "0.1 to 0.2"]
                .into_iter()
                .any(is_number)
        );
    }
}
