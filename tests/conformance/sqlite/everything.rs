//! A file with something of everything in it, and what it says. Later versions read files that this one has written.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use cron_runtime::core::policy::{BackfillOrder, CatchUpRule, Only};
use cron_runtime::core::schedule::{CalendarRule, Dates, Schedule};
use cron_runtime::store::sqlite::SqliteStore;

use crate::jobs::{Job, at, job};
use crate::world::{
    AttemptEnd, Backfill, Both, Cancel, Claimed, Command, Desk, Failure, FailureKind, GroupLimit,
    JudgeRequest, LogLine, Next, Note, Page, Process, Program, Progress, RunId, RunInfo, RunState, Target,
    failure, name, plans,
};

/// The jobs of the program that has written the file.
pub(super) fn program() -> Program {
    let dates = Dates::parse("2027-01-15, 2027-01-18").expect("dates").named("holidays").expect("a name");
    let rrule = Schedule::rrule("DTSTART:20270101T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO", "Europe/London");
    let phrase = Schedule::phrase("every 2 weeks on monday from 2026-01-05 at 9:00", "Europe/London");
    let bounded = Schedule::every("20s", None).expect("a period").within(
        Some("2027-01-15T08:00:00Z"),
        Some("2027-01-15T08:02:00Z"),
        "UTC",
    );
    let jobs = [
        job("tick").every("10s").allow().retries(1).retry_past_next().described("often").tag("fast"),
        job("skipping").every("10s").retries(2).retry_after(Duration::from_secs(500)).retry_past_next(),
        job("queueing").every("10s").queue(2),
        job("cancelling").every("10s").cancel(300),
        job("delaying").after_finish("10s"),
        job("lagging").every("10s").catch_up(CatchUpRule::All).limit(3).window(3_600),
        job("strict").every("1m").catch_up(CatchUpRule::None).grace(5).jitter(3),
        job("nightly").cron("30 2 * * MON-FRI").calendar(CalendarRule::NextWorkday, &dates).priority(90),
        job("weekly").scheduled(Some(rrule.expect("a rule"))),
        job("fortnightly").scheduled(Some(phrase.expect("a phrase"))),
        job("bounded").scheduled(Some(bounded.expect("bounds"))),
        job("once").once("35s").run_on_start(),
        job("dated").at(at(1_000_000)),
        job("handler").allow().max_running(1).group("team"),
        job("grouped").every("30s").group("team").tag("team").tag("slow"),
        job("steered").every("10s"),
        job("stopped").every("10s"),
        job("paused").every("10s"),
        job("poison").every("10s").retries(9).retry_after(Duration::from_secs(1)).retry_past_next(),
    ];
    let limit = GroupLimit { group: "team".parse().expect("a name"), max_running: 2 };
    Program { plans: plans(&jobs), groups: vec![limit], ..Program::default() }
}

/// The jobs of the program that has written the file of version 1, which knew fewer options.
pub(super) fn first_program() -> Program {
    let rrule = Schedule::rrule("DTSTART:20270101T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO", "Europe/London");
    let phrase = Schedule::phrase("every 2 weeks on monday from 2026-01-05 at 9:00", "Europe/London");
    let dates = Dates::parse("2027-01-15, 2027-01-18").expect("dates").named("holidays").expect("a name");
    let jobs = [
        job("tick").every("10s").allow().retries(1).retry_past_next().described("often"),
        job("skipping").every("10s").retries(2).retry_after(Duration::from_secs(500)).retry_past_next(),
        job("delaying").after_finish("10s"),
        job("lagging").every("10s").catch_up(CatchUpRule::All).limit(3).window(3_600),
        job("strict").every("1m").catch_up(CatchUpRule::None).grace(5),
        job("nightly").cron("30 2 * * MON-FRI").calendar(CalendarRule::NextWorkday, &dates),
        job("weekly").scheduled(Some(rrule.expect("a rule"))),
        job("fortnightly").scheduled(Some(phrase.expect("a phrase"))),
        job("once").once("35s"),
        job("dated").at(at(1_000_000)),
        job("handler"),
        job("stopped").every("10s"),
        job("paused").every("10s"),
        job("poison").every("10s").retries(9).retry_after(Duration::from_secs(1)).retry_past_next(),
    ];
    Program { plans: plans(&jobs), groups: Vec::new(), ..Program::default() }
}

