//! Downloads, from a small server on this machine that can be told to fail.

use nrae::data::{Sum, download};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
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

/// Serves the files of a function of their name; requests are answered by `answers` in turn, then
/// whole.
struct Server {
    address: String,
    /// The range that each request asked for.
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    /// One content under every name.
    fn new(content: Vec<u8>, answers: &[Answer]) -> Self {
        Self::of(move |_| content.clone(), answers)
    }

    fn of(files: impl Fn(&str) -> Vec<u8> + Send + 'static, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (asked, mut answers) = (ranges.clone(), VecDeque::from(answers.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let answer = answers.pop_front().unwrap_or(Answer::Whole);
                let range = Self::answer(stream.unwrap(), &files, answer);
                asked.lock().unwrap().push(range);
            }
        });
        Self { address, ranges }
    }

    fn answer(
        mut stream: TcpStream,
        files: &impl Fn(&str) -> Vec<u8>,
        answer: Answer,
    ) -> Option<String> {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut range, mut name) = (None, String::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(path) = line.strip_prefix("GET /") {
                name = path.split(' ').next().unwrap().to_owned();
            }
            if let Some(value) = line.to_lowercase().strip_prefix("range:") {
                range = Some(value.trim().to_owned());
            }
        }
        let content = &files(&name)[..];
        let start = range.as_ref().map_or(0, |range| {
            range["bytes=".len()..]
                .trim_end_matches('-')
                .parse()
                .unwrap()
        });
        let whole = content.len();
        let (status, sent, headers) = match answer {
            Answer::Status(status) => (status, &b"no"[..], String::new()),
            Answer::NoRange => (200, content, String::new()),
            Answer::WrongRange => (
                206,
                content,
                format!("Content-Range: bytes 0-{}/{whole}\r\n", whole - 1),
            ),
            _ if range.is_some() && start >= whole => {
                (416, &b""[..], format!("Content-Range: bytes */{whole}\r\n"))
            }
            _ if range.is_some() => (
                206,
                &content[start..],
                format!("Content-Range: bytes {start}-{}/{whole}\r\n", whole - 1),
            ),
            _ => (200, content, String::new()),
        };
        let length = sent.len();
        let sent = if let Answer::Cut(count) = answer {
            &sent[..count.min(length)]
        } else {
            sent
        };
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
        )
        .unwrap();
        let _ = stream.write_all(sent);
        range
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn content() -> Vec<u8> {
    (0..300_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

/// Of [`content`], by sha256sum.
const SUM: Sum = Sum::Sha256("136f334d647619879743ff33fde1ac6547f40e314692441f2a125e087cad47c9");

fn get(server: &Server, path: &Path, sums: &[Sum]) -> nrae::error::Result<Vec<(u64, Option<u64>)>> {
    let mut seen = Vec::new();
    download(
        &format!("{}x.gz", server.address),
        path,
        sums,
        &mut |done, total| seen.push((done, total)),
    )?;
    Ok(seen)
}

#[test]
fn a_whole_file_is_checked_and_put_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/x.gz");
    let server = Server::new(content(), &[]);
    let seen = get(&server, &path, &[Sum::Md5("0"), SUM]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), content());
    assert_eq!(
        (seen[0], *seen.last().unwrap()),
        ((0, Some(300_000)), (300_000, Some(300_000)))
    );
    assert!(!folder.path().join("new/x.gz.part").exists());
    assert_eq!(server.ranges(), [None]);
}

#[test]
fn a_cut_connection_goes_on_where_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gz");
    let server = Server::new(
        content(),
        &[
            Answer::Cut(100_000),
            Answer::Cut(50_000),
            Answer::Status(503),
            Answer::Cut(0),
        ],
    );
    get(&server, &path, &[SUM]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), content());
    let from = |start: u32| Some(format!("bytes={start}-"));
    assert_eq!(
        server.ranges(),
        [
            None,
            from(100_000),
            from(150_000),
            from(150_000),
            from(150_000)
        ]
    );
}

