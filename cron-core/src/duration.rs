//! Durations as people write them: `90s`, `1h 30m`, `2d`, `250ms`.
//!
//! The grammar is small and strict: whole numbers, each followed by one of the units `d`, `h`, `m`, `s`, `ms`,
//! largest unit first, each unit at most once, blanks between the parts optional, blanks and line breaks around them
//! without a meaning. A day is exactly 24 hours.
//! Zero, negative and fractional durations are errors, and so is a number without a unit.

use std::ops::Range;
use std::time::Duration;

use crate::suggest;

/// The longest duration that is accepted: 100 years of 365 days.
pub const MAX_DURATION: Duration = Duration::from_secs(36_500 * 86_400);

/// Units with their length in milliseconds, largest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Spellings that people try, and the unit they mean.
const LONG_UNITS: [(&str, &str); 22] = [
    ("day", "d"),
    ("days", "d"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("hrs", "h"),
    ("minute", "m"),
    ("minutes", "m"),
    ("min", "m"),
    ("mins", "m"),
    ("second", "s"),
    ("seconds", "s"),
    ("sec", "s"),
    ("secs", "s"),
    ("millisecond", "ms"),
    ("milliseconds", "ms"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("D", "d"),
    ("H", "h"),
    ("M", "m"),
    ("S", "s"),
];

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DurationErrorKind {
    /// There is no text. Write a number and a unit.
    Empty,
    /// A number was expected here.
    NumberExpected,
    /// The number has no unit. Add one of `d`, `h`, `m`, `s`, `ms`.
    UnitMissing,
    /// The unit is not known; `nearest` is the one that was probably meant.
    UnknownUnit {
        /// The known unit that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Units go from the largest to the smallest, each at most once.
    UnitOrder,
    /// Numbers are whole; write `1h 30m` for an hour and a half.
    Fraction,
    /// Durations are positive.
    Negative,
    /// Durations are longer than zero.
    Zero,
    /// Longer than [`MAX_DURATION`].
    TooLong,
}

/// A text that is not a duration: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DurationError {
    kind: DurationErrorKind,
    text: Box<str>,
    start: usize,
    end: usize,
}

impl DurationError {
    fn new(kind: DurationErrorKind, text: &str, span: Range<usize>) -> Self {
        Self { kind, text: text.into(), start: span.start, end: span.end }
    }

    /// What is wrong, as a value to match on.
    #[must_use]
    pub fn kind(&self) -> DurationErrorKind {
        self.kind
    }

    /// The whole text that was refused.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The wrong part, as a range of bytes of [`text`](Self::text).
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The whole text with the units that were meant, if that is all there was to say.
    pub(crate) fn with_known_units(&self) -> Option<String> {
        let mut text = self.text.trim().to_owned();
        // One unit of each kind, which is as many as a duration has.
        for _ in UNITS {
            match parse_duration(&text) {
                Ok(_) => return Some(text),
                Err(error) => {
                    let DurationErrorKind::UnknownUnit { nearest: Some(unit) } = error.kind else {
                        return None;
                    };
                    let (number, rest) = (text.get(..error.start)?.trim_end(), text.get(error.end..)?);
                    text = format!("{number}{unit}{rest}");
                }
            }
        }
        parse_duration(&text).is_ok().then_some(text)
    }

    /// What to write instead, if that can be told.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self.kind {
            DurationErrorKind::UnknownUnit { nearest: Some(unit) } => {
                format!("write `{}`", self.with_known_units().unwrap_or_else(|| unit.to_owned()))
            }
            DurationErrorKind::UnknownUnit { nearest: None } | DurationErrorKind::UnitMissing => {
                "the units are d, h, m, s and ms".to_owned()
            }
            DurationErrorKind::Fraction => "write `1h 30m` for an hour and a half".to_owned(),
            DurationErrorKind::UnitOrder => "write the largest unit first, as in `1h 30m`".to_owned(),
            DurationErrorKind::TooLong => "the longest duration is 36500d".to_owned(),
            DurationErrorKind::Empty | DurationErrorKind::NumberExpected => {
                "write a number and a unit, as in `90s` or `1h 30m`".to_owned()
            }
            DurationErrorKind::Zero | DurationErrorKind::Negative => return None,
        })
    }
}

