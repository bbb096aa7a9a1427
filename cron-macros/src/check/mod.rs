//! Stage two: everything that can be known while the user's program is compiled, asked of `cron-core`.
//!
//! A check that fails notes a mistake and goes on, so that one build shows all of them.

mod calendar;
mod function;
mod policy;
mod schedule;

use std::ops::Range;
use std::time::Duration;

use cron_core::duration::parse_duration;
use cron_core::job::JobName;
use cron_core::policy::{CatchUp, Overlap, Retry};
use syn::Path;

use crate::args::{Args, Entry, Key};
use crate::function::Function;
use crate::mistakes::Mistakes;

/// What `#[job(...)]` declares, every text checked.
pub(crate) struct Declaration {
    /// The name of the job.
    pub(crate) name: String,
    /// The schedule in the canonical form that the runtime reads back; `None` for a handler only.
    pub(crate) schedule: Option<String>,
    /// What happens when a tick is due while an older run is active.
    pub(crate) overlap: Overlap,
    /// What happens to ticks that nobody was there for.
    pub(crate) catch_up: CatchUp,
    /// How often and when a failed run is tried again.
    pub(crate) retry: Retry,
    /// How long one attempt may take.
    pub(crate) timeout: Option<Duration>,
    /// Where the expansion finds `cron_runtime`.
    pub(crate) runtime: Path,
}

/// Checks options and function. Where something is wrong it is noted, and the default stands in its place.
pub(crate) fn check(args: &Args, function: &Function, mistakes: &mut Mistakes) -> Declaration {
    let name = name(args, function, mistakes);
    let schedule = schedule::check(args, mistakes);
    let overlap = policy::overlap(args, mistakes);
    let catch_up = policy::catch_up(args, mistakes);
    let retry = policy::retry(args, mistakes);
    let timeout = duration(args, Key::Timeout, mistakes);
    let runtime = runtime(args, mistakes);
    function::check(function, mistakes);
    Declaration { name, schedule, overlap, catch_up, retry, timeout, runtime }
}

fn name(args: &Args, function: &Function, mistakes: &mut Mistakes) -> String {
    if let Some(entry) = args.get(Key::Name) {
        let Some(text) = entry.text() else { return function.name() };
        match JobName::check(text) {
            Ok(()) => return text.to_owned(),
            Err(error) => mistakes.add(&entry.at_value, format!("{error}{}", repaired(text))),
        }
    } else if let Err(error) = JobName::check(&function.name()) {
        mistakes.add(function.ident(), format!("{error}\nname it with `{}`", Key::Name.example()));
    }
    function.name()
}

/// A name that is near to a refused one and can be used.
fn repaired(name: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || "_-.:/".contains(c) { c } else { '_' };
    let repaired: String = name.trim().chars().map(allowed).collect();
    let repaired = repaired.trim_start_matches(['-', '.', ':', '/']);
    match JobName::check(repaired) {
        Ok(()) => format!("\nwrite `name = \"{repaired}\"`"),
        Err(_beyond_repair) => format!("\nwrite for example `{}`", Key::Name.example()),
    }
}

/// The path to `cron_runtime`, for programs that know it under another name.
fn runtime(args: &Args, mistakes: &mut Mistakes) -> Path {
    let default = || syn::parse_quote!(::cron_runtime);
    let Some(entry) = args.get(Key::Crate) else { return default() };
    let Some(text) = entry.text() else { return default() };
    // Parsed from the literal itself, so that an unknown crate is reported at the literal.
    let path = syn::parse2::<syn::LitStr>(entry.at_value.clone())
        .and_then(|literal| literal.parse_with(Path::parse_mod_style));
    path.unwrap_or_else(|_not_a_path| {
        mistakes.add(
            &entry.at_value,
            format!(
                "`{text}` is not the path of a module\nwrite the path to `cron_runtime`, as in `{}`",
                Key::Crate.example()
            ),
        );
        default()
    })
}

/// Whether this option says when the job runs.
fn is_schedule(key: Key) -> bool {
    use Key::{At, Cron, Daily, Every, Hourly, Once, Rrule, Schedule, Weekly};
    matches!(key, Cron | Every | Daily | Hourly | Weekly | At | Once | Schedule | Rrule)
}