#[test]
fn an_earlier_run_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gz");
    let part = folder.path().join("x.gz.part");
    // In the middle; at the very end, where nothing is left to send; and where the server does not
    // know ranges.
    for (kept, answers) in [
        (1000, vec![]),
        (300_000, vec![]),
        (1000, vec![Answer::NoRange]),
        (1000, vec![Answer::WrongRange]),
    ] {
        std::fs::write(&part, &content()[..kept]).unwrap();
        let server = Server::new(content(), &answers);
        get(&server, &path, &[SUM]).unwrap();
        assert_eq!(server.ranges()[0], Some(format!("bytes={kept}-")));
        assert!(
            std::fs::read(&path).unwrap() == content() && !part.exists(),
            "{kept} {answers:?}"
        );
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
    assert!(
        message.contains("x.gz answers with status 404") && message.contains("--mirror"),
        "{message}"
    );
    let message = refuse(b"something else".to_vec(), &[]);
    assert!(
        message.contains("another sum, so it was removed"),
        "{message}"
    );
    assert!(!folder.path().join("x.gz.part").exists());
    let message = refuse(
        content(),
        &[
            Answer::Cut(10),
            Answer::Cut(0),
            Answer::Cut(0),
            Answer::Cut(0),
            Answer::Cut(0),
            Answer::Cut(0),
        ],
    );
    assert!(message.contains("resume from the 10 bytes"), "{message}");
    assert_eq!(
        std::fs::read(folder.path().join("x.gz.part")).unwrap(),
        content()[..10]
    );
    let bad = download("nowhere", &path, &[], &mut |_, _| ()).unwrap_err();
    assert!(bad.to_string().contains("no address"), "{bad}");
}

/// Runs `nrae data fetch` with these arguments: exit status, standard output and standard error.
fn fetch(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrae"));
    let output = command
        .args(["data", "fetch"])
        .args(arguments)
        .env_remove("NRAE_DATA")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn fetch_tells_the_licence_first_and_takes_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let server = Server::new(b"something else".to_vec(), &[]);
    let (code, told, message) = fetch(&["mnist", "--data-dir", place, "--mirror", &server.address]);
    assert_eq!(code, Some(1));
    assert!(
        told.lines()
            .next()
            .unwrap()
            .contains("Licence: usually given as CC BY-SA 3.0"),
        "{told}"
    );
    assert!(
        message.contains("train-images-idx3-ubyte.gz is not the file that was published"),
        "{message}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("mnist"))
            .unwrap()
            .count(),
        0
    );
    // What the user has put there is left alone.
    let own = folder.path().join("mnist/train-images-idx3-ubyte.gz");
    std::fs::write(&own, b"mine").unwrap();
    let (code, _, message) = fetch(&["mnist", "--data-dir", place, "--mirror", &server.address]);
    assert!(
        code == Some(2) && message.contains("Move it away"),
        "{message}"
    );
    assert_eq!(std::fs::read(&own).unwrap(), b"mine");
    for (name, parts) in [
        (
            "celeba",
            [
                "cannot be fetched freely",
                "nrae data prepare img_align_celeba.zip",
            ],
        ),
        ("digits", ["needs no fetching", "source code"]),
        ("imagenet", ["no data set `imagenet`", "fashion-mnist"]),
    ] {
        let (code, _, message) = fetch(&[name, "--data-dir", place]);
        assert!(
            code == Some(2) && parts.iter().all(|part| message.contains(part)),
            "{message}"
        );
    }
}

#[test]
fn without_curl_it_is_said_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nrae"))
        .args(["data", "fetch", "mnist", "--data-dir"])
        .arg(folder.path())
        .env("PATH", folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("need the program curl") && told.contains("train-images-idx3-ubyte.gz"),
        "{told}"
    );
}

/// MNIST as published, from the folder `mnist` of `NRAE_DATA`.
#[test]
#[ignore = "needs the published files: set NRAE_DATA to their folder"]
fn fetch_brings_a_whole_set() {
    let folder = std::env::var_os("NRAE_DATA").expect("NRAE_DATA names the folder of the files");
    let real = Path::new(&folder).join("mnist");
    assert!(real.is_dir(), "NRAE_DATA has no folder mnist");
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of(
        move |name| std::fs::read(real.join(name)).unwrap(),
        &[Answer::Cut(2_000_000)],
    );
    let arguments = [
        "mnist",
        "--json",
        "--data-dir",
        folder.path().to_str().unwrap(),
        "--mirror",
        &server.address,
    ];
    for again in [false, true] {
        let (code, told, message) = fetch(&arguments);
        assert_eq!(code, Some(0), "{message}");
        let lines: Vec<serde_json::Value> = told
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 4);
        assert!(
            lines
                .iter()
                .all(|line| line["downloaded"] == !again && line["checked"] == true),
            "{told}"
        );
    }
    assert_eq!(server.ranges().len(), 5);
    let set = nrae::data::open_dataset(
        Path::new("mnist:test"),
        &[folder.path().to_owned()],
        &Default::default(),
    )
    .unwrap();
    assert_eq!((set.data.samples, set.data.labels.unwrap()[0]), (10_000, 7));
}
