//! What the jobs of the program `app-shared` have witnessed of their calls, and what must hold of it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use cron_runtime::core::run::{AttemptResult, Epoch, RunId, StateWord};
use cron_runtime::store::Ledger;
use nix::time::{ClockId, clock_gettime};

/// The monotonic clock, which is the same for all processes of a machine, in nanoseconds.
pub(crate) fn stamp() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("there is such a clock");
    i64::try_from(Duration::from(now).as_nanos()).expect("a machine that has not run for 292 years")
}

/// The same "random" numbers in every run of a test.
pub(crate) fn mixed(seed: u64) -> u64 {
    cron_runtime::core::hash::Fnv::new().u64(seed).finish()
}

/// A process that was killed, and a moment at which it still lived.
#[derive(Clone, Debug)]
pub(crate) struct Kill {
    pub(crate) who: String,
    pub(crate) at: i64,
}

/// A call of a job.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) who: String,
    pub(crate) job: String,
    tick: i64,
    run: RunId,
    epoch: Epoch,
    pub(crate) start: i64,
    /// When it ended, and the number that it wrote. A call that was killed has none, whether it wrote or not.
    end: Option<(i64, u64)>,
}

/// All calls of all jobs.
pub(crate) struct Witness(BTreeMap<String, Vec<Call>>);

/// The calls of one job in the order of their starts.
pub(crate) struct Calls<'a>(&'a [Call]);

impl Witness {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut jobs: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [what, who, job, tick, run, epoch, stamp, number] = words[..] else { panic!("{line}") };
            let number_of = |word: &str| word.parse::<u64>().expect("a number");
            let epoch = Epoch(number_of(epoch));
            let stamp = stamp.parse().expect("a moment");
            let calls = jobs.entry(job.to_owned()).or_default();
            if what == "start" {
                let (who, job, run) = (who.to_owned(), job.to_owned(), RunId(number_of(run)));
                let tick = tick.parse().expect("an instant");
                calls.push(Call { who, job, tick, run, epoch, start: stamp, end: None });
            } else {
                let call = calls.iter_mut().rev().find(|call| call.epoch == epoch).expect("it was started");
                call.end = Some((stamp, number_of(number)));
            }
        }
        jobs.values_mut().for_each(|calls| calls.sort_by_key(|call| call.start));
        Self(jobs)
    }

    pub(crate) fn calls(&self, job: &str) -> Calls<'_> {
        Calls(self.0.get(job).map_or(&[], Vec::as_slice))
    }

    /// The last call of a process that did not come to its end.
    pub(crate) fn unended(&self, who: &str) -> Option<Call> {
        let mine = self.0.values().flatten().filter(|call| call.who == who && call.end.is_none());
        mine.max_by_key(|call| call.start).cloned()
    }

    /// How many calls there were, how many did not come to their end, and of how many processes they were.
    pub(crate) fn sums(&self) -> (usize, usize, usize) {
        let all = || self.0.values().flatten();
        let who: HashSet<_> = all().map(|call| &call.who).collect();
        (all().count(), all().filter(|call| call.end.is_none()).count(), who.len())
    }
}

impl Calls<'_> {
    /// The first call that started after a moment.
    pub(crate) fn after(&self, moment: i64) -> Option<Call> {
        self.0.iter().find(|call| call.start > moment).cloned()
    }

    /// Epochs grow in the order of the calls, and no call begins before the one before it has ended or its process was killed.
    pub(crate) fn in_order_and_apart(&self, kills: &[Kill]) {
        for pair in self.0.windows(2) {
            let [call, next] = pair else { unreachable!("two") };
            assert!(call.epoch < next.epoch, "{call:?} came before {next:?}");
        }
        for (index, call) in self.0.iter().enumerate() {
            let lived_until = call.end.map(|(end, _)| end).unwrap_or_else(|| {
                let kill = kills.iter().find(|kill| kill.who == call.who);
                kill.unwrap_or_else(|| panic!("{call:?} did not end, and nobody has killed its process")).at
            });
            if let Some(next) = self.0.get(index + 1) {
                assert!(lived_until <= next.start, "{next:?} began while {call:?} was in progress");
            }
        }
    }

    /// No tick was called twice, and the record says of each call what became of it.
    pub(crate) fn each_once_and_as_recorded(&self, ledger: &impl Ledger) {
        let ticks: HashSet<_> = self.0.iter().map(|call| call.tick).collect();
        assert_eq!(ticks.len(), self.0.len(), "a tick was called twice");
        for call in self.0 {
            let (run, attempts) = ledger.run(call.run).expect("it is read").expect("it is on record");
            let recorded = (run.job.as_str(), run.nominal.timestamp_millis(), run.epoch);
            assert_eq!(recorded, (call.job.as_str(), call.tick, call.epoch), "{call:?}");
            match run.state.word() {
                StateWord::Succeeded => assert!(call.end.is_some(), "{call:?} never ended"),
                // Its process was killed: in the call, or before the end of the call was on record.
                StateWord::Failed => assert_eq!(attempts[0].result, AttemptResult::Lost, "{call:?}"),
                other => panic!("{call:?} ended as {other}"),
            }
        }
    }

    /// No count was lost: between two calls that came to their end nothing was counted but by those that were killed in between,
    /// which have counted once or not at all.
    pub(crate) fn counted(&self, file: &Path) {
        let bytes = std::fs::read(file).unwrap_or_else(|_| vec![0; 8]);
        let total = u64::from_le_bytes(bytes.try_into().expect("a number"));
        let (mut before, mut killed) = (0, 0);
        let mut counts: Vec<_> = self.0.iter().map(|call| call.end.map(|(_, number)| number - 1)).collect();
        counts.push(Some(total));
        for (index, found) in counts.into_iter().enumerate() {
            let Some(found) = found else {
                killed += 1;
                continue;
            };
            let call = self.0.get(index);
            assert!(
                found >= before,
                "a count was lost before {call:?}: {before} were counted, {found} were found"
            );
            assert!(found - before <= killed, "counted without a call before {call:?}");
            (before, killed) = (found + 1, 0);
        }
        let ended = self.0.iter().filter(|call| call.end.is_some()).count() as u64;
        let cut = self.0.len() as u64 - ended;
        assert!((ended..=ended + cut).contains(&total), "{total} counted, {ended} ended, {cut} killed");
    }
}
