//! Characters that come along when a schedule is copied out of a page, a chat or another file.

use super::Found;

/// A character that does not belong here: what it is called, and what stands for it.
fn meant(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '\u{a0}' | '\u{202f}' | '\u{2007}' => ("has a no-break space in it", " "),
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => ("has a line break in it", " "),
        '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' => {
            ("has an invisible character in it", "")
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' => ("has a long dash in it, which is not `-`", "-"),
        '\u{2217}' | '\u{ff0a}' | '\u{204e}' => ("has an asterisk in it that is not `*`", "*"),
        '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => ("has quotes in it", ""),
        ';' => ("has a semicolon in it", ""),
        '\\' => ("has a backslash in it", ""),
        other if other.is_whitespace() && other != ' ' && other != '\t' => {
            ("has a space in it that is not a blank", " ")
        }
        _ => return None,
    })
}

/// The text without its stray characters, if what is left may be a schedule.
pub(super) fn stray(text: &str) -> Option<Found> {
    let (at, first) = text.char_indices().find(|(_, character)| meant(*character).is_some())?;
    let (what, _) = meant(first)?;
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match meant(character) {
            Some((_, instead)) => clean.push_str(instead),
            None => clean.push(character),
        }
    }
    let clean: Vec<&str> = clean.split_whitespace().collect();
    // These may have quotes and several lines.
    let is_other = super::celery::is_one(text) || super::words::is_rule(text);
    let span = at..at + first.len_utf8();
    (!clean.is_empty() && !is_other).then(|| Found::cron(what, &clean.join(" ")).at(span))
}
