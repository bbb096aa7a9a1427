//! Schedules in the words of other systems: what they become, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use chrono::{DateTime, Datelike, Utc};
use cron_core::schedule::{Dialect, DialectProblem, Schedule, ScheduleErrorKind, Translated};
use proptest::prelude::*;
use serde_json::Value;

/// A Sunday at noon.
const AFTER: &str = "2026-03-01T12:00:00Z";

fn translate(text: &str, dialect: Dialect) -> Translated {
    Schedule::from_dialect(text, dialect, "UTC").unwrap_or_else(|error| panic!("{dialect} {text}: {error}"))
}

fn ticks(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let text = |tick: DateTime<Utc>| tick.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    schedule.iter_after(after.parse().unwrap()).take(count).map(text).collect()
}

/// The schedule of the options, by the doors that everybody uses.
fn by_options(translated: &Translated) -> Schedule {
    let zone = translated.zone();
    match translated.option() {
        ("cron", value) => Schedule::cron(value, zone).unwrap(),
        ("every", value) => Schedule::every(value, translated.phase()).unwrap(),
        ("at", value) => Schedule::at(value, zone).unwrap(),
        (option, value) => panic!("{option} = {value:?}"),
    }
}

struct Line {
    text: String,
    source: String,
    next: Vec<String>,
    after: String,
}

impl Line {
    /// The dialect of ours whose rules the source has, at least for its lines in this file.
    fn dialect(&self) -> Option<Dialect> {
        let six_fields = self.text.split_whitespace().filter(|word| !word.contains("TZ=")).count() == 6;
        Some(match self.source.as_str() {
            "quartz" | "openhab" => Dialect::Quartz,
            "aws" => Dialect::Aws,
            "cloudflare" => Dialect::Cloudflare,
            "temporal" => Dialect::Temporal,
            "spring" => Dialect::Spring,
            "oban" => Dialect::Oban,
            "ncrontab" => Dialect::NCrontab,
            "systemd" => Dialect::Systemd,
            "airflow" => Dialect::Croniter,
            // Five plain fields, and day fields of which one is open.
            "vixie" | "k8s" | "gha" | "pg_cron" | "pgboss" | "renovate-cron" => Dialect::Crontab,
            // Its nicknames choose their time by a hash.
            "jenkins" if !self.text.starts_with('@') => Dialect::Crontab,
            // The second is in front as in Spring, 0 is Sunday, and one of the day fields is open. `?` may be one.
            "robfig6" | "cronos" if six_fields => Dialect::Spring,
            "robfig6" | "cronos" => Dialect::Croniter,
            _ => return None,
        })
    }
}

fn corpus() -> Vec<Line> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/schedules-real.jsonl"));
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| value[name].as_str().unwrap_or("").to_owned();
        let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
        let next = list("next").iter().map(|tick| tick.as_str().unwrap().to_owned()).collect();
        Line { text: field("expr"), source: field("dialect"), next, after: field("after") }
    };
    text.lines().map(line).collect()
}

/// What is refused of the schedules whose instants are known, and why.
const REFUSED: &[(&str, &str)] = &[
    // Quartz has `?` in the day fields only; the text has it for the month.
    ("quartz", "* * * * ? *"),
];

#[test]
fn schedules_of_the_corpus_keep_their_instants() {
    let (mut wrong, mut same, mut refused) = (Vec::new(), 0, Vec::new());
    for line in corpus() {
        let Some(dialect) = line.dialect().filter(|_| !line.next.is_empty()) else { continue };
        match Schedule::from_dialect(&line.text, dialect, "UTC") {
            Ok(translated) => {
                let found = ticks(translated.schedule(), &line.after, 5);
                if found == line.next {
                    same += 1;
                } else {
                    let option = translated.option().1;
                    wrong.push(format!("{dialect} {}: {option}: {found:?}, not {:?}", line.text, line.next));
                }
            }
            Err(_) => refused.push((line.source, line.text)),
        }
    }
    assert!(wrong.is_empty(), "{} with another meaning:\n{}", wrong.len(), wrong.join("\n"));
    let expected: Vec<_> =
        REFUSED.iter().map(|(source, text)| (source.to_string(), text.to_string())).collect();
    assert_eq!(refused, expected);
    // The rest of the corpus is of no dialect, or has no instants.
    assert_eq!(same, 277);
}

