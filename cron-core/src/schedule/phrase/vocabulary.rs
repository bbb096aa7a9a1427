//! Words of the grammar, and words that people use for them.

/// Monday first, as people list them.
pub(super) const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(super) const SHORT_DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// First to fifth, and last.
pub(super) const ORDINALS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "last"];

pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The most days that a month has.
pub(super) const DAYS_OF_MONTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The ending of a number that counts: `st` of 1st.
pub(super) fn suffix(number: u32) -> &'static str {
    match number {
        11..=13 => "th",
        _ => ["th", "st", "nd", "rd"].get(number as usize % 10).copied().unwrap_or("th"),
    }
}

/// The day of the week that a word abbreviates, or of which it says that there are more.
pub(super) fn full_day(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let word = word.trim_end_matches('.');
    let singular = word.strip_suffix('s').filter(|_| word != "tues" && word != "thurs").unwrap_or(word);
    DAYS.into_iter().find(|day| {
        let is_short = |word: &str| word.len() >= 3 && word.len() <= 5 && day.starts_with(word);
        is_short(word) || is_short(singular) || singular == *day || word == "weds" && *day == "wednesday"
    })
}

/// The month of a word, January as 0: its name, or three letters of it.
pub(super) fn month(word: &str) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    let word = word.trim_end_matches('.');
    MONTHS.iter().position(|month| {
        *month == word
            || word.len() == 3 && month.starts_with(word)
            || word == "sept" && *month == "september"
    })
}

/// A number that is written as a word.
pub(super) fn number(word: &str) -> Option<u32> {
    const SMALL: [&str; 21] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    const TENS: [(&str, u32); 4] = [("thirty", 30), ("forty", 40), ("fifty", 50), ("sixty", 60)];
    let word = word.to_ascii_lowercase();
    let small = SMALL.iter().position(|name| *name == word).map(|place| place as u32);
    small.or_else(|| TENS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number))
}

/// A number that counts and is written as a word, beyond those of the grammar.
pub(super) fn large_ordinal(word: &str) -> Option<u32> {
    const WORDS: [(&str, u32); 11] = [
        ("sixth", 6),
        ("seventh", 7),
        ("eighth", 8),
        ("ninth", 9),
        ("tenth", 10),
        ("eleventh", 11),
        ("twelfth", 12),
        ("fourteenth", 14),
        ("fifteenth", 15),
        ("twentieth", 20),
        ("thirtieth", 30),
    ];
    WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, number)| *number)
}

/// The unit of a letter or an abbreviation, in the plural.
pub(super) fn unit(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().trim_end_matches('.') {
        "s" | "sec" | "secs" | "second" | "seconds" => Some("seconds"),
        "m" | "min" | "mins" | "minute" | "minutes" => Some("minutes"),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some("hours"),
        "d" | "day" | "days" => Some("days"),
        "w" | "wk" | "wks" | "week" | "weeks" => Some("weeks"),
        _ => None,
    }
}