fn has_schedule(args: &Args) -> bool {
    args.entries().iter().any(|entry| is_schedule(entry.key))
}

/// A duration that was given and is one.
fn duration(args: &Args, key: Key, mistakes: &mut Mistakes) -> Option<Duration> {
    let entry = args.get(key)?;
    let text = entry.text()?;
    parse_duration(text)
        .map_err(|error| {
            let diagram = diagram(text, &error.span());
            let help = error.help().unwrap_or_else(|| format!("write for example `{}`", key.example()));
            mistakes.add(&entry.at_value, explain(&error.to_string(), &diagram, Some(help)));
        })
        .ok()
}

/// A word of a policy that was given and is one.
fn word<W: std::str::FromStr<Err = cron_core::UnknownWord>>(
    entry: &Entry,
    mistakes: &mut Mistakes,
) -> Option<W> {
    let parsed = entry.text()?.parse::<W>();
    parsed.map_err(|error| mistakes.add(&entry.at_value, error)).ok()
}

/// One error in three steps: what is wrong, where in the text, and what to write instead.
fn explain(error: &str, diagram: &str, help: Option<String>) -> String {
    let help = help.unwrap_or_default();
    let what = error.strip_suffix(help.as_str()).and_then(|what| what.strip_suffix("; ")).unwrap_or(error);
    let mut steps = vec![what];
    // In an empty text there is nothing to point at.
    if diagram.contains(|c| !matches!(c, ' ' | '\n' | '^')) {
        steps.push(diagram);
    }
    steps.push(&help);
    steps.retain(|step| !step.is_empty());
    steps.join(if steps.contains(&diagram) { "\n\n" } else { "\n" })
}

/// A text and, under it, carets below the wrong part.
fn diagram(text: &str, wrong: &Range<usize>) -> String {
    let width = |part: Option<&str>| part.map_or(0, |part| part.chars().count());
    let (before, carets) = (width(text.get(..wrong.start)), width(text.get(wrong.clone())).max(1));
    format!("{text}\n{}{}", " ".repeat(before), "^".repeat(carets))
}

#[cfg(test)]
mod tests {
    use cron_core::policy::{Backoff, CatchUpRule};
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;

    /// The declaration, and the first line of each mistake.
    fn checked(options: &str, function: TokenStream) -> (Declaration, Vec<String>) {
        let function = Function::read(function).unwrap();
        let mut mistakes = Mistakes::default();
        let args = Args::parse(options.parse().unwrap(), &mut mistakes);
        let declaration = check(&args, &function, &mut mistakes);
        let error = mistakes.into_error("f");
        let first_line = |error: syn::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
        let lines = error.into_iter().flatten().map(first_line);
        (declaration, lines.map(|line| line.trim_start_matches("job `f`: ").to_owned()).collect())
    }

    #[track_caller]
    fn good(options: &str) -> Declaration {
        let (declaration, mistakes) = checked(
            options,
            quote!(
                async fn f() {}
            ),
        );
        assert_eq!(mistakes, Vec::<String>::new(), "{options}");
        declaration
    }

    #[track_caller]
    fn bad(options: &str, wanted: &[&str]) {
        let (_, mistakes) = checked(
            options,
            quote!(
                async fn f() {}
            ),
        );
        let fits = |(mistake, wanted): (&String, &&str)| mistake.contains(*wanted);
        assert!(
            mistakes.len() == wanted.len() && mistakes.iter().zip(wanted).all(fits),
            "{options}\n{mistakes:#?}"
        );
    }

    #[test]
    fn without_options_everything_is_the_default() {
        let declaration = good("");
        assert_eq!(declaration.name, "f");
        assert_eq!(declaration.schedule, None);
        assert_eq!(declaration.overlap, Overlap::DEFAULT);
        assert_eq!(declaration.catch_up, CatchUp::DEFAULT);
        assert_eq!(declaration.retry, Retry::DEFAULT);
        assert_eq!(declaration.timeout, None);
    }

