//! Downloads, from a small server on this machine that can be told to fail.

#![cfg(feature = "download")]

use nrae::data::{Sum, download};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// How the server answers one request.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// As asked, ranges included.
    Whole,
    /// So many bytes of what was asked, then the connection ends.
    Cut(usize),
    /// The whole file, whatever range was asked.
    NoRange,
    /// Another range than was asked.
    WrongRange,
    Status(u16),
}

/// Serves one content under every name; requests are answered by `answers` in turn, then whole.
struct Server {
    address: String,
    /// The range that each request asked for.
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    fn new(content: Vec<u8>, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (asked, mut answers) = (ranges.clone(), VecDeque::from(answers.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let answer = answers.pop_front().unwrap_or(Answer::Whole);
                let range = Self::answer(stream.unwrap(), &content, answer);
                asked.lock().unwrap().push(range);
            }
        });
        Self { address, ranges }
    }

    fn answer(mut stream: TcpStream, content: &[u8], answer: Answer) -> Option<String> {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut range = None;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("range:") {
                range = Some(value.trim().to_owned());
            }
        }
        let start = range.as_ref().map_or(0, |range| range["bytes=".len()..].trim_end_matches('-').parse().unwrap());
        let whole = content.len();
        let (status, sent, headers) = match answer {
            Answer::Status(status) => (status, &b"no"[..], String::new()),
            Answer::NoRange => (200, content, String::new()),
            Answer::WrongRange => (206, content, format!("Content-Range: bytes 0-{}/{whole}\r\n", whole - 1)),
            _ if range.is_some() && start >= whole => (416, &b""[..], format!("Content-Range: bytes */{whole}\r\n")),
            _ if range.is_some() => (206, &content[start..], format!("Content-Range: bytes {start}-{}/{whole}\r\n", whole - 1)),
            _ => (200, content, String::new()),
        };
        let length = sent.len();
        let sent = if let Answer::Cut(count) = answer { &sent[..count.min(length)] } else { sent };
        write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n").unwrap();
        let _ = stream.write_all(sent);
        range
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Of [`content`], by sha256sum.
const SUM: Sum = Sum::Sha256("136f334d647619879743ff33fde1ac6547f40e314692441f2a125e087cad47c9");

fn get(server: &Server, path: &Path, sums: &[Sum]) -> nrae::error::Result<Vec<(u64, Option<u64>)>> {
    let mut seen = Vec::new();
    download(&format!("{}x.gz", server.address), path, sums, &mut |done, total| seen.push((done, total)))?;
    Ok(seen)
}

#[test]
fn a_whole_file_is_checked_and_put_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/x.gz");
    let server = Server::new(content(), &[]);
    let seen = get(&server, &path, &[Sum::Md5("0"), SUM]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), content());
    assert_eq!((seen[0], *seen.last().unwrap()), ((0, Some(300_000)), (300_000, Some(300_000))));
    assert!(!folder.path().join("new/x.gz.part").exists());
    assert_eq!(server.ranges(), [None]);
}

#[test]
fn a_cut_connection_goes_on_where_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gz");
    let server = Server::new(content(), &[Answer::Cut(100_000), Answer::Cut(50_000), Answer::Status(503), Answer::Cut(0)]);
    get(&server, &path, &[SUM]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), content());
    let from = |start: u32| Some(format!("bytes={start}-"));
    assert_eq!(server.ranges(), [None, from(100_000), from(150_000), from(150_000), from(150_000)]);
}

#[test]
fn an_earlier_run_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gz");
    let part = folder.path().join("x.gz.part");
    // In the middle; at the very end, where nothing is left to send; and where the server does not know ranges.
    for (kept, answers) in [(1000, vec![]), (300_000, vec![]), (1000, vec![Answer::NoRange]), (1000, vec![Answer::WrongRange])] {
        std::fs::write(&part, &content()[..kept]).unwrap();
        let server = Server::new(content(), &answers);
        get(&server, &path, &[SUM]).unwrap();
        assert_eq!(server.ranges()[0], Some(format!("bytes={kept}-")));
        assert!(std::fs::read(&path).unwrap() == content() && !part.exists(), "{kept} {answers:?}");
    }
    // What an older file has left is noticed by the sum, and everything is taken anew.
    for wrong in [vec![7; 1000], vec![7; 300_001]] {
        std::fs::write(&part, wrong).unwrap();
        get(&Server::new(content(), &[]), &path, &[SUM]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), content());
    }
}

#[test]
fn what_fails_is_said_and_leaves_no_wrong_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gz");
    let refuse = |content: Vec<u8>, answers: &[Answer]| {
        let server = Server::new(content, answers);
        let error = get(&server, &path, &[SUM]).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(!path.exists());
        error.to_string()
    };
    let message = refuse(content(), &[Answer::Status(404)]);
    assert!(message.contains("x.gz answers with status 404") && message.contains("--mirror"), "{message}");
    let message = refuse(b"something else".to_vec(), &[]);
    assert!(message.contains("another sum, so it was removed"), "{message}");
    assert!(!folder.path().join("x.gz.part").exists());
    let message =
        refuse(content(), &[Answer::Cut(10), Answer::Cut(0), Answer::Cut(0), Answer::Cut(0), Answer::Cut(0), Answer::Cut(0)]);
    assert!(message.contains("goes on from there"), "{message}");
    assert_eq!(std::fs::read(folder.path().join("x.gz.part")).unwrap(), content()[..10]);
    let bad = download("nowhere", &path, &[], &mut |_, _| ()).unwrap_err();
    assert!(bad.to_string().contains("no address"), "{bad}");
}