/// Schedules of the corpus whose instants are not listed there: what becomes of each, `None` where it is refused.
#[test]
fn schedules_of_the_corpus_without_instants() {
    let of = |source: &str, text: &str| {
        let dialect =
            corpus().into_iter().find(|line| line.source == source && line.text == text)?.dialect()?;
        let translated = Schedule::from_dialect(text, dialect, "UTC").ok()?;
        let (option, value) = translated.option();
        Some(format!("{option} {value} {}", translated.zone()))
    };
    for (source, text, ours) in [
        ("systemd", "00/03:00", Some("cron 0 */3 * * * UTC")),
        ("systemd", "06:00 UTC", Some("cron 0 6 * * * UTC")),
        ("systemd", "Thu *-1-8..14 02:00", Some("cron 0 2 8-14 1 +THU UTC")),
        ("systemd", "Mon *-*-1..7 03:44", Some("cron 44 3 1-7 * +MON UTC")),
        ("systemd", "Mon-Fri *-*-* 09,17:00:00", Some("cron 0 9,17 * * MON-FRI UTC")),
        ("systemd", "*-*-1 00:00:00", Some("cron 0 0 1 * * UTC")),
        ("systemd", "minutely", Some("cron * * * * * UTC")),
        ("systemd", "monthly", Some("cron 0 0 1 * * UTC")),
        ("aws", "rate(15 days)", Some("every 15d UTC")),
        ("aws", "rate(1 minute)", Some("every 1m UTC")),
        ("quartz", "0 56 4 3 1 ? 2016", Some("cron 0 56 4 3 1 * 2016 UTC")),
        ("quartz", "0 15 10 L-3 2 ? 2005", Some("cron 0 15 10 L-3 2 * 2005 UTC")),
        // Five fields are none of Quartz, two forms stand in a list, and a hash chooses.
        ("quartz", "0 5 15W * ?", None),
        ("quartz", "0 15 10 2W,16 * ? 2010", None),
        ("quartz", "* H(0-5) * * * ?", None),
        ("ncrontab", "cron(0 13 ? 1/1 SUN#1 *)", None),
        ("oban", "@reboot", None),
        ("robfig6", "@every Xm", None),
        ("robfig6", "CRON_TZ=Asia/Tokyo 0 5 * * * *", Some("cron 5 * * * * Asia/Tokyo")),
        ("k8s", "CRON_TZ=Asia/Shanghai 0 3 * * *", Some("cron 0 3 * * * Asia/Shanghai")),
    ] {
        assert_eq!(of(source, text).as_deref(), ours, "{source} {text}");
    }
}