    #[test]
    fn schedules_arrive_in_their_canonical_form() {
        for (options, canonical) in [
            (
                r#"cron = "0  9 * * mon-fri", timezone = "Europe/London""#,
                "cron(0 9 * * MON-FRI) Europe/London",
            ),
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
            let read: cron_core::schedule::Schedule = schedule.parse().unwrap();
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
        let mut calendars = cron_core::schedule::Calendars::default();
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
            assert!(cron_core::schedule::Schedule::read(&schedule, &calendars).is_ok());
        }
    }

    #[test]
    fn every_policy_arrives() {
        let declaration = good(
            r#"every = "30s", name = "team.f", overlap = "allow", timeout = "1h 30m", retries = 3, backoff = "linear",
            retry_delay = "1s", retry_max_delay = "10s", catch_up = "all", catch_up_limit = 7,
            catch_up_window = "1d", crate = "jobs::cron""#,
        );
        assert_eq!(declaration.name, "team.f");
        assert_eq!(declaration.overlap, Overlap::Allow);
        assert_eq!(declaration.timeout, Some(Duration::from_secs(5_400)));
        let (delay, max_delay) = (Duration::from_secs(1), Duration::from_secs(10));
        let retry = Retry { retries: 3, backoff: Backoff::Linear, delay, max_delay, past_next: false };
        assert_eq!(declaration.retry, retry);
        let window = Some(Duration::from_secs(86_400));
        assert_eq!(declaration.catch_up, CatchUp { rule: CatchUpRule::All, limit: 7, window, grace: None });
        assert!(declaration.runtime.segments.iter().map(|segment| &segment.ident).eq(["jobs", "cron"]));

        let declaration =
            good(r#"every = "30s", retries = 3, retry_past_next = true, catch_up = "none", grace = "2s""#);
        assert!(declaration.retry.past_next);
        assert_eq!(declaration.catch_up.grace, Some(Duration::from_secs(2)));
    }

    #[test]
    fn each_mistake_is_found() {
        bad(r#"cron = "0 25 * * *""#, &["out of range"]);
        bad(r#"cron = "0 0 30 2 *""#, &["never happens"]);
        bad(r#"daily = "09:00", timezone = "Europe/Londn""#, &["not a time zone"]);
        bad(r#"every = "30s", timezone = "UTC""#, &["`timezone` has no effect with `every`"]);
        bad(r#"timezone = "UTC""#, &["`timezone` needs a schedule"]);
        bad(r#"every = "30s", phase = "30s""#, &["not shorter than the period"]);
        bad(r#"every = "30s", after = "finish", calendar = "uk""#, &["before a run has ended"]);
        bad(r#"every = "30s", after = "finsh""#, &["did you mean `finish`? (allowed: finish)"]);
        bad(r#"every = "30s", after = "start""#, &["unknown after `start` (allowed: finish)"]);
        bad(
            r#"every = "30s", after = "finish", phase = "5s""#,
            &["with `after = \"finish\"` there is no grid"],
        );
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
        bad(r#"every = "30s", retires = 3"#, &["did you mean `retries`?"]);
        bad(r#"every = "30s", overlap = "skp""#, &["did you mean `skip`?"]);
        bad(r#"every = "30s", name = "a b""#, &["contains ' '"]);
        bad(r#"every = "30s", crate = "a b""#, &["not the path of a module"]);
        bad(r#"every = "30s", catch_up_limit = 3"#, &["needs `catch_up = \"all\"`"]);
        bad(r#"retries = 3, retry_delay = "2h""#, &["longer than `retry_max_delay`"]);
    }

    #[test]
    fn one_mistake_is_not_reported_as_two() {
        bad(r#"every = "30s", retries = "three", backoff = "fixed""#, &["a whole number"]);
        bad(r#"every = "soon", phase = "5s""#, &["not a number"]);
        bad(r#"every = 30, phase = "5s""#, &["a string literal"]);
        bad(r#"every = "soon", after = "finish""#, &["not a number"]);
        bad(r#"every = "30s", after = finish"#, &["a string literal"]);
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
    fn all_mistakes_are_found_at_once() {
        let options =
            r#"cron = "0 25 * * *", timezone = "Nowhere", retries = "3", backof = "fixed", timeout = "0s""#;
        let (_, mistakes) = checked(
            options,
            quote!(
                const fn f<T>(self, x: impl Copy) {}
            ),
        );
        assert_eq!(mistakes.len(), 9, "{mistakes:#?}");
    }
}
