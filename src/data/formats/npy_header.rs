//! The header of an `.npy` file: a version, a length and a Python dictionary of the type, the order
//! and the shape (NumPy Enhancement Proposal 1).

/// What every `.npy` begins with.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Data begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// What a header says of elements of one type.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// The type as Python writes it, such as `'<f4'`.
    pub(super) description: String,
    /// Its letter: `f` for floats, `i` and `u` for integers, `U` and `S` for text, and so on.
    pub(super) kind: char,
    /// Bytes of an element; 0 where that is not fixed.
    pub(super) size: usize,
    /// High bytes first.
    pub(super) big: bool,
    /// In Fortran order, the first index fastest.
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// Where data begin.
    pub(super) length: usize,
}

impl Header {
    /// Reads the header of the file that `bytes` begin with; an error is the end of a sentence that
    /// begins with the file's name.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let short = || "is cut short: its header does not fit in the file".to_owned();
        let (length_at, length) = match bytes.get(6).ok_or_else(short)? {
            1 => (8..10, bytes.get(8..10)),
            2 | 3 => (8..12, bytes.get(8..12)),
            version => return Err(invalid(&format!("its version is {version}"))),
        };
        let little = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0, |sum, &b| sum << 8 | usize::from(b))
        };
        let start = length_at.end;
        let length = little(length.ok_or_else(short)?);
        let text = bytes[start..].get(..length).ok_or_else(short)?;
        let text = String::from_utf8_lossy(text);
        let mut header = Self::parse(&text).map_err(|what| invalid(&what))?;
        header.length = start + length;
        match header.kind {
            // The type is a list of fields.
            '[' => Err(format!(
                "has records ({}), but numbers of one type are needed: save each field as an array of its own",
                header.description
            )),
            'O' => Err("has Python objects as elements, such as None or rows of unlike lengths: save numbers, \
                        numpy.save(FILE, numpy.array(ROWS, dtype='float32'))"
                .into()),
            _ => Ok(header),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let entries = dictionary(text)?;
        let entry = |key: &str| {
            let found = entries.iter().find(|(name, _)| *name == key);
            found
                .map(|(_, value)| *value)
                .ok_or(format!("its header has no '{key}'"))
        };
        let description = entry("descr")?;
        let (kind, size, big) = element(description)
            .ok_or_else(|| format!("its header has {description} for a type"))?;
        let shape = entry("shape")?;
        Ok(Self {
            description: description.into(),
            kind,
            size,
            big,
            fortran: match entry("fortran_order")? {
                "True" => true,
                "False" => false,
                other => return Err(format!("its header has {other} for an order")),
            },
            shape: extents(shape).ok_or_else(|| format!("its header has {shape} for a shape"))?,
            length: 0,
        })
    }
}

fn invalid(what: &str) -> String {
    format!("is no valid .npy file: {what}")
}

/// The bytes before data in C order of a type such as `<f4`.
pub(super) fn header_bytes(description: &str, shape: &[usize]) -> Vec<u8> {
    let extents: String = match shape {
        [extent] => format!("{extent},"),
        _ => shape
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let text =
        format!("{{'descr': '{description}', 'fortran_order': False, 'shape': ({extents}), }}");
    // The magic bytes, two of a version, two of a length and the end of the line.
    let unpadded = MAGIC.len() + 4 + text.len() + 1;
    let padding = unpadded.next_multiple_of(ALIGNMENT) - unpadded;
    let length = u16::try_from(text.len() + padding + 1).expect("a shape of few extents");
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend(length.to_le_bytes());
    bytes.extend(text.bytes());
    bytes.extend(std::iter::repeat_n(b' ', padding));
    bytes.push(b'\n');
    bytes
}

/// The entries of a Python dictionary whose keys are strings, with values as they are written.
fn dictionary(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let inner = text
        .trim()
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    let mut rest = inner.ok_or("its header is no dictionary")?.trim();
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let end = end_of(rest, ':').ok_or("a key of its header has no value")?;
        let key = quoted(rest[..end].trim()).ok_or("a key of its header is no string")?;
        let value = &rest[end + 1..];
        let end = end_of(value, ',').unwrap_or(value.len());
        entries.push((key, value[..end].trim()));
        rest = value.get(end + 1..).unwrap_or_default().trim();
    }
    Ok(entries)
}

/// Where the first `end` lies that is within no string and no brackets.
fn end_of(text: &str, end: char) -> Option<usize> {
    let (mut quote, mut depth, mut escaped) = (None, 0_i64, false);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, _) if letter == end && depth == 0 => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// What stands in quotation marks.
fn quoted(text: &str) -> Option<&str> {
    let within = |mark| text.strip_prefix(mark)?.strip_suffix(mark);
    within('\'').or_else(|| within('"'))
}

