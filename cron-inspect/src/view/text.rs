//! Text for people: styled, measured, cut and wrapped. Every value enters through here and is escaped on the way, so
//! that no error text or note can steer the terminal of whoever reads it.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A piece of one line, in one or more styles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    spans: Vec<Span>,
}

#[derive(Clone, Debug)]
struct Span {
    style: Style,
    text: String,
}

impl Text {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self::styled(Style::new(), text)
    }

    pub(crate) fn styled(style: Style, text: impl AsRef<str>) -> Self {
        Self::new().and(style, text)
    }

    /// The same with more text behind it.
    pub(crate) fn and(mut self, style: Style, text: impl AsRef<str>) -> Self {
        if !text.as_ref().is_empty() {
            self.spans.push(Span { style, text: clean(text.as_ref()) });
        }
        self
    }

    /// The same with another text behind it.
    pub(crate) fn and_text(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// The lines of a value that may have several.
    pub(crate) fn lines(style: Style, text: &str) -> Vec<Self> {
        text.lines().map(|line| Self::styled(style, line.replace('\t', "    "))).collect()
    }

    /// In columns of a terminal.
    pub(crate) fn width(&self) -> usize {
        self.spans.iter().map(|span| span.text.width()).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// At most `width` columns, with an ellipsis where something was left out.
    pub(crate) fn cut(&self, width: usize) -> Self {
        if self.width() <= width {
            return self.clone();
        }
        let mut line = Line::default();
        'cut: for span in &self.spans {
            for c in span.text.chars() {
                if line.width + wide(c) + 1 > width {
                    line.push(span.style, '…');
                    break 'cut;
                }
                line.push(span.style, c);
            }
        }
        line.text
    }

    /// Lines of at most `width` columns, broken between words, and within those that are longer than a line.
    pub(crate) fn wrap(&self, width: usize) -> Vec<Self> {
        let width = width.max(1);
        let mut lines = Vec::new();
        let mut line = Line::default();
        for (style, word) in self.words() {
            let bare = word.trim_start_matches(' ');
            let blanks = word.len() - bare.len();
            let is_new = line.width == 0 && !lines.is_empty();
            if line.width > 0 && blanks > 0 && line.width + blanks + bare.width() > width {
                lines.push(std::mem::take(&mut line).text);
            } else if !is_new {
                (0..blanks).for_each(|_| line.push(style, ' '));
            }
            for c in bare.chars() {
                if line.width > 0 && line.width + wide(c) > width {
                    lines.push(std::mem::take(&mut line).text);
                }
                line.push(style, c);
            }
        }
        lines.push(line.text);
        lines
    }

    /// Lines of at most `width` columns of a name: broken behind the signs that join its words, and within a word only
    /// where that is longer than a line.
    pub(crate) fn wrap_name(&self, width: usize) -> Vec<Self> {
        let width = width.max(1);
        let mut lines = Vec::new();
        let mut line = Line::default();
        for (style, word) in self.joined() {
            if line.width > 0 && line.width + word.width() > width {
                lines.push(std::mem::take(&mut line).text);
            }
            for c in word.chars() {
                if line.width > 0 && line.width + wide(c) > width {
                    lines.push(std::mem::take(&mut line).text);
                }
                line.push(style, c);
            }
        }
        lines.push(line.text);
        lines
    }

    /// The widest word of a name, with the sign behind it.
    pub(crate) fn longest_word(&self) -> usize {
        self.joined().map(|(_, word)| word.width()).max().unwrap_or(0)
    }

    /// The words of a name, each with the sign behind it.
    fn joined(&self) -> impl Iterator<Item = (Style, &str)> {
        const SEAMS: [char; 6] = ['_', '-', '.', ':', '/', ' '];
        self.spans
            .iter()
            .flat_map(|span| span.text.split_inclusive(SEAMS).map(move |word| (span.style, word)))
    }

    /// The words in order, each with the blanks before it.
    fn words(&self) -> impl Iterator<Item = (Style, &str)> {
        self.spans.iter().flat_map(|span| {
            let mut rest = span.text.as_str();
            std::iter::from_fn(move || {
                if rest.is_empty() {
                    return None;
                }
                let text = rest.trim_start_matches(' ');
                let blanks = rest.len() - text.len();
                let end = text.find(' ').map_or(rest.len(), |end| blanks + end);
                let (word, behind) = rest.split_at(end);
                rest = behind;
                Some((span.style, word))
            })
        })
    }

    /// With the escape sequences of the styles.
    pub(crate) fn render(&self) -> String {
        let piece = |Span { style, text }: &Span| format!("{style}{text}{style:#}");
        self.spans.iter().map(piece).collect()
    }
}

/// A line that is being filled.
#[derive(Default)]
struct Line {
    text: Text,
    width: usize,
}

impl Line {
    fn push(&mut self, style: Style, c: char) {
        self.width += wide(c);
        match self.text.spans.last_mut() {
            Some(span) if span.style == style => span.text.push(c),
            _ => self.text.spans.push(Span { style, text: c.to_string() }),
        }
    }
}

fn wide(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// One line in which nothing steers a terminal or hides: such characters are written as escapes.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters (with those above ASCII that some terminals obey), characters that turn the direction of text, and
/// invisible ones.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        Text::plain(text).wrap(width).iter().map(Text::render).collect()
    }

    #[test]
    fn lines_break_between_words_and_within_long_ones() {
        assert_eq!(wrapped("At 09:00, Monday to Friday", 12), ["At 09:00,", "Monday to", "Friday"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("  at a  b", 8), ["  at a", "b"]);
        let two = Text::plain("a b").and(Style::new().bold(), "c d");
        assert_eq!(two.wrap(3).iter().map(Text::width).collect::<Vec<_>>(), [3, 3]);
    }

    #[test]
    fn cutting_counts_columns_not_characters() {
        assert_eq!(Text::plain("日本語です").cut(5).render(), "日本…");
        assert_eq!(Text::plain("short").cut(5).render(), "short");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        let text = clean("\u{1b}[31mred\u{1b}[0m \r\n\u{9b}2J \u{202e}txt\u{7}");
        assert_eq!(text, r"\u{1b}[31mred\u{1b}[0m \r\n\u{9b}2J \u{202e}txt\u{7}");
    }
}
