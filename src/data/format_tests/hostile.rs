//! Archives that are made to do harm, and places that are no files.

use super::*;

/// An archive whose second entry has the bytes of its first.
fn overlapping() -> Vec<u8> {
    let pixels: Vec<u8> = (0..3600).map(|at| (at * at * 31 % 251) as u8).collect();
    let mut archive = zip(&[("1.png", grey(60, 60, &pixels))], true);
    let directory = archive.windows(4).position(|at| at == b"PK\x01\x02");
    let end = archive.windows(4).position(|at| at == b"PK\x05\x06");
    let (directory, end) = (directory.unwrap(), end.unwrap());
    let mut again = archive[directory..end].to_vec();
    let name = again.windows(5).position(|at| at == b"1.png").unwrap();
    again[name] = b'2';
    let mut last = archive.split_off(end);
    // Twice the entries, and a directory of twice the length.
    last[8..12].copy_from_slice(&[2, 0, 2, 0]);
    last[12..16].copy_from_slice(&(2 * again.len() as u32).to_le_bytes());
    [archive, again, last].concat()
}

#[test]
fn bytes_that_many_entries_share_are_unpacked_once() {
    let bench = TestDir::new();
    let archive = overlapping();
    bench.write("same.zip", &archive);
    let refused = bench.refuse("same.zip");
    assert!(
        refused.contains("2.png inside it") && refused.contains("lie in one another"),
        "{refused}"
    );
    let arrays = |name| (name, npy("|u1", "(2, 100)", &[1; 200]));
    bench.write("two.npz", &zip(&[arrays("x.npy"), arrays("y.npy")], true));
    bench.read("two.npz:x");
}

#[test]
fn an_image_that_unpacks_to_hundreds_of_megabytes_is_refused() {
    let bench = TestDir::new();
    let archive = zip(&[("zeros.png", vec![0; (256 << 20) + 1])], true);
    assert!(archive.len() < 4 << 20);
    bench.write("bomb.zip", &archive);
    let refused = bench.refuse("bomb.zip");
    assert!(
        refused.contains("zeros.png") && refused.contains("longer than 256 MiB"),
        "{refused}"
    );
}

/// Entries are read, and never become files.
#[test]
fn a_path_out_of_an_archive_leads_nowhere() {
    let image = grey(2, 1, &[3, 4]);
    let absolute = PathBuf::from("/nrae-out-of-an-archive.png");
    // A name with `..` counts as hidden.
    for (name, is_read) in [
        ("../out.png", false),
        (absolute.to_str().unwrap(), true),
        ("a/../../b.png", false),
    ] {
        let bench = TestDir::new();
        bench.write("in/all.zip", &zip(&[(name, image.clone())], true));
        let read = read_dataset(&bench.path("in/all.zip"), &ReadOptions::default());
        assert_eq!(read.is_ok(), is_read, "{name}");
        let outside = [bench.path("out.png"), bench.path("b.png"), absolute.clone()];
        assert!(!outside.iter().any(|path| path.exists()), "{name}");
        assert_eq!(bench.path("in").read_dir().unwrap().count(), 1);
    }
    // The content of a link is the path that it leads to.
    let bench = TestDir::new();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer
        .add_symlink("l.png", "/etc/hostname", options)
        .unwrap();
    bench.write("link.zip", &writer.finish().unwrap().into_inner());
    assert!(bench.refuse("link.zip").contains("l.png in it"));
}

#[cfg(unix)]
mod places {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_but_not_around() {
        let bench = TestDir::new();
        bench.write("set/a/1.png", &grey(2, 1, &[1, 2]));
        bench.write("set/b/1.png", &grey(2, 1, &[3, 4]));
        bench.write("elsewhere/1.png", &grey(2, 1, &[5, 6]));
        symlink(bench.path("elsewhere"), bench.path("set/c")).unwrap();
        assert_eq!(bytes(&bench.read("set")), [1, 2, 3, 4, 5, 6]);
        // Two folders with links to each other: every way on is new, and there are more and more.
        for (to, link) in [
            ("set/b", "set/a/x"),
            ("set/a", "set/b/y"),
            ("set/b", "set/a/z"),
        ] {
            symlink(bench.path(to), bench.path(link)).unwrap();
        }
        let refused = bench.refuse("set");
        assert!(
            refused.contains("is a link to a folder that it lies in"),
            "{refused}"
        );
        symlink(bench.path("nowhere"), bench.path("elsewhere/2.png")).unwrap();
        assert!(bench.refuse("elsewhere").contains("2.png"));
    }

    #[test]
    fn pipes_are_refused_and_not_waited_for() {
        let bench = TestDir::new();
        bench.write("set/1.png", &grey(2, 1, &[1, 2]));
        for name in ["x.csv", "x.npy", "set/2.png"] {
            let made = std::process::Command::new("mkfifo")
                .arg(bench.path(name))
                .status();
            assert!(made.unwrap().success());
            let refused = bench.refuse(name.split('/').next().unwrap());
            assert!(refused.contains("is a pipe or a device"), "{refused}");
        }
    }
}