/// The small print: the text, our option, and the next days or instants.
#[test]
fn each_dialect_has_its_own_rules() {
    for (dialect, text, option, next) in [
        // 1 is Sunday, `L` alone the last day of the week.
        (
            Dialect::Quartz,
            "0 15 10 ? * 6L",
            "15 10 * * FRIL",
            &["2026-03-27T10:15:00Z", "2026-04-24T10:15:00Z"],
        ),
        (
            Dialect::Quartz,
            "0 15 10 ? * 6#3",
            "15 10 * * FRI#3",
            &["2026-03-20T10:15:00Z", "2026-04-17T10:15:00Z"],
        ),
        (Dialect::Quartz, "0 0 0 ? * L", "0 0 * * SAT", &["2026-03-07T00:00:00Z", "2026-03-14T00:00:00Z"]),
        (Dialect::Quartz, "0 0 0 ? * 1", "0 0 * * SUN", &["2026-03-08T00:00:00Z", "2026-03-15T00:00:00Z"]),
        (Dialect::Quartz, "0 0 0 lw * ?", "0 0 LW * *", &["2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"]),
        (Dialect::Quartz, "0 0 0 15W * ?", "0 0 15W * *", &["2026-03-16T00:00:00Z", "2026-04-15T00:00:00Z"]),
        // Steps begin at the value and run to the end; over the whole field they are ours.
        (
            Dialect::Quartz,
            "0 5/20 9 * * ?",
            "5-59/20 9 * * *",
            &["2026-03-02T09:05:00Z", "2026-03-02T09:25:00Z"],
        ),
        (
            Dialect::Quartz,
            "0/30 * * * * ?",
            "*/30 * * * * *",
            &["2026-03-01T12:00:30Z", "2026-03-01T12:01:00Z"],
        ),
        (Dialect::Quartz, "0 0 0/40 * * ?", "0 0 * * *", &["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]),
        // Ranges go on over the end, and their steps with them.
        (
            Dialect::Quartz,
            "0 0 22-2 * * ?",
            "0 0-2,22,23 * * *",
            &["2026-03-01T22:00:00Z", "2026-03-01T23:00:00Z"],
        ),
        (
            Dialect::Quartz,
            "0 0 21-5/4 * * ?",
            "0 1,5,21 * * *",
            &["2026-03-01T21:00:00Z", "2026-03-02T01:00:00Z"],
        ),
        (
            Dialect::Quartz,
            "0 0 0 ? * FRI-MON",
            "0 0 * * MON,FRI-SUN",
            &["2026-03-02T00:00:00Z", "2026-03-06T00:00:00Z"],
        ),
        (
            Dialect::Quartz,
            "0 0 0 1 NOV-FEB ?",
            "0 0 1 JAN,FEB,NOV,DEC *",
            &["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"],
        ),
        (
            Dialect::Quartz,
            "0 0 12 1/5 * ? 2027",
            "0 0 12 */5 * * 2027",
            &["2027-01-01T12:00:00Z", "2027-01-06T12:00:00Z"],
        ),
        // The year is the last field, and there is no second.
        (Dialect::Aws, "cron(0 10 * * ? *)", "0 10 * * *", &["2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z"]),
        (Dialect::Aws, "0 10 * * ? *", "0 10 * * *", &["2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z"]),
        (
            Dialect::Aws,
            "cron(15 10 ? * 6L 2027-2028)",
            "0 15 10 * * FRIL 2027-2028",
            &["2027-01-29T10:15:00Z", "2027-02-26T10:15:00Z"],
        ),
        (
            Dialect::Aws,
            "cron( 0 18 ? * 2-6 * )",
            "0 18 * * MON-FRI",
            &["2026-03-02T18:00:00Z", "2026-03-03T18:00:00Z"],
        ),
        (
            Dialect::Cloudflare,
            "0 17 * * 1",
            "0 17 * * SUN",
            &["2026-03-01T17:00:00Z", "2026-03-08T17:00:00Z"],
        ),
        (
            Dialect::Cloudflare,
            "0 0 13 * friL",
            "0 0 13 * FRIL",
            &["2026-03-13T00:00:00Z", "2026-03-27T00:00:00Z"],
        ),
        // A step over each day is a choice of days there, and one of the two is enough.
        (
            Dialect::Cloudflare,
            "0 0 */1 * mon",
            "0 0 * * *",
            &["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"],
        ),
        (
            Dialect::Cloudflare,
            "0 0 31W * *",
            "0 0 31W * *",
            &["2026-03-31T00:00:00Z", "2026-05-29T00:00:00Z"],
        ),
        // The sixth field is the year, the seventh brings the second; names may be cut.
        (
            Dialect::Temporal,
            "0 12 * * 1-5 2027",
            "0 0 12 * * MON-FRI 2027",
            &["2027-01-01T12:00:00Z", "2027-01-04T12:00:00Z"],
        ),
        (
            Dialect::Temporal,
            "30 0 12 13 * fri *",
            "30 0 12 13 * +FRI",
            &["2026-03-13T12:00:30Z", "2026-11-13T12:00:30Z"],
        ),
        (
            Dialect::Temporal,
            "0 0 1 janu * */40",
            "0 0 0 1 JAN * 2000-2100/40",
            &["2040-01-01T00:00:00Z", "2080-01-01T00:00:00Z"],
        ),
        (
            Dialect::Temporal,
            "TZ=Asia/Tokyo 0 9 * * mo",
            "0 9 * * MON",
            &["2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"],
        ),
        // Both day fields, 0 and 7 are Sunday, and `*` begins with Monday.
        (
            Dialect::Spring,
            "0 0 12 13 * FRI",
            "0 12 13 * +FRI",
            &["2026-03-13T12:00:00Z", "2026-11-13T12:00:00Z"],
        ),
        (
            Dialect::Spring,
            "0 0 0 ? * */2",
            "0 0 * * MON,WED,FRI,SUN",
            &["2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z"],
        ),
        (
            Dialect::Spring,
            "0 0 0 ? * 7-2",
            "0 0 * * MON,TUE,SUN",
            &["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"],
        ),
        (Dialect::Spring, "0 0 0 ? * 5L", "0 0 * * FRIL", &["2026-03-27T00:00:00Z", "2026-04-24T00:00:00Z"]),
        (
            Dialect::Spring,
            "0 0 0 1-31 * MON",
            "0 0 * * MON",
            &["2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"],
        ),
        (Dialect::Oban, "0 12 13 * FRI", "0 12 13 * +FRI", &["2026-03-13T12:00:00Z", "2026-11-13T12:00:00Z"]),
        (Dialect::Oban, "* */100 * * *", "* 0 * * *", &["2026-03-02T00:00:00Z", "2026-03-02T00:01:00Z"]),
        (
            Dialect::NCrontab,
            "0 30 9 * * 1-5",
            "30 9 * * MON-FRI",
            &["2026-03-02T09:30:00Z", "2026-03-03T09:30:00Z"],
        ),
        (
            Dialect::NCrontab,
            "0 12 13 * friday",
            "0 12 13 * +FRI",
            &["2026-03-13T12:00:00Z", "2026-11-13T12:00:00Z"],
        ),
        (
            Dialect::NCrontab,
            "5/20 9 * * *",
            "5-59/20 9 * * *",
            &["2026-03-02T09:05:00Z", "2026-03-02T09:25:00Z"],
        ),
        // The second is the last of six fields, and either day is enough.
        (
            Dialect::Croniter,
            "0 12 * * * 30",
            "30 0 12 * * *",
            &["2026-03-01T12:00:30Z", "2026-03-02T12:00:30Z"],
        ),
        (Dialect::Croniter, "0 0 1 1 * 0 2028", "0 0 0 1 1 * 2028", &["2028-01-01T00:00:00Z"; 2]),
        (
            Dialect::Croniter,
            "0 12 13 * 5",
            "0 12 13 * FRI",
            &["2026-03-06T12:00:00Z", "2026-03-13T12:00:00Z"],
        ),
        (Dialect::Croniter, "0 12 l * *", "0 12 L * *", &["2026-03-31T12:00:00Z", "2026-04-30T12:00:00Z"]),
        (
            Dialect::Croniter,
            "0 12 * * L5",
            "0 12 * * FRIL",
            &["2026-03-27T12:00:00Z", "2026-04-24T12:00:00Z"],
        ),
        (
            Dialect::Croniter,
            "0 12 * * fri-mon",
            "0 12 * * MON,FRI-SUN",
            &["2026-03-02T12:00:00Z", "2026-03-06T12:00:00Z"],
        ),
        // A day field that begins with `*` makes both necessary.
        (Dialect::Crontab, "0 12 13 * 5", "0 12 13 * FRI", &["2026-03-06T12:00:00Z", "2026-03-13T12:00:00Z"]),
        (
            Dialect::Crontab,
            "0 12 */2 * 5",
            "0 12 */2 * +FRI",
            &["2026-03-13T12:00:00Z", "2026-03-27T12:00:00Z"],
        ),
        (
            Dialect::Crontab,
            "0 12 13 * */2",
            "0 12 13 * +TUE,THU,SAT,SUN",
            &["2026-06-13T12:00:00Z", "2026-08-13T12:00:00Z"],
        ),
        (Dialect::Crontab, "0 12 *,5 * 1", "0 12 * * MON", &["2026-03-02T12:00:00Z", "2026-03-09T12:00:00Z"]),
        (Dialect::Crontab, "0 12 1-31 * 1", "0 12 * * *", &["2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z"]),
        // Day and date, lists and steps of systemd; days from the end of the month; weeks begin on Monday.
        (
            Dialect::Systemd,
            "Mon..Fri 09:00",
            "0 9 * * MON-FRI",
            &["2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z"],
        ),
        (Dialect::Systemd, "*:0/5", "*/5 * * * *", &["2026-03-01T12:05:00Z", "2026-03-01T12:10:00Z"]),
        (Dialect::Systemd, "*:*:0/20", "*/20 * * * * *", &["2026-03-01T12:00:20Z", "2026-03-01T12:00:40Z"]),
        (Dialect::Systemd, "weekly", "0 0 * * MON", &["2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"]),
        (
            Dialect::Systemd,
            "Quarterly",
            "0 0 1 1,4,7,10 *",
            &["2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"],
        ),
        (Dialect::Systemd, "*-02~03", "0 0 L-2 2 *", &["2027-02-26T00:00:00Z", "2028-02-27T00:00:00Z"]),
        (
            Dialect::Systemd,
            "Mon *-05~07/1",
            "0 0 L-6,L-5,L-4,L-3,L-2,L-1,L 5 +MON",
            &["2026-05-25T00:00:00Z", "2027-05-31T00:00:00Z"],
        ),
        (
            Dialect::Systemd,
            "*-*~01..03 18:00",
            "0 18 L-2,L-1,L * *",
            &["2026-03-29T18:00:00Z", "2026-03-30T18:00:00Z"],
        ),
        (
            Dialect::Systemd,
            "27..28-12-25 06:30",
            "0 30 6 25 12 * 2027-2028",
            &["2027-12-25T06:30:00Z", "2028-12-25T06:30:00Z"],
        ),
        (
            Dialect::Systemd,
            "Sat,Sunday 12-05/10 08:05:40",
            "40 5 8 5-31/10 12 +SAT,SUN",
            &["2026-12-05T08:05:40Z", "2027-12-05T08:05:40Z"],
        ),
    ] {
        let translated = translate(text, dialect);
        assert_eq!(translated.option(), ("cron", option), "{dialect} {text}");
        let found = ticks(translated.schedule(), AFTER, 2);
        let want = if found.len() == 1 { &next[..1] } else { &next[..] };
        assert_eq!(found, want, "{dialect} {text}");
        assert_eq!(translated.schedule(), &by_options(&translated), "{dialect} {text}");
    }
}

/// The days of the week of a dialect, as its documentation has them.
struct Week {
    dialect: Dialect,
    /// An expression at midnight, up to the day of the week.
    front: &'static str,
    behind: &'static str,
    range: (u32, u32),
    star: (u32, u32),
    /// The number of the first Sunday.
    sunday: u32,
    /// Whether `a/n` is understood.
    open_step: bool,
}

const WEEKS: [Week; 9] = {
    const fn week(dialect: Dialect, front: &'static str, behind: &'static str, range: (u32, u32)) -> Week {
        Week { dialect, front, behind, range, star: range, sunday: range.0, open_step: true }
    }
    [
        week(Dialect::Quartz, "0 0 0 ? *", "", (1, 7)),
        week(Dialect::Aws, "0 0 ? *", "*", (1, 7)),
        week(Dialect::Cloudflare, "0 0 * *", "", (1, 7)),
        week(Dialect::Temporal, "0 0 * *", "", (0, 7)),
        Week { star: (1, 7), ..week(Dialect::Spring, "0 0 0 ? *", "", (0, 7)) },
        week(Dialect::Oban, "0 0 * *", "", (0, 6)),
        week(Dialect::NCrontab, "0 0 0 * *", "", (0, 6)),
        week(Dialect::Croniter, "0 0 * *", "", (0, 7)),
        Week { open_step: false, ..week(Dialect::Crontab, "0 0 * *", "", (0, 7)) },
    ]
};

impl Week {
    /// The days that an item means, Sunday as 0; `None` where it has to be refused.
    fn days(&self, first: u32, last: u32, step: u32, is_open: bool) -> Option<Vec<u32>> {
        let is_croniter = self.dialect == Dialect::Croniter;
        let first = if self.dialect == Dialect::Spring && !is_open && first == 7 { 0 } else { first };
        let mut numbers = Vec::new();
        let mut number = first;
        if first <= last {
            // croniter takes 7 for 0 at the end, and goes round with steps in its own way.
            let is_unclear =
                is_croniter && (first == last || (first > 0 && last == 7 && (7 - first) % step != 0));
            if is_unclear || (is_open && !self.open_step) {
                return None;
            }
            while number <= last {
                numbers.push(number);
                number += step;
            }
        } else if self.dialect == Dialect::Quartz || (is_croniter && step == 1) {
            while number <= last + 7 + u32::from(is_croniter) {
                numbers.push(number);
                number += step;
            }
            let size = self.range.1 - self.range.0 + 1;
            numbers.iter_mut().for_each(|number| *number = (*number - self.range.0) % size + self.range.0);
        } else {
            return None;
        }
        let mut days: Vec<u32> = numbers.iter().map(|number| (number + 7 - self.sunday) % 7).collect();
        days.sort_unstable();
        days.dedup();
        Some(days)
    }

    fn check(&self, item: &str, want: Option<Vec<u32>>) {
        let text = format!("{} {item} {}", self.front, self.behind);
        // From a Saturday on, Sunday to Saturday.
        let found = Schedule::from_dialect(&text, self.dialect, "UTC").ok().map(|translated| {
            let days = ticks(translated.schedule(), "2026-02-28T12:00:00Z", 7);
            let day = |tick: String| tick.parse::<DateTime<Utc>>().unwrap().weekday().num_days_from_sunday();
            let last = "2026-03-08T00:00:00Z";
            days.into_iter().filter(|tick| tick.as_str() < last).map(day).collect::<Vec<_>>()
        });
        assert_eq!(found, want, "{} {text}", self.dialect);
    }
}

/// Each value, range and step that there is, counted one by one.
#[test]
fn days_of_the_week_are_those_of_the_dialect() {
    for week in WEEKS {
        let (least, most) = week.range;
        for step in 1..=8 {
            let (first, last) = week.star;
            let star = (first..=last).step_by(step as usize).map(|number| (number + 7 - week.sunday) % 7);
            let mut star: Vec<u32> = star.collect();
            star.sort_unstable();
            star.dedup();
            week.check(&format!("*/{step}"), Some(star));
            for first in least..=most {
                week.check(&format!("{first}/{step}"), week.days(first, most, step, true));
                for last in least..=most {
                    week.check(&format!("{first}-{last}/{step}"), week.days(first, last, step, false));
                }
            }
        }
        for number in 0..=9 {
            let is_one = (least..=most).contains(&number);
            week.check(&number.to_string(), is_one.then(|| vec![(number + 7 - week.sunday) % 7]));
        }
    }
}

/// Ranges of hours that go over midnight, as Quartz counts them.
#[test]
fn hours_of_quartz_go_over_midnight() {
    for (first, last) in (0..24_u32).flat_map(|first| (0..24_u32).map(move |last| (first, last))) {
        for step in [1, 2, 5, 7, 23, 24, 30] {
            let end = if first > last { last + 24 } else { last };
            let mut want: Vec<u32> = (first..=end).step_by(step).map(|hour| hour % 24).collect();
            want.sort_unstable();
            let text = format!("0 0 {first}-{last}/{step} * * ?");
            let schedule = translate(&text, Dialect::Quartz);
            let hours = ticks(schedule.schedule(), "2026-02-28T23:59:59Z", 24);
            let hours = hours.iter().filter(|tick| tick.starts_with("2026-03-01"));
            let found: Vec<u32> = hours.map(|tick| tick[11..13].parse().unwrap()).collect();
            assert_eq!(found, want, "{text}");
        }
    }
}

/// The table of the documentation.
#[test]
fn the_documentation_is_right() {
    let docs = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schedules.md"));
    let section = docs.split("\n## ").find(|section| section.starts_with("Other dialects\n")).unwrap();
    let (_, table) = section.split_once("| Dialect | Theirs | Ours |").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, dialect, theirs, ours, ..] = cells[..] else { panic!("{row}") };
        let translated = translate(theirs, dialect.parse().unwrap());
        let (option, value) = translated.option();
        let mut options = format!("{option} = \"{value}\"");
        let phase = translated.phase().map(|phase| ("phase", phase));
        let zone = (translated.zone() != "UTC").then(|| ("timezone", translated.zone()));
        for (name, value) in phase.into_iter().chain(zone) {
            options += &format!(", {name} = \"{value}\"");
        }
        assert_eq!(options, ours, "{row}");
        count += 1;
    }
    assert_eq!(count, 20);
    for dialect in Dialect::WORDS {
        assert!(section.contains(&format!("`{dialect}`")), "{dialect}");
    }
}

