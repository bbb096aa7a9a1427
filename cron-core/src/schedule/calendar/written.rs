//! Many dates as short text: runs of days, or bits, whichever is shorter.
//!
//! The holidays of a country for all of 1970 to 2199 are about 1,800 dates and take 3 to 4 KB as runs. No set of dates takes
//! more than 14 KB, which is its bits.

use super::days::{Builder, DAYS, DaySet};

/// Runs of days as numbers in base 32, with the sixth bit of a digit saying that another digit follows. For each run twice
/// the distance from the end of the run before it, plus one if it has more than a day; then its length less two.
const RUNS: &str = "runs=";
/// All days from 1970-01-01 on, six to a digit, the earliest day as the lowest bit; ends with the last day.
const BITS: &str = "bits=";

/// The alphabet of URL-safe base 64: no blank, bracket, comma or equals sign.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn write(days: &DaySet) -> String {
    let (runs, bits) = (write_runs(days), days.at_or_before(DAYS - 1).map_or(0, |last| last / 6 + 1));
    if runs.len() <= bits as usize { format!("{RUNS}{runs}") } else { format!("{BITS}{}", write_bits(days)) }
}

/// `None` for a text that [`write`] does not write.
pub(super) fn read(text: &str) -> Option<DaySet> {
    let digits = |text: &str| {
        let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).map(|value| value as u32);
        text.bytes().map(value).collect::<Option<Vec<u32>>>()
    };
    if let Some(runs) = text.strip_prefix(RUNS) {
        read_runs(&digits(runs)?)
    } else {
        read_bits(&digits(text.strip_prefix(BITS)?)?)
    }
}

fn write_runs(days: &DaySet) -> String {
    let (mut text, mut end) = (String::new(), 0);
    let mut push = |mut number: u32| {
        while number >= 32 {
            text.push(char::from(DIGITS[(number % 32 + 32) as usize]));
            number /= 32;
        }
        text.push(char::from(DIGITS[number as usize]));
    };
    for (first, len) in days.runs() {
        push((first - end) * 2 + u32::from(len > 1));
        if len > 1 {
            push(len - 2);
        }
        end = first + len;
    }
    text
}

fn read_runs(digits: &[u32]) -> Option<DaySet> {
    let mut rest = digits.iter();
    let mut number = || {
        let (mut number, mut shift) = (0_u32, 0);
        loop {
            let digit = *rest.next()?;
            // Nothing in the calendar takes more than four digits, so nothing overflows.
            number |= (digit & 31) << shift;
            match (digit < 32, shift) {
                (true, _) => return Some(number),
                (false, 15..) => return None,
                (false, _) => shift += 5,
            }
        }
    };
    let (mut builder, mut end) = (Builder::new(), 0);
    while let Some(head) = number() {
        let first = end + head / 2;
        end = first + if head % 2 == 1 { number()? + 2 } else { 1 };
        if end > DAYS {
            return None;
        }
        (first..end).for_each(|day| builder.add(day));
    }
    // Cut off within a number, or with a digit that promises another one.
    digits.last().is_none_or(|digit| *digit < 32).then(|| builder.build())
}

fn write_bits(days: &DaySet) -> String {
    let Some(last) = days.at_or_before(DAYS - 1) else { return String::new() };
    let digit = |at: u32| (0..6).filter(|bit| days.has(at * 6 + bit)).fold(0, |all, bit| all | 1 << bit);
    (0..=last / 6).map(|at| char::from(DIGITS[digit(at)])).collect()
}

fn read_bits(digits: &[u32]) -> Option<DaySet> {
    let mut builder = Builder::new();
    if digits.len() > DAYS.div_ceil(6) as usize {
        return None;
    }
    for (at, digit) in (0..).zip(digits) {
        for bit in (0..6).filter(|bit| digit >> bit & 1 != 0) {
            let day = at * 6 + bit;
            if day >= DAYS {
                return None;
            }
            builder.add(day);
        }
    }
    Some(builder.build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_set_takes_more_than_its_bits() {
        let longest = BITS.len() + DAYS.div_ceil(6) as usize;
        for set in [
            DaySet::default(),
            DaySet::all(),
            DaySet::from_fn(|day| day % 2 == 1),
            DaySet::from_fn(|day| day % 7 < 2),
            DaySet::from_fn(|day| day == DAYS - 1),
        ] {
            let text = write(&set);
            assert!(text.len() <= longest, "{}", text.len());
            assert_eq!(read(&text), Some(set));
        }
        assert_eq!(write(&DaySet::default()), "runs=");
    }

    proptest! {
        #[test]
        fn any_set_comes_back(seed in any::<u64>(), sparse in 1_u64..60, first in 0..DAYS) {
            let mixed = |day: u32| (u64::from(day) ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let set = DaySet::from_fn(|day| day >= first && mixed(day) % sparse == 0);
            prop_assert_eq!(read(&write(&set)), Some(set.clone()));
            prop_assert_eq!(read(&format!("{RUNS}{}", write_runs(&set))), Some(set.clone()));
            prop_assert_eq!(read(&format!("{BITS}{}", write_bits(&set))), Some(set));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(runs=|bits=|)[A-Za-z0-9_-]{0,60}") {
            if let Some(set) = read(&text) {
                prop_assert_eq!(read(&write(&set)), Some(set));
            }
        }
    }
}