/// Writes the file: a few minutes in the life of [`program`], at whose end its process is gone while runs were in progress.
pub(super) fn write(path: &Path) {
    a_wrong_clock(path);
    let open = || Process::join(Box::new(SqliteStore::open(path).expect("opens")), 100);
    let process = open();
    process.store().sync(&program(), at(100)).expect("syncs");
    // Three processes die in the middle of all runs.
    let mut process = process;
    for second in [111, 114, 117] {
        process.judge(second);
        drop(process);
        process = open();
        process.reaps(second + 1);
        process.store().sync(&program(), at(second + 1)).expect("syncs");
    }
    let begun = what_people_do(&process);
    what_runs_say(&process, begun);
    // A graceful end in the middle of runs, and an outage.
    for claimed in process.judge(165).claimed {
        process.end(claimed.claim, 166, AttemptEnd::Interrupted { was_called: false });
    }
    process.leaves(166);
    let process = open();
    process.store().sync(&program(), at(400)).expect("syncs");
    process.judge(400);
    for claimed in process.judge(425).claimed.into_iter().take(2) {
        process.end(claimed.claim, 426, AttemptEnd::Interrupted { was_called: false });
    }
    what_waits(&process);
}

/// Runs that wait for their slot, and for a free worker.
fn what_waits(process: &Process) {
    process.trigger("queueing", 427).expect("it waits");
    process.does(backfill(0, 50), 428);
    let full = JudgeRequest { room: 0, ..process.request(431, 100) };
    assert!(process.store().judge(full).expect("judges").crowded);
}

fn backfill(from: i64, until: i64) -> Command {
    Command::Backfill(Backfill {
        job: name("lagging"),
        from: at(from),
        until: at(until),
        order: BackfillOrder::ALL[0],
        only: Only::ALL[0],
        concurrency: 1,
    })
}

/// A job that was judged by a clock which was five hours ahead.
fn a_wrong_clock(path: &Path) {
    let process = Process::join(Box::new(SqliteStore::open(path).expect("opens")), 0);
    process.sync(0, &[job("misled").every("10s").allow()]);
    for claimed in process.judge(18_000).claimed {
        process.succeed(claimed.claim, 18_001);
    }
    // It falls back to before the job was known, jumps over that time, and falls back once more.
    assert_eq!(process.store().set_back(at(-100)).expect("sets back").back.len(), 1);
    assert_eq!(process.store().set_back(at(18_000)).expect("takes up").taken_up.len(), 1);
    assert_eq!(process.store().set_back(at(90)).expect("sets back").back.len(), 1);
    process.leaves(91);
}

