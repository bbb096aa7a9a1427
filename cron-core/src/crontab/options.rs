//! Lines such as `#: name = "nightly", timeout = "2h"`.

use std::ops::Range;

use super::mistake::CrontabProblem as Problem;
use crate::job::options::{Key, Place, Value};

/// An option with its place in the line.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) key: Key,
    pub(super) value: Value,
    /// From the key to the end of the value.
    pub(super) at: Range<usize>,
}

/// Reads what stands behind `#:`. All places are counted from the beginning of `text`.
pub(super) fn read(text: &str) -> (Vec<Given>, Vec<(Range<usize>, Problem)>) {
    let (mut given, mut wrong) = (Vec::new(), Vec::new());
    let mut at = 0;
    loop {
        match one(text, at) {
            Ok((next, found)) => {
                match found {
                    Ok(option) => given.push(option),
                    Err(mistake) => wrong.push(mistake),
                }
                let next = blanks(text, next);
                match text[next..].chars().next() {
                    None => break,
                    Some(',') if blanks(text, next + 1) < text.len() => at = next + 1,
                    Some(_) => {
                        wrong.push((next..text.trim_end().len().max(next), Problem::OptionForm));
                        break;
                    }
                }
            }
            Err(place) => {
                wrong.push((place, Problem::OptionForm));
                break;
            }
        }
    }
    (given, wrong)
}

type One = (usize, Result<Given, (Range<usize>, Problem)>);

/// One option and the place behind it. An error is a text of another form, behind which nothing can be read.
fn one(text: &str, at: usize) -> Result<One, Range<usize>> {
    let start = blanks(text, at);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = &text[start..][..text[start..].find(|c| !is_name(c)).unwrap_or(text.len() - start)];
    let sign = blanks(text, start + name.len());
    if name.is_empty() || !text[sign..].starts_with('=') {
        return Err(start..text.trim_end().len().max(start));
    }
    let from = blanks(text, sign + 1);
    let (value, end) = value(text, from)?;
    let found = match (Key::read(name, Place::Builder), value) {
        (Err(unknown), _) => Err((start..start + name.len(), Problem::OptionUnknown(unknown))),
        (Ok(key), _) if key.is_schedule() || key == Key::Timezone => {
            Err((start..end, Problem::OptionElsewhere(key)))
        }
        (Ok(_), None) => Err((from..end, Problem::OptionUnquoted { word: text[from..end].to_owned() })),
        (Ok(key), Some(value)) => Ok(Given { key, value, at: start..end }),
    };
    Ok((end, found))
}

/// A value and the place behind it; `None` for a word without quotes.
fn value(text: &str, from: usize) -> Result<(Option<Value>, usize), Range<usize>> {
    let Some(inside) = text[from..].strip_prefix('"') else {
        let length = text[from..].find([',', ' ', '\t']).unwrap_or(text.len() - from);
        let word = &text[from..from + length];
        let value = match word {
            "" => return Err(from..text.trim_end().len().max(from)),
            "true" => Some(Value::Switch(true)),
            "false" => Some(Value::Switch(false)),
            word if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Value::Count(word.parse().unwrap_or(u64::MAX)))
            }
            _ => None,
        };
        return Ok((value, from + length));
    };
    let mut value = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Some(Value::Text(value)), from + 1 + at + 1)),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                Some((_, c)) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err(from..text.len())
}

fn blanks(text: &str, at: usize) -> usize {
    text[at..].find(|c| !matches!(c, ' ' | '\t')).map_or(text.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_every_kind() {
        let text =
            r#" name = "nightly",timeout="2h" , retries = 3, retry_past_next=true, tags = "a \"b\" \\ \c" "#;
        let (given, wrong) = read(text);
        assert!(wrong.is_empty(), "{wrong:?}");
        let found: Vec<_> = given.iter().map(|given| (given.key, given.value.clone())).collect();
        assert_eq!(
            found,
            [
                (Key::Name, Value::from("nightly")),
                (Key::Timeout, Value::from("2h")),
                (Key::Retries, Value::Count(3)),
                (Key::RetryPastNext, Value::Switch(true)),
                (Key::Tags, Value::from(r#"a "b" \ \c"#)),
            ]
        );
        assert_eq!(&text[given[1].at.clone()], "timeout=\"2h\"");
    }

    #[test]
    fn each_mistake_has_its_place() {
        for (text, part) in [
            ("", ""),
            (" a comment", "a comment"),
            (" name", "name"),
            (" name =", ""),
            (" name = \"x", "\"x"),
            (" name = \"x\" timeout = \"2h\"", "timeout = \"2h\""),
            (" name = \"x\",", ","),
            (" name = nightly", "nightly"),
            (" nam = \"x\"", "nam"),
            (" cron = \"* * * * *\"", "cron = \"* * * * *\""),
            (" timezone = \"UTC\"", "timezone = \"UTC\""),
        ] {
            let (_, wrong) = read(text);
            assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
            assert_eq!(&text[wrong[0].0.clone()], part, "{text}");
        }
        let (given, wrong) = read(" nam = \"x\", retries = three, timeout = \"5m\"");
        assert_eq!((given.len(), wrong.len()), (1, 2), "{wrong:?}");
    }
}