impl std::fmt::Display for DurationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = Excerpt(self.text.get(self.span()).unwrap_or(""));
        match self.kind {
            DurationErrorKind::Empty => write!(f, "the duration is empty")?,
            DurationErrorKind::NumberExpected => write!(f, "`{part}` is not a number")?,
            DurationErrorKind::UnitMissing => write!(f, "`{part}` has no unit")?,
            DurationErrorKind::UnknownUnit { .. } => write!(f, "`{part}` is not a unit of time")?,
            DurationErrorKind::UnitOrder => write!(f, "`{part}` does not follow a larger unit")?,
            DurationErrorKind::Fraction => write!(f, "`{part}` is not a whole number")?,
            DurationErrorKind::Negative => write!(f, "a duration cannot be negative")?,
            DurationErrorKind::Zero => write!(f, "a duration must be longer than zero")?,
            DurationErrorKind::TooLong => write!(f, "`{part}` is too long")?,
        }
        self.help().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for DurationError {}

/// A part of a user's text inside a message: on one line, and cut where it is too long to help.
pub(crate) struct Excerpt<'a>(pub(crate) &'a str);

impl std::fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LONGEST: usize = 60;
        for c in self.0.chars().take(LONGEST) {
            // Line breaks, and marks that change the direction of the rest of the line.
            let odd = c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            write!(f, "{}", if odd { ' ' } else { c })?;
        }
        if self.0.chars().nth(LONGEST).is_some() { f.write_str("...") } else { Ok(()) }
    }
}

/// Reads a duration such as `90s`, `1h 30m`, `2d` or `250ms`.
///
/// # Errors
/// [`DurationError`] tells what is wrong with the text and where; see the [module](self) for the grammar.
///
/// # Examples
/// ```
/// use cron_core::duration::parse_duration;
/// use std::time::Duration;
///
/// assert_eq!(parse_duration("1h 30m")?, Duration::from_secs(5_400));
/// assert_eq!(parse_duration("90 min").unwrap_err().to_string(), "`min` is not a unit of time; write `90m`");
/// # Ok::<(), cron_core::duration::DurationError>(())
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    use DurationErrorKind as Kind;
    let error = |kind, span| Err(DurationError::new(kind, text, span));
    let bytes = text.as_bytes();
    let skip = |mut at: usize, wanted: fn(u8) -> bool| {
        while at < bytes.len() && wanted(bytes[at]) {
            at += 1;
        }
        at
    };
    // What comes out of a file or a variable often has a line break behind it.
    let blank = |b: u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let mut at = skip(0, blank);
    if at == bytes.len() {
        return error(Kind::Empty, 0..bytes.len());
    }
    if bytes[at] == b'-' {
        return error(Kind::Negative, at..bytes.len());
    }
    let (mut total, mut units) = (0_u64, UNITS.as_slice());
    while at < bytes.len() {
        let digits_end = skip(at, |b| b.is_ascii_digit());
        if digits_end == at {
            return error(Kind::NumberExpected, at..word_end(text, at));
        }
        if bytes.get(digits_end).is_some_and(|b| *b == b'.' || *b == b',') {
            return error(Kind::Fraction, at..skip(digits_end + 1, |b| b.is_ascii_digit()));
        }
        let unit_start = skip(digits_end, blank);
        let unit_end = skip(unit_start, |b| b.is_ascii_alphabetic());
        let unit = &text[unit_start..unit_end];
        if unit.is_empty() {
            return error(Kind::UnitMissing, at..digits_end);
        }
        let Some(&(_, length)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return error(Kind::UnknownUnit { nearest: nearest_unit(unit) }, unit_start..unit_end);
        };
        let Some(place) = units.iter().position(|(name, _)| *name == unit) else {
            return error(Kind::UnitOrder, at..unit_end);
        };
        units = &units[place + 1..];
        let longer = text[at..digits_end]
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(length))
            .and_then(|part| part.checked_add(total));
        match longer {
            Some(sum) if u128::from(sum) <= MAX_DURATION.as_millis() => total = sum,
            _ => return error(Kind::TooLong, at..unit_end),
        }
        at = skip(unit_end, blank);
    }
    if total == 0 { error(Kind::Zero, 0..text.len()) } else { Ok(Duration::from_millis(total)) }
}

