//! Marks of fugit and others within the fields: `&`, `%`, `$`, `-1`.

use super::Found;

const BOTH: &str = "has `&` in it, which asks for both day fields at once";
const WEEKS: &str = "counts weeks with `%`";
const LAST: &str = "counts days from the end of the month, which is `L`";

pub(super) fn of(text: &str) -> Option<Found> {
    let mut fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let first_day = match fields.len() {
        5 => 2,
        6 | 7 => 3,
        _ => return None,
    };
    let (day, weekday) = (first_day, first_day + 2);
    if fields[weekday].contains('%') {
        return Some(Found::told(
            WEEKS,
            "every second week is a phrase with a date from which it counts, for example `schedule = \"every 2 weeks on monday from 2026-01-05 at 9:00\"`",
        ));
    }
    if fields[day].ends_with('&') || fields[weekday].ends_with('&') {
        fields[day] = fields[day].trim_end_matches('&').to_owned();
        let days = fields[weekday].trim_end_matches('&').to_owned();
        fields[weekday] = format!("+{days}");
        return Some(Found::cron(BOTH, &fields.join(" ")));
    }
    let last = from_end(&fields[day])?;
    fields[day] = last;
    Some(Found::cron(LAST, &fields.join(" ")))
}

/// A list of days in which some are counted from the end, in our words.
fn from_end(field: &str) -> Option<String> {
    let item = |text: &str| match text {
        "$" | "-1" => "L".to_owned(),
        _ => match text.strip_prefix('-').and_then(|number| number.parse::<u32>().ok()) {
            Some(number @ 2..=31) => format!("L-{}", number - 1),
            _ => text.to_owned(),
        },
    };
    let items: Vec<String> = field.split(',').map(item).collect();
    let written = items.join(",");
    (written != field).then_some(written)
}
