//! The nearest known word to a mistyped one, for error messages.

/// The longest word of which one character may be wrong; longer ones may have two.
const SHORT: usize = 6;

/// The candidate with the smallest edit distance to `word`, if any is near enough to be a likely typing mistake.
///
/// Distance counts inserted, removed and replaced characters and swapped neighbours, ignoring ASCII case. A
/// candidate is near within one change, and within two if the longer word has at least seven characters; the first
/// of equally near candidates wins, so the answer does not depend on anything but the order given.
///
/// # Examples
/// ```
/// use cron_core::suggest::nearest;
///
/// assert_eq!(nearest("FIR", ["MON", "FRI", "SUN"]), Some("FRI"));
/// assert_eq!(nearest("queu", ["skip", "queue", "cancel", "allow"]), Some("queue"));
/// assert_eq!(nearest("banana", ["skip", "queue"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    search(word, candidates).map(|(_, candidate, _)| candidate)
}

/// The same, if no other candidate is equally near: for words that mean different things.
pub(crate) fn only_nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    search(word, candidates).filter(|(.., is_only)| *is_only).map(|(_, candidate, _)| candidate)
}

/// The distance, the nearest candidate, and whether it is the only one at that distance.
fn search<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<(usize, &'a str, bool)> {
    // Nobody mistypes a word this long, and the distance below is quadratic.
    if word.len() > 64 {
        return None;
    }
    let word: Vec<char> = word.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut best: Option<(usize, &'a str, bool)> = None;
    let mut other = Vec::new();
    for candidate in candidates {
        other.clear();
        other.extend(candidate.chars().map(|c| c.to_ascii_lowercase()));
        let limit = if word.len().max(other.len()) > SHORT { 2 } else { 1 };
        // A difference in length is a lower bound of the distance.
        if word.is_empty() || word.len().abs_diff(other.len()) > limit {
            continue;
        }
        let distance = edit_distance(&word, &other);
        match &mut best {
            Some((least, _, is_only)) if distance == *least => *is_only = false,
            Some((least, ..)) if distance > *least => {}
            _ if distance <= limit => best = Some((distance, candidate, true)),
            _ => {}
        }
    }
    best
}

/// How many edits are between two words, ignoring ASCII case.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let letters = |word: &str| word.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>();
    edit_distance(&letters(one), &letters(other))
}

/// Optimal string alignment: Levenshtein plus swaps of neighbours, in three rolling rows.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps_cost_one() {
        let chars = |s: &str| s.chars().collect::<Vec<_>>();
        assert_eq!(edit_distance(&chars("fir"), &chars("fri")), 1);
        assert_eq!(edit_distance(&chars("kitten"), &chars("sitting")), 3);
        assert_eq!(edit_distance(&chars(""), &chars("abc")), 3);
    }

    #[test]
    fn finds_zones_and_ignores_nonsense() {
        let zones = || chrono_tz::TZ_VARIANTS.iter().map(|z| z.name());
        assert_eq!(nearest("Europe/Londn", zones()), Some("Europe/London"));
        assert_eq!(nearest("america/new_york", zones()), Some("America/New_York"));
        assert_eq!(nearest("Amercia/New York", zones()), Some("America/New_York"));
        assert_eq!(nearest("", zones()), None);
        assert_eq!(nearest(&"x".repeat(10_000), zones()), None);
    }
}
