//! Downloads by `curl`: resumed where they were interrupted, checked, and put in place only when
//! complete. Encryption, certificates and proxies are those of the system.

use super::write::{create_folder, sync_folder};
use super::{Sum, content};
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Attempts in a row without progress before giving up.
const ATTEMPTS: u32 = 5;
/// Wait before the second attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Seconds to connect, and without a byte, before an attempt ends.
const CONNECT_WITHIN: &str = "30";
const READ_WITHIN: &str = "60";

/// Downloads `url` to `path`. What has arrived so far is kept in `path` plus `.part`, from which
/// the next call resumes if this one is interrupted and the server can (HTTP Range). `progress` is
/// called with the bytes so far and the total, if known.
///
/// # Errors
/// When there is no `curl`, the server cannot be reached or refuses, the file has none of `sums` (then the
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
    let (mut furthest, mut fruitless, mut restarted) = (0, 0, false);
    loop {
        let start = length(&partial);
        match transfer(url, &partial, start, progress) {
            Ok(()) if sums.is_empty() || check(&partial, sums)? => {
                return put_in_place(&partial, path).map_err(|source| Error::file(path, source));
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

/// Gives what has arrived, which is on disk, its name; that is on disk then as well.
fn put_in_place(partial: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::rename(partial, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        _ => sync_folder(Path::new(".")),
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
    if unpack {
        return Ok(content::digest::<D>(flate2::read::MultiGzDecoder::new(file)).ok());
    }
    let sum = content::digest::<D>(file).map_err(|source| Error::file(path, source))?;
    Ok(Some(sum))
}

/// What ends an attempt.
enum Failure {
    /// May be gone the next time.
    Passing(String),
    Final(Error),
}

/// An answer of a server, whose body waits in the output of `curl`.
struct Answer {
    curl: Child,
    body: BufReader<ChildStdout>,
    status: u16,
    /// Names in lower case, and values.
    headers: Vec<(String, String)>,
}

impl Answer {
    /// Asks for `url` from byte `start` on.
    fn to(url: &str, start: u64) -> Result<Self, Failure> {
        // What begins encrypted is not sent on to a place where it is not.
        let protocols = match url.split_once("://") {
            Some(("https", _)) => "=https",
            Some(("http", _)) => "=http,https",
            _ => {
                return Err(Failure::Final(Error::input(format!(
                    "{url} is no address to download from: it begins neither with https:// nor with http://"
                ))));
            }
        };
        let mut command = Command::new("curl");
        // The user's own settings might change what it prints.
        command.args(["--disable", "--silent", "--show-error", "--no-buffer"]);
        command.args(["--include", "--suppress-connect-headers"]);
        command.args(["--location", "--max-redirs", "10", "--proto", protocols]);
        command.args(["--connect-timeout", CONNECT_WITHIN]);
        command.args(["--speed-limit", "1", "--speed-time", READ_WITHIN]);
        command.args(["--user-agent", concat!("nrae/", env!("CARGO_PKG_VERSION"))]);
        if start > 0 {
            command.args(["--range", &format!("{start}-")]);
        }
        command.args(["--", url]).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut curl = command.spawn().map_err(|error| {
            Failure::Final(Error::Network(format!(
                "downloads need the program curl, which cannot be started ({error}): install it, or get {url} by other means"
            )))
        })?;
        let body = BufReader::new(curl.stdout.take().expect("it is piped"));
        let mut answer = Self {
            curl,
            body,
            status: 0,
            headers: Vec::new(),
        };
        // Every redirection has headers of its own, as has what only announces an answer.
        while answer.read_headers()? {}
        Ok(answer)
    }

    /// Reads the next block of headers; whether another one follows.
    fn read_headers(&mut self) -> Result<bool, Failure> {
        self.headers.clear();
        let Some(first) = self.line()? else {
            return Err(self.broken());
        };
        let status = first.split_whitespace().nth(1);
        self.status = status.and_then(|status| status.parse().ok()).unwrap_or(0);
        while let Some(line) = self.line()?.filter(|line| !line.is_empty()) {
            if let Some((name, value)) = line.split_once(':') {
                let header = (name.to_lowercase(), value.trim().to_owned());
                self.headers.push(header);
            }
        }
        let redirects = (300..400).contains(&self.status) && self.header("location").is_some();
        Ok(redirects || (100..200).contains(&self.status))
    }

    fn line(&mut self) -> Result<Option<String>, Failure> {
        let mut line = Vec::new();
        let read = self.body.read_until(b'\n', &mut line);
        let count = read.map_err(|error| Failure::Passing(error.to_string()))?;
        Ok((count > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Why `curl` ended too early, in its words.
    fn broken(&mut self) -> Failure {
        let mut told = String::new();
        if let Some(mut errors) = self.curl.stderr.take() {
            let _ = errors.read_to_string(&mut told);
        }
        Failure::Passing(match told.trim() {
            "" => "the server sent nothing".into(),
            told => told.to_owned(),
        })
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}

/// Appends what is missing behind the first `start` bytes of `partial`.
fn transfer(
    url: &str,
    partial: &Path,
    start: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Failure> {
    let mut answer = Answer::to(url, start)?;
    let content = answer.header("content-length");
    let content = content.and_then(|length| length.parse::<u64>().ok());
    let range = answer.header("content-range");
    let Some(from) = place(answer.status, range, url, partial, start)? else {
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
    let mut buffer = vec![0; 1 << 16];
    progress(done, total);
    loop {
        let count = match answer.body.read(&mut buffer) {
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
    let whole = answer.curl.wait().is_ok_and(|status| status.success());
    match total {
        Some(total) if total != done => Err(Failure::Passing(format!(
            "it ended after {done} of {total} bytes"
        ))),
        _ if !whole => Err(answer.broken()),
        _ => Ok(()),
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
