//! Instants, spans and zones as a test writes them.

use std::time::Duration;

use cron_runtime::chrono::{DateTime, FixedOffset, TimeDelta};
use cron_runtime::testing::Simulation;

use super::{close_day, said_by};

fn now_after(begin: &str, zone: &str, span: &str) -> String {
    let mut sim = Simulation::of(close_day::JOB).at(begin.to_owned()).zone(zone).start();
    sim.run_for(span);
    sim.now().to_rfc3339()
}

#[test]
fn spans_go_by_the_calendar_of_the_zone() {
    let cases = [
        ("2026-01-31", "UTC", "1mo", "2026-02-28T00:00:00+00:00"),
        ("2024-02-29", "UTC", "1y", "2025-02-28T00:00:00+00:00"),
        ("2026-01-01", "UTC", "1y 6mo 2w 1d 12h", "2027-07-16T12:00:00+00:00"),
        // The clock goes forward on 29 March: a month keeps the time on the clock, four weeks are four times 168 hours.
        ("2026-03-15T09:00", "Europe/London", "1mo", "2026-04-15T08:00:00+00:00"),
        ("2026-03-15T09:00", "Europe/London", "4w", "2026-04-12T09:00:00+00:00"),
        // The local time is left out: the first moment after the gap.
        ("2026-02-28T01:30", "Europe/London", "1mo 1d", "2026-03-29T01:30:00+00:00"),
        ("2026-02-28T01:30", "Europe/London", "1mo", "2026-03-28T01:30:00+00:00"),
        ("2025-04-29T01:30", "Europe/London", "11mo", "2026-03-29T01:00:00+00:00"),
        ("2026-01-01T00:00:00Z", "America/New_York", "90m", "2026-01-01T01:30:00+00:00"),
        ("2026-01-01 00:00:00.250", "UTC", "250ms", "2026-01-01T00:00:00.500+00:00"),
    ];
    for (begin, zone, span, end) in cases {
        assert_eq!(now_after(begin, zone, span), end, "{begin} {zone} {span}");
    }
}

#[test]
fn spans_that_are_none_are_refused_with_what_to_write() {
    let cases = [
        ("90", "`90` is no span: `90` has no unit"),
        ("1d 1w", "is not a unit of time"),
        ("1w 1y", "`1w 1y` is no span: `y` stands after a smaller unit or twice"),
        ("1y 1y", "`y` stands after a smaller unit or twice"),
        ("", "the duration is empty"),
        ("0y", "the duration is empty"),
        ("0s", "a duration must be longer than zero"),
        ("500y", "a span of `500y` from 2026-01-01 00:00:00 UTC does not end before 2200-01-01"),
        ("9999999999y", "is not a unit of time"),
    ];
    for (span, words) in cases {
        let mut sim = Simulation::of(close_day::JOB).start();
        let said = said_by(|| sim.run_for(span));
        assert!(said.contains(words), "{span}: {said}");
    }
    let mut sim = Simulation::of(close_day::JOB).start();
    let said = said_by(|| sim.advance(TimeDelta::seconds(-1)));
    assert!(said.contains("does not end before"), "{said}");
}

#[test]
fn instants_are_texts_or_values() {
    let fixed: DateTime<FixedOffset> = "2026-06-01T12:00:00+02:00".parse().expect("an instant");
    let mut sim = Simulation::of(close_day::JOB).at(fixed).zone("Europe/Berlin").start();
    assert_eq!(sim.now().to_rfc3339(), "2026-06-01T10:00:00+00:00");
    sim.advance(Duration::from_secs(60));
    sim.run_until("2026-06-01T13:00");
    assert_eq!(sim.now().to_rfc3339(), "2026-06-01T11:00:00+00:00");
    let said = said_by(|| sim.run_until("2026-06-01T12:59"));
    let past = "cannot run until Mon 2026-06-01 12:59:00 CEST (2026-06-01T10:59:00Z): it is \
                Mon 2026-06-01 13:00:00 CEST (2026-06-01T11:00:00Z) already";
    assert_eq!(said, past);
    let said = said_by(|| sim.run_until("tomorrow"));
    assert!(said.contains("tomorrow"), "{said}");
}

#[test]
fn what_a_simulation_cannot_begin_with_is_said() {
    let refused = |builder: cron_runtime::testing::SimulationBuilder| {
        builder.try_start().expect_err("refused").to_string()
    };
    let said = refused(Simulation::of("close_dya"));
    assert_eq!(said, "no job of this program is named `close_dya`, did you mean `close_day`?");
    let said = refused(Simulation::of((close_day::JOB, ["remind", "zzz"])));
    assert!(said.contains("`zzz`; there are `book`, `close_day`, `fetch`"), "{said}");
    let said = refused(Simulation::of(close_day::JOB).zone("Europe/Lundon"));
    assert!(said.starts_with("`.zone(...)`: ") && said.contains("Europe/London"), "{said}");
    let said = refused(Simulation::of(close_day::JOB).at("2026-13-01"));
    assert!(said.starts_with("`.at(...)`: ") && said.contains("2026-13-01"), "{said}");
    let said = refused(Simulation::of("sync"));
    assert!(said.contains("job `sync` takes `State<") && said.contains("add `.state(value)`"), "{said}");
    let said = said_by(|| drop(Simulation::of("close_dya").start()));
    assert!(said.starts_with("the simulation cannot begin: no job"), "{said}");
}
