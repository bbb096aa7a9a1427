//! A line of a crontab: five fields, perhaps a user, a command, perhaps a comment.

use chrono_tz::Tz;

use super::Found;

const WHAT: &str = "is a line of a crontab, with the command in it";

pub(super) fn command(text: &str) -> Option<Found> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    if first.starts_with('@') {
        // `@every 5m` has a duration behind it, which is no command.
        return (words.next().is_some() && first != "@every").then(|| Found::cron(WHAT, first));
    }
    let mut fields = vec![first];
    fields.extend(words.by_ref().take(4));
    let sixth = words.next()?;
    let rest = words.next();
    let expression = fields.join(" ");
    let looks_like_fields = fields.len() == 5 && fields.iter().all(|field| is_field(field));
    let is_command = sixth.starts_with('#')
        || !is_field_or_near(sixth)
        || rest.is_some_and(|rest| !is_field_or_near(rest) && !is_number(sixth));
    let is_zone = rest.is_none() && sixth.parse::<Tz>().is_ok();
    (looks_like_fields && is_command && !is_zone).then(|| Found::cron(WHAT, &expression))
}

/// Whether a word has the characters of a field and nothing else.
fn is_field(word: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "*/,-?#+LW~".contains(c);
    word.chars().all(known) && word.split(['/', ',', '-', '#', '+', '~']).all(|part| part.len() <= 4)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a word behind five fields may be a field, also one with a typing mistake in it.
fn is_field_or_near(word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    let is_name = |part: &str| {
        // `H` of Jenkins, also `H(0-5)`, which is split here.
        if part == "H" || part.starts_with("H(") || part.ends_with(')') {
            return true;
        }
        let letters = part.trim_matches(|c: char| c.is_ascii_digit() || "*?LW+".contains(c));
        letters.is_empty() || crate::schedule::cron::is_like_a_day(letters)
    };
    word.split(['/', ',', '-', '#', '&', '%', '+']).all(is_name)
}
