//! Which of several named arrays holds the samples, and which one the labels.

/// Names of samples, the usual ones of NumPy's and MATLAB's users, with those of the labels that go
/// with them.
const NAMES: &[(&str, &[&str])] = &[
    ("x", &["y", "labels"]),
    ("X", &["y", "Y", "labels"]),
    ("images", &["labels", "label", "targets"]),
    ("imgs", &["labels", "label"]),
    ("data", &["labels", "label", "targets", "target"]),
    ("fea", &["gnd"]),
    ("faces", &["labels", "gnd"]),
    ("arr_0", &["arr_1"]),
];

/// Names of one part of a set.
const PARTS: &[(&str, &[&str])] = &[
    ("train", &["train"]),
    ("test", &["test"]),
    ("validation", &["validation", "valid", "val"]),
];

/// The samples, and the labels where there are some, among `names`: by `part` where it is given,
/// which may be a name or one of `train`, `test` and `validation`; else the only array, or the one
/// that has a usual name. An error is the end of a sentence that begins with the file's name.
pub(super) fn choose<'a>(
    names: &[&'a str],
    part: Option<&str>,
) -> Result<(&'a str, Option<&'a str>), String> {
    let find = |wanted: &str| names.iter().copied().find(|name| *name == wanted);
    let pair = |part: Option<&str>,
                (samples, labels): &(&str, &[&str])|
     -> Option<(&'a str, Option<&'a str>)> {
        let spelt = |name: &str| match part {
            None => find(name),
            Some(part) => {
                let spellings = [
                    format!("{name}_{part}"),
                    format!("{part}_{name}"),
                    format!("{part}/{name}"),
                ];
                spellings.iter().find_map(|spelling| find(spelling))
            }
        };
        Some((
            spelt(samples)?,
            labels.iter().find_map(|label| spelt(label)),
        ))
    };
    let usual = |part: Option<&str>| NAMES.iter().find_map(|names| pair(part, names));
    let of_part = |name: &str| {
        let (_, spellings) = PARTS.iter().find(|(part, _)| *part == name)?;
        spellings.iter().find_map(|spelling| usual(Some(spelling)))
    };
    let all = || {
        if names.is_empty() {
            "no array of numbers".to_owned()
        } else {
            names.join(", ")
        }
    };
    match part {
        Some(part) => {
            if let Some(name) = find(part) {
                let every = std::iter::once(None).chain(
                    PARTS
                        .iter()
                        .flat_map(|(_, spellings)| *spellings)
                        .copied()
                        .map(Some),
                );
                let mut pairs =
                    every.flat_map(|part| NAMES.iter().filter_map(move |names| pair(part, names)));
                return Ok((
                    name,
                    pairs
                        .find(|(samples, _)| *samples == name)
                        .and_then(|(_, labels)| labels),
                ));
            }
            of_part(part).ok_or_else(|| format!("has no array `{part}`: it holds {}", all()))
        }
        None => {
            let only = match names {
                [name] => Some((*name, None)),
                _ => None,
            };
            only.or_else(|| usual(None))
                .or_else(|| of_part("train"))
                .or_else(|| beside_labels(names))
                .ok_or_else(|| match names {
                    [] => format!("holds {}", all()),
                    _ => format!("holds {}: choose one as FILE:NAME, and labels among them by --labels FILE:NAME", all()),
                })
        }
    }
}

/// The only one of `names` that is not a usual name of labels, and those.
fn beside_labels<'a>(names: &[&'a str]) -> Option<(&'a str, Option<&'a str>)> {
    let usual = |name: &&str| NAMES.iter().any(|(_, labels)| labels.contains(name));
    match names {
        [samples, labels] | [labels, samples] if usual(labels) && !usual(samples) => {
            Some((*samples, Some(*labels)))
        }
        _ => None,
    }
}

/// The labels among `names`, where a file is read for its labels alone.
pub(super) fn choose_labels<'a>(names: &[&'a str], part: Option<&str>) -> Result<&'a str, String> {
    if let Some(name) = names.iter().copied().find(|name| Some(*name) == part) {
        return Ok(name);
    }
    if let ([name], None) = (names, part) {
        return Ok(name);
    }
    let labels = choose(names, part).ok().and_then(|(_, labels)| labels);
    labels.ok_or_else(|| {
        format!(
            "holds {}, none of them known as labels: choose one as FILE:NAME",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_names_are_known() {
        let keras = ["x_test", "x_train", "y_test", "y_train"];
        assert_eq!(choose(&keras, None), Ok(("x_train", Some("y_train"))));
        assert_eq!(choose(&keras, Some("test")), Ok(("x_test", Some("y_test"))));
        assert_eq!(
            choose(&keras, Some("x_test")),
            Ok(("x_test", Some("y_test")))
        );
        assert_eq!(choose(&keras, Some("y_test")), Ok(("y_test", None)));
        let medical = ["train_images", "train_labels", "val_images", "val_labels"];
        assert_eq!(
            choose(&medical, Some("validation")),
            Ok(("val_images", Some("val_labels")))
        );
        let groups = ["test/images", "test/labels", "train/images", "train/labels"];
        assert_eq!(
            choose(&groups, Some("test")),
            Ok(("test/images", Some("test/labels")))
        );
        assert_eq!(choose(&["X", "y"], None), Ok(("X", Some("y"))));
        assert_eq!(choose(&["fea", "gnd"], None), Ok(("fea", Some("gnd"))));
        let patches = ["labels", "patches"];
        assert_eq!(choose(&patches, None), Ok(("patches", Some("labels"))));
        assert!(choose(&["labels", "a", "b"], None).is_err());
        assert!(choose(&["labels", "y"], None).is_err());
        assert_eq!(choose(&["anything"], None), Ok(("anything", None)));
        assert_eq!(choose_labels(&keras, None), Ok("y_train"));
        assert_eq!(choose_labels(&keras, Some("test")), Ok("y_test"));
        assert_eq!(choose_labels(&["arr_0"], None), Ok("arr_0"));
    }

    #[test]
    fn what_is_not_known_is_listed() {
        assert!(
            choose(&["a", "b"], None)
                .unwrap_err()
                .contains("holds a, b: choose one as FILE:NAME")
        );
        assert!(
            choose(&["a", "b"], Some("c"))
                .unwrap_err()
                .contains("no array `c`: it holds a, b")
        );
        assert!(
            choose(&[], None)
                .unwrap_err()
                .contains("no array of numbers")
        );
        assert!(
            choose_labels(&["a", "b"], None)
                .unwrap_err()
                .contains("none of them")
        );
    }
}