#[test]
fn rates_dates_zones_and_jitter() {
    let all = |text: &str, dialect| {
        let translated = translate(text, dialect);
        let (option, value) = translated.option();
        let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let (phase, jitter) = (or_dash(translated.phase()), or_dash(translated.jitter()));
        format!("{option} {value} | {phase} | {} | {jitter}", translated.zone())
    };
    for (dialect, text, want) in [
        (Dialect::Temporal, "@every 5m/30s", "every 5m | 30s | UTC | -"),
        (Dialect::Temporal, "@every 90m", "every 1h 30m | - | UTC | -"),
        (Dialect::Temporal, "CRON_TZ=Asia/Tokyo @daily", "cron @daily | - | Asia/Tokyo | -"),
        (Dialect::Aws, "rate(5 minutes)", "every 5m | - | UTC | -"),
        (Dialect::Aws, "at(2026-12-25T06:00:00)", "at 2026-12-25T06:00:00 | - | UTC | -"),
        (Dialect::Crontab, "0~30 4 * * *", "cron 0 4 * * * | - | UTC | 30m"),
        (Dialect::Crontab, "~ * * * *", "cron 0 * * * * | - | UTC | 59m"),
        (Dialect::Crontab, "15~ * * * *", "cron 15 * * * * | - | UTC | 44m"),
        (Dialect::Crontab, "7~7 * * * *", "cron 7 * * * * | - | UTC | -"),
        (Dialect::Systemd, "2026-12-25", "at 2026-12-25T00:00:00 | - | UTC | -"),
        (Dialect::Systemd, "2026-12-25 06:00 Asia/Tokyo", "at 2026-12-25T06:00:00 | - | Asia/Tokyo | -"),
        (Dialect::Systemd, "@1798178400", "at 2026-12-25T06:00:00Z | - | UTC | -"),
        (
            Dialect::Systemd,
            "[Timer]\nOnCalendar=daily\nRandomizedDelaySec=30\n",
            "cron 0 0 * * * | - | UTC | 30s",
        ),
        (
            Dialect::Systemd,
            "RandomizedDelaySec = 1h 30min\r\n# nightly\nOnCalendar=Sun 02:00 utc",
            "cron 0 2 * * SUN | - | UTC | 1h 30m",
        ),
        (Dialect::Systemd, "OnCalendar=hourly\nRandomizedDelaySec=0", "cron 0 * * * * | - | UTC | -"),
    ] {
        assert_eq!(all(text, dialect), want, "{dialect} {text}");
    }
    // A date that does not exist has no tick, as with fields.
    assert!(!translate("2026-02-30", Dialect::Systemd).schedule().has_any_tick());
    assert!(translate("rate(1 day)", Dialect::Aws).note().unwrap().contains("phase"));
    let london = Schedule::from_dialect("0 9 * * *", Dialect::Crontab, " Europe/London\n").unwrap();
    assert_eq!((london.zone(), london.schedule().zone().unwrap().name()), ("Europe/London", "Europe/London"));
}

