//! Which ticks of the past a backfill runs, and in which order.

use chrono::{DateTime, Utc};

use crate::run::StateWord;

crate::words::word_enum! {
    /// In which order a backfill runs.
    "order",
    pub enum BackfillOrder {
        /// The oldest tick first. The default.
        Oldest = "oldest",
        /// The newest tick first.
        Newest = "newest",
    }
}

crate::words::word_enum! {
    /// Which ticks of its range a backfill runs.
    "choice of ticks",
    pub enum Only {
        /// Those without a run: skipped ones, and those from before the job was known. Refused where ticks are among them that may have
        /// run and been pruned. The default.
        Missing = "missing",
        /// Those whose newest run ended badly: failed, discarded, quarantined, cancelled.
        Failed = "failed",
        /// All.
        All = "all",
    }
}

/// Ticks without a run on record that are from before it begins: nobody knows whether they ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeforeRecord {
    /// How many.
    pub ticks: u64,
    /// The record begins after this instant.
    pub begins: DateTime<Utc>,
}

/// Chooses among the ticks of a range, given oldest first, those that a backfill runs.
///
/// `states` gives the states of the runs of a tick, its own and those of backfills, oldest first. `pruned` is where the record begins, if
/// something was pruned.
///
/// # Errors
///
/// [`BeforeRecord`] where those without a run are asked for, and some may have run before the record begins.
pub fn choose<'a>(
    only: Only,
    order: BackfillOrder,
    ticks: impl IntoIterator<Item = DateTime<Utc>>,
    pruned: Option<DateTime<Utc>>,
    states: impl Fn(DateTime<Utc>) -> &'a [StateWord],
) -> Result<Vec<DateTime<Utc>>, BeforeRecord> {
    let mut unknown = 0;
    let mut chosen = Vec::new();
    for tick in ticks {
        let states = states(tick);
        let is_chosen = match only {
            Only::All => true,
            // A run that was cancelled did not happen.
            Only::Missing => states.iter().all(|state| *state == StateWord::Cancelled),
            Only::Failed => {
                states.last().is_some_and(|state| state.is_dead() || *state == StateWord::Cancelled)
            }
        };
        if is_chosen {
            let may_have_run = states.is_empty() && pruned.is_some_and(|pruned| tick <= pruned);
            unknown += u64::from(only == Only::Missing && may_have_run);
            chosen.push(tick);
        }
    }
    if let Some(begins) = pruned.filter(|_| unknown > 0) {
        return Err(BeforeRecord { ticks: unknown, begins });
    }
    if order == BackfillOrder::Newest {
        chosen.reverse();
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_of_is_not_missing() {
        let at = |second: i64| DateTime::from_timestamp(second, 0).expect("in range");
        let chosen = |only, pruned: Option<i64>| {
            let states = |tick: DateTime<Utc>| match tick.timestamp() {
                10 => &[StateWord::Succeeded][..],
                20 => &[StateWord::Cancelled][..],
                30 => &[StateWord::Failed][..],
                _ => &[],
            };
            let ticks = [0, 10, 20, 30, 40].map(at);
            choose(only, BackfillOrder::Newest, ticks, pruned.map(at), states)
        };
        assert_eq!(chosen(Only::Missing, None), Ok(vec![at(40), at(20), at(0)]));
        assert_eq!(chosen(Only::Missing, Some(-1)), Ok(vec![at(40), at(20), at(0)]));
        assert_eq!(chosen(Only::Missing, Some(0)), Err(BeforeRecord { ticks: 1, begins: at(0) }));
        assert_eq!(chosen(Only::Missing, Some(40)), Err(BeforeRecord { ticks: 2, begins: at(40) }));
        assert_eq!(chosen(Only::All, Some(40)), Ok([40, 30, 20, 10, 0].map(at).to_vec()));
        assert_eq!(chosen(Only::Failed, Some(40)), Ok(vec![at(30), at(20)]));
    }
}
