//! A run at one instant that is asked for under a name which is in use.

use chrono::{DateTime, TimeDelta, Utc};

use super::Place;
use crate::run::{RunId, StateWord};
use crate::schedule::Schedule;

/// The job that has the name already.
#[derive(Clone, Copy, Debug)]
pub struct Namesake<'a> {
    /// Its schedule in force, anchored.
    pub schedule: Option<&'a Schedule>,
    /// Where it stands in it.
    pub place: Place,
    /// Its newest run, and where that stands.
    pub last: Option<(RunId, StateWord)>,
    /// The ticks after its mark that have a run: there are some where the clock was set back.
    pub ran: &'a [DateTime<Utc>],
    /// Whether its arguments are those that are asked for: a run that exists keeps those that it has.
    pub has_these_args: bool,
}

/// What becomes of a run at one instant that somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Single {
    /// It is asked for already: its tick is still to come, or its run is active and has these arguments.
    Asked,
    /// The job has one tick from now on, at this instant.
    At(DateTime<Utc>),
    /// The name has had its run, or its tick was skipped. Another one has to be asked for as such.
    Over(Option<(RunId, StateWord)>),
}

/// Decides about a run at `at` under a name that is in use. `again` asks for one more than there was.
///
/// An edit is never retroactive, so an instant that is past becomes the next one there is: whoever asks for a run at once gets it.
#[must_use]
pub fn single(at: DateTime<Utc>, now: DateTime<Utc>, namesake: Namesake<'_>, again: bool) -> Single {
    const MOMENT: TimeDelta = TimeDelta::milliseconds(1);
    let Namesake { schedule, place, last, ran, has_these_args } = namesake;
    let reached = now.max(place.mark);
    let mut coming = if at > reached { at } else { reached + MOMENT };
    // A tick that has a run never runs again.
    while ran.contains(&coming) {
        coming += MOMENT;
    }
    // A job that repeats, or runs by hand only, is edited to one that runs once.
    let Some(schedule) = schedule.filter(|schedule| schedule.is_single()) else { return Single::At(coming) };
    let is_same = schedule.prev_before(at + MOMENT) == Some(at);
    if schedule.next_after(place.mark).is_some_and(|tick| !ran.contains(&tick)) {
        return if is_same { Single::Asked } else { Single::At(coming) };
    }
    let is_active = last.is_some_and(|(_, state)| state.is_active());
    match (again, is_active && is_same && has_these_args) {
        (true, _) => Single::At(coming),
        (false, true) => Single::Asked,
        (false, false) => Single::Over(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000 + second, 0).expect("within the calendar")
    }

    fn decide(
        asked: i64,
        now: i64,
        there: Option<i64>,
        mark: i64,
        state: Option<StateWord>,
        again: bool,
    ) -> Single {
        let schedule = match there {
            Some(there) => Schedule::at_instant(at(there)),
            None => Schedule::every("10s", None).expect("a period"),
        };
        let last = state.map(|state| (RunId(7), state));
        let place = Place::at(at(mark));
        let namesake = Namesake { schedule: Some(&schedule), place, last, ran: &[], has_these_args: true };
        single(at(asked), at(now), namesake, again)
    }

    #[test]
    fn what_is_still_to_come_is_kept_or_moved() {
        assert_eq!(decide(60, 10, Some(60), 0, None, false), Single::Asked);
        assert_eq!(decide(90, 10, Some(60), 0, None, false), Single::At(at(90)));
        // It is late, and comes.
        assert_eq!(decide(60, 70, Some(60), 0, None, false), Single::Asked);
    }

    #[test]
    fn a_run_that_has_begun_takes_no_other_arguments() {
        let schedule = Schedule::at_instant(at(10));
        let (schedule, place, last) =
            (Some(&schedule), Place::at(at(10)), Some((RunId(7), StateWord::Waiting)));
        let decide = |has_these_args| {
            single(at(10), at(11), Namesake { schedule, place, last, ran: &[], has_these_args }, false)
        };
        assert_eq!((decide(true), decide(false)), (Single::Asked, Single::Over(last)));
    }

    #[test]
    fn a_past_instant_is_one_that_comes_at_once() {
        let soon = at(10) + TimeDelta::milliseconds(1);
        assert_eq!(decide(5, 10, Some(60), 0, None, false), Single::At(soon));
        assert_eq!(decide(5, 10, None, 0, Some(StateWord::Succeeded), false), Single::At(soon));
    }

    #[test]
    fn what_has_had_its_run_is_over_unless_it_is_asked_for_again() {
        for state in [StateWord::Succeeded, StateWord::Failed, StateWord::Cancelled] {
            let over = Single::Over(Some((RunId(7), state)));
            assert_eq!(decide(60, 70, Some(60), 65, Some(state), false), over);
            assert_eq!(decide(90, 70, Some(60), 65, Some(state), false), over);
            assert_eq!(decide(90, 70, Some(60), 65, Some(state), true), Single::At(at(90)));
        }
        // Skipped: nothing ran, and nothing will.
        assert_eq!(decide(60, 70, Some(60), 65, None, false), Single::Over(None));
    }

    #[test]
    fn an_active_run_is_the_one_that_was_asked_for() {
        let running = Some(StateWord::Running);
        assert_eq!(decide(60, 70, Some(60), 65, running, false), Single::Asked);
        assert_eq!(
            decide(90, 70, Some(60), 65, running, false),
            Single::Over(Some((RunId(7), StateWord::Running)))
        );
        assert_eq!(decide(90, 70, Some(60), 65, running, true), Single::At(at(90)));
    }

    /// It ran at 60, and the clock went back to 10.
    #[test]
    fn what_ran_before_the_clock_was_set_back_is_over_as_well() {
        let schedule = Schedule::at_instant(at(60));
        let last = Some((RunId(7), StateWord::Succeeded));
        let (place, ran) = (Place::at(at(10)), [at(60)]);
        let namesake = Namesake { schedule: Some(&schedule), place, last, has_these_args: true, ran: &ran };
        for asked in [60, 90] {
            assert_eq!(single(at(asked), at(10), namesake, false), Single::Over(last));
        }
        assert_eq!(single(at(90), at(10), namesake, true), Single::At(at(90)));
        // Its tick keeps its run, so one more has another instant.
        assert_eq!(single(at(60), at(10), namesake, true), Single::At(at(60) + TimeDelta::milliseconds(1)));
    }
}