#[test]
fn what_cannot_be_carried_over_is_refused() {
    for (dialect, text, part, message) in [
        (
            Dialect::Quartz,
            "0 15 10 * *",
            "0 15 10 * *",
            "5 fields found, which Quartz does not have; 6 fields: second",
        ),
        (Dialect::Quartz, "* * * * ? *", "?", "`?` has no meaning there in Quartz"),
        (
            Dialect::Quartz,
            "0 0 0 ? * 8",
            "8",
            "`8` is out of range, the day of week of Quartz is 1-7 or SUN-SAT, 1 is Sunday",
        ),
        (Dialect::Quartz, "0 0 0 ? * 0", "0", "out of range"),
        (Dialect::Quartz, "0 0 0 L-3W * ?", "L-3W", "has no form here"),
        (Dialect::Quartz, "0 0 0 31W * ?", "31W", "`W` goes with days up to 28"),
        (Dialect::Quartz, "0 0 0 2W,16 * ?", "2W", "W forms stand alone here"),
        (Dialect::Quartz, "0 0 L * * ?", "L", "`L` has no meaning in the hour field of Quartz"),
        (Dialect::Quartz, "0 H * * * ?", "H", "hash"),
        (Dialect::Quartz, "@daily", "@daily", "Quartz has none"),
        (Dialect::Quartz, "0 0 0 ? * 6#6", "6#6", "1 to 5"),
        (Dialect::Quartz, "0 0/0 * * * ?", "0/0", "not a step"),
        (
            Dialect::Aws,
            "cron(0 9 13 * FRI *)",
            "0 9 13 * FRI *",
            "write `0 9 13 * FRI` for one of the two days, or `0 9 13 * +FRI` for both",
        ),
        (
            Dialect::Aws,
            "cron(0 22-2 ? * * *)",
            "22-2",
            "`0-2,22,23` for over the end of the field, or `2-22`",
        ),
        (Dialect::Aws, "rate(5 weeks)", "5 weeks", "not a duration of AWS"),
        (Dialect::Aws, "rate(0 days)", "0 days", "longer than zero"),
        (Dialect::Aws, "at(2026-12-25)", "2026-12-25", "not a date and time"),
        (Dialect::Aws, "at(2026-12-25T00:00:00Z)", "2026-12-25T00:00:00Z", "not a date and time"),
        (Dialect::Aws, "cron(0 9 * * ? *", "cron(0 9 * * ? *", "not an expression of AWS"),
        (Dialect::NCrontab, "cron(0 9 * * ? *)", "cron(0 9 * * ? *)", "dialect `aws`"),
        (
            Dialect::NCrontab,
            "0 22-2 * * *",
            "22-2",
            "`0-2,22,23` for over the end of the field, or `2-22` for the ends the other way round",
        ),
        (Dialect::NCrontab, "0 0 * * 7", "7", "0-6"),
        (Dialect::Cloudflare, "0 0 * * fri-sun", "fri-sun", "two readings"),
        (
            Dialect::Temporal,
            "0 12 13 * FRI",
            "0 12 13 * FRI",
            "write `0 12 13 * FRI` for one of the two days, or `0 12 13 * +FRI` for both",
        ),
        (Dialect::Temporal, "@every 1.5h", "1.5h", "write `1h 30m`"),
        (Dialect::Temporal, "TZ=Asia/Tokio 0 9 * * *", "Asia/Tokio", "Asia/Tokyo"),
        (Dialect::Spring, "0 0 0 28W * ?", "28W", "days up to 27"),
        (Dialect::Spring, "0 0 0 ? * L", "L", "`L` has no meaning in the day of week field of Spring"),
        (Dialect::Spring, "0 0 22-2 * * *", "22-2", "write `0-2,22,23`"),
        (Dialect::Spring, "-", "-", "1 field found"),
        (Dialect::Oban, "@reboot", "@reboot", "run_on_start"),
        (Dialect::Oban, "@fortnightly", "@fortnightly", "it has @yearly"),
        (
            Dialect::Croniter,
            "0 0 1-31 * 1",
            "0 0 1-31 * 1",
            "`0 0 * * *` for one of the two days, or `0 0 * * MON` for both",
        ),
        (
            Dialect::Croniter,
            "0 0 * * 5-5",
            "5-5",
            "`FRI` for the one value, or `SUN-SAT` for the whole field",
        ),
        (Dialect::Croniter, "59/5 0 * * *", "59/5", "`59` for the one value, or `*/5` for the whole field"),
        (Dialect::Croniter, "0 22-4/3 * * *", "22-4/3", "two readings"),
        (
            Dialect::Croniter,
            "0 0 * * 2-7/2",
            "2-7/2",
            "`TUE,THU,SAT` for a range up to Saturday, or `TUE,THU,SAT,SUN`",
        ),
        (Dialect::Croniter, "0 0 15W * *", "15W", "`W` has no meaning in the day of month field of croniter"),
        (
            Dialect::Crontab,
            "5/20 9 * * *",
            "5/20",
            "`5` for the one value, or `5-59/20` for the rest of the field",
        ),
        (Dialect::Crontab, "0 0 * * fri-sun", "fri-sun", "write `FRI-SUN`"),
        (Dialect::Crontab, "0 2~4 * * *", "2~4", "in the minute field only"),
        (Dialect::Crontab, "0~20/5 4 * * *", "0~20/5", "random"),
        (Dialect::Crontab, "30~10 4 * * *", "30~10", "random"),
        (
            Dialect::Crontab,
            "0 0 * * friday",
            "friday",
            "`friday` is not a day of week of cron (0-7 or SUN-SAT, 0 is Sunday)",
        ),
        (Dialect::Crontab, "0,,5 * * * *", "", "is not a minute"),
        (Dialect::Crontab, "", "", "0 fields found"),
        (Dialect::Systemd, "Fri..Mon 09:00", "Fri..Mon", "write `MON,FRI-SUN`"),
        (Dialect::Systemd, "*:*/5", "*/5", "not a calendar event"),
        (Dialect::Systemd, "*:*:0.5", "0.5", "part of a second"),
        (Dialect::Systemd, "*:0/70", "0/70", "leads out of its field"),
        (Dialect::Systemd, "22..2:00", "22..2", "write `0-2,22,23`"),
        (Dialect::Systemd, "25:00", "25", "out of range, the hour of systemd is 0-23"),
        (Dialect::Systemd, "*-*~29", "29", "1-28"),
        (Dialect::Systemd, "09:00 Mars/Base", "Mars/Base", "not a time zone"),
        (Dialect::Systemd, "soon", "soon", "not a day of week of systemd"),
        (Dialect::Systemd, "OnCalendar=daily\nPersistent=true", "Persistent=true", "does not say when"),
        (
            Dialect::Systemd,
            "OnCalendar=daily\nOnCalendar=hourly",
            "OnCalendar=hourly",
            "one job for each line",
        ),
        (Dialect::Systemd, "RandomizedDelaySec=5", "RandomizedDelaySec=5", "no line says when"),
        (
            Dialect::Systemd,
            "OnCalendar=daily\nRandomizedDelaySec=1month",
            "1month",
            "not a duration of systemd",
        ),
    ] {
        let error = Schedule::from_dialect(text, dialect, "UTC").unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(message), "{dialect} {text}: {shown}");
        assert_eq!(error.expression().get(error.span()), Some(part), "{dialect} {text}: {shown}");
    }
    let long = "1,".repeat(600);
    let error = Schedule::from_dialect(&long, Dialect::Quartz, "UTC").unwrap_err();
    assert!(matches!(error.kind(), ScheduleErrorKind::TooLong { bytes: 1_200 }), "{error}");
    let error = Schedule::from_dialect("0 H * * *", Dialect::Crontab, "UTC").unwrap_err();
    let ScheduleErrorKind::Dialect(refused) = error.kind() else { panic!("{error}") };
    assert_eq!((refused.dialect(), refused.problem()), (Dialect::Crontab, &DialectProblem::Hash));
}

