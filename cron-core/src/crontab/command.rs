//! What stands behind the schedule: flags, the command, and its input behind `%`.

/// Flags of some crons in front of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `-n`: no mail after a success.
    pub(super) mails_failures_only: bool,
    /// `-q`: no line in the log.
    pub(super) is_quiet: bool,
    /// `-s`: one at a time.
    pub(super) is_single: bool,
}

/// Takes words such as `-n` and `-qs` off the front of a command.
pub(super) fn flags(mut text: &str) -> (Flags, &str) {
    let mut flags = Flags::default();
    while let Some((word, rest)) = text.split_once([' ', '\t']) {
        let rest = rest.trim_start_matches([' ', '\t']);
        let letters = word.strip_prefix('-').unwrap_or_default();
        if letters.is_empty() || rest.is_empty() || !letters.chars().all(|c| matches!(c, 'n' | 'q' | 's')) {
            break;
        }
        flags.mails_failures_only |= letters.contains('n');
        flags.is_quiet |= letters.contains('q');
        flags.is_single |= letters.contains('s');
        text = rest;
    }
    (flags, text)
}

/// Splits at the first bare `%`. Behind it each further one is a line break, `\%` is `%` in both parts, and the input ends in a line
/// break. The two parts count backslashes differently, as they do in cronie: `\\%` ends a command, and is `\%` in the input.
pub(super) fn split(text: &str) -> (String, Option<String>) {
    let mut command = String::with_capacity(text.len());
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '%' if escaped => {
                command.pop();
                command.push(c);
                escaped = false;
            }
            '%' => return (command, input(&text[at + 1..])),
            _ => {
                command.push(c);
                escaped = c == '\\' && !escaped;
            }
        }
    }
    (command, None)
}

fn input(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let mut input = String::with_capacity(text.len() + 1);
    let mut escaped = false;
    for c in text.chars() {
        let c = match (c, escaped) {
            ('%', false) => '\n',
            ('%', true) => c,
            (_, true) => {
                input.push('\\');
                c
            }
            (_, false) => c,
        };
        escaped = c == '\\';
        if !escaped {
            input.push(c);
        }
    }
    if escaped {
        input.push('\\');
    }
    if !input.ends_with('\n') {
        input.push('\n');
    }
    Some(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_as_cronie_reads_them() {
        for (text, command, stdin) in [
            ("date", "date", None),
            (r"date +\%F", "date +%F", None),
            (r"a \\ b \n", r"a \\ b \n", None),
            ("mail ana%Hello,%%bye", "mail ana", Some("Hello,\n\nbye\n")),
            ("cat%a%", "cat", Some("a\n")),
            ("cat%", "cat", None),
            ("cat %%", "cat ", Some("\n")),
            (r"cat%5\% of\x\", "cat", Some("5% of\\x\\\n")),
            (r"a\\%b", r"a\\", Some("b\n")),
            (r"a\\\%b", r"a\\%b", None),
            (r"cat%a\\%b", "cat", Some("a\\%b\n")),
            ("%", "", None),
        ] {
            assert_eq!(split(text), (command.to_owned(), stdin.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn flags_stand_in_front() {
        let all = Flags { mails_failures_only: true, is_quiet: true, is_single: true };
        let mail = Flags { mails_failures_only: true, ..Flags::default() };
        for (text, want, rest) in [
            ("-n cmd -q x", mail, "cmd -q x"),
            ("-nqs  cmd", all, "cmd"),
            ("-n\t-q -s cmd", all, "cmd"),
            ("-x cmd", Flags::default(), "-x cmd"),
            ("-n", Flags::default(), "-n"),
            ("- cmd", Flags::default(), "- cmd"),
            ("cmd", Flags::default(), "cmd"),
        ] {
            assert_eq!(flags(text), (want, rest), "{text}");
        }
    }
}
