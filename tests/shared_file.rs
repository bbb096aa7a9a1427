//! Real processes that share one file, and are killed: no tick runs twice, no two calls of a job overlap, and who dies is
//! taken over.

mod witness;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use cron_runtime::core::run::{AttemptResult, StateWord};
use cron_runtime::store::sqlite::{SqliteLedger, SqliteStore};
use cron_runtime::store::{Ledger, RunFilter, RunInfo, RunQuery};
use cron_tests::App;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use witness::{Kill, Witness, mixed, stamp};

/// A file that processes share, and what they witness.
struct Place {
    directory: TempDir,
    jobs: u32,
    kills: Vec<Kill>,
}

impl Place {
    fn new(jobs: u32) -> Self {
        // In memory where the system has such a place: what is tested is not the disk.
        let directory = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a directory");
        std::fs::create_dir(directory.path().join("counters")).expect("a directory");
        Self { directory, jobs, kills: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("jobs.db")
    }

    fn begin(&self, name: &str, more: &[(&str, &str)]) -> App {
        let (witness, counters, jobs) = (self.path("witness"), self.path("counters"), self.jobs.to_string());
        let mut environment = vec![
            ("NAME", OsStr::new(name)),
            ("JOBS", OsStr::new(&jobs)),
            ("WITNESS", witness.as_os_str()),
            ("COUNTERS", counters.as_os_str()),
        ];
        environment.extend(more.iter().map(|(key, value)| (*key, OsStr::new(*value))));
        App::start(env!("CARGO_BIN_EXE_app-shared"), &self.database(), &environment)
    }

    fn start(&self, name: &str) -> App {
        let app = self.begin(name, &[]);
        app.says("started");
        app
    }

    fn kill(&mut self, app: &mut App, name: &str) {
        // It lived at least until here.
        self.kills.push(Kill { who: name.to_owned(), at: stamp() });
        app.kill();
    }

    fn names(&self) -> Vec<String> {
        (0..self.jobs).map(|number| format!("count-{number}")).collect()
    }

    fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(self.database()).expect("it opens")
    }

    /// How many ticks have a verdict.
    fn ticks(&self) -> u64 {
        let ledger = self.ledger();
        let ticks = |job: &String| ledger.audit(job).expect("it is read").expect("it is there").ticks;
        self.names().iter().map(ticks).sum()
    }

    fn runs(&self, filter: RunFilter) -> Vec<RunInfo> {
        self.ledger().runs(&RunQuery { filter, ..RunQuery::default() }).expect("they are read")
    }

    fn witness(&self) -> Witness {
        Witness::read(&self.path("witness"))
    }

    /// Holds what was witnessed against what is on record. Gives it, and how many ticks were skipped.
    fn check(&self) -> (Witness, u64) {
        let (ledger, witness) = (self.ledger(), self.witness());
        let mut all_skipped = 0;
        for job in self.names() {
            let audit = ledger.audit(&job).expect("it is read").expect("it is there");
            assert!(audit.is_sound(), "{job}: {audit:?}");
            let skipped = audit.skipped_overlap + audit.skipped_missed;
            assert_eq!(audit.ticks, audit.ran + skipped, "{job}: {audit:?}");
            all_skipped += skipped;
            let calls = witness.calls(&job);
            calls.in_order_and_apart(&self.kills);
            calls.each_once_and_as_recorded(&ledger);
            calls.counted(&self.path("counters").join(&job));
        }
        (witness, all_skipped)
    }
}

#[test]
fn ten_thousand_ticks_of_four_processes_of_which_one_is_killed_each_second() {
    let mut place = Place::new(20);
    let mut apps: Vec<_> = (0..4)
        .map(|slot| {
            let name = format!("{slot}-0");
            (place.start(&name), name)
        })
        .collect();
    let mut round = 0;
    while place.ticks() < 10_000 {
        round += 1;
        // A random moment is the point here: the process is hit wherever it happens to be.
        std::thread::sleep(Duration::from_millis(500 + mixed(round) % 1_000));
        let slot = usize::try_from(mixed(round + 1_000) % 4).expect("a small number");
        let (app, name) = &mut apps[slot];
        place.kill(app, name);
        *name = format!("{slot}-{round}");
        *app = place.start(name);
    }
    for (app, _) in &mut apps {
        assert!(app.terminate().success());
    }
    assert_eq!(place.runs(RunFilter::Active), [], "nothing is left open by a graceful end");
    let (witness, skipped) = place.check();
    let (calls, cut, who) = witness.sums();
    let ticks = place.ticks();
    let told =
        format!("{ticks} ticks, {skipped} skipped, {calls} calls of {who} processes, {cut} of them killed");
    println!("{told}");
    assert!(calls > 5_000 && skipped > 0 && cut > 0 && who > 4, "{told}: this shows nothing");
}