/// Writes a duration in the form that [`parse_duration`] reads, largest unit first: `1h 30m`.
///
/// This is the inverse of [`parse_duration`] for every duration that it accepts. Parts of a millisecond are cut
/// off; nothing at all is written as `0ms`, which is for display only and does not parse.
///
/// # Examples
/// ```
/// use cron_core::duration::format_duration;
/// use std::time::Duration;
///
/// assert_eq!(format_duration(Duration::from_secs(90)), "1m 30s");
/// assert_eq!(format_duration(Duration::from_millis(250)), "250ms");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, length) in UNITS {
        let count = rest / u128::from(length);
        rest %= u128::from(length);
        if count > 0 {
            let blank = if text.is_empty() { "" } else { " " };
            text.push_str(&format!("{blank}{count}{unit}"));
        }
    }
    if text.is_empty() { "0ms".to_owned() } else { text }
}

fn nearest_unit(word: &str) -> Option<&'static str> {
    let meant = |spelling: &str| LONG_UNITS.iter().find(|(long, _)| *long == spelling).map(|(_, unit)| *unit);
    meant(word).or_else(|| {
        let long = LONG_UNITS.iter().map(|(long, _)| *long).filter(|long| long.len() > 3);
        suggest::nearest(word, long).and_then(meant)
    })
}

/// The end of the run of characters, up to a blank, that starts at `at`, which is a character boundary.
fn word_end(text: &str, at: usize) -> usize {
    text[at..].find([' ', '\t']).map_or(text.len(), |length| at + length.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, ms) in [
            ("90s", 90_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            (" 2d ", 172_800_000),
            ("250ms", 250),
            ("1d 2h 3m 4s 5ms", 93_784_005),
            ("5 m", 300_000),
            ("007s", 7_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn blanks_and_line_breaks_around_it_mean_nothing() {
        assert_eq!(parse_duration("\n 1h 30m \r\n"), Ok(Duration::from_secs(5_400)));
        let error = parse_duration("90\n").expect_err("no unit");
        assert!(error.to_string().starts_with("`90` has no unit"), "{error}");
        assert_eq!(parse_duration(" \n ").map_err(|error| error.kind()), Err(DurationErrorKind::Empty));
    }

    #[test]
    fn refuses_the_rest_and_points_at_it() {
        use DurationErrorKind as Kind;
        for (text, kind, part) in [
            ("", Kind::Empty, ""),
            ("  ", Kind::Empty, "  "),
            ("0s", Kind::Zero, "0s"),
            ("0h 0m", Kind::Zero, "0h 0m"),
            ("-5s", Kind::Negative, "-5s"),
            ("5", Kind::UnitMissing, "5"),
            ("1h 30", Kind::UnitMissing, "30"),
            ("1.5h", Kind::Fraction, "1.5"),
            ("30m 1h", Kind::UnitOrder, "1h"),
            ("1s 1s", Kind::UnitOrder, "1s"),
            ("5 minutes", Kind::UnknownUnit { nearest: Some("m") }, "minutes"),
            ("5minuts", Kind::UnknownUnit { nearest: Some("m") }, "minuts"),
            ("5w", Kind::UnknownUnit { nearest: None }, "w"),
            ("soon", Kind::NumberExpected, "soon"),
            ("1h-5m", Kind::NumberExpected, "-5m"),
            ("5s é", Kind::NumberExpected, "é"),
            ("99999999999999999999s", Kind::TooLong, "99999999999999999999s"),
            ("36501d", Kind::TooLong, "36501d"),
        ] {
            let error = parse_duration(text).unwrap_err();
            assert_eq!(error.kind(), kind, "{text}");
            assert_eq!(&text[error.span()], part, "{text}");
            assert!(!error.to_string().contains('\n'), "{text}");
        }
    }
}
