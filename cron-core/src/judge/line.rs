//! The overlap rule: what happens to ticks that are due, given the runs that are active.

use chrono::{DateTime, TimeDelta, Utc};

use super::choose::{Chosen, choose};
use super::{Docket, Judgement, Place, Ticks, Verdict, one};
use crate::policy::{Overlap, Slots};
use crate::run::{Origin, RunId, SkipReason};

/// What can be started now.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// How many runs may start.
    pub(super) room: usize,
    pub(super) evict: Vec<RunId>,
    pub(super) ask: Vec<RunId>,
    /// When those that were asked to stop have had their time.
    pub(super) deadline: Option<DateTime<Utc>>,
}

/// How the job deals with ticks now. A backfill is beside the schedule, so ticks wait for its runs instead of being skipped.
fn rule(docket: &Docket<'_>) -> Overlap {
    let is_backfill = |active: &super::Active| active.origin == Origin::Backfill;
    match docket.overlap {
        Overlap::Skip | Overlap::Cancel
            if !docket.active.is_empty() && docket.active.iter().all(is_backfill) =>
        {
            Overlap::Queue
        }
        overlap @ (Overlap::Skip | Overlap::Queue | Overlap::Cancel | Overlap::Allow) => overlap,
    }
}

/// Makes room under `overlap = "cancel"`: ends what is in no process or has had its time, asks the rest to stop.
fn clear(docket: &Docket<'_>, now: DateTime<Utc>) -> Slot {
    let grace = TimeDelta::from_std(docket.slots.cancel_grace).unwrap_or(TimeDelta::MAX);
    let mut slot = Slot::default();
    for active in docket.active {
        let deadline =
            active.asked.unwrap_or(now).checked_add_signed(grace).unwrap_or(DateTime::<Utc>::MAX_UTC);
        if !active.is_running || (active.asked.is_some() && deadline <= now) {
            slot.evict.push(active.run);
            continue;
        }
        if active.asked.is_none() {
            slot.ask.push(active.run);
        }
        slot.deadline = Some(slot.deadline.map_or(deadline, |other| other.min(deadline)));
    }
    slot.room = usize::from(slot.evict.len() == docket.active.len());
    slot
}

/// Whether a tick or another run of the job can start now, and what has to end for it.
pub(super) fn slot(docket: &Docket<'_>, now: DateTime<Utc>) -> Slot {
    match rule(docket) {
        // A run that a person asked for has waited longer than any tick: the slot is its, and the tick comes back for it.
        Overlap::Cancel if docket.waiting > 0 => {
            let slot = clear(docket, now);
            let deadline = if slot.room > 0 { Some(now) } else { slot.deadline };
            Slot { room: 0, deadline, ..slot }
        }
        Overlap::Cancel => clear(docket, now),
        Overlap::Skip | Overlap::Queue | Overlap::Allow => {
            let room = super::room(docket.overlap, docket.slots, docket.active.len());
            Slot { room, ..Slot::default() }
        }
    }
}

/// No tick is due before `due`. A run that a person asked for may still want the slot of one that is to be cancelled.
pub(super) fn without_ticks(
    docket: &Docket<'_>,
    now: DateTime<Utc>,
    due: Option<DateTime<Utc>>,
) -> Judgement {
    let nothing = Judgement::nothing(docket, due);
    if docket.waiting == 0 || rule(docket) != Overlap::Cancel {
        return nothing;
    }
    let Slot { evict, ask, deadline, .. } = clear(docket, now);
    Judgement { evict, ask, due: due.into_iter().chain(deadline).min(), ..nothing }
}

/// The ticks from `first` on, of which at least one is due or waits.
pub(super) fn judge(
    docket: &Docket<'_>,
    ticks: Ticks<'_>,
    first: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Judgement {
    let Place { mark, queued, .. } = docket.place;
    let (lost, waiting) = queued.map(|queued| waiting(ticks, mark, queued)).unwrap_or_default();
    let fresh = match waiting.last() {
        Some(last) => ticks.next_after(*last),
        None => Some(first),
    };
    let chosen = fresh.and_then(|fresh| choose(docket, ticks, fresh, now));
    let later =
        |tick: DateTime<Utc>| ticks.next_after(tick).map(|next| docket.jitter.start_of(ticks.schedule, next));
    let slot = slot(docket, now);
    let mut desk = Desk { docket, ticks, verdicts: Vec::new(), mark };
    if let Some(lost) = lost {
        desk.skip_until(lost, SkipReason::Superseded);
    }
    let (line, newest) = match (chosen, waiting.last().copied()) {
        (None, None) => return without_ticks(docket, now, later(mark)),
        (None, Some(last)) => (waiting, last),
        (Some(chosen), _) if chosen.is_backlog && waiting.is_empty() => {
            return desk.backlog(&chosen, slot, later);
        }
        // The ticks that were missed get their verdict when what waits before them has one.
        (Some(Chosen { ticks: chosen, missed: Some(_), newest, .. }), Some(_)) if chosen.is_empty() => {
            return desk.first_of(waiting, newest, slot, later);
        }
        (Some(Chosen { ticks: chosen, missed, newest, .. }), _) => {
            let line = match missed {
                None => [waiting, chosen].concat(),
                Some(missed) => {
                    desk.drop_waiting(&waiting);
                    desk.skip_until(missed, SkipReason::Missed);
                    chosen
                }
            };
            (line, newest)
        }
    };
    desk.verdicts(line, newest, slot, later)
}

/// The ticks that wait behind the mark, oldest first; and before them the last one of those that are more than any policy lets
/// wait. Only a damaged record has such, and a line without end would take all time and memory.
fn waiting(
    ticks: Ticks<'_>,
    mark: DateTime<Utc>,
    queued: DateTime<Utc>,
) -> (Option<DateTime<Utc>>, Vec<DateTime<Utc>>) {
    const MOST: usize = Slots::MAX as usize;
    let line: Vec<_> = ticks.between(mark, queued).take(MOST + 1).collect();
    if line.len() <= MOST {
        return (None, line);
    }
    let newest = ticks.newest(queued);
    let mut newest_first = std::iter::successors(newest, |tick| ticks.prev_before(*tick));
    let mut line: Vec<_> = newest_first.by_ref().take(MOST).collect();
    line.reverse();
    (newest_first.next(), line)
}

/// The verdicts in the making.
struct Desk<'a> {
    docket: &'a Docket<'a>,
    ticks: Ticks<'a>,
    verdicts: Vec<Verdict>,
    mark: DateTime<Utc>,
}

