//! Downloads: resumed where they were interrupted, checked, and put in place only when complete.

use super::Sum;
use super::write::create_folder;
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Attempts in a row without progress before giving up.
const ATTEMPTS: u32 = 5;
/// Wait before the second attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
const READ_WITHIN: Duration = Duration::from_secs(60);

/// Downloads `url` to `path`. What has arrived so far is kept in `path` plus `.part`, from which
/// the next call resumes if this one is interrupted and the server can (HTTP Range). `progress` is
/// called with the bytes so far and the total, if known.
///
/// # Errors
/// When the server cannot be reached or refuses, the file has none of `sums` (then the
/// download is removed), or it cannot be written.
pub fn download(
    url: &str,
    path: &Path,
    sums: &[Sum],
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let partial = partial(path);
    let agent = agent(url);
    let (mut furthest, mut fruitless, mut restarted) = (0, 0, false);
    loop {
        let start = length(&partial);
        match transfer(&agent, url, &partial, start, progress) {
            Ok(()) if sums.is_empty() || check(&partial, sums)? => {
                return std::fs::rename(&partial, path).map_err(|source| Error::file(path, source));
            }
            Ok(()) => {
                remove(&partial)?;
                // The beginning may have been of an older file: once, everything is taken anew.
                if start == 0 || std::mem::replace(&mut restarted, true) {
                    return Err(Error::Network(format!(
                        "{url} is not the file that was published: it has another sum, so it was removed. Try again later, or another \
                         --mirror"
                    )));
                }
            }
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Passing(what)) => {
                let reached = length(&partial);
                fruitless = if reached > furthest { 0 } else { fruitless + 1 };
                furthest = furthest.max(reached);
                if fruitless >= ATTEMPTS {
                    return Err(Error::Network(format!(
                        "{url} could not be downloaded: {what}. Run the same command again to resume from the {reached} bytes that have arrived"
                    )));
                }
                std::thread::sleep(FIRST_WAIT * 2_u32.pow(fruitless.saturating_sub(1)));
            }
        }
    }
}

