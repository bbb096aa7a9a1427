//! What the options of a job come to, what is refused, and that the documentation tells the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::time::Duration;

use cron_core::job::options::{Declaration, Key, Options, Part, Place, Value, check, plan, table};
use cron_core::policy::{Backoff, CatchUp, CatchUpRule, Overlap, Priority, Retention, Retry, Slots};
use cron_core::schedule::{Calendars, Schedule, ScheduleError};

/// Options as they stand in the attribute.
fn read(text: &str) -> Options {
    let mut options = Options::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').unwrap();
        let key = Key::read(name.trim(), Place::Attribute).unwrap();
        let value = value.trim_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => {
                let (text, behind) = quoted.split_once('"').unwrap();
                (Value::from(text.replace("\\n", "\n")), behind)
            }
            None => {
                let end = value.find(',').unwrap_or(value.len());
                (Value::read(key, value[..end].trim()), &value[end..])
            }
        };
        options.set(key, value);
        rest = behind.trim_start().trim_start_matches(',').trim_start();
    }
    options
}

#[track_caller]
fn good(options: &str) -> Declaration {
    let (declaration, mistakes) = check("f", &read(options), Place::Attribute);
    assert_eq!(mistakes, [], "{options}");
    let plan = plan("f", &read(options), &known()).unwrap();
    assert_eq!(plan.overlap, declaration.overlap);
    declaration
}

/// The calendars that the tests name.
fn known() -> Calendars {
    let mut calendars = Calendars::default();
    calendars.add("uk_holidays", &|_| false).unwrap();
    calendars
}

#[track_caller]
fn bad(options: &str, wanted: &[&str]) {
    let (_, mistakes) = check("f", &read(options), Place::Attribute);
    let fits = |(mistake, wanted): (&cron_core::job::options::Mistake, &&str)| mistake.text.contains(*wanted);
    assert!(
        mistakes.len() == wanted.len() && mistakes.iter().zip(wanted).all(fits),
        "{options}\n{mistakes:#?}"
    );
    // The same words, with the job in front.
    let error = plan("f", &read(options), &known()).unwrap_err();
    assert_eq!(error.mistakes[..mistakes.len()], mistakes, "{options}");
    assert!(error.to_string().starts_with(&format!("job `{}`: {}", error.job, mistakes[0].text)), "{error}");
}

#[test]
fn without_options_everything_is_the_default() {
    assert_eq!(good(""), Declaration::new("f"));
}

