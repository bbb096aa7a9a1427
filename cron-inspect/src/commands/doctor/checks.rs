//! What is in the file: its health, who works on it, what nobody looks after, and what schedulers have found themselves.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cron_core::problem::ProblemKind;
use cron_runtime::store::sqlite::{Checkup, Life, SqliteLedger};
use cron_runtime::store::{JobQuery, Ledger, Page, RunFilter, RunQuery, StoreError};

use super::file::size;
use super::{Check, Finding};
use crate::view::time::{count, relative, stamp};

/// A log that is longer than this is longer than who writes it lets it become: about 96 MiB, as `docs/decisions/0007` says. It stays as long
/// as it once was until a graceful end.
const MUCH: u64 = 128 << 20;
/// A lease that has expired, or a tick that was due, for longer than this is overlooked.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);
/// Clocks of two processes on one machine never differ by this.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

pub(super) fn checks(ledger: &SqliteLedger, since: Duration, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = match ledger.checkup(now) {
        Ok(checkup) => of_checkup(&checkup, now),
        Err(error) => vec![unread("file", &error)],
    };
    checks.push(dead_letters(ledger).unwrap_or_else(|error| unread("dead letters", &error)));
    checks.push(quarantine(ledger).unwrap_or_else(|error| unread("quarantine", &error)));
    checks.push(problems(ledger, since, now).unwrap_or_else(|error| unread("problems", &error)));
    checks.push(contract(ledger).unwrap_or_else(|error| unread("contract", &error)));
    checks
}

fn unread(check: &'static str, error: &StoreError) -> Check {
    let advice = "if the file is damaged, restore a backup; if a newer program wrote it, look with that one";
    Check::new(check, "it could not be read", vec![Finding::error(error.to_string(), advice)])
}

fn of_checkup(checkup: &Checkup, now: DateTime<Utc>) -> Vec<Check> {
    vec![
        integrity(checkup),
        declarations(checkup),
        journal(checkup),
        schedulers(checkup, now),
        leases(checkup, now),
        judging(checkup, now),
        workers(checkup, now),
        clock(checkup, now),
        functions(checkup),
    ]
}

fn integrity(checkup: &Checkup) -> Check {
    let advice = "stop the schedulers, keep a copy, and restore a backup";
    let findings = checkup.damage.iter().map(|line| Finding::error(format!("damaged: {line}"), advice));
    Check::new("integrity", format!("schema version {}", checkup.schema), findings.collect())
}

fn declarations(checkup: &Checkup) -> Check {
    let finding = |one: &cron_runtime::store::sqlite::Unreadable| match one.is_damaged {
        true => Finding::error(
            format!("a damaged declaration: {}", one.what),
            "keep a copy, and start the program that declares the job again: it writes the declaration anew; a dynamic job is \
             scheduled again",
        ),
        false => Finding::warning(one.what.clone(), "look with the newer program"),
    };
    let findings: Vec<_> = checkup.unreadable.iter().map(finding).collect();
    let seen = if findings.is_empty() { "all can be read" } else { "not all can be read" };
    Check::new("declarations", seen, findings)
}

fn journal(checkup: &Checkup) -> Check {
    let Checkup { journal_mode, wal_bytes, writer, .. } = checkup;
    let mut findings = Vec::new();
    if journal_mode != "wal" {
        let message =
            format!("the journal mode is `{journal_mode}`: readers and schedulers wait for each other");
        findings.push(Finding::warning(
            message,
            "start a scheduler, which sets `wal`, and let no other program change it",
        ));
    }
    if *wal_bytes > MUCH {
        let message = format!("the log of SQLite beside the file has grown to {}", size(*wal_bytes));
        let advice = "if it goes on growing, end the program that keeps a read transaction open on it, such as a shell of SQLite; \
                      the graceful end of the last scheduler empties it";
        findings.push(Finding::warning(message, advice));
    }
    if let Some(writer) = writer {
        let message = format!("{writer} holds the lock to write nearly all the time: all others wait for it");
        let advice = "let it commit more often and pause between two transactions, or put what it writes into a file of its own";
        findings.push(Finding::warning(message, advice));
    }
    Check::new("journal", format!("{journal_mode}, {} beside the file", size(*wal_bytes)), findings)
}

fn living(checkup: &Checkup) -> usize {
    checkup.incarnations.iter().filter(|incarnation| incarnation.life == Life::Alive).count()
}

