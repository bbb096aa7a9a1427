//! The time zone of this machine, by its name.

use chrono_tz::Tz;

/// The zone of `TZ`, or else that of the system, which is what cron goes by. An error says why there is none.
pub(super) fn of_machine() -> Result<String, String> {
    if let Some(value) = std::env::var_os("TZ") {
        let value = value.to_string_lossy().into_owned();
        return named(&value)
            .ok_or_else(|| format!("TZ is `{value}`, which is no name of the IANA database"));
    }
    let name = iana_time_zone::get_timezone()
        .map_err(|error| format!("this machine does not say which zone it is in ({error})"))?;
    named(&name).ok_or_else(|| format!("this machine is in `{name}`, which is no name of the IANA database"))
}

/// The zone that a value of `TZ` names: nothing is UTC, `:` may stand in front, and it may be a file of the database.
fn named(value: &str) -> Option<String> {
    let name = value.strip_prefix(':').unwrap_or(value);
    let name = name.split_once("/zoneinfo/").map_or(name, |(_, name)| name);
    let name = if name.is_empty() { "UTC" } else { name };
    name.parse::<Tz>().ok().map(|zone| zone.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn what_tz_may_be() {
        for (value, zone) in [
            ("Europe/London", Some("Europe/London")),
            (":Europe/London", Some("Europe/London")),
            (":/usr/share/zoneinfo/Asia/Tokyo", Some("Asia/Tokyo")),
            ("/usr/share/zoneinfo/UTC", Some("UTC")),
            ("", Some("UTC")),
            ("CET-1CEST", None),
            ("/etc/localtime", None),
        ] {
            assert_eq!(named(value).as_deref(), zone, "{value}");
        }
    }
}