#[test]
fn schedules_arrive_in_their_canonical_form() {
    for (options, canonical) in [
        (r#"cron = "0  9 * * mon-fri", timezone = "Europe/London""#, "cron(0 9 * * MON-FRI) Europe/London"),
        (r#"cron = "@daily""#, "cron(0 0 * * *) UTC"),
        (r#"every = "90s", phase = "5s""#, "every(1m 30s, phase 5s)"),
        (r#"every = "30s""#, "every(30s)"),
        (r#"every = "90s", after = "finish""#, "every(1m 30s, after finish)"),
        (r#"daily = "14:30", timezone = "Asia/Tokyo""#, "cron(30 14 * * *) Asia/Tokyo"),
        (r#"hourly = ":30""#, "cron(30 0-23 * * *) UTC"),
        (r#"weekly = "MON,FRI 10:00""#, "cron(0 10 * * MON,FRI) UTC"),
        (r#"at = "2026-12-25T00:00:00+01:00""#, "at(2026-12-24T23:00:00Z)"),
        (
            r#"at = "2026-12-25T00:00:00", timezone = "Europe/Berlin""#,
            "at(2026-12-25T00:00:00) Europe/Berlin",
        ),
        (r#"once = "60s""#, "once(1m)"),
        (r#"schedule = "every weekday at 9:00""#, "cron(0 9 * * MON-FRI) UTC"),
        (r#"schedule = "every 90 minutes""#, "every(1h 30m)"),
        (
            r#"cron = "30 2 * * *", timezone = "America/New_York", dst_gap = "skip""#,
            "cron(30 2 * * *) America/New_York dst_gap=skip",
        ),
        (
            r#"daily = "02:30", timezone = "Europe/London", dst_gap = "skip", calendar = "2026-12-25""#,
            "calendar(skip 2026-12-25) cron(30 2 * * *) Europe/London dst_gap=skip",
        ),
        (r#"daily = "02:30", dst_gap = "run_after""#, "cron(30 2 * * *) UTC"),
        (
            r#"schedule = "every 2 weeks on sunday from 2026-01-04 at 2:30", timezone = "Europe/Paris", dst_gap = "skip""#,
            "stride(2w on SUN from 2026-01-04 at 02:30) Europe/Paris dst_gap=skip",
        ),
        (
            r#"schedule = "every 2 weeks on monday from 2026-01-05 at 9am", timezone = "Asia/Tokyo""#,
            "stride(2w on MON from 2026-01-05 at 09:00) Asia/Tokyo",
        ),
        (
            r#"daily = "09:00", calendar = " 2026-12-26,2026-12-25 ", timezone = "Europe/London""#,
            "calendar(skip 2026-12-25,2026-12-26) cron(0 9 * * *) Europe/London",
        ),
        (
            r#"every = "30s", calendar = "2026-12-25", calendar_rule = "only", timezone = "Asia/Tokyo""#,
            "calendar(only 2026-12-25 in Asia/Tokyo) every(30s)",
        ),
        (
            r#"schedule = "every 90 minutes", calendar = "2026-12-25", timezone = "Asia/Tokyo""#,
            "calendar(skip 2026-12-25 in Asia/Tokyo) every(1h 30m)",
        ),
        (
            r#"schedule = "every 2 weeks on monday from 2026-01-05 at 9am", calendar = "2026-01-19", calendar_rule = "next_workday""#,
            "calendar(next_workday 2026-01-19) stride(2w on MON from 2026-01-05 at 09:00) UTC",
        ),
    ] {
        let schedule = good(options).schedule.unwrap();
        assert_eq!(schedule, canonical, "{options}");
        let read: Schedule = schedule.parse().unwrap();
        assert_eq!(read.to_string(), canonical);
    }
}

#[cfg(feature = "rrule")]
#[test]
fn rules_arrive_in_their_canonical_form() {
    for (options, canonical) in [
        (
            r#"rrule = "DTSTART:20260105T090000\nRRULE:BYDAY=FR,MO;FREQ=weekly", timezone = "Europe/London""#,
            "rrule(DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;BYDAY=MO,FR) Europe/London",
        ),
        (r#"rrule = "FREQ=DAILY;BYHOUR=9""#, "rrule(RRULE:FREQ=DAILY;BYHOUR=9) UTC"),
        (
            r#"rrule = "DTSTART;TZID=Asia/Tokyo:20260105T090000\nRRULE:FREQ=DAILY""#,
            "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY) Asia/Tokyo",
        ),
    ] {
        assert_eq!(good(options).schedule.unwrap(), canonical, "{options}");
    }
    bad(r#"rrule = "FREQ=MINUTELY""#, &["too frequent"]);
    bad(r#"rrule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30""#, &["never happens"]);
    let tokyo = r#"rrule = "DTSTART;TZID=Asia/Tokyo:20260105T090000\nRRULE:FREQ=DAILY""#;
    bad(&format!(r#"{tokyo}, timezone = "UTC""#), &["`timezone` another zone"]);
    bad(&format!(r#"{tokyo}, timezone = "Europe/London""#), &["another zone"]);
    bad(&format!(r#"{tokyo}, calendar = "holidays""#), &["takes no calendar"]);
}

#[cfg(not(feature = "rrule"))]
#[test]
fn rules_need_their_feature() {
    bad(r#"rrule = "FREQ=DAILY""#, &["this build has no `rrule` schedules"]);
}

#[test]
fn a_calendar_that_is_named_is_looked_up_later() {
    let mut calendars = Calendars::default();
    calendars.add("uk_holidays", &|_| false).unwrap();
    for (options, reference) in [
        (
            r#"daily = "09:00", calendar = "uk_holidays", calendar_rule = "next_workday""#,
            "calendar(next_workday uk_holidays) cron(0 9 * * *) UTC",
        ),
        (
            r#"every = "30s", calendar = "uk_holidays", timezone = "Europe/London""#,
            "calendar(skip uk_holidays in Europe/London) every(30s)",
        ),
    ] {
        let schedule = good(options).schedule.unwrap();
        assert_eq!(schedule, reference, "{options}");
        assert!(Schedule::read(&schedule, &calendars).is_ok());
    }
}

#[test]
fn each_mistake_is_found() {
    bad(r#"cron = "0 25 * * *""#, &["out of range"]);
    bad(r#"cron = "0 0 30 2 *""#, &["never happens"]);
    bad(r#"daily = "09:00", timezone = "Europe/Londn""#, &["not a time zone"]);
    bad(r#"every = "30s", timezone = "UTC""#, &["`timezone` has no effect with `every`"]);
    bad(r#"timezone = "UTC""#, &["`timezone` needs a schedule"]);
    bad(r#"dst_gap = "skip""#, &["`dst_gap` needs a schedule"]);
    bad(r#"daily = "02:30", dst_gap = "skp""#, &["unknown dst_gap `skp`, did you mean `skip`?"]);
    bad(r#"daily = "25:30", dst_gap = "skp""#, &["not a time of day", "unknown dst_gap"]);
    bad(r#"every = "30s", dst_gap = "skip""#, &["no effect with this `every`: it follows no clock"]);
    bad(r#"once = "30s", dst_gap = "skip""#, &["no effect with this `once`: it follows no clock"]);
    bad(r#"at = "2026-12-25T00:00:00Z", dst_gap = "skip""#, &["no effect with this `at`: it has an offset"]);
    bad(r#"at = "2026-12-25T00:00:00", dst_gap = "skip""#, &["its one run is never dropped"]);
    bad(r#"cron = "*/15 * * * *", dst_gap = "skip""#, &["no effect with this `cron`: it has a field"]);
    bad(
        r#"cron = "0 30 2 9 3 * 2025", timezone = "America/New_York", dst_gap = "skip""#,
        &["with `dst_gap = \"skip\"` it never happens"],
    );
    bad(r#"every = "30s", phase = "30s""#, &["not shorter than the period"]);
    bad(r#"every = "30s", after = "finish", calendar = "uk""#, &["before a run has ended"]);
    bad(r#"every = "30s", after = "finsh""#, &["did you mean `finish`? (allowed: finish)"]);
    bad(r#"every = "30s", after = "start""#, &["unknown after `start` (allowed: finish)"]);
    bad(r#"every = "30s", after = "finish", phase = "5s""#, &["with `after = \"finish\"` there is no grid"]);
    bad(r#"cron = "@daily", after = "finish""#, &["`cron` has no period"]);
    bad(r#"after = "finish""#, &["`after` needs a schedule"]);
    bad(
        r#"every = "30s", after = "finish", timezone = "UTC""#,
        &["`timezone` has no effect with `every`: its period is counted from the end"],
    );
    bad(
        r#"every = "30s", after = "finish", retries = 1, retry_past_next = true"#,
        &["`retry_past_next` has no effect with `after = \"finish\"`"],
    );
    bad(r#"every = "30s", cron = "@daily""#, &["one schedule"]);
    bad(r#"schedule = "every mondya at 9:00""#, &["`mondya` is not understood here"]);
    bad(r#"schedule = "every 90 minutes", timezone = "Asia/Tokyo""#, &["`timezone` has no effect"]);
    bad(r#"schedule = "every hour", every = "1h""#, &["one schedule"]);
    bad(r#"schedule = "every hour", phase = "5m""#, &["`phase` moves the grid of `every`"]);
    bad(r#"daily = "09:00", calendar = "uk holidays""#, &["not allowed in the name of a calendar"]);
    bad(r#"daily = "09:00", calendar = "2026-12-32""#, &["there is no `2026-12-32`"]);
    bad(r#"daily = "09:00", calendar = """#, &["the name of a calendar is empty"]);
    bad(r#"daily = "09:00", calendar_rule = "only""#, &["`calendar_rule` needs `calendar`"]);
    bad(
        r#"daily = "09:00", calendar = "uk", calendar_rule = "nxt_workday""#,
        &["did you mean `next_workday`?"],
    );
    bad(r#"calendar = "uk""#, &["`calendar` needs a schedule"]);
    bad(r#"every = "1h", calendar = "uk", calendar_rule = "next_workday""#, &["no local time to keep"]);
    bad(r#"once = "1h", calendar = "uk""#, &["no date that could be in a calendar"]);
    bad(r#"weekly = "MON 09:00", calendar = "2026-12-25", calendar_rule = "only""#, &["never happens"]);
    bad(r#"at = "2026-12-25T09:00:00", calendar = "2026-12-25""#, &["never happens"]);
    bad(r#"every = "30s", overlap = "skp""#, &["did you mean `skip`?"]);
    bad(r#"every = "30s", name = "a b""#, &["contains ' '"]);
    bad(r#"every = "30s", catch_up_limit = 3"#, &["needs `catch_up = \"all\"`"]);
    bad(r#"retries = 3, retry_delay = "2h""#, &["longer than `retry_max_delay`"]);
}

#[test]
fn one_mistake_is_not_reported_as_two() {
    bad(r#"every = "30s", retries = "three", backoff = "fixed""#, &["a whole number"]);
    bad(r#"every = "soon", phase = "5s""#, &["not a number"]);
    bad(r#"every = "soon", after = "finish""#, &["not a number"]);
    bad(r#"every = "30s", catch_up = "al", catch_up_limit = 3"#, &["unknown catch_up"]);
    bad(r#"every = "30s", retries = 3, retry_delay = "x", retry_max_delay = "1s""#, &["not a number"]);
    bad(r#"daily = "25:00", calendar = "2026-13-01""#, &["not a time of day", "there is no"]);
    bad(r#"daily = "09:00", timezone = "Nowhere", calendar = "uk""#, &["not a time zone"]);
    bad(
        r#"calendar = "uk", calendar_rule = "nonsense""#,
        &["unknown calendar_rule", "`calendar` needs a schedule"],
    );
    bad(r#"backoff = "fixed", retry_max_delay = "1s""#, &["`backoff` needs", "`retry_max_delay` needs"]);
}

#[test]
fn every_policy_arrives() {
    let declaration = good(
        r#"every = "30s", name = "team.f", overlap = "allow", max_running = 4, timeout = "1h 30m", retries = 3,
        backoff = "linear", retry_delay = "1s", retry_max_delay = "10s", catch_up = "all", catch_up_limit = 7,
        catch_up_window = "1d", jitter = "5s", run_on_start = true, group = "billing", tags = " nightly,slow ",
        priority = 100, keep_runs = 5, keep_for = "1d", keep_dead = 6, keep_dead_for = "2d", was = "f""#,
    );
    let (delay, max_delay) = (Duration::from_secs(1), Duration::from_secs(10));
    let day = Duration::from_secs(86_400);
    let wanted = Declaration {
        schedule: Some("every(30s)".to_owned()),
        overlap: Overlap::Allow,
        slots: Slots { max_running: Some(4), ..Slots::DEFAULT },
        catch_up: CatchUp { rule: CatchUpRule::All, limit: 7, window: Some(day), grace: None },
        retry: Retry { retries: 3, backoff: Backoff::Linear, delay, max_delay, past_next: false },
        timeout: Some(Duration::from_secs(5_400)),
        jitter: Some(Duration::from_secs(5)),
        run_on_start: true,
        group: Some("billing".parse().unwrap()),
        tags: vec!["nightly".parse().unwrap(), "slow".parse().unwrap()],
        priority: Priority(100),
        retention: Retention { runs: 5, age: day, dead: 6, dead_age: 2 * day },
        was: Some("f".parse().unwrap()),
        ..Declaration::new("team.f")
    };
    assert_eq!(declaration, wanted);

    let declaration =
        good(r#"every = "30s", retries = 3, retry_past_next = true, catch_up = "none", grace = "2s""#);
    assert!(declaration.retry.past_next);
    assert_eq!(declaration.catch_up.grace, Some(Duration::from_secs(2)));

    let declaration = good(r#"overlap = "queue", queue_depth = 10000, cancel_grace = "1m", priority = 0"#);
    let cancel_grace = Duration::from_secs(60);
    assert_eq!(declaration.slots, Slots { queue_depth: 10_000, cancel_grace, max_running: None });
    assert_eq!((declaration.overlap, declaration.priority), (Overlap::Queue, Priority(0)));
    let declaration = good(r#"overlap = "cancel", run_on_start = false, keep_runs = 100000000"#);
    assert_eq!((declaration.overlap, declaration.run_on_start), (Overlap::Cancel, false));
    good(r#"every = "30s", after = "finish", jitter = "5s", cancel_grace = "1s", overlap = "allow""#);
}

#[test]
fn options_of_another_policy_are_refused() {
    for (overlap, is) in [
        ("", "the default is `overlap = \"skip\"`"),
        (r#"overlap = "cancel", "#, "this job has `overlap = \"cancel\"`"),
    ] {
        bad(&format!("{overlap}queue_depth = 3"), &[&format!("it says how many ticks wait\n{is}")]);
        bad(
            &format!("{overlap}max_running = 3"),
            &[&format!("it says how many runs are active at once\n{is}")],
        );
    }
    bad(r#"overlap = "queue", max_running = 3"#, &["`max_running` needs `overlap = \"allow\"`"]);
    bad(r#"overlap = "allow", queue_depth = 3"#, &["`queue_depth` needs `overlap = \"queue\"`"]);
    bad(r#"overlap = "queue", queue_depth = 0"#, &["from 1 to 10000\nto let no tick wait"]);
    bad(r#"overlap = "queue", queue_depth = 10001"#, &["`queue_depth` is a number from 1 to 10000"]);
    bad(r#"overlap = "allow", max_running = 0"#, &["`max_running` is a number from 1 to 10000"]);
    bad(
        r#"overlap = "queu", queue_depth = 3"#,
        &["did you mean `queue`? (allowed: skip, queue, cancel, allow)"],
    );
    bad(r#"cancel_grace = "0s""#, &["longer than zero"]);
    for overlap in ["queue", "cancel"] {
        bad(
            &format!(r#"every = "30s", after = "finish", overlap = "{overlap}""#),
            &[&format!("`overlap = \"{overlap}\"` has no effect with `after = \"finish\"`")],
        );
        bad(
            &format!(r#"every = "30s", overlap = "{overlap}", retries = 1, retry_past_next = true"#),
            &[&format!("`retry_past_next` has no effect with `overlap = \"{overlap}\"`")],
        );
    }
}

#[test]
fn bounds_are_read_in_the_zone_of_the_job() {
    let (start, end) = (Some("2026-09-01T00:00:00"), Some("2027-06-30T00:00:00+02:00"));
    let within = |schedule: Result<Schedule, ScheduleError>, start, end, zone| {
        schedule.and_then(|schedule| schedule.within(start, end, zone)).unwrap().to_string()
    };
    let daily = |zone| Schedule::daily("09:00", zone);
    let every = || Schedule::every("30s", None);
    let both = r#"start = "2026-09-01T00:00:00", end = "2027-06-30T00:00:00+02:00""#;
    for (options, schedule) in [
        (format!(r#"daily = "09:00", {both}"#), within(daily("UTC"), start, end, "UTC")),
        (
            format!(r#"daily = "09:00", timezone = "Asia/Tokyo", {both}"#),
            within(daily("Asia/Tokyo"), start, end, "Asia/Tokyo"),
        ),
        (
            format!(r#"every = "30s", timezone = "Asia/Tokyo", {both}"#),
            within(every(), start, end, "Asia/Tokyo"),
        ),
        (r#"every = "30s", end = "2027-06-30T00:00:00+02:00""#.to_owned(), within(every(), None, end, "UTC")),
        (
            r#"schedule = "every 90 minutes", timezone = "Asia/Tokyo", start = "2026-09-01T00:00:00""#
                .to_owned(),
            within(Schedule::every("90m", None), start, None, "Asia/Tokyo"),
        ),
    ] {
        assert_eq!(good(&options).schedule, Some(schedule), "{options}");
    }
}

#[test]
fn bounds_are_checked() {
    bad(r#"start = "2026-09-01T00:00:00""#, &["`start` needs a schedule"]);
    bad(
        r#"at = "2026-09-01T00:00:00", end = "2026-09-01T00:00:00""#,
        &["a schedule that repeats, and `at` is one tick"],
    );
    bad(
        r#"once = "60s", start = "2026-09-01T00:00:00""#,
        &["a schedule that repeats, and `once` is one tick"],
    );
    bad(r#"daily = "09:00", start = "soon""#, &["`soon` is not a date and time"]);
    let between = |start: &str, end: &str| format!(r#"daily = "09:00", start = "{start}", end = "{end}""#);
    let none = between("2026-09-01T00:00:00", "2026-09-01T00:00:00");
    bad(&none, &["`end` is not after `start = \"2026-09-01T00:00:00\"`"]);
    bad(&format!(r#"{none}, calendar = "2026-12-32""#), &["`end` is not after", "there is no `2026-12-32`"]);
    bad(&between("2026-09-02T00:00:00", "2026-09-01T00:00:00"), &["`end` is not after"]);
    bad(&between("soon", "2026-13-01"), &["`soon` is not", "`2026-13-01` is not"]);
    // In Tokyo the start is nine hours earlier than its text in UTC.
    let apart = between("2026-09-01T09:00:00", "2026-09-01T00:00:01Z");
    bad(&apart, &["`end` is not after"]);
    good(&format!(r#"{apart}, timezone = "Asia/Tokyo""#));
    bad(&between("2026-09-01T10:00:00", "2026-09-02T08:00:00"), &["never happens"]);
    // The only tick moves out of the bounds, or into them: 2026-09-05 is a Saturday.
    let day = r#"daily = "09:00", start = "2026-09-07T00:00:00", end = "2026-09-07T23:59:59""#;
    good(&format!(r#"{day}, calendar = "2026-12-25", calendar_rule = "next_workday""#));
    bad(&format!(r#"{day}, calendar = "2026-09-07""#), &["never happens: it has no tick from 2026-09-07 to"]);
    let saturday = r#"weekly = "SAT 09:00", start = "2026-09-07T00:00:00", end = "2026-09-07T23:59:59""#;
    bad(saturday, &["never happens"]);
    good(&format!(r#"{saturday}, calendar = "uk_holidays", calendar_rule = "next_workday""#));
    good(&format!(r#"{saturday}, calendar = "2026-12-25", calendar_rule = "next_workday""#));
    bad(
        r#"every = "30s", start = "2026-09-01T00:00:00Z", timezone = "Europe/London""#,
        &["`timezone` has no effect with `every`"],
    );
    bad(r#"daily = "09:00", start = "2026-09-01T00:00:00", timezone = "Nowhere""#, &["not a time zone"]);
}

#[test]
fn labels_numbers_and_spans_are_checked() {
    bad(r#"jitter = "5s""#, &["`jitter` needs a schedule"]);
    bad(r#"every = "30s", jitter = "5""#, &["`5` has no unit"]);
    bad(r#"group = "month end""#, &["write `group = \"month_end\"`"]);
    bad(r#"group = """#, &["the name of a group is empty"]);
    bad(r#"tags = "a, b c""#, &["the tag name \"b c\" contains ' '"]);
    bad(r#"tags = "a,""#, &["the name of a tag is empty"]);
    bad(r#"tags = "a, b, a""#, &["the tag `a` is given twice"]);
    let tags = |count: usize| (1..=count).map(|n| format!("t{n}")).collect::<Vec<_>>().join(",");
    assert_eq!(good(&format!(r#"tags = "{}""#, tags(16))).tags.len(), 16);
    bad(&format!(r#"tags = "{}""#, tags(17)), &["at most 16 tags, this one has 17"]);
    bad("priority = 101", &["`priority` is a number from 0 to 100"]);
    bad("keep_runs = 0", &["`keep_runs` is a number from 1 to 100000000"]);
    bad("keep_dead = 100000001", &["`keep_dead` is a number from 1 to 100000000"]);
    bad(r#"keep_for = "a week""#, &["`a` is not a number"]);
    bad(r#"keep_dead_for = "0s""#, &["longer than zero"]);
    bad(r#"was = "old name""#, &["write `was = \"old_name\"`"]);
    bad(r#"was = "f""#, &["`was` is `f`, the name that the job has"]);
    bad(r#"name = "g", was = "g""#, &["`was` is `g`"]);
    assert_eq!(good(r#"name = "g", was = "f""#).was, Some("f".parse().unwrap()));
}

#[test]
fn values_of_another_kind_are_refused() {
    bad("retries = three", &["`retries` takes a whole number\nwrite for example `retries = 3`"]);
    bad("run_on_start = yes", &["`run_on_start` takes `true` or `false`"]);
    let mut options = Options::default();
    options.set(Key::Every, 30);
    let (_, mistakes) = check("f", &options, Place::Builder);
    assert_eq!(mistakes.len(), 1);
    assert_eq!(mistakes[0].text, "`every` takes a text\nwrite for example `every = \"30s\"`");
    assert_eq!((mistakes[0].key, mistakes[0].part), (Key::Every, Part::Value));
}

#[test]
fn a_refused_value_counts_as_given() {
    let mut options = read("queue_depth = 3");
    options.set(Key::Overlap, Value::Refused);
    assert_eq!(check("f", &options, Place::Attribute).1, []);
    let mut options = read(r#"phase = "5s", every = "30s""#);
    options.set(Key::After, Value::Refused);
    let (_, mistakes) = check("f", &options, Place::Attribute);
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].text.contains("with `after = \"finish\"` there is no grid"), "{mistakes:?}");
}

#[test]
fn a_plan_has_all_of_it() {
    let options = read(
        r#"daily = "09:00", calendar = "uk_holidays", timezone = "Europe/London", overlap = "queue", queue_depth = 3,
        group = "billing", tags = "nightly", priority = 7, was = "old", jitter = "1s", run_on_start = true, keep_runs = 9"#,
    );
    let plan = plan("remind-42", &options, &known()).unwrap();
    let declaration = check("remind-42", &options, Place::Builder).0;
    assert_eq!(plan.name.as_str(), declaration.name);
    let schedule = plan.schedule.unwrap();
    assert_eq!(schedule, Schedule::read(declaration.schedule.as_deref().unwrap(), &known()).unwrap());
    assert_eq!(
        (plan.overlap, plan.slots, plan.catch_up, plan.retry),
        (declaration.overlap, declaration.slots, declaration.catch_up, declaration.retry)
    );
    assert_eq!(
        (plan.timeout, plan.jitter, plan.run_on_start, plan.priority, plan.retention),
        (
            declaration.timeout,
            declaration.jitter,
            declaration.run_on_start,
            declaration.priority,
            declaration.retention
        )
    );
    assert_eq!(
        (plan.group, plan.tags, plan.was),
        (declaration.group, declaration.tags.into(), declaration.was)
    );
    assert_eq!((plan.handler, plan.args, plan.temporary), (None, None, false));
}

#[test]
fn a_plan_is_refused_with_all_mistakes() {
    let mistakes = |name: &str, options: &str| plan(name, &read(options), &known()).unwrap_err().to_string();
    assert_eq!(
        mistakes("remind 42", r#"every = "30s", phase = "30s", crate = "x""#),
        "job `remind 42`: `crate` is for `#[job]` only: it says what its code names\nremove it\n\
         job `remind 42`: the job name \"remind 42\" contains ' '; allowed are letters, digits and `_ - . : /`\n\
         write `name = \"remind_42\"`\n\
         job `remind 42`: the phase is not shorter than the period, which is 30s\n\
         remove it: the ticks are the same without it"
    );
    assert_eq!(
        mistakes("a", r#"daily = "09:00", calendar = "uk_holliday", retries = 1001"#),
        "job `a`: `retries` is a number from 0 to 1000\n\
         job `a`: no calendar is named `uk_holliday`\n\nuk_holliday\n^^^^^^^^^^^\n\nwrite `uk_holidays`"
    );
    let mut never = Calendars::default();
    never.add("always", &|_| true).unwrap();
    let error = plan("a", &read(r#"daily = "09:00", calendar = "always""#), &never).unwrap_err();
    assert_eq!((error.mistakes.len(), error.mistakes[0].key), (1, Key::Calendar));
    assert!(error.to_string().contains("leaves no tick"), "{error}");
}

/// What the option `key` is given with, where it needs another one to have a meaning.
fn companion(key: Key) -> &'static str {
    match key {
        Key::CatchUpLimit => r#", catch_up = "all""#,
        Key::QueueDepth => r#", overlap = "queue""#,
        Key::Backoff | Key::RetryDelay | Key::RetryMaxDelay | Key::RetryPastNext => ", retries = 1",
        Key::CalendarRule => r#", calendar = "2026-12-25""#,
        _ => "",
    }
}

#[test]
fn the_defaults_of_the_table_are_those_of_the_code() {
    let mut written = 0;
    for key in Key::ALL {
        let Some(default) = key.default_text().strip_prefix('`').and_then(|text| text.strip_suffix('`'))
        else {
            continue;
        };
        let base = format!(r#"daily = "09:00"{}"#, companion(*key));
        let (declaration, mistakes) =
            check("f", &read(&format!("{base}, {key} = {default}")), Place::Attribute);
        assert_eq!(mistakes, [], "{key}");
        assert_eq!(declaration, good(&base), "{key}");
        written += 1;
    }
    assert!(written > 15, "{written}");
}

#[test]
fn every_example_is_good() {
    for key in Key::ALL {
        let example = key.example();
        let base = match key {
            _ if key.is_schedule() => "",
            Key::Phase | Key::After => r#", every = "1m""#,
            Key::MaxRunning => r#", daily = "09:00", overlap = "allow""#,
            Key::Grace => r#", daily = "09:00", catch_up = "none""#,
            _ => r#", daily = "09:00""#,
        };
        if *key == Key::Crate {
            assert_eq!(check("f", &read(example), Place::Attribute).1, []);
        } else if *key != Key::Rrule || cfg!(feature = "rrule") {
            good(&format!("{example}{}{base}", companion(*key)));
        }
    }
}

#[test]
fn the_documentation_has_the_table() {
    const BEGIN: &str =
        "<!-- the options, as `UPDATE_DOCS=1 cargo test -p cron-core --test options` writes them -->\n\n";
    const END: &str = "\n<!-- the end of the options -->";
    for page in ["README.md", "cron-macros/docs/job.md"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap_or_else(|| panic!("{page} has no {BEGIN}"));
        let (found, after) = rest.split_once(END).unwrap_or_else(|| panic!("{page} has no {END}"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        } else {
            assert_eq!(
                found,
                table(),
                "{page} is stale: UPDATE_DOCS=1 cargo test -p cron-core --test options"
            );
        }
    }
}