/// What is accepted is said by options that everybody can write, and they mean the same.
fn holds(text: &str, dialect: Dialect) {
    match Schedule::from_dialect(text, dialect, "Europe/London") {
        Ok(translated) => {
            assert_eq!(translated.schedule(), &by_options(&translated), "{dialect} {text:?}");
            if let Some(jitter) = translated.jitter() {
                assert!(cron_core::duration::parse_duration(jitter).is_ok(), "{dialect} {text:?}");
            }
        }
        Err(error) => {
            assert!(error.expression().get(error.span()).is_some(), "{dialect} {text:?}");
            assert!(!error.to_string().is_empty() && error.diagram().contains('^'), "{dialect} {text:?}");
        }
    }
}

/// Pieces of schedules in all dialects.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "*",
        "?",
        "0",
        "1",
        "5",
        "7",
        "12",
        "31",
        "59",
        "2026",
        "/",
        "-",
        ",",
        "#",
        "L",
        "W",
        "~",
        "..",
        ":",
        " ",
        " ",
        " ",
        "MON",
        "fri",
        "Sunday",
        "JAN",
        "dec",
        "@daily",
        "@every ",
        "5m",
        "cron(",
        "rate(",
        "at(",
        ")",
        "CRON_TZ=UTC ",
        "OnCalendar=",
        "\n",
        "daily",
        "RandomizedDelaySec=",
        "UTC",
        "H",
        "é",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..24)
        .prop_map(|words| words.concat())
}

/// Fields of an expression, of which many are right in some dialect.
fn fields() -> impl Strategy<Value = String> {
    let item = proptest::sample::select(vec![
        "*", "?", "0", "3", "5-9", "22-2", "6-3", "*/7", "5/3", "/4", "1-6/2", "9-4/3", "FRI", "SUN-TUE",
        "sat-mon", "L", "LW", "15W", "L-3", "6L", "L5", "FRI#2", "2#1", "JAN", "nov-feb", "2030", "2027/3",
        "0~9",
    ]);
    let list = proptest::collection::vec(item, 1..3).prop_map(|items| items.join(","));
    proptest::collection::vec(list, 5..8).prop_map(|fields| fields.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused_or_holds(text in prop_oneof![".{0,60}", piece(), fields()]) {
        for dialect in Dialect::ALL {
            holds(&text, *dialect);
        }
    }
}