/// The letter of a type, the bytes of an element and whether the high ones come first; `[` is the
/// letter of a list of fields.
fn element(description: &str) -> Option<(char, usize, bool)> {
    if description.starts_with('[') {
        return Some(('[', 0, false));
    }
    let text = quoted(description)?;
    let (order, rest) = match text.strip_prefix(['<', '>', '|', '=']) {
        Some(rest) => (text.chars().next(), rest),
        None => (None, text),
    };
    let kind = rest.chars().next().filter(char::is_ascii_alphabetic)?;
    // Times have a unit in brackets behind.
    let digits = rest[1..].split('[').next().unwrap_or_default();
    let size: usize = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    let size = if kind == 'U' {
        size.checked_mul(4)?
    } else {
        size
    };
    let big = match order {
        Some('<' | '|') => false,
        Some('>') => true,
        _ => cfg!(target_endian = "big"),
    };
    Some((kind, size, big))
}

/// The extents in a Python tuple of whole numbers, which version 2 of Python writes with an `L`.
fn extents(tuple: &str) -> Option<Vec<usize>> {
    let inner = tuple
        .strip_prefix('(')
        .or_else(|| tuple.strip_prefix('['))?;
    let inner = inner.strip_suffix([')', ']'])?.trim();
    let inner = inner.strip_suffix(',').unwrap_or(inner);
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let extent = |text: &str| text.trim().trim_end_matches('L').parse::<u64>().ok();
    let wide: Option<Vec<u64>> = inner.split(',').map(extent).collect();
    // What does not fit in memory does not fit in the file either: that is told by the caller.
    let narrow = |extent| usize::try_from(extent).unwrap_or(usize::MAX);
    Some(wide?.into_iter().map(narrow).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 1 with this header and no data.
    fn file(header: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes
    }

    #[test]
    fn what_is_written_is_read_and_aligned() {
        for (description, size, shape) in [
            ("<f4", 4, vec![3, 4]),
            ("|u1", 1, vec![7]),
            (">f8", 8, vec![]),
            ("<u4", 4, vec![1000, 1, 28, 28]),
        ] {
            let bytes = header_bytes(description, &shape);
            assert_eq!(bytes.len() % ALIGNMENT, 0);
            assert_eq!(bytes.last(), Some(&b'\n'));
            let header = Header::read(&bytes).unwrap();
            assert_eq!(header.shape, shape);
            assert_eq!(
                (header.size, header.big),
                (size, description.starts_with('>'))
            );
            assert_eq!(header.description, format!("'{description}'"));
            assert_eq!((header.fortran, header.length), (false, bytes.len()));
        }
    }

    #[test]
    fn other_spellings_of_python_are_read() {
        let header = Header::read(&file(
            "{\"shape\":(2L,3L),'fortran_order':True,'descr':'<U12', 'more': {'a': ['}', 1]}}\n",
        ))
        .unwrap();
        assert_eq!(header.shape, [2, 3]);
        assert_eq!((header.kind, header.size, header.fortran), ('U', 48, true));
        let times = "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (5,), }";
        let header = Header::read(&file(times)).unwrap();
        assert_eq!((header.kind, header.size), ('M', 8));
        assert_eq!(header.shape, [5]);
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
        for (from, to, told) in [
            (
                "'<f4'",
                "[('x', '<f4'), ('y', '<i8', (2,))]",
                "has records ([('x', '<f4'), ",
            ),
            ("'<f4'", "'<f4", "for a type"),
            ("'<f4'", "4", "4 for a type"),
            ("'<f4'", "'<f-4'", "'<f-4' for a type"),
            ("'<f4'", "'<f99999999999999999999'", "for a type"),
            ("False", "Maybe", "Maybe for an order"),
            ("(3, 4)", "(3, -4)", "(3, -4) for a shape"),
            ("(3, 4)", "(3,, 4)", "(3,, 4) for a shape"),
            ("(3, 4)", "3", "3 for a shape"),
            ("'shape'", "shape", "no string"),
            ("'shape': (3, 4), ", "", "no 'shape'"),
            ("'shape': (3, 4), ", "'shape'", "no value"),
            ("}", "", "no dictionary"),
        ] {
            let error = Header::read(&file(&good.replace(from, to))).unwrap_err();
            assert!(error.contains(told), "{to}: {error}");
        }
        let whole = file(good);
        for length in 0..whole.len() {
            assert!(Header::read(&whole[..length]).is_err(), "{length}");
        }
        let mut other = whole;
        other[6] = 9;
        assert!(Header::read(&other).unwrap_err().contains("version is 9"));
    }
}