/// Whether a file has one of `sums`.
///
/// # Errors
/// When it cannot be read.
pub fn check(path: &Path, sums: &[Sum]) -> Result<bool> {
    for sum in sums {
        let matches = match sum {
            Sum::Sha256(digits) => {
                digest::<Sha256>(path, false)?.is_some_and(|found| found == *digits)
            }
            Sum::Md5(digits) => {
                digest::<md5::Md5>(path, false)?.is_some_and(|found| found == *digits)
            }
            Sum::Md5Unpacked(digits) => {
                digest::<md5::Md5>(path, true)?.is_some_and(|found| found == *digits)
            }
        };
        if matches {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Hexadecimal digits of the sum; `None` where the file is no whole gzip file but should be
/// unpacked.
fn digest<D: Digest>(path: &Path, unpack: bool) -> Result<Option<String>> {
    let file = File::open(path).map_err(|source| Error::file(path, source))?;
    let mut reader: Box<dyn Read> = if unpack {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut digest = D::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => digest.update(&buffer[..count]),
            Err(_) if unpack => return Ok(None),
            Err(source) => return Err(Error::file(path, source)),
        }
    }
    Ok(Some(
        digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    ))
}

/// What ends an attempt.
enum Failure {
    /// May be gone the next time.
    Passing(String),
    Final(Error),
}

fn agent(url: &str) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        // What begins encrypted is not sent on to a place where it is not.
        .https_only(url.starts_with("https:"))
        .timeout_connect(Some(CONNECT_WITHIN))
        .timeout_per_read(Some(READ_WITHIN))
        .user_agent(concat!("nrae/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// Appends what is missing behind the first `start` bytes of `partial`.
fn transfer(
    agent: &ureq::Agent,
    url: &str,
    partial: &Path,
    start: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Failure> {
    let request = agent.get(url);
    let request = if start > 0 {
        request.header("Range", format!("bytes={start}-"))
    } else {
        request
    };
    let mut response = request.call().map_err(|error| refused(url, error))?;
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let (range, content) = (
        header("content-range"),
        header("content-length").and_then(|length| length.parse::<u64>().ok()),
    );
    let status = response.status().as_u16();
    let Some(from) = place(status, range.as_deref(), url, partial, start)? else {
        return Ok(());
    };
    let on_disk = |source| Failure::Final(Error::file(partial, source));
    let open = OpenOptions::new()
        .create(true)
        .append(from > 0)
        .write(true)
        .truncate(from == 0)
        .open(partial);
    let mut file = open.map_err(on_disk)?;
    let total = content.map(|length| from + length);
    let mut done = from;
    let mut body = response.body_mut().as_reader();
    let mut buffer = vec![0; 1 << 16];
    progress(done, total);
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Passing(error.to_string())),
        };
        file.write_all(&buffer[..count]).map_err(on_disk)?;
        done += count as u64;
        progress(done, total);
    }
    file.sync_all().map_err(on_disk)?;
    match total {
        Some(total) if total != done => Err(Failure::Passing(format!(
            "it ended after {done} of {total} bytes"
        ))),
        _ => Ok(()),
    }
}

/// Why a request for `url` got no answer.
fn refused(url: &str, error: ureq::Error) -> Failure {
    match error {
        ureq::Error::BadUri(_)
        | ureq::Error::RequireHttpsOnly(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::Http(_) => Failure::Final(Error::input(format!(
            "{url} is no address to download from: {error}"
        ))),
        error => Failure::Passing(error.to_string()),
    }
}

/// The byte of the file that the body of an answer begins with, by its status and `Content-Range`,
/// where everything behind `start` was asked for; none where `partial` is already whole.
fn place(
    status: u16,
    range: Option<&str>,
    url: &str,
    partial: &Path,
    start: u64,
) -> Result<Option<u64>, Failure> {
    match status {
        200 => Ok(Some(0)),
        206 if range_start(range) == Some(start) => Ok(Some(start)),
        206 => Err(begin_anew(
            partial,
            "the server sent another range than was asked for",
        )),
        // Nothing is behind what is there: it is whole, or of another file.
        416 if start > 0 && range_total(range) == Some(start) => Ok(None),
        416 if start > 0 => Err(begin_anew(
            partial,
            "the server has a shorter file than what came before",
        )),
        429 | 500.. => Err(Failure::Passing(format!(
            "the server answers with status {status}"
        ))),
        _ => Err(Failure::Final(Error::Network(format!(
            "{url} answers with status {status}: the file may have moved. Give another place with --mirror URL"
        )))),
    }
}

fn begin_anew(partial: &Path, why: &str) -> Failure {
    match remove(partial) {
        Ok(()) => Failure::Passing(why.into()),
        Err(error) => Failure::Final(error),
    }
}

/// 5 of `bytes 5-9/10`.
fn range_start(range: Option<&str>) -> Option<u64> {
    range?
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

/// 10 of `bytes */10`.
fn range_total(range: Option<&str>) -> Option<u64> {
    range?.rsplit('/').next()?.parse().ok()
}

/// What has come so far of a file.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file(path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"abc").unwrap();
        let sha = Sum::Sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        assert!(check(&path, &[sha]).unwrap());
        assert!(check(&path, &[Sum::Md5("0"), Sum::Md5(md5)]).unwrap());
        assert!(!check(&path, &[Sum::Md5Unpacked(md5)]).unwrap());
        let mut gzip = flate2::write::GzEncoder::new(
            File::create(&path).unwrap(),
            flate2::Compression::fast(),
        );
        gzip.write_all(b"abc").unwrap();
        gzip.finish().unwrap();
        assert!(check(&path, &[Sum::Md5Unpacked(md5)]).unwrap());
        assert!(!check(&path, &[sha, Sum::Md5(md5)]).unwrap());
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(
            (
                range_start(Some("bytes 5-9/10")),
                range_total(Some("bytes */10"))
            ),
            (Some(5), Some(10))
        );
        assert_eq!(
            (
                range_start(Some("bytes */10")),
                range_start(None),
                range_total(Some("bytes"))
            ),
            (None, None, None)
        );
    }
}
