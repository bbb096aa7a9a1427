//! Names of months and days, as the dialects write them.

pub(super) const MONTHS: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];

/// From Sunday on.
pub(super) const DAYS: [&str; 7] =
    ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];

/// How much of a name is written.
#[derive(Clone, Copy)]
pub(super) enum Names {
    /// Three letters.
    Short,
    /// At least so many of its letters; the first name with this beginning counts.
    Beginnings { month: usize, day: usize },
    /// Three letters or all.
    ShortOrFull,
}

impl Names {
    /// The place of the month that this text names, January as 0.
    pub(super) fn month(self, text: &str) -> Option<u32> {
        self.find(text, &MONTHS)
    }

    /// The place of the day that this text names, Sunday as 0.
    pub(super) fn day(self, text: &str) -> Option<u32> {
        self.find(text, &DAYS)
    }

    fn find(self, text: &str, names: &[&str]) -> Option<u32> {
        let is_short = text.len() == 3;
        let begins =
            |name: &str| name.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
        let least = match self {
            Self::Short | Self::ShortOrFull => 3,
            Self::Beginnings { month, .. } if names.len() == MONTHS.len() => month,
            Self::Beginnings { day, .. } => day,
        };
        let fits = |name: &&str| match self {
            Self::Short => is_short && begins(name),
            Self::ShortOrFull => (is_short || text.len() == name.len()) && begins(name),
            Self::Beginnings { .. } => text.len() >= least && begins(name),
        };
        names.iter().position(fits).map(|place| place as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_reads_its_own_length() {
        let temporal = Names::Beginnings { month: 3, day: 2 };
        let ncrontab = Names::Beginnings { month: 1, day: 1 };
        for (names, text, want) in [
            (Names::Short, "fri", Some(5)),
            (Names::Short, "friday", None),
            (Names::Short, "", None),
            (Names::ShortOrFull, "Friday", Some(5)),
            (Names::ShortOrFull, "Frid", None),
            (temporal, "mo", Some(1)),
            (temporal, "m", None),
            (ncrontab, "T", Some(2)),
            (ncrontab, "mondays", None),
            (ncrontab, "", None),
        ] {
            assert_eq!(names.day(text), want, "{text}");
        }
        assert_eq!((ncrontab.month("J"), temporal.month("ju")), (Some(0), None));
    }
}