#[test]
fn without_the_lock_a_killed_process_is_taken_over_when_its_lease_is_over() {
    let mut place = Place::new(4);
    // Each process says that it is on a machine of its own, so no lock is asked about any of them.
    drop(SqliteStore::open(place.database()).expect("it opens"));
    let file = rusqlite::Connection::open(place.database()).expect("it opens");
    file.execute_batch(
        "CREATE TRIGGER elsewhere AFTER INSERT ON incarnations BEGIN \
         UPDATE incarnations SET boot = 'machine ' || NEW.id WHERE id = NEW.id; END",
    )
    .expect("it is written");
    let mut other = place.start("other");
    let mut killed = place.begin("killed", &[("HANG_AT", "20")]);
    killed.says("started");
    killed.says("hangs");
    place.kill(&mut killed, "killed");
    let hung = place.witness().unended("killed").expect("its last call");

    let taken_over = loop {
        if let Some(call) = place.witness().calls(&hung.job).after(hung.start) {
            break call;
        }
        let waited = Duration::from_nanos((stamp() - hung.start).unsigned_abs());
        assert!(waited < Duration::from_secs(90), "the slot of a dead process was never freed");
        std::thread::sleep(Duration::from_millis(50));
    };
    let waited = Duration::from_nanos((taken_over.start - hung.start).unsigned_abs());
    assert!(waited >= Duration::from_secs(25), "taken over after {waited:?}, while its lease was in force");
    println!("taken over after {waited:?}");
    assert!(other.terminate().success());
    let (witness, _) = place.check();
    assert_eq!(witness.sums().2, 2, "both have worked");
}

#[test]
fn a_child_that_outlives_a_killed_process_does_not_hold_its_lock() {
    let mut place = Place::new(0);
    let mut dead = place.begin("dead", &[("SPAWN", "1")]);
    let child = Pid::from_raw(dead.line().parse().expect("the number of a process"));
    place.kill(&mut dead, "dead");
    kill(child, None).expect("it has outlived its parent");
    let _next = place.start("next");
    // What a start finds it ends before it says that it has started.
    let runs = place.runs(RunFilter::All);
    assert_eq!(runs.iter().map(|run| run.state.word()).collect::<Vec<_>>(), [StateWord::Failed]);
    let (_, attempts) = place.ledger().run(runs[0].id).expect("it is read").expect("it is there");
    assert_eq!(attempts[0].result, AttemptResult::Lost);
    kill(child, Signal::SIGKILL).expect("it lives");
}

#[test]
fn an_attempt_in_progress_outlives_the_file_with_the_locks() {
    let mut place = Place::new(1);
    let mut living = place.begin("living", &[("HANG_AT", "1")]);
    living.says("started");
    living.says("hangs");
    std::fs::remove_file(place.path("jobs.db-signal")).expect("it is there");
    // The next one opens another file of that name.
    let mut next = place.start("next");
    let states = |place: &Place| -> Vec<StateWord> {
        place.runs(RunFilter::All).iter().map(|run| run.state.word()).collect()
    };
    assert_eq!(states(&place), [StateWord::Running], "it lives");

    // The living one has noticed and holds its lock in the new file: who has never seen the old one knows of its death at once.
    let file = rusqlite::Connection::open(place.database()).expect("it opens");
    let places = || -> i64 {
        let sql = "SELECT count(DISTINCT locked_in) FROM incarnations";
        file.query_row(sql, [], |row| row.get(0)).expect("it is read")
    };
    for _ in 0..600 {
        if places() == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(places(), 1, "it has not moved its lock for a minute");
    assert!(next.terminate().success());
    place.kill(&mut living, "living");
    let _last = place.start("last");
    assert!(states(&place).contains(&StateWord::Failed), "it is dead");
}