impl Desk<'_> {
    fn holder(&self) -> Option<RunId> {
        self.docket.active.first().map(|active| active.run)
    }

    fn skip_until(&mut self, last: DateTime<Utc>, reason: SkipReason) {
        let skip = self.ticks.range(self.mark, last, reason, None);
        self.verdicts.extend(skip.map(Verdict::Skip));
        self.mark = self.mark.max(last);
    }

    /// What waited longest gives way to what is newer.
    fn drop_waiting(&mut self, waiting: &[DateTime<Utc>]) {
        if let Some(last) = waiting.last() {
            self.skip_until(*last, SkipReason::Superseded);
        }
    }

    fn run(&mut self, tick: DateTime<Utc>) {
        self.verdicts.push(Verdict::Run { tick });
        self.mark = tick;
    }

    fn conclude(self, queued: Option<DateTime<Utc>>, slot: Slot, due: Option<DateTime<Utc>>) -> Judgement {
        let queued = queued.filter(|queued| *queued > self.mark);
        let place = Place { queued, ..Place::at(self.mark) };
        let due = due.into_iter().chain(slot.deadline).min();
        Judgement { evict: slot.evict, ask: slot.ask, verdicts: self.verdicts, place, due }
    }

    /// A backlog of `catch_up = "all"`: one at a time, the oldest first; the others wait behind the mark.
    ///
    /// Where runs may overlap they do: what bounds a backlog there is the limit alone. Under `cancel` the run that holds the
    /// slot is asked to stop for a backlog as for any tick, or one run that hangs would hold it up for ever.
    fn backlog(
        mut self,
        chosen: &Chosen,
        slot: Slot,
        later: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Judgement {
        if let Some(missed) = chosen.missed {
            self.skip_until(missed, SkipReason::Missed);
        }
        match chosen.ticks.first() {
            Some(oldest) if slot.room > 0 => {
                self.run(*oldest);
                let due = later(self.mark);
                self.conclude(None, slot, due)
            }
            // The end of the active run makes it due.
            Some(_) | None => self.conclude(None, slot, None),
        }
    }

    /// Starts the longest waiting tick if it can, and comes back for the rest.
    fn first_of(
        mut self,
        waiting: Vec<DateTime<Utc>>,
        newest: DateTime<Utc>,
        slot: Slot,
        later: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Judgement {
        let queued = waiting.last().copied();
        match waiting.first() {
            Some(oldest) if slot.room > 0 => {
                self.run(*oldest);
                let due = later(self.mark);
                self.conclude(queued, slot, due)
            }
            Some(_) | None => self.conclude(queued, slot, later(newest)),
        }
    }

    /// The verdicts for a contiguous line of ticks right after the mark.
    fn verdicts(
        mut self,
        line: Vec<DateTime<Utc>>,
        newest: DateTime<Utc>,
        mut slot: Slot,
        later: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Judgement {
        let due = later(newest);
        match rule(self.docket) {
            Overlap::Skip | Overlap::Allow => {
                for tick in line {
                    if slot.room > 0 {
                        slot.room -= 1;
                        self.run(tick);
                    } else {
                        let skip = one(tick, SkipReason::Overlap, self.holder());
                        self.verdicts.push(Verdict::Skip(skip));
                        self.mark = tick;
                    }
                }
                self.conclude(None, slot, due)
            }
            Overlap::Queue => {
                let mut line = line.as_slice();
                if let [oldest, rest @ ..] = line
                    && slot.room > 0
                {
                    self.run(*oldest);
                    line = rest;
                }
                let depth = self.docket.slots.queue_depth.max(1) as usize;
                let (dropped, _kept) = line.split_at(line.len().saturating_sub(depth));
                self.drop_waiting(dropped);
                self.conclude(Some(newest), slot, due)
            }
            Overlap::Cancel => {
                if let [dropped @ .., chosen] = line.as_slice() {
                    self.drop_waiting(dropped);
                    if slot.room > 0 {
                        self.run(*chosen);
                    }
                }
                self.conclude(Some(newest), slot, due)
            }
        }
    }
}