/// Whether somebody works on the file, or may do so from where it cannot be seen.
fn is_served(checkup: &Checkup) -> bool {
    checkup.incarnations.iter().any(|incarnation| incarnation.serves)
}

fn schedulers(checkup: &Checkup, now: DateTime<Utc>) -> Check {
    let number = |life| checkup.incarnations.iter().filter(|one| one.life == life).count() as u64;
    let (dead, elsewhere, unknown) = (number(Life::Dead), number(Life::Elsewhere), number(Life::Unknown));
    let mut seen = vec![match living(checkup) {
        0 => "none is alive".to_owned(),
        living => format!("{} alive", count(living as u64, "scheduler")),
    }];
    for incarnation in checkup.incarnations.iter().filter(|one| one.life == Life::Alive) {
        seen.push(format!("{} since {}", incarnation.id.0, stamp(incarnation.joined, Tz::UTC)));
    }
    if elsewhere > 0 {
        seen.push(format!("{elsewhere} of another machine or from before this one was started"));
    }
    if unknown > 0 {
        seen.push(format!("{unknown} of which this system does not tell"));
    }
    let mut findings = Vec::new();
    if !is_served(checkup) && checkup.jobs > 0 {
        let late = checkup.overdue.len() as u64;
        let late = if late > 0 { format!(", and {} overdue", count(late, "job")) } else { String::new() };
        let message = format!("no scheduler works on {}{late}", count(checkup.jobs, "job"));
        findings.push(Finding::warning(message, "start the application"));
    }
    if dead > 0 {
        let newest =
            checkup.incarnations.iter().filter(|one| one.life == Life::Dead).map(|one| one.joined).max();
        let newest = newest.map(|joined| format!(" (the newest was started {})", relative(joined, now)));
        let message =
            format!("{} ended without taking leave{}", count(dead, "scheduler"), newest.unwrap_or_default());
        findings
            .push(Finding::warning(message, "look why it crashed; the next start ends what it left behind"));
    }
    Check::new("schedulers", seen.join(", "), findings)
}

fn leases(checkup: &Checkup, now: DateTime<Utc>) -> Check {
    let mut findings = Vec::new();
    for attempt in &checkup.attempts {
        let (job, run) = (&attempt.job, attempt.run);
        if attempt.is_stuck {
            let message =
                format!("job `{job}`, run {run} is stuck: its timeout has passed and it does not return");
            findings.push(Finding::warning(message, "end what it waits for, or restart the application"));
        }
        if attempt.lease + PATIENCE < now {
            let message = format!("job `{job}`, run {run}: its lease ended {}", relative(attempt.lease, now));
            findings.push(match is_served(checkup) {
                true => Finding::error(
                    format!("{message}, and no scheduler has ended it"),
                    "look at the problems of the living scheduler: its store fails, or its clock differs",
                ),
                false => Finding::warning(message, "the next start of the application ends it as lost"),
            });
        }
    }
    Check::new("attempts", format!("{} in progress", checkup.attempts.len()), findings)
}

fn judging(checkup: &Checkup, now: DateTime<Utc>) -> Check {
    let late = checkup.overdue.iter().filter(|overdue| overdue.is_linked && overdue.due + PATIENCE < now);
    let findings = late.map(|overdue| {
        let message =
            format!("job `{}` was due {} and was not judged", overdue.job, relative(overdue.due, now));
        Finding::error(message, "the scheduler lives and does not judge: look at its problems and its log")
    });
    let findings: Vec<_> = if is_served(checkup) { findings.collect() } else { Vec::new() };
    let seen = match (is_served(checkup), findings.len()) {
        (true, 0) => "every due tick of a linked job has its verdict".to_owned(),
        (true, late) => format!("{} overdue", count(late as u64, "job")),
        (false, _) => "nobody judges".to_owned(),
    };
    Check::new("judging", seen, findings)
}

fn workers(checkup: &Checkup, now: DateTime<Utc>) -> Check {
    // Where nobody is alive, that has been said.
    let waiting: &[_] = if is_served(checkup) { &checkup.waiting } else { &[] };
    let finding = waiting.first().map(|first| {
        let number = count(waiting.len() as u64, "run");
        let message = format!(
            "{number} could start and found no worker for longer than the period of the job, first job `{}`, run {}: since {}",
            first.job,
            first.run,
            relative(first.since, now)
        );
        Finding::warning(message, ProblemKind::WorkersBusy.advice())
    });
    let seen = match waiting.len() {
        0 => "no run waits for long".to_owned(),
        waiting => format!("{} waiting for long", count(waiting as u64, "run")),
    };
    Check::new("workers", seen, finding.into_iter().collect())
}

