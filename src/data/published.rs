//! The data sets that nrae knows by name: what they are, where they are published, and the
//! checksums of the files.
//!
//! MD5 sums are those that the publishers, or torchvision for them, give for the files; an MD5 of
//! an unpacked file lets the same content in another gzip wrapping pass. They detect
//! damaged downloads; against forged ones there is HTTPS.

/// A data set that is published under a name.
#[derive(Debug)]
pub struct Published {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What its images show.
    pub about: &'static str,
    /// Channels, height and width of an image.
    pub shape: [usize; 3],
    /// The parts that it comes in, training first.
    pub parts: &'static [Part],
    /// Names of its classes, where they are no numbers and are not in the files.
    pub classes: &'static [&'static str],
    /// Licence, or the terms that stand in for one.
    pub licence: &'static str,
    /// Where it comes from.
    pub origin: Origin,
}

/// A training, validation or test set.
#[derive(Debug)]
pub struct Part {
    /// `train`, `validation` or `test`.
    pub name: &'static str,
    /// Number of images.
    pub samples: usize,
    /// The file with the images, as FILE:PART where it holds more; empty where it has to be
    /// prepared first.
    pub images: &'static str,
    /// The file with the labels, where they are not beside the images.
    pub labels: Option<&'static str>,
}

/// How a data set gets onto the machine.
#[derive(Debug)]
pub enum Origin {
    /// Files to download.
    Web {
        /// Address of the folder that they are in, with a slash at its end.
        base: &'static str,
        /// All files.
        files: &'static [File],
        /// Size of all of them.
        megabytes: u32,
    },
    /// It comes with nrae's source code, in `data/`.
    Shipped,
    /// It cannot be fetched freely; this says how to get it.
    ByHand(&'static str),
}

/// A file to download.
#[derive(Debug)]
pub struct File {
    /// Its name, here and there.
    pub name: &'static str,
    /// A file with any one of these checksums is complete.
    pub sums: &'static [Sum],
}

/// A published checksum, in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// SHA-256 of the file.
    Sha256(&'static str),
    /// MD5 of the file.
    Md5(&'static str),
    /// MD5 of what a gzip file holds.
    Md5Unpacked(&'static str),
}

impl Published {
    /// The set of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PUBLISHED.iter().find(|set| set.name == name)
    }
}

const fn part(
    name: &'static str,
    samples: usize,
    images: &'static str,
    labels: Option<&'static str>,
) -> Part {
    Part {
        name,
        samples,
        images,
        labels,
    }
}

const fn file(name: &'static str, sums: &'static [Sum]) -> File {
    File { name, sums }
}

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte.gz";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte.gz";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte.gz";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte.gz";
const MNIST_PARTS: &[Part] = &[
    part("train", 60_000, TRAIN_IMAGES, Some(TRAIN_LABELS)),
    part("test", 10_000, TEST_IMAGES, Some(TEST_LABELS)),
];
const CLOTHES: &[&str] = &[
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
];

/// Every data set that has a name.
pub const PUBLISHED: &[Published] = &[
    Published {
        name: "mnist",
        about: "handwritten digits",
        shape: [1, 28, 28],
        parts: MNIST_PARTS,
        classes: &[],
        licence: "usually given as CC BY-SA 3.0 (Y. LeCun, C. Cortes, C. Burges)",
        origin: Origin::Web {
            base: "https://ossci-datasets.s3.amazonaws.com/mnist/",
            files: &[
                file(
                    TRAIN_IMAGES,
                    &[
                        Sum::Md5("f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                        Sum::Md5Unpacked("6bbc9ace898e44ae57da46a324031adb"),
                    ],
                ),
                file(
                    TRAIN_LABELS,
                    &[
                        Sum::Md5("d53e105ee54ea40749a09fcbcd1e9432"),
                        Sum::Md5Unpacked("a25bea736e30d166cdddb491f175f624"),
                    ],
                ),
                file(
                    TEST_IMAGES,
                    &[
                        Sum::Md5("9fb629c4189551a2d022fa330f9573f3"),
                        Sum::Md5Unpacked("2646ac647ad5339dbf082846283269ea"),
                    ],
                ),
                file(
                    TEST_LABELS,
                    &[
                        Sum::Md5("ec29112dd5afa0611ce80d1b7f02629c"),
                        Sum::Md5Unpacked("27ae3e4e09519cfbb04c329615203637"),
                    ],
                ),
            ],
            megabytes: 12,
        },
    },
    Published {
        name: "fashion-mnist",
        about: "clothes",
        shape: [1, 28, 28],
        parts: MNIST_PARTS,
        classes: CLOTHES,
        licence: "MIT (Zalando SE)",
        origin: Origin::Web {
            base: "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            files: &[
                file(
                    TRAIN_IMAGES,
                    &[Sum::Md5("8d4fb7e6c68d591d4c3dfef9ec88bf0d")],
                ),
                file(
                    TRAIN_LABELS,
                    &[Sum::Md5("25c81989df183df01b3e8a0aad5dffbe")],
                ),
                file(TEST_IMAGES, &[Sum::Md5("bef4ecab320f06d8554ea6380940ec79")]),
                file(TEST_LABELS, &[Sum::Md5("bb300cfdad3c16e7a12a480ee83cd310")]),
            ],
            megabytes: 31,
        },
    },
    Published {
        name: "kmnist",
        about: "cursive Japanese characters",
        shape: [1, 28, 28],
        parts: MNIST_PARTS,
        classes: &["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
        licence: "CC BY-SA 4.0 (KMNIST Dataset, created by CODH, adapted from Kuzushiji Dataset by NIJL and others)",
        origin: Origin::Web {
            base: "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            files: &[
                file(
                    TRAIN_IMAGES,
                    &[Sum::Md5("bdb82020997e1d708af4cf47b453dcf7")],
                ),
                file(
                    TRAIN_LABELS,
                    &[Sum::Md5("e144d726b3acfaa3e44228e80efcd344")],
                ),
                file(TEST_IMAGES, &[Sum::Md5("5c965bf0a639b31b8f53240b1b52f4d7")]),
                file(TEST_LABELS, &[Sum::Md5("7320c461ea6c1c855c0b718fb2a4b134")]),
            ],
            megabytes: 21,
        },
    },
    Published {
        name: "omniglot",
        about: "handwritten characters of 50 alphabets, black ink (0) on white",
        shape: [1, 105, 105],
        parts: &[
            part("train", 19_280, "images_background.zip", None),
            part("test", 13_180, "images_evaluation.zip", None),
        ],
        classes: &[],
        licence: "MIT (B. Lake)",
        origin: Origin::Web {
            base: "https://github.com/brendenlake/omniglot/raw/master/python/",
            files: &[
                file(
                    "images_background.zip",
                    &[Sum::Md5("68d2efa1b9178cc56df9314c21c6e718")],
                ),
                file(
                    "images_evaluation.zip",
                    &[Sum::Md5("6b91aef0f799c5bb55b94e3f2daec811")],
                ),
            ],
            megabytes: 16,
        },
    },
    Published {
        name: "svhn",
        about: "digits of house numbers",
        shape: [3, 32, 32],
        parts: &[
            part("train", 73_257, "train_32x32.mat", None),
            part("test", 26_032, "test_32x32.mat", None),
        ],
        classes: &[],
        licence: "for non-commercial use only (Y. Netzer and others, Stanford University and Google)",
        origin: Origin::Web {
            base: "https://ufldl.stanford.edu/housenumbers/",
            files: &[
                file(
                    "train_32x32.mat",
                    &[Sum::Md5("e26dedcc434d2e4c54c9b2d4a06d8373")],
                ),
                file(
                    "test_32x32.mat",
                    &[Sum::Md5("eb5a983be6a315427106f1b164d9cef3")],
                ),
            ],
            megabytes: 246,
        },
    },
    Published {
        name: "cifar10",
        about: "photographs of 10 classes",
        shape: [3, 32, 32],
        parts: &[
            part("train", 50_000, "cifar-10-binary.tar.gz:train", None),
            part("test", 10_000, "cifar-10-binary.tar.gz:test", None),
        ],
        classes: &[],
        licence: "none stated; cite A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        origin: Origin::Web {
            base: "https://www.cs.toronto.edu/~kriz/",
            files: &[file(
                "cifar-10-binary.tar.gz",
                &[Sum::Md5("c32a1d4ab5d03f1284b67883e8d87530")],
            )],
            megabytes: 170,
        },
    },
    Published {
        name: "cifar100",
        about: "photographs of 100 classes",
        shape: [3, 32, 32],
        parts: &[
            part("train", 50_000, "cifar-100-binary.tar.gz:train", None),
            part("test", 10_000, "cifar-100-binary.tar.gz:test", None),
        ],
        classes: &[],
        licence: "none stated; cite A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        origin: Origin::Web {
            base: "https://www.cs.toronto.edu/~kriz/",
            files: &[file(
                "cifar-100-binary.tar.gz",
                &[Sum::Md5("03b5dce01913d631647c71ecec9e9cb8")],
            )],
            megabytes: 169,
        },
    },
    Published {
        name: "celeba",
        about: "faces of celebrities, aligned",
        shape: [3, 218, 178],
        parts: &[
            part("train", 162_770, "", None),
            part("validation", 19_867, "", None),
            part("test", 19_962, "", None),
        ],
        classes: &[],
        licence: "non-commercial research only (MMLAB, The Chinese University of Hong Kong)",
        origin: Origin::ByHand(
            "Agree to its terms at https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, download img_align_celeba.zip from there, and prepare \
             its official splits, here at 64 x 64 pixels:\n\
             \x20 nrae data prepare img_align_celeba.zip --limit 162770 --crop 148 --size 64 --out celeba64-train.npy\n\
             \x20 nrae data prepare img_align_celeba.zip --skip 162770 --limit 19867 --crop 148 --size 64 --out celeba64-validation.npy\n\
             \x20 nrae data prepare img_align_celeba.zip --skip 182637 --crop 148 --size 64 --out celeba64-test.npy",
        ),
    },
    Published {
        name: "digits",
        about: "handwritten digits, 0 to 16",
        shape: [1, 8, 8],
        parts: &[part("train", 1797, "digits.npy", Some("digits-labels.npy"))],
        classes: &[],
        licence: "CC BY 4.0 (E. Alpaydin, C. Kaynak, UCI)",
        origin: Origin::Shipped,
    },
    Published {
        name: "mnist5000",
        about: "500 of each of MNIST's digits",
        shape: [1, 28, 28],
        parts: &[part(
            "train",
            5000,
            "mnist5000.npy.gz",
            Some("mnist5000-labels.npy"),
        )],
        classes: &[],
        licence: "usually given as CC BY-SA 3.0 (Y. LeCun, C. Cortes, C. Burges)",
        origin: Origin::Shipped,
    },
    Published {
        name: "fashion-mnist-10k",
        about: "the test set of Fashion-MNIST",
        shape: [1, 28, 28],
        parts: &[part(
            "train",
            10_000,
            "fashion-mnist-10k.npy.gz",
            Some("fashion-mnist-10k-labels.npy"),
        )],
        classes: CLOTHES,
        licence: "MIT (Zalando SE)",
        origin: Origin::Shipped,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_a_part_can_be_fetched_and_has_a_sum() {
        for set in PUBLISHED {
            let Origin::Web { base, files, .. } = set.origin else {
                continue;
            };
            assert!(
                base.starts_with("https://") && base.ends_with('/'),
                "{base}"
            );
            for part in set.parts {
                let images = part.images.split(':').next().unwrap();
                for name in std::iter::once(images).chain(part.labels) {
                    assert!(
                        files.iter().any(|file| file.name == name),
                        "{name} of {}",
                        set.name
                    );
                }
            }
            for sum in files.iter().flat_map(|file| file.sums) {
                let (digits, length) = match sum {
                    Sum::Sha256(digits) => (digits, 64),
                    Sum::Md5(digits) | Sum::Md5Unpacked(digits) => (digits, 32),
                };
                assert!(
                    digits.len() == length
                        && digits
                            .bytes()
                            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                );
            }
        }
    }
}
