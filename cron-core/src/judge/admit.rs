//! Runs that are no ticks: asked for by hand, or by a backfill.

use super::Active;
use crate::policy::{Overlap, Slots};
use crate::run::{Origin, RunId};

/// What becomes of a run that somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It starts at once.
    Start,
    /// It waits until the slot of the job is free; this run holds it. Under `overlap = "cancel"` that one is asked to stop.
    Wait(RunId),
    /// It is refused; this run holds the slot.
    Refuse(RunId),
}

/// How many more runs may hold a slot of a job of which `active` do.
#[must_use]
pub fn room(overlap: Overlap, slots: Slots, active: usize) -> usize {
    match overlap {
        Overlap::Skip | Overlap::Queue | Overlap::Cancel => usize::from(active == 0),
        Overlap::Allow => slots.max_running.map_or(usize::MAX, |most| (most as usize).saturating_sub(active)),
    }
}

/// Decides about a run that somebody asks for. `waiting` is how many such runs wait for the slot already; `force` starts it
/// whatever the policy says.
#[must_use]
pub fn admit(overlap: Overlap, slots: Slots, active: &[Active], waiting: usize, force: bool) -> Admission {
    let Some(holder) = active.first() else { return Admission::Start };
    if force || room(overlap, slots, active.len()) > 0 {
        return Admission::Start;
    }
    let is_backfill = |active: &Active| active.origin == Origin::Backfill;
    match overlap {
        // A backfill takes turns with everything else.
        Overlap::Skip if active.iter().all(is_backfill) && waiting == 0 => Admission::Wait(holder.run),
        Overlap::Queue if waiting < slots.queue_depth.max(1) as usize => Admission::Wait(holder.run),
        Overlap::Cancel if waiting == 0 => Admission::Wait(holder.run),
        Overlap::Skip | Overlap::Queue | Overlap::Cancel | Overlap::Allow => Admission::Refuse(holder.run),
    }
}

/// How many runs of a backfill may be released to start: `concurrency` is what was asked for, within the overlap policy.
#[must_use]
pub fn backfill_room(overlap: Overlap, slots: Slots, active: &[Active], concurrency: u32) -> usize {
    let of_backfill = active.iter().filter(|active| active.origin == Origin::Backfill).count();
    room(overlap, slots, active.len()).min((concurrency.max(1) as usize).saturating_sub(of_backfill))
}
