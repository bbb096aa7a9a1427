//! Schedules under calendars: kept whole, edited when their dates change, audited by what they were.

use std::fmt::Write;

use cron_runtime::core::schedule::{CalendarRule, Dates, Schedule};

use crate::jobs::{at, job};
use crate::world::{Desk, Synced, World, block, missed, name};
use cron_runtime::core::run::SkipReason;

cases!(calendars:
    a_calendar_is_kept_whole,
    other_dates_are_an_edit_from_now_on,
    another_name_for_the_same_dates_is_no_edit_and_is_shown,
    dropped_ticks_have_no_verdict_and_moved_ones_have_one,
    a_pause_and_an_outage_count_the_ticks_that_are_left,
    a_moved_date_that_was_past_at_the_first_registration_runs_by_catch_up,
);

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

// Second 0 of all cases is Friday, 2027-01-15, 08:00 UTC.
const MONDAY_9: i64 = 3 * DAY + HOUR;

fn dates(list: &str) -> Dates {
    Dates::parse(list).expect("dates")
}

pub(crate) fn a_calendar_is_kept_whole(world: &World) {
    // The largest there can be: every other day of 230 years.
    let odd = Dates::of(&|date: chrono::NaiveDate| chrono::Datelike::ordinal(&date) % 2 == 1);
    let mut long = "2026-12-25".to_owned();
    for day in 1..=31 {
        write!(long, ",2027-01-{day:02}").expect("a string");
    }
    let jobs = [
        job("odd").every("1h").calendar(CalendarRule::Skip, &odd.named("odd_days").expect("a name")),
        job("long").cron("0 9 * * *").calendar(CalendarRule::NextWorkday, &dates(&long)),
        job("none").cron("0 9 * * *").calendar(CalendarRule::PreviousWorkday, &[].into_iter().collect()),
    ];
    world.start(0, &jobs).leaves(1);
    let process = world.join(2);
    assert_eq!(process.sync(2, &jobs), Synced::default());
    for job in &jobs {
        let kept = process.info(job.plan().name.as_str()).plan;
        assert_eq!(kept, *job.plan());
        let describe = |schedule: Option<&Schedule>| schedule.map(Schedule::describe);
        assert_eq!(describe(kept.schedule.as_ref()), describe(job.plan().schedule.as_ref()));
    }
    // The 15th of January is odd; the day after it begins in 16 hours.
    assert_eq!(process.info("odd").due, Some(at(16 * HOUR)));
    // The whole rest of January is off, and then it is February.
    assert_eq!(process.info("long").due, Some(at(17 * DAY + HOUR)));
}

pub(crate) fn other_dates_are_an_edit_from_now_on(world: &World) {
    let with = |list: &str| [job("a").cron("0 9 * * *").calendar(CalendarRule::Skip, &dates(list))];
    let process = world.start(0, &with("2027-01-16,2027-01-19"));
    assert_eq!(process.starts(HOUR).nominal, at(HOUR));
    process.leaves(HOUR + 1);
    // Saturday was in the calendar, Sunday was not; by the new dates it is the other way round.
    let process = world.join(2 * DAY + 2 * HOUR);
    let synced = process.sync(2 * DAY + 2 * HOUR, &with("2027-01-17,2027-01-18"));
    assert_eq!(synced, Synced { edited: vec![name("a")], ..Synced::default() });
    let sunday = 2 * DAY + HOUR;
    assert_eq!(process.skipped("a"), [missed(sunday, sunday, 1)]);
    assert_eq!(process.info("a").due, Some(at(4 * DAY + HOUR)));
    assert_eq!(process.audit("a").expect("readable").expect("known").ticks, 2);
}

pub(crate) fn another_name_for_the_same_dates_is_no_edit_and_is_shown(world: &World) {
    let with = |name: &str| {
        let dates = dates("2027-01-16").named(name).expect("a name");
        [job("a").cron("0 9 * * *").calendar(CalendarRule::Skip, &dates)]
    };
    world.start(0, &with("before")).leaves(1);
    let process = world.join(2 * DAY + 2 * HOUR);
    assert_eq!(process.sync(2 * DAY + 2 * HOUR, &with("after")), Synced::default());
    let schedule = process.info("a").plan.schedule.expect("a schedule");
    assert!(schedule.describe().ends_with("not on after"), "{}", schedule.describe());
    // The pending tick of Sunday is still there, and Saturday never had one.
    assert_eq!(process.starts(2 * DAY + 2 * HOUR).nominal, at(2 * DAY + HOUR));
    assert_eq!(process.skipped("a"), [missed(HOUR, HOUR, 1)]);
}

pub(crate) fn dropped_ticks_have_no_verdict_and_moved_ones_have_one(world: &World) {
    let friday = dates("2027-01-15");
    let process = world.start(
        0,
        &[
            job("skip").cron("0 9 * * *").calendar(CalendarRule::Skip, &friday).allow(),
            job("next").cron("0 9 * * *").calendar(CalendarRule::NextWorkday, &friday).allow(),
        ],
    );
    process.starts_nothing(2 * HOUR);
    assert_eq!(process.starts(DAY + HOUR).job().as_str(), "skip");
    assert_eq!(process.starts(2 * DAY + HOUR).job().as_str(), "skip");
    // Friday, the weekend and Monday itself are one tick.
    let claimed = process.judge(MONDAY_9).claimed;
    assert_eq!(claimed.len(), 2);
    assert!(claimed.iter().all(|claimed| claimed.nominal == at(MONDAY_9)));
    assert_eq!(process.audit("next").expect("readable").expect("known").ticks, 1);
}

pub(crate) fn a_pause_and_an_outage_count_the_ticks_that_are_left(world: &World) {
    let weekend = dates("2027-01-16,2027-01-17");
    let jobs = [job("a").every("6h").calendar(CalendarRule::Skip, &weekend)];
    let process = world.start(0, &jobs);
    process.pause("a", 1, "eve", "").expect("pauses");
    // 12:00 and 18:00 on Friday, 00:00 and 06:00 on Monday.
    process.resume("a", 3 * DAY).expect("resumes");
    let mut paused = block(SkipReason::Paused, 4 * HOUR, 3 * DAY - 2 * HOUR, 4);
    paused.note = process.skipped("a")[0].note.clone();
    assert_eq!(process.skipped("a"), [paused.clone()]);
    process.leaves(3 * DAY + 1);
    let process = world.start(4 * DAY, &jobs);
    assert_eq!(process.starts(4 * DAY).nominal, at(4 * DAY - 2 * HOUR));
    let last = 4 * DAY - 8 * HOUR;
    assert_eq!(process.skipped("a"), [paused, missed(3 * DAY + 4 * HOUR, last, 3)]);
}

pub(crate) fn a_moved_date_that_was_past_at_the_first_registration_runs_by_catch_up(world: &World) {
    // Friday at 07:00, moved from a holiday to the Thursday before.
    let jobs = [job("a").at(at(-HOUR)).calendar(CalendarRule::PreviousWorkday, &dates("2027-01-15"))];
    let process = world.start(0, &jobs);
    let claimed = process.starts(0);
    assert_eq!(claimed.nominal, at(-DAY - HOUR));
    process.succeed(claimed.claim, 1);
    process.leaves(2);
    let again = world.start(10, &jobs);
    assert_eq!(again.judge(10), Default::default());
    assert_eq!(again.ran("a"), [-DAY - HOUR]);
}