fn clock(checkup: &Checkup, now: DateTime<Utc>) -> Check {
    let ahead = checkup.future_marks.iter().filter(|(_, mark)| *mark > now + AHEAD);
    let findings: Vec<_> = ahead
        .map(|(job, mark)| {
            let message = format!("job `{job}` is judged until {}, {}", stamp(*mark, Tz::UTC), relative(*mark, now));
            let advice = "the clock is behind, or was ahead: set it right; a scheduler sets a mark more than 3 h ahead back \
                          when it starts or sees the step; up to a nearer one jobs wait, or run beside their ticks: `inspect explain JOB`";
            Finding::error(message, advice)
        })
        .collect();
    let seen = if findings.is_empty() { "no mark lies in the future" } else { "marks lie in the future" };
    Check::new("clock", seen, findings)
}

fn functions(checkup: &Checkup) -> Check {
    // Where nobody is alive, that has been said.
    let missing: &[_] = if is_served(checkup) { &checkup.not_linked } else { &[] };
    let advice = "start the program that contains it, or `inspect remove` the job";
    let finding = |job| Finding::warning(format!("no living scheduler executes job `{job}`"), advice);
    let seen = match missing.len() {
        0 => count(checkup.jobs, "job"),
        missing => format!("{}, {missing} of them that nobody executes", count(checkup.jobs, "job")),
    };
    Check::new("jobs", seen, missing.iter().map(finding).collect())
}

fn dead_letters(ledger: &SqliteLedger) -> Result<Check, StoreError> {
    let page = Page { limit: usize::MAX };
    let dead = ledger.runs(&RunQuery { filter: RunFilter::Dead, page, ..RunQuery::default() })?;
    let number = dead.len() as u64;
    let finding = || {
        let advice = "`inspect dead-letters` lists them; retry or dismiss each one";
        let verb = if number == 1 { "waits" } else { "wait" };
        Finding::warning(format!("{} {verb} for a person", count(number, "run")), advice)
    };
    Ok(Check::new("dead letters", number.to_string(), (number > 0).then(finding).into_iter().collect()))
}

fn quarantine(ledger: &SqliteLedger) -> Result<Check, StoreError> {
    let jobs = ledger.jobs(&JobQuery::default())?;
    let found = jobs.iter().filter_map(|job| Some((job, job.suspect.filter(|one| one.is_quarantined)?)));
    let findings: Vec<_> = found
        .map(|(job, suspect)| {
            let name = &job.plan.name;
            let message = format!(
                "job `{name}` is in quarantine: its process died {} times in a row while it was in progress",
                suspect.deaths
            );
            let advice = format!("find what takes the process down, then `inspect resume {name}`");
            Finding::error(message, advice)
        })
        .collect();
    Ok(Check::new("quarantine", count(findings.len() as u64, "job"), findings))
}

fn problems(ledger: &SqliteLedger, since: Duration, now: DateTime<Utc>) -> Result<Check, StoreError> {
    let span = TimeDelta::from_std(since).unwrap_or(TimeDelta::MAX);
    let from = now.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let found = ledger.problems(from)?;
    let findings = found.iter().map(|problem| {
        let times = if problem.count > 1 { format!(", {} times", problem.count) } else { String::new() };
        let message = format!("{}: {} ({}{times})", problem.kind, problem.what, relative(problem.last, now));
        Finding::warning(message, problem.kind.advice())
    });
    let seen = format!("{} in the last {}", found.len(), cron_core::duration::format_duration(since));
    Ok(Check::new("problems", seen, findings.collect()))
}

fn contract(ledger: &SqliteLedger) -> Result<Check, StoreError> {
    let mut ticks = 0;
    let mut findings = Vec::new();
    for job in ledger.jobs(&JobQuery::default())? {
        // It may have been removed since.
        let Some(audit) = ledger.audit(job.plan.name.as_str())? else { continue };
        ticks += audit.ticks;
        if !audit.is_sound() {
            let message = format!("the record of job `{}` does not hold the contract", job.plan.name);
            findings.push(Finding::error(message, format!("`inspect verify {}` says where", job.plan.name)));
        }
    }
    let seen = format!("{} with exactly one verdict each", count(ticks, "tick"));
    let seen = if findings.is_empty() { seen } else { "broken".to_owned() };
    Ok(Check::new("contract", seen, findings))
}
