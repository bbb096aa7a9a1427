//! A time zone in the text: `CRON_TZ=Asia/Tokyo 0 9 * * *`, `0 9 * * * Asia/Tokyo`.

use std::str::FromStr;

use chrono_tz::Tz;

use super::Found;

const WHAT: &str = "has the time zone in it";

pub(super) fn named(text: &str) -> Option<Found> {
    let (rest, zone) = prefixed(text).or_else(|| suffixed(text))?;
    let rest = rest.trim();
    if rest.is_empty() {
        return None;
    }
    Some(match Tz::from_str(zone) {
        Ok(zone) => Found::options(WHAT, &[("cron", rest), ("timezone", zone.name())]),
        Err(_unknown) => Found::told(
            WHAT,
            "a zone is an option of its own, `timezone`, by its IANA name, for example `timezone = \"Europe/London\"`",
        ),
    })
}

fn prefixed(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.split_once([' ', '\t'])?;
    let zone = word.strip_prefix("CRON_TZ=").or_else(|| word.strip_prefix("TZ="))?;
    Some((rest, zone))
}

/// A last word that names a zone. Abbreviations such as `EST` are zones too; `SAT` is none.
fn suffixed(text: &str) -> Option<(&str, &str)> {
    let (rest, word) = text.rsplit_once([' ', '\t'])?;
    let fields = rest.split_whitespace().count();
    let is_zone = (5..=7).contains(&fields) && Tz::from_str(word).is_ok();
    is_zone.then_some((rest, word))
}
