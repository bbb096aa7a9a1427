//! Sets of days of the calendar, as bits, and what the four rules make of them.

use super::CalendarRule;
use crate::schedule::month::weekday;
use crate::schedule::zone::HORIZON;

/// The number of days from 1970-01-01 to the end of 2199.
pub(in crate::schedule) const DAYS: u32 = (HORIZON / 86_400) as u32;

const WORDS: usize = DAYS.div_ceil(64) as usize;

/// A set of days, counted from 1970-01-01.
///
/// Words without a day are left out at both ends, so that a handful of dates takes a handful of bytes and equal sets
/// are equal values. All days at once take 10.5 KB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::schedule) struct DaySet {
    /// The number of words left out in front.
    skipped: usize,
    words: Box<[u64]>,
}

impl DaySet {
    /// The days for which `has` is true; each is asked once.
    pub(in crate::schedule) fn from_fn(mut has: impl FnMut(u32) -> bool) -> Self {
        let mut builder = Builder::new();
        (0..DAYS).filter(|day| has(*day)).for_each(|day| builder.add(day));
        builder.build()
    }

    fn from_words(words: &[u64]) -> Self {
        let Some(first) = words.iter().position(|word| *word != 0) else { return Self::default() };
        let end = words.iter().rposition(|word| *word != 0).map_or(first, |last| last + 1);
        Self { skipped: first, words: words[first..end].into() }
    }

    /// The 64 days from `index * 64` on.
    #[inline]
    fn word(&self, index: usize) -> u64 {
        index.checked_sub(self.skipped).and_then(|index| self.words.get(index)).copied().unwrap_or(0)
    }

    #[inline]
    pub(in crate::schedule) fn has(&self, day: u32) -> bool {
        self.word(day as usize / 64) >> (day % 64) & 1 != 0
    }

    /// The first day of the set that is `day` or later.
    pub(in crate::schedule) fn at_or_after(&self, day: u32) -> Option<u32> {
        let (index, first) = (day as usize / 64, self.skipped);
        let today = self.word(index) & (u64::MAX << (day % 64));
        if today != 0 {
            return Some(index as u32 * 64 + today.trailing_zeros());
        }
        let later = (index + 1).max(first);
        let rest = self.words.get(later - first..)?;
        let ahead = rest.iter().position(|word| *word != 0)?;
        Some((later + ahead) as u32 * 64 + rest[ahead].trailing_zeros())
    }

    /// The last day of the set that is `day` or earlier.
    pub(in crate::schedule) fn at_or_before(&self, day: u32) -> Option<u32> {
        let index = day as usize / 64;
        let today = self.word(index) & (u64::MAX >> (63 - day % 64));
        if today != 0 {
            return Some(index as u32 * 64 + today.ilog2());
        }
        let earlier = index.saturating_sub(self.skipped).min(self.words.len());
        let found = self.words[..earlier].iter().rposition(|word| *word != 0)?;
        Some((self.skipped + found) as u32 * 64 + self.words[found].ilog2())
    }

    /// The first day that is `day` or later and not in the set.
    pub(in crate::schedule) fn end_of_run(&self, day: u32) -> u32 {
        let index = day as usize / 64;
        let absent = !self.word(index) & (u64::MAX << (day % 64));
        let found = |index: usize, absent: u64| index as u32 * 64 + absent.trailing_zeros();
        if absent != 0 {
            return found(index, absent);
        }
        let index = (index + 1..).find(|index| self.word(*index) != u64::MAX).unwrap_or(WORDS);
        found(index, !self.word(index))
    }

    /// The first day of the run of days that ends with `day`, which is in the set.
    pub(in crate::schedule) fn start_of_run(&self, day: u32) -> u32 {
        let mut first = day;
        while first > 0 && self.has(first - 1) {
            // Whole words at once; the days of one word one by one.
            let whole = first.is_multiple_of(64) && self.word(first as usize / 64 - 1) == u64::MAX;
            first -= if whole { 64 } else { 1 };
        }
        first
    }

