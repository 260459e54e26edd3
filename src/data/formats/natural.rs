//! The order of names as people count: `part-2` before `part-10`.

use std::cmp::Ordering;

/// Compares names, digits in a row as the number that they are; names that differ only in zeros
/// before numbers as text.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let [one, two] = [&mut left, &mut right].map(next);
        let order = match (one, two) {
            ("", "") => return a.cmp(b),
            (one, two) if is_number(one) && is_number(two) => {
                let [one, two] = [one, two].map(|digits| digits.trim_start_matches('0'));
                one.len().cmp(&two.len()).then(one.cmp(two))
            }
            (one, two) => one.cmp(two),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|character: char| character.is_ascii_digit())
}

/// Takes the digits, or the text without any, that `rest` begins with.
fn next<'a>(rest: &mut &'a str) -> &'a str {
    let digits = is_number(rest);
    let end = rest.find(|character: char| character.is_ascii_digit() != digits);
    let (taken, left) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = left;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_and_the_rest_is_text() {
        let names = [
            "",
            "1",
            "01b",
            "2",
            "10",
            "a",
            "a1-2",
            "a1-10",
            "a2-1",
            "a02-2",
            "a99999999999999999999",
            "a100000000000000000000",
            "ab",
            "b",
        ];
        for pair in names.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(compare("a1", "a1"), Ordering::Equal);
        assert_eq!(compare("a01", "a1"), Ordering::Less);
    }
}
