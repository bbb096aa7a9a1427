//! `inspect show JOB`

use chrono_tz::Tz;
use cron_runtime::store::{JobInfo, Ledger, Page, RunInfo, RunQuery, SkipInfo, SuspendedInfo};
use serde::Serialize;

use super::upcoming::upcoming;
use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::runs::Shown;
use crate::view::table::{Table, heading, paragraph};
use crate::view::text::Text;
use crate::view::{json, policy, runs, style, ticks, time};

/// How many ticks, runs and blocks of skipped ticks are shown.
const SHOWN: usize = 5;

#[derive(Serialize)]
struct Json<'a> {
    job: json::Job<'a>,
    next: Vec<json::Instant>,
    /// When each of them starts, by the jitter of the job.
    starts: Vec<json::Instant>,
    runs: Vec<json::Run<'a>>,
    skips: Vec<json::Skip<'a>>,
    /// Where a clock was set back: skips that count again if it jumps beyond them, and those whose ticks were judged anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suspended: Vec<json::Skip<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taken_back: Vec<json::Skip<'a>>,
}

pub(crate) fn show(name: &str, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    let job = find_job(&ledger, name)?;
    let page = Page { limit: SHOWN };
    let query = RunQuery { job: Some(name.to_owned()), page, ..RunQuery::default() };
    let found = ledger.runs(&query)?;
    let skips = ledger.skips(name, page)?;
    let (taken_back, suspended): (Vec<_>, Vec<_>) =
        ledger.suspended(name)?.into_iter().partition(|block| block.is_taken_back);
    let blocks = |blocks: &[SuspendedInfo]| -> Vec<SkipInfo> {
        blocks.iter().take(SHOWN).map(|block| block.skip.clone()).collect()
    };
    let (taken_back, suspended) = (blocks(&taken_back), blocks(&suspended));
    let next = upcoming(&job, context.screen.now, SHOWN);
    let json = Json {
        job: json::Job::from(&job),
        next: next.iter().map(|next| json::Instant(next.tick)).collect(),
        starts: next.iter().map(|next| json::Instant(next.start)).collect(),
        runs: found.iter().map(json::Run::from).collect(),
        skips: skips.iter().map(json::Skip::from).collect(),
        suspended: suspended.iter().map(json::Skip::from).collect(),
        taken_back: taken_back.iter().map(json::Skip::from).collect(),
    };
    context.show(&json, |screen| {
        let zone = zone_of(&job);
        let mut out = card(&job, zone, screen);
        if !next.is_empty() {
            let title = if job.paused.is_some() { "Next ticks, skipped while paused" } else { "Next ticks" };
            out += &heading(title);
            out += &ticks::upcoming(&next, zone, screen).render(screen.width);
        }
        out += &history(&job, &found, &skips, zone, screen);
        for (title, blocks) in [
            ("Skipped ticks, suspended since the clock was set back", &suspended),
            ("Skipped ticks, judged anew since", &taken_back),
        ] {
            if !blocks.is_empty() {
                out += &heading(title);
                out += &runs::skips(blocks, zone).render(screen.width);
            }
        }
        out
    })
}

fn card(job: &JobInfo, zone: Tz, screen: &Screen) -> String {
    let plan = &job.plan;
    let mut title = Text::styled(style::BOLD, plan.name.as_str());
    if job.paused.is_some() {
        title = title.and(style::WARNING, "  paused");
    }
    if !job.linked {
        title = title.and(style::WARNING, "  not linked here");
    }
    let mut out = paragraph(&title, 0, screen.width);
    for line in Text::lines(style::PLAIN, plan.description.trim()) {
        out += &paragraph(&line, 0, screen.width);
    }
    out.push('\n');
    let mut card = Table::card();
    match &plan.schedule {
        Some(schedule) => {
            card.fact("Schedule", Text::plain(schedule.describe()));
            card.fact("", Text::styled(style::DIM, schedule.to_string()));
        }
        None => card.fact("Schedule", Text::plain("none: runs by hand only")),
    }
    for policy in policy::policies(plan).into_iter().filter(|policy| !policy.is_silent) {
        card.fact(policy.label, Text::plain(policy.text));
    }
    for (label, text) in policy::labels(plan) {
        card.fact(label, Text::plain(text));
    }
    standing(job, &mut card, zone, screen);
    if !plan.source.is_empty() {
        card.fact("Declared", Text::plain(&plan.source));
    }
    out + &card.render(screen.width)
}

/// Where the job stands in its schedule and in its runs.
fn standing(job: &JobInfo, card: &mut Table, zone: Tz, screen: &Screen) {
    let when = |at| {
        let stamp = time::measured_stamp(at, zone);
        Text::plain(stamp).and(style::DIM, format!(" ({})", time::relative(at, screen.now)))
    };
    if let Some(pause) = &job.paused {
        card.fact("Paused", when(pause.at).and(style::WARNING, format!(" {}", pause.reason())));
    }
    if let Some(suspect) = job.suspect {
        let deaths = time::count(suspect.deaths.into(), "process").replace("processs", "processes");
        let text = if suspect.is_quarantined {
            format!("{deaths} in a row died; nothing starts until `inspect resume {}`", job.plan.name)
        } else {
            format!("{deaths} in a row died while it was in progress; at 3 it is put in quarantine")
        };
        card.fact("Suspected", Text::styled(style::BAD, text));
    }
    if let Some(run) = job.removal {
        card.fact(
            "Leaves",
            Text::styled(style::WARNING, format!("when its runs have ended, as run {run} has asked")),
        );
    }
    if job.active > 0 {
        card.fact("Active", Text::styled(style::BUSY, time::count(job.active, "run")));
    }
    if job.parked > 0 {
        let waits = if job.parked == 1 { "waits" } else { "wait" };
        let text = format!("{} {waits} for the slot", time::count(job.parked, "run"));
        card.fact("Parked", Text::styled(style::WARNING, text));
    }
    if let Some(queued) = job.queued {
        card.fact(
            "Queued",
            Text::plain("ticks up to ").and_text(when(queued)).and(style::PLAIN, " wait for the slot"),
        );
    }
    if let Some(hold) = job.hold {
        let text = match hold.until {
            Some(until) => when(until),
            None => Text::styled(style::WARNING, "never by itself"),
        };
        card.fact("Held", text.and(style::WARNING, format!(" by the word of run {}", hold.by)));
    }
    if job.plan.schedule.is_some() {
        card.fact("High-water", when(job.mark).and(style::DIM, "; each tick up to here has a verdict"));
        if let Some(until) = job.suspended {
            let what = ": the clock was set back; a tick up to here that has a run does not run again";
            card.fact("Suspended", Text::plain("up to ").and_text(when(until)).and(style::WARNING, what));
        }
        if let Some(due) = job.due.filter(|due| *due < screen.now) {
            card.fact("Due", when(due).and(style::WARNING, " and not judged yet"));
        }
    }
    card.fact("Registered", when(job.registered));
    if job.since != job.registered {
        card.fact("Since", when(job.since).and(style::DIM, "; this schedule"));
    }
}

fn history(job: &JobInfo, found: &[RunInfo], skips: &[SkipInfo], zone: Tz, screen: &Screen) -> String {
    let mut out = String::new();
    if !found.is_empty() {
        out += &heading("Last runs");
        let attempts = job.plan.retry.retries + 1;
        let shown = found.iter().map(|run| Shown { run, zone, attempts });
        out += &runs::runs(shown, true, screen).indented().render(screen.width);
    }
    if !skips.is_empty() {
        out += &heading("Skipped ticks");
        out += &runs::skips(skips, zone).render(screen.width);
    }
    out
}
