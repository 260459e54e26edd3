//! Files of formats that are not read: what becomes of them instead.

use super::source::Source;
use crate::error::Result;

/// What turns a file of another format into one that is read, by the endings of its name.
const WAYS: &[(&[&str], &str, &str)] = &[
    (
        &["xlsx", "xlsm", "xls", "ods"],
        "a spreadsheet",
        "save the sheet as CSV, or in Python: pandas.read_excel(FILE).to_csv('data.csv', index=False)",
    ),
    (
        &["json", "jsonl", "ndjson"],
        "JSON",
        "in Python: pandas.read_json(FILE).to_csv('data.csv', index=False), with lines=True where each line is a record",
    ),
    (
        &["ts"],
        "a set of time series",
        "in Python: x, y = aeon.datasets.load_from_ts_file(FILE), then numpy.savez('data.npz', X=x, y=y); --layout ncl makes them signals",
    ),
    (
        &["arff"],
        "ARFF",
        "in Python: pandas.DataFrame(scipy.io.arff.loadarff(FILE)[0]).to_csv('data.csv', index=False)",
    ),
    (
        &["pkl", "pickle", "joblib"],
        "a pickle of Python objects",
        "in Python: numpy.save('data.npy', numpy.asarray(pandas.read_pickle(FILE)))",
    ),
    (
        &["pt", "pth"],
        "a file of PyTorch",
        "in Python: numpy.save('data.npy', torch.load(FILE).numpy())",
    ),
    (
        &["mtx"],
        "a matrix of Matrix Market",
        "in Python: scipy.sparse.save_npz('data.npz', scipy.io.mmread(FILE).tocsr())",
    ),
    (
        &["rds", "rda", "rdata"],
        "a file of R",
        "in R: write.csv(x, 'data.csv', row.names = FALSE)",
    ),
    (
        &["sav", "dta", "sas7bdat"],
        "a file of a statistics program",
        "save it as CSV there, or in Python by pandas.read_spss, read_stata or read_sas",
    ),
    (
        &["gif", "tif", "tiff", "avif", "heic", "svg"],
        "an image of a format that is not read",
        "convert it to PNG, and give the folder that it is in",
    ),
    (
        &["tgz", "7z", "rar", "bz2", "xz", "zst"],
        "an archive that is not read",
        "unpack it first; .zip of images and .gz are read as they are",
    ),
];

/// The end of a sentence that begins with the file's name: that it is of another format, and what to
/// do; `None` where neither its name nor its content tells.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn advice(source: &Source) -> Result<Option<String>> {
    let ending = source.name().rsplit_once('.').map_or("", |(_, end)| end);
    let way = WAYS.iter().find(|(endings, ..)| endings.contains(&ending));
    if let Some((_, what, way)) = way {
        return Ok(Some(format!("is {what}, which nrae does not read: {way}")));
    }
    if !source.is_plain() {
        return Ok(None);
    }
    let bytes = source.bytes()?;
    if bytes.is_empty() {
        return Ok(Some(
            "is empty: it has 0 bytes, so whatever wrote it did not finish".into(),
        ));
    }
    Ok(is_text(bytes).then(|| {
        format!(
            "has text in it{}: if it is a table of numbers, rename it to .csv or .txt",
            match ending {
                "" => String::new(),
                ending => format!(", whatever .{ending} says"),
            }
        )
    }))
}

/// Whether it begins with text.
fn is_text(bytes: &[u8]) -> bool {
    let begin = &bytes[..bytes.len().min(512)];
    let valid = match std::str::from_utf8(begin) {
        Ok(text) => text,
        // A character that the cut went through.
        Err(error) if error.error_len().is_none() => &String::from_utf8_lossy(begin),
        Err(_) => return false,
    };
    valid
        .chars()
        .all(|character| !character.is_control() || "\n\r\t".contains(character))
}