    /// The number of days of the set from `from` on and before `before`.
    pub(in crate::schedule) fn count(&self, from: u32, before: u32) -> u64 {
        let first = (from as usize / 64).max(self.skipped);
        let last = (before.div_ceil(64) as usize).min(self.skipped + self.words.len());
        let in_word = |index: usize| {
            let start = index as u32 * 64;
            let mut word = self.word(index);
            if from > start {
                word &= u64::MAX.checked_shl(from - start).unwrap_or(0);
            }
            if before < start + 64 {
                word &= !(u64::MAX << (before - start));
            }
            u64::from(word.count_ones())
        };
        (first..last.max(first)).map(in_word).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.at_or_after(0), |day| self.at_or_after(day + 1))
    }

    /// Runs of days, as (first, how many).
    pub(super) fn runs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let run = |from: u32| self.at_or_after(from).map(|first| (first, self.end_of_run(first) - first));
        std::iter::successors(run(0), move |(first, len)| run(first + len))
    }

    /// What hashes of the set are made of.
    pub(super) fn parts(&self) -> (u64, &[u64]) {
        (self.skipped as u64, &self.words)
    }

    /// The days on which a schedule runs that would run on the days of this set, under a rule over the dates of a
    /// calendar. `left_out` are the days that the zone of the schedule has left out: nothing is moved there.
    pub(super) fn under(&self, rule: CalendarRule, dates: &Self, left_out: &[u32]) -> Self {
        match rule {
            CalendarRule::Skip => Self::from_each(|index| self.word(index) & !dates.word(index)),
            CalendarRule::Only => Self::from_each(|index| self.word(index) & dates.word(index)),
            CalendarRule::NextWorkday | CalendarRule::PreviousWorkday => self.moved(rule, dates, left_out),
        }
    }

    /// The workdays of this set, and for each other day of it the next workday or the one before.
    fn moved(&self, rule: CalendarRule, dates: &Self, left_out: &[u32]) -> Self {
        let mut workdays: Vec<u64> =
            (0..WORDS).map(|index| WORKWEEK[index % 7] & calendar(index) & !dates.word(index)).collect();
        for day in left_out {
            workdays[*day as usize / 64] &= !(1 << (day % 64));
        }
        let backwards = rule == CalendarRule::PreviousWorkday;
        let turned = |word: u64| if backwards { word.reverse_bits() } else { word };
        let (mut words, mut carry) = (vec![0; WORDS], false);
        for step in 0..WORDS {
            let index = if backwards { WORDS - 1 - step } else { step };
            let (own, workdays) = (turned(self.word(index)), turned(workdays[index]));
            // Adding a day to the free days around it makes the carry run over all free days behind it, up to the first
            // workday: where it is to go. A search for each day would take ten times as long.
            let (sum, over) = (!workdays).overflowing_add(own & !workdays);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            carry = over || over_again;
            words[index] = turned((own | sum) & workdays);
        }
        Self::from_words(&words)
    }

    /// The set with these words.
    fn from_each(word: impl Fn(usize) -> u64) -> Self {
        let words: Vec<u64> = (0..WORDS).map(word).collect();
        Self::from_words(&words)
    }

    /// Every day of the calendar.
    pub(super) fn all() -> Self {
        Self::from_each(calendar)
    }
}

/// The days of a word that are in the calendar: all but those behind the end of 2199.
fn calendar(index: usize) -> u64 {
    if index == WORDS - 1 { u64::MAX >> (64 - DAYS % 64) } else { u64::MAX }
}

/// Monday to Friday of the first 64 weeks, which are seven words; then they come again.
const WORKWEEK: [u64; 7] = {
    let mut words = [0; 7];
    let mut day = 0;
    while day < 7 * 64 {
        if weekday(day) >= 1 && weekday(day) <= 5 {
            words[day as usize / 64] |= 1 << (day % 64);
        }
        day += 1;
    }
    words
};

/// A set in the making.
pub(in crate::schedule) struct Builder(Box<[u64; WORDS]>);

impl Builder {
    pub(in crate::schedule) fn new() -> Self {
        Self(Box::new([0; WORDS]))
    }

    /// Adds a day within the calendar.
    pub(in crate::schedule) fn add(&mut self, day: u32) {
        self.0[day as usize / 64] |= 1 << (day % 64);
    }

    /// Adds up to 32 days from `start` on: the lowest bit is `start` itself.
    pub(in crate::schedule) fn add_bits(&mut self, start: u32, bits: u32) {
        let (index, wide) = (start as usize / 64, u128::from(bits) << (start % 64));
        self.0[index] |= wide as u64;
        if let Some(next) = self.0.get_mut(index + 1) {
            *next |= (wide >> 64) as u64;
        }
    }

    pub(in crate::schedule) fn build(self) -> DaySet {
        DaySet::from_words(&self.0[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(days: &BTreeSet<u32>) -> DaySet {
        DaySet::from_fn(|day| days.contains(&day))
    }

    fn days() -> impl Strategy<Value = BTreeSet<u32>> {
        let near = 70_000_u32..70_300;
        prop_oneof![
            proptest::collection::btree_set(0..DAYS, 0..12),
            proptest::collection::btree_set(near, 0..250),
            proptest::collection::btree_set(DAYS - 70..DAYS, 0..70),
            (0..DAYS, 0..300_u32).prop_map(|(first, len)| (first..(first + len).min(DAYS)).collect()),
        ]
    }

    proptest! {
        #[test]
        fn a_set_of_bits_is_a_set(days in days(), a in 0..DAYS, b in 0..DAYS, near in 69_990_u32..70_310) {
            let set = set(&days);
            for at in [a, b, near, 0, DAYS - 1] {
                prop_assert_eq!(set.has(at), days.contains(&at));
                prop_assert_eq!(set.at_or_after(at), days.range(at..).next().copied());
                prop_assert_eq!(set.at_or_before(at), days.range(..=at).next_back().copied());
                let end = (at..).find(|day| !days.contains(day));
                prop_assert_eq!(Some(set.end_of_run(at)), end);
                if days.contains(&at) {
                    let first = (0..=at).rev().take_while(|day| days.contains(day)).last();
                    prop_assert_eq!(Some(set.start_of_run(at)), first);
                }
            }
            for (from, before) in [(a, b), (a, DAYS), (0, b), (near, near + 1), (a, a)] {
                let counted = if from < before { days.range(from..before).count() as u64 } else { 0 };
                prop_assert_eq!(set.count(from, before), counted);
            }
            prop_assert!(set.iter().eq(days.iter().copied()));
            prop_assert!(set.runs().flat_map(|(first, len)| first..first + len).eq(days.iter().copied()));
        }

        #[test]
        fn bits_are_added_where_they_belong(start in 0..DAYS - 31, bits in any::<u32>()) {
            let mut builder = Builder::new();
            builder.add_bits(start, bits);
            let wanted: BTreeSet<u32> = (0..32).filter(|bit| bits >> bit & 1 != 0).map(|bit| start + bit).collect();
            prop_assert_eq!(builder.build(), set(&wanted));
        }
    }
}
