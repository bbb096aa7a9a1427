//! Texts of people and programs, as they are kept.

/// At most about so many bytes are kept of an error, a reason or a note.
pub const MAX_TEXT: usize = 8 * 1_024;

/// A text as it is kept: of one of more than `most` bytes the beginning, the end, and how long it was. A character that some databases
/// refuse in a text, NUL, is shown as `␀`.
#[must_use]
pub fn fit(mut text: String, most: usize) -> String {
    if text.len() > most {
        text = cut(&text, most);
    }
    if text.contains('\0') { text.replace('\0', "␀") } else { text }
}

/// The beginning of an error says what went wrong, its end what was the cause.
fn cut(text: &str, most: usize) -> String {
    let (head, tail) = (most - most / 4, most / 4);
    let head = &text[..floor(text, head)];
    let tail = &text[floor(text, text.len() - tail)..];
    let left_out = text.len() - head.len() - tail.len();
    format!("{head} … ({left_out} of {} bytes left out) … {tail}", text.len())
}

/// The last place between two characters that is not behind `place`.
fn floor(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end_and_says_how_long_it_was() {
        assert_eq!(fit("short".to_owned(), 8), "short");
        assert_eq!(fit("0123456789abcdef".to_owned(), 8), "012345 … (8 of 16 bytes left out) … ef");
        // Between characters.
        assert_eq!(fit("éééééééé".to_owned(), 6), "éé … (10 of 16 bytes left out) … é");
        let long = fit("x".repeat(3 * MAX_TEXT), MAX_TEXT);
        assert!(long.len() < MAX_TEXT + 64, "{}", long.len());
    }

    #[test]
    fn what_a_database_may_refuse_is_shown() {
        assert_eq!(fit("a\0b".to_owned(), 8), "a␀b");
    }
}
