//! Verdicts in words.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::judge::{Ahead, Skip, Verdict};
use cron_core::run::{RunState, SkipReason, Transition};
use cron_runtime::store::JobInfo;
use serde::Serialize;

use super::late;
use super::outage::Outage;
use crate::view::json;
use crate::view::time::{self, count, numbered};

/// Of many runs in a row so many are told one by one.
const TOLD: usize = 3;

/// What would happen after an outage.
#[derive(Serialize)]
pub(super) struct JsonOutage {
    from: json::Instant,
    until: json::Instant,
    /// Runs in progress whose process would be gone.
    lost: Vec<u64>,
    verdicts: Vec<JsonVerdict>,
    queued: Option<json::Instant>,
    /// The same in sentences.
    text: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
enum JsonVerdict {
    Ran {
        tick: json::Instant,
    },
    Skipped {
        first: json::Instant,
        last: json::Instant,
        count: u64,
        reason: SkipReason,
        held_by: Option<u64>,
    },
    /// Beside the ticks: the run before asked for it.
    Extra {
        nominal: json::Instant,
    },
    /// Beside the ticks: the clock stands before the mark.
    Clock {
        nominal: json::Instant,
        waits: bool,
    },
}

impl From<&Verdict> for JsonVerdict {
    fn from(verdict: &Verdict) -> Self {
        match *verdict {
            Verdict::Run { tick } => Self::Ran { tick: json::Instant(tick) },
            Verdict::Extra { nominal } => Self::Extra { nominal: json::Instant(nominal) },
            Verdict::Clock { nominal, waits } => Self::Clock { nominal: json::Instant(nominal), waits },
            Verdict::Skip(Skip { first, last, count, reason, holder }) => Self::Skipped {
                first: json::Instant(first),
                last: json::Instant(last),
                count,
                reason,
                held_by: holder.map(|run| run.0),
            },
        }
    }
}

impl JsonOutage {
    pub(super) fn new(outage: &Outage, text: &[String]) -> Self {
        Self {
            from: json::Instant(outage.from),
            until: json::Instant(outage.until),
            lost: outage.lost.iter().map(|(run, _)| run.0).collect(),
            verdicts: outage.verdicts.iter().map(JsonVerdict::from).collect(),
            queued: outage.queued.map(json::Instant),
            text: text.to_vec(),
        }
    }
}

/// What would happen, in sentences.
pub(super) fn sentences(outage: &Outage, job: &JobInfo, zone: Tz) -> Vec<String> {
    let mut all = Vec::new();
    for (run, moved) in &outage.lost {
        all.push(lost(run.0, moved));
    }
    if outage.is_paused {
        all.push(
            "It is paused: its ticks get their verdict, skipped(paused), when it is resumed.".to_owned(),
        );
        return all;
    }
    let mut verdicts = outage.verdicts.as_slice();
    while let Some(first) = verdicts.first() {
        let row = verdicts.iter().take_while(|verdict| matches!(verdict, Verdict::Run { .. })).count();
        if row > TOLD {
            all.extend(verdicts.iter().take(TOLD).map(|verdict| sentence(verdict, outage.until, zone)));
            let rest = &verdicts[TOLD..row];
            if let Some(Verdict::Run { tick }) = rest.last() {
                let stamp = time::long_stamp(*tick, zone);
                let times = count(rest.len() as u64, "tick");
                all.push(format!("{times} more, up to the one of {stamp}, one after the other."));
            }
            verdicts = &verdicts[row..];
        } else {
            all.push(sentence(first, outage.until, zone));
            verdicts = &verdicts[1..];
        }
    }
    if !outage.stopped.is_empty() {
        all.push(format!("{} would be told to stop first.", capital(&numbered("run", &outage.stopped))));
    }
    if let Some(queued) = outage.queued {
        let stamp = time::long_stamp(queued, zone);
        all.push(format!("Ticks up to the one of {stamp} wait until the slot is free."));
    }
    if all.len() == outage.lost.len() {
        all.push(nothing(outage, job, zone));
    }
    all
}

fn lost(run: u64, moved: &Transition) -> String {
    let then = match moved.progress.state {
        RunState::Waiting { .. } => "it is tried again",
        RunState::Scheduled { .. } => "it starts again",
        RunState::Failed if moved.gave_way => "it has failed, for its retry gives way to the next tick",
        RunState::Failed => "it has failed, for it has no attempt left",
        RunState::Quarantined => {
            "it is quarantined with its job, for three processes in a row died while that was in progress"
        }
        RunState::Cancelled => "it is cancelled, as it was asked to stop",
        RunState::Running { .. } => "it goes on",
        RunState::Succeeded => "it has succeeded",
        RunState::Discarded => "it is discarded",
    };
    format!("Run {run}, in progress now, is lost with its process: {then}.")
}

fn sentence(verdict: &Verdict, now: DateTime<Utc>, zone: Tz) -> String {
    match *verdict {
        Verdict::Run { tick } => {
            format!("The tick of {} runs{}.", time::long_stamp(tick, zone), late(now - tick))
        }
        Verdict::Extra { nominal } => format!(
            "It runs beside its ticks, as its last run asked for {}{}.",
            time::long_stamp(nominal, zone),
            late(now - nominal)
        ),
        Verdict::Clock { nominal, waits } => format!(
            "It runs beside its ticks at {}{}, for the clock stands before them.",
            time::long_stamp(nominal, zone),
            if waits { ", once the slot is free" } else { "" }
        ),
        Verdict::Skip(Skip { first, last, count: number, reason, holder }) => {
            let why = match (reason, holder) {
                (SkipReason::Overlap, Some(run)) => format!(": run {run} holds the slot"),
                (SkipReason::Superseded, Some(run)) => format!(": run {run} asked for another instant"),
                (SkipReason::Overlap, None) => ": the run before holds the slot".to_owned(),
                (SkipReason::Superseded | SkipReason::Missed | SkipReason::Paused | SkipReason::Clock, _) => {
                    String::new()
                }
            };
            let from = time::long_stamp(first, zone);
            match number {
                1 => format!("The tick of {from} is skipped({reason}){why}."),
                _ => {
                    let to = time::long_stamp(last, zone);
                    format!("{} from {from} to {to} are skipped({reason}){why}.", count(number, "tick"))
                }
            }
        }
    }
}

/// What the clock has to do with it, where it stands before the mark of the job.
pub(super) fn behind(what: Ahead, job: &JobInfo, now: DateTime<Utc>, zone: Tz) -> String {
    let (by, until) = (time::span(job.mark - now), time::long_stamp(job.mark, zone));
    match what {
        Ahead::Waits => format!(
            "waits until {until}: the clock is behind, or was ahead, by {by}, and the ticks up to there have their verdicts already"
        ),
        Ahead::GoesOn => format!(
            "runs beside its ticks until {until}: the clock is behind, or was ahead, by {by}, and the ticks up to there have their verdicts \
             already"
        ),
    }
}

/// Why there is no verdict at all.
fn nothing(outage: &Outage, job: &JobInfo, zone: Tz) -> String {
    if job.plan.schedule.is_none() && job.hold.is_none() {
        return "Nothing: it has no schedule.".to_owned();
    }
    if !outage.holders.is_empty() {
        return format!("Nothing yet: {} would come first.", numbered("run", &outage.holders));
    }
    match outage.due {
        Some(due) => {
            format!("Nothing is missed: the next one is due at {}.", time::long_stamp(due, zone))
        }
        None => "Nothing: it has no tick to come by itself.".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