fn what_people_do(process: &Process) -> Vec<Claimed> {
    let group = || Target::Group("team".parse().expect("a name"));
    let dynamic: [Job; 4] = [
        job("remind-1").every("1m").on("handler").args(r#"{"who":"ann"}"#),
        job("remind-2").at(at(500_000)).on("handler").args("[1,2]").temporary(),
        job("remind-3").on("handler").args("null").group("team"),
        job("remind-4").every("10s").on("handler"),
    ];
    process.does(Command::Upsert { plans: plans(&dynamic) }, 118);
    process.does(Command::Remove { jobs: vec![name("remind-4")] }, 119);
    process.pause("paused", 118, "ops", "too loud").expect("pauses");
    process.pause("stopped", 118, "eve", "").expect("pauses");
    let mut begun = process.judge(140).claimed;
    process.resume("stopped", 141).expect("resumes");
    process.triggered("remind-3", 141);
    process.trigger("tick", 141).expect("is triggered");
    process.does(backfill(20, 60), 142);
    process.does(Command::Pause { target: group(), by: "ops".to_owned(), note: "a move".to_owned() }, 143);
    begun.extend(process.judge(143).claimed);
    begun
}

fn what_runs_say(process: &Process, mut begun: Vec<Claimed>) {
    begun.extend(process.judge(150).claimed);
    let end = |kind, message: &str| {
        AttemptEnd::Failed(Failure { kind, message: message.to_owned(), retry_after: None })
    };
    for (index, claimed) in begun.into_iter().enumerate() {
        let claim = claimed.claim;
        let line = |text: &str| LogLine { at: at(150), attempt: claimed.attempt, text: text.to_owned() };
        let progress = Some(Progress { fraction: 0.25, message: format!("step {index}") });
        let note = Note {
            progress,
            lines: vec![line("begun"), line("zwei \u{fc}ber \u{1f411}")],
            ..Note::default()
        };
        assert_eq!(process.note(vec![(claim, note)]).expect("notes"), []);
        match claimed.job().as_str() {
            "tick" | "skipping" => _ = process.end(claim, 151, failure("out of order")),
            "steered" => _ = process.says(claim, 151, Next::After(Duration::from_secs(45))),
            "stopped" => _ = process.says(claim, 151, Next::Never),
            "strict" | "once" => {
                _ = process.end(claim, 152, AttemptEnd::Discarded { message: "no such address".to_owned() });
            }
            "bounded" => {
                _ = process.end(claim, 152, end(FailureKind::Panicked, "index out of bounds\nline 2"))
            }
            "remind-1" => _ = process.end(claim, 152, end(FailureKind::TimedOut, "30s")),
            _ => {}
        }
    }
    for second in [160, 161, 162] {
        for claimed in process.judge(second).claimed {
            match claimed.job().as_str() {
                "tick" => _ = process.end(claimed.claim, second, failure("again")),
                "delaying" | "bounded" => _ = process.succeed(claimed.claim, second),
                _ => {}
            }
        }
    }
    let runs = process.all_runs();
    let is_dead = |run: &&RunInfo| run.job.as_str() == "bounded" && run.state == RunState::Failed;
    let dead = runs.iter().find(is_dead).expect("one has failed");
    process.does(Command::Dismiss { run: dead.id }, 163);
    let (by, note) = ("eve".to_owned(), "enough".to_owned());
    let what = Cancel::All(Target::Job(name("lagging")));
    process.does(Command::Cancel { what, force: false, by, note }, 164);
}

/// All that the file says, one fact on each line; what is not there is not named, so that older versions say the same of theirs.
pub(super) fn tell(ledger: &dyn Both) -> String {
    let mut told = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(told, "{text}").expect("a string takes all");
    for job in ledger.all_jobs() {
        let name = job.plan.name.as_str();
        let schedule = job.plan.schedule.as_ref().map(ToString::to_string).unwrap_or_default();
        line(format_args!("job {} {name}: {schedule:?}, {}", job.id.0, job.plan.overlap));
        line(format_args!("  catch-up {:?}", job.plan.catch_up));
        line(format_args!("  retry {:?}", job.plan.retry));
        line(format_args!("  registered {:?}", job.registered));
        line(format_args!("  mark {:?}, due {:?}, active {}", job.mark, job.due, job.active));
        let paused = job.paused.map(|pause| format!("{:?} {}", pause.at, pause.reason()));
        let hold = job.hold.map(|hold| format!("{hold:?}"));
        let queued = job.queued.map(|queued| format!("{queued:?}"));
        let parked = (job.parked > 0).then(|| job.parked.to_string());
        let group = job.plan.group.map(|group| group.to_string());
        let since = (job.since != job.registered).then(|| format!("{:?}", job.since));
        let more = [
            ("since", since),
            ("paused", paused),
            ("hold", hold),
            ("queued", queued),
            ("parked", parked),
            ("group", group),
        ];
        for (what, value) in more.into_iter().filter_map(|(what, value)| value.map(|value| (what, value))) {
            line(format_args!("  {what} {value}"));
        }
        line(format_args!("  linked {}, last run {:?}", job.linked, job.last_run.map(|run| run.id.0)));
        for skip in ledger.skips(name, Page { limit: usize::MAX }).expect("readable") {
            let holder = skip.holder.map(|run| run.0);
            line(format_args!(
                "  skipped {} {:?} to {:?}: {}, {holder:?} {:?}",
                skip.count, skip.first, skip.last, skip.reason, skip.note
            ));
        }
        let audit = ledger.audit(name).expect("readable").expect("a known job");
        line(format_args!(
            "  audit: ran {}, skipped {}, sound {}",
            audit.ran,
            audit.skipped(),
            audit.is_sound()
        ));
    }
    for group in ledger.groups().expect("readable") {
        let paused = group.paused.map(|pause| pause.reason());
        line(format_args!(
            "group {}: {} jobs, {} active, {:?}, {paused:?}",
            group.name, group.jobs, group.active, group.max_running
        ));
    }
    told.push_str(&tell_runs(ledger));
    told
}

fn tell_runs(ledger: &dyn Both) -> String {
    let mut told = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(told, "{text}").expect("a string takes all");
    for run in ledger.all_runs() {
        let state = (run.state.word(), run.state.wake());
        line(format_args!("run {} of {} at {:?}: {}, {state:?}", run.id.0, run.job, run.nominal, run.origin));
        let took = (run.started, run.duration);
        line(format_args!(
            "  epoch {}, {} used, {} crashes, {took:?}",
            run.epoch.0, run.attempts_used, run.crashes
        ));
        let error = (!run.error.is_empty()).then_some(run.error);
        let progress = run.progress.map(|progress| format!("{progress:?}"));
        let dismissed = run.dismissed.map(|at| format!("{at:?}"));
        let more = [
            ("error", error),
            ("args", run.args),
            ("progress", progress),
            ("asked", run.asked),
            ("dismissed", dismissed),
        ];
        for (what, value) in more.into_iter().filter_map(|(what, value)| value.map(|value| (what, value))) {
            line(format_args!("  {what} {value:?}"));
        }
        for attempt in ledger.attempts(RunId(run.id.0)) {
            let took = (attempt.started, attempt.duration);
            line(format_args!(
                "  attempt {} under {}: {}, {took:?}, {:?}",
                attempt.attempt, attempt.epoch.0, attempt.result, attempt.message
            ));
        }
        for said in ledger.log(run.id).expect("readable") {
            line(format_args!("  said {:?} in {}: {:?}", said.at, said.attempt, said.text));
        }
    }
    told
}
