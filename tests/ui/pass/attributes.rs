//! Other attributes on the function, above and below.

#![deny(warnings)]

use cron_runtime::job;

/// There is no such type: without the `#[cfg]` on all that is generated this does not compile.
#[job(every = "1m")]
#[cfg(any())]
fn depends_on_the_platform(_: NoSuchType) {}

#[job(every = "1m")]
#[cfg(not(any()))]
fn depends_on_the_platform() {}

#[cfg(any())]
#[job(every = "1m")]
fn depends_on_the_platform(_: NoSuchType) {}

#[job(every = "1m")]
#[inline(never)]
#[allow(clippy::unnecessary_wraps)]
fn attributed() -> Result<(), String> {
    Ok(())
}

#[job(rrule = "DTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO", timezone = "Europe/London")]
fn by_a_rule() {}

#[deprecated]
#[derive(Clone)]
struct Old;

// The type is named again in what the macro adds, where the lint is silent too.
#[job(every = "1m")]
#[expect(deprecated)]
fn with_silenced_lints(_state: cron_runtime::extract::State<Old>) {}

#[test]
fn handles_exist() {
    assert_eq!(depends_on_the_platform::JOB.name(), "depends_on_the_platform");
    assert_eq!(attributed::JOB.name(), "attributed");
    assert_eq!(by_a_rule::JOB.name(), "by_a_rule");
}
