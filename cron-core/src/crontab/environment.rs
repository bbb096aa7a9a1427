//! Lines that set a variable, by the rule of cronie.

use std::ops::Range;

/// What a line is that might set a variable.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Setting<'a> {
    /// It does.
    Of { name: &'a str, value: &'a str, at: Range<usize> },
    /// It is meant to, but a quote has no end.
    Unclosed(Range<usize>),
    /// It is meant to, but there is more behind a quote.
    Behind(Range<usize>),
    /// It is meant to, but no name stands before the sign.
    Nameless(Range<usize>),
    /// It is something else.
    None,
}

/// Reads a line without blanks in front. A name or a value may stand in quotes, which have no escapes; blanks around an unquoted one
/// go, and nothing is expanded. `at` is the place of the value.
pub(super) fn read(line: &str) -> Setting<'_> {
    let (name, behind) = match quoted(line) {
        Some(Ok(name)) => (name, name.len() + 2),
        // A schedule never begins with a quote.
        Some(Err(())) if line.contains('=') => return Setting::Unclosed(0..line.len()),
        Some(Err(())) => return Setting::None,
        None => {
            let end = line.find(|c: char| c == '=' || is_blank(c)).unwrap_or(line.len());
            (&line[..end], end)
        }
    };
    let sign = behind + blanks(&line[behind..]);
    if !line[sign..].starts_with('=') || name.contains('=') {
        return Setting::None;
    }
    if name.is_empty() {
        return Setting::Nameless(0..sign + 1);
    }
    let start = sign + 1 + blanks(&line[sign + 1..]);
    match quoted(&line[start..]) {
        None => {
            let value = line[start..].trim_end_matches(is_blank);
            Setting::Of { name, value, at: start..start + value.len() }
        }
        Some(Err(())) => Setting::Unclosed(start..line.len()),
        Some(Ok(value)) => {
            let end = start + value.len() + 2;
            let rest = line[end..].trim_matches(is_blank);
            if rest.is_empty() {
                return Setting::Of { name, value, at: start + 1..end - 1 };
            }
            let from = end + blanks(&line[end..]);
            Setting::Behind(from..from + rest.len())
        }
    }
}

/// The text between the quote at the beginning and the next one like it.
fn quoted(text: &str) -> Option<Result<&str, ()>> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(text[1..].find(quote).map(|end| &text[1..=end]).ok_or(()))
}

fn blanks(text: &str) -> usize {
    text.find(|c| !is_blank(c)).unwrap_or(text.len())
}

/// What `isspace` of C takes, but the line break.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

/// Whether a value contains what a shell would expand.
pub(super) fn looks_expanded(value: &str) -> bool {
    let follows =
        |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '('));
    value.match_indices('$').any(|(at, _)| follows(&value[at + 1..]))
}

/// Whether cron sends mail to this address: letters, digits and `_` anywhere, a few signs but in front.
pub(super) fn is_safe_address(address: &str) -> bool {
    let safe =
        |(at, c): (usize, char)| c.is_ascii_alphanumeric() || c == '_' || (at > 0 && "@!:%-.,+".contains(c));
    address.char_indices().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_as_cronie_reads_them() {
        for (line, name, value) in [
            ("A=b", "A", "b"),
            ("A = b", "A", "b"),
            ("A\t=\tb c  ", "A", "b c"),
            ("A=", "A", ""),
            ("A =  ", "A", ""),
            ("A=\"\"", "A", ""),
            ("A=''", "A", ""),
            ("A=\" b \"", "A", " b "),
            ("A='it\"s'  ", "A", "it\"s"),
            ("\"A B\" = c", "A B", "c"),
            ("'A'=c", "A", "c"),
            ("A=b\"c\"", "A", "b\"c\""),
            ("A=b=c", "A", "b=c"),
            ("A=b # c", "A", "b # c"),
            ("PATH=$HOME/bin:$PATH", "PATH", "$HOME/bin:$PATH"),
        ] {
            let Setting::Of { name: found, value: given, at } = read(line) else { panic!("{line}") };
            assert_eq!((found, given), (name, value), "{line}");
            assert_eq!(&line[at], value, "{line}");
        }
    }

    #[test]
    fn a_schedule_sets_nothing() {
        for line in ["*/5 * * * * A=b c", "@daily A=b c", "0 0 * * * x", "", "word", "\"word", "\"a=b\"=c"] {
            assert_eq!(read(line), Setting::None, "{line}");
        }
        assert_eq!(read("* = * * * *"), Setting::Of { name: "*", value: "* * * *", at: 4..11 });
    }

    #[test]
    fn what_is_meant_to_set_something_and_cannot() {
        assert_eq!(read("A=\"b"), Setting::Unclosed(2..4));
        assert_eq!(read("A='b\""), Setting::Unclosed(2..5));
        assert_eq!(read("\"A=b"), Setting::Unclosed(0..4));
        assert_eq!(read("A=\"b\" c "), Setting::Behind(6..7));
        assert_eq!(read(" =b"), Setting::Nameless(0..2));
        assert_eq!(read("=b"), Setting::Nameless(0..1));
    }

    #[test]
    fn dollars_and_addresses() {
        for value in ["$HOME/bin", "a:${B}", "$(date)", "$_x"] {
            assert!(looks_expanded(value), "{value}");
        }
        for value in ["", "$", "a$", "5$", "$ a", "$$"] {
            assert!(!looks_expanded(value), "{value}");
        }
        for address in ["ana@example.org", "a,b", "root", "a+b@c.d"] {
            assert!(is_safe_address(address), "{address}");
        }
        for address in ["-fx", "a b", "a;b", "@a", "ana@exämple.org", "`id`"] {
            assert!(!is_safe_address(address), "{address}");
        }
    }
}
