//! cronie's `a~b`: a value that is fixed, but by chance. Here a hash chooses it, so that it stays over restarts and is the same on
//! every machine.

use std::ops::Range;

use crate::hash::Fnv;

/// The least and the largest value of each of the five fields.
const BOUNDS: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The five fields with a value in place of each `a~b`, `a~`, `~b` and `~`, chosen by the name of the job.
///
/// # Errors
/// The part of the text that is none of these.
pub(super) fn choose(fields: &str, name: &str) -> Result<String, Range<usize>> {
    let mut chosen = String::with_capacity(fields.len());
    let (mut field, mut item, mut start) = (0, 0_u64, 0);
    while start < fields.len() {
        let rest = &fields[start..];
        let sign = rest.starts_with([' ', '\t', ',']);
        let end = if sign { 1 } else { rest.find([' ', '\t', ',']).unwrap_or(rest.len()) };
        let part = &rest[..end];
        match part.split_once('~') {
            Some(ends) if !sign => {
                // Blanks do not count: who lines the columns up gets the same value.
                let seed = Fnv::new().bytes(name.as_bytes()).u64(field as u64).u64(item);
                let value = between(field, ends, seed).ok_or(start..start + end)?;
                chosen.push_str(&value.to_string());
            }
            Some(_) | None => chosen.push_str(part),
        }
        start += end;
        if fields[start..].starts_with([' ', '\t']) && !part.starts_with([' ', '\t']) {
            (field, item) = (field + 1, 0);
        } else {
            item += u64::from(sign);
        }
    }
    Ok(chosen)
}

fn between(field: usize, (first, last): (&str, &str), seed: Fnv) -> Option<u32> {
    let (least, most) = *BOUNDS.get(field)?;
    let value = |text: &str, open: u32| match text {
        "" => Some(open),
        text => number(field, text).filter(|value| (least..=most).contains(value)),
    };
    // Sunday is 0 and 7; where the end is open it has no second chance.
    let last = value(last, if field == 4 { 6 } else { most })?;
    let first = value(first, least)?;
    let count = last.checked_sub(first)? + 1;
    Some(first + (seed.finish() % u64::from(count)) as u32)
}

fn number(field: usize, text: &str) -> Option<u32> {
    let named = |names: &[&str], first: usize| {
        let place = names.iter().position(|name| text.eq_ignore_ascii_case(name))?;
        u32::try_from(place + first).ok()
    };
    match field {
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        3 => named(&MONTHS, 1),
        4 => named(&DAYS, 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_range_and_no_other_is_chosen() {
        for (fields, place, least, most) in [
            ("~ * * * *", 0, 0, 59),
            ("10~20 * * * *", 0, 10, 20),
            ("0 ~5 * * *", 1, 0, 5),
            ("0 20~ * * *", 1, 20, 23),
            ("0 0 28~ * *", 2, 28, 31),
            ("0 0 1 feb~Apr *", 3, 2, 4),
            ("0 0 * * mon~fri", 4, 1, 5),
            ("0 0 * * 5~5", 4, 5, 5),
        ] {
            let mut found = std::collections::BTreeSet::new();
            for name in 0..2_000 {
                let text = choose(fields, &format!("job-{name}")).expect(fields);
                let value = text.split(' ').nth(place).and_then(|field| field.parse::<u32>().ok());
                found.insert(value.expect("a number"));
            }
            assert_eq!(found, (least..=most).collect(), "{fields}");
        }
    }

    #[test]
    fn a_name_keeps_its_value_and_two_ranges_have_their_own() {
        assert_eq!(choose("~ ~ * * *", "backup-1a2b3c"), choose("~ ~ * * *", "backup-1a2b3c"));
        let pairs: std::collections::BTreeSet<_> =
            (0..50).filter_map(|name| choose("0~23 0~23 * * *", &name.to_string()).ok()).collect();
        let same = pairs.iter().filter(|text| {
            let mut fields = text.split(' ');
            fields.next() == fields.next()
        });
        assert!(same.count() < 25, "{pairs:?}");
        assert_eq!(choose("5  0~0,30 *\t* *", "x").as_deref(), Ok("5  0,30 *\t* *"));
    }

    #[test]
    fn other_forms_are_refused_with_their_place() {
        for (fields, part) in [
            ("5~2 * * * *", "5~2"),
            ("~/10 * * * *", "~/10"),
            ("0~59/5 * * * *", "0~59/5"),
            ("*~5 * * * *", "*~5"),
            ("0 0,1~24 * * *", "1~24"),
            ("1-2~5 * * * *", "1-2~5"),
            ("jan~feb * * * *", "jan~feb"),
            ("1~2~3 * * * *", "1~2~3"),
            ("0 0 0~5 * *", "0~5"),
            ("99999999999~ * * * *", "99999999999~"),
        ] {
            let place = choose(fields, "x").expect_err(fields);
            assert_eq!(&fields[place], part, "{fields}");
        }
    }
}
