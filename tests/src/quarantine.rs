//! Whether a job is in quarantine with right, from its runs alone.

use std::path::Path;

use cron_runtime::core::policy::Overlap;
use cron_runtime::core::run::{AttemptResult, Epoch};
use cron_runtime::store::sqlite::SqliteLedger;
use cron_runtime::store::{Ledger, Page, RunFilter, RunInfo, RunQuery};

use crate::inspect;

/// So many deaths of its process in a row put a job in quarantine.
pub const DEATHS: usize = 3;

/// How an attempt was found to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its process died.
    Death,
    /// Its process has told it, and so lived.
    Lived,
    /// Nobody can say from the record.
    Unknown,
}

/// How often in a row the process of a job died while it was in progress, up to the attempt with this epoch, as far as its runs tell.
///
/// # Panics
///
/// If the record cannot be read.
#[must_use]
pub fn deaths_in_a_row(ledger: &dyn Ledger, job: &str, until: Epoch) -> usize {
    let info = ledger.job(job).expect("a job is read").expect("it is there");
    let page = Page { limit: 1_000_000 };
    let query = RunQuery { job: Some(job.to_owned()), filter: RunFilter::All, page, ..RunQuery::default() };
    let runs = ledger.runs(&query).expect("runs are read");
    let mut ends: Vec<(Epoch, End)> = Vec::new();
    for run in &runs {
        let (_, attempts) = ledger.run(run.id).expect("a run is read").expect("it is there");
        ends.extend(attempts.iter().map(|attempt| (attempt.epoch, end_of(attempt.result))));
        ends.extend(completed(run).map(|end| (run.epoch, end)));
    }
    ends.retain(|(epoch, _)| *epoch <= until);
    ends.sort_unstable_by_key(|(epoch, _)| std::cmp::Reverse(*epoch));
    let ends = ends.into_iter().map(|(_, end)| end);
    if info.plan.overlap == Overlap::Allow {
        // Of several at once a later one may have ended before an earlier one died.
        return ends.filter(|end| *end == End::Death).count();
    }
    ends.take_while(|end| *end != End::Lived).filter(|end| *end == End::Death).count()
}

fn end_of(result: AttemptResult) -> End {
    match result {
        AttemptResult::Lost => End::Death,
        AttemptResult::Errored
        | AttemptResult::Panicked
        | AttemptResult::Succeeded
        | AttemptResult::Discarded
        | AttemptResult::Cancelled => End::Lived,
        // Its function may never have been called; it may have been lost afterwards; it is another one's.
        AttemptResult::Interrupted | AttemptResult::TimedOut | AttemptResult::Fenced => End::Unknown,
    }
}

/// A success is no row of its own. One that was completed in a transaction, and of which nobody knows how long it took, is that of a process
/// that died before its function returned.
fn completed(run: &RunInfo) -> Option<End> {
    if run.state.is_active() || run.state.word().is_dead() {
        return None;
    }
    Some(if run.completed.is_some() && run.duration.is_none() { End::Death } else { End::Lived })
}

/// A person lets all jobs go on that are in quarantine. Gives those that are there without three deaths in a row on record.
///
/// # Panics
///
/// If the record cannot be read, or a job cannot be released.
#[must_use]
pub fn release(database: &Path, jobs: &[&str]) -> Vec<String> {
    let ledger = SqliteLedger::open(database).expect("it opens");
    let mut wrong = Vec::new();
    for job in jobs {
        let info = ledger.job(job).expect("a job is read").expect("it is there");
        if !info.suspect.is_some_and(|suspect| suspect.is_quarantined) {
            continue;
        }
        let deaths = deaths_in_a_row(&ledger, job, Epoch(u64::MAX));
        if deaths < DEATHS {
            wrong.push(format!(
                "{job} is in quarantine, and its process died {deaths} times in a row: {info:?}"
            ));
        }
        let resumed = inspect(database, &["resume", job]);
        assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    }
    wrong
}
