//! Jobs that may have taken their process down: who is one, which of them starts, and when it is put in quarantine.

use cron_runtime::core::suspect::Suspect;

use crate::jobs::{Job, at, job};
use crate::world::{
    AttemptEnd, Claimed, Command, Desk, Process, RunEvent, RunId, SkipReason, StateWord, World, block,
    failure,
};

cases!(suspects:
    the_third_death_in_a_row_puts_a_job_in_quarantine,
    a_run_that_ends_breaks_the_row_however_it_ends,
    what_others_say_of_the_end_of_a_run_clears_nothing,
    one_death_counts_once_for_a_job,
    one_death_counts_once_where_leases_expire_one_after_the_other,
    of_the_suspects_one_starts_and_all_others_at_once,
    the_one_with_most_deaths_goes_first,
    after_sixty_seconds_the_next_one_starts_and_the_first_still_counts,
    the_end_of_one_lets_the_next_one_start,
    each_process_may_have_one_in_progress,
    a_neighbour_that_was_there_each_time_is_not_put_in_quarantine,
    nothing_of_a_job_in_quarantine_starts_until_it_is_resumed,
    dynamic_jobs_are_suspects_each_for_itself,
    a_living_process_that_was_late_is_no_death,
    a_process_that_took_leave_is_no_death,
    a_run_that_was_to_stop_or_was_completed_counts_too,
    an_older_pause_stays_and_its_end_ends_the_quarantine,
    a_job_that_is_removed_leaves_nothing_behind,
);

/// Lets a process die, and time pass until another one knows. Gives the second.
fn dies(process: Process, observer: &Process, second: i64) -> i64 {
    drop(process);
    observer.reaps(second + 31);
    second + 31
}

/// A process that starts what is due at this second and dies of it. Gives what it started.
fn lives(world: &World, observer: &Process, second: i64, jobs: &[Job]) -> Vec<RunId> {
    let process = world.start(second, jobs);
    let claimed = runs(&process.judge(second).claimed);
    dies(process, observer, second);
    claimed
}

fn runs(claimed: &[Claimed]) -> Vec<RunId> {
    claimed.iter().map(|claimed| claimed.claim.run).collect()
}

fn names(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.plan.name.as_str()).collect()
}

fn deaths(process: &Process, job: &str) -> u32 {
    process.info(job).suspect.map_or(0, |suspect| suspect.deaths)
}

/// A job of each name with a tick at each hundredth second.
fn jobs(names: &[&str]) -> Vec<Job> {
    names.iter().map(|name| job(name).every("100s")).collect()
}

pub(crate) fn the_third_death_in_a_row_puts_a_job_in_quarantine(world: &World) {
    // Without retries each death is that of another run.
    let jobs = jobs(&["a"]);
    let observer = world.start(0, &jobs);
    let mut lost = Vec::new();
    for second in [100, 200] {
        lost.extend(lives(world, &observer, second, &jobs));
        assert_eq!(observer.state(*lost.last().expect("it was due")), StateWord::Failed);
        assert_eq!(observer.info("a").paused, None);
    }
    let process = world.start(300, &jobs);
    let last = process.starts(300).claim.run;
    drop(process);
    let reaped = observer.reap(at(331)).expect("reaps");
    assert_eq!(reaped.quarantined, [("a".parse().expect("a name"), 3)]);
    assert_eq!(observer.state(last), StateWord::Quarantined);
    let paused = observer.info("a").paused.expect("it is paused");
    assert_eq!((paused.at, paused.by.as_str()), (at(331), "quarantine"));
    assert!(paused.note.contains("died 3 times"), "{}", paused.note);
    let suspect = Suspect { deaths: 3, started: at(300), is_quarantined: true };
    assert_eq!(observer.info("a").suspect, Some(suspect));
    observer.starts_nothing(450);
    observer.resume("a", 550).expect("it is resumed");
    assert_eq!(observer.info("a").suspect, None);
    let skips = observer.skipped("a");
    let note = paused.reason();
    assert_eq!(skips, [cron_runtime::store::SkipInfo { note, ..block(SkipReason::Paused, 400, 500, 2) }]);
    let claim = observer.starts(600).claim;
    observer.succeed(claim, 601);
}

pub(crate) fn a_run_that_ends_breaks_the_row_however_it_ends(world: &World) {
    let jobs = jobs(&["a"]);
    let observer = world.start(0, &jobs);
    let ends = [
        AttemptEnd::Succeeded,
        failure("no"),
        AttemptEnd::Discarded { message: "never".to_owned() },
        AttemptEnd::Cancelled { why: "enough".to_owned() },
        AttemptEnd::Interrupted { was_called: true },
    ];
    let mut second = 100;
    for end in ends {
        for death in 1..=2 {
            lives(world, &observer, second, &jobs);
            assert_eq!(deaths(&observer, "a"), death, "{end:?}");
            second += 100;
        }
        let claim = observer.starts(second).claim;
        observer.end(claim, second + 1, end.clone());
        assert_eq!(observer.info("a").suspect, None, "{end:?}");
        second += 100;
    }
    lives(world, &observer, second, &jobs);
    let claim = observer.starts(second + 100).claim;
    observer.end(claim, second + 101, AttemptEnd::Interrupted { was_called: false });
    assert_eq!(deaths(&observer, "a"), 1, "what was never called has shown nothing");
    assert_eq!(observer.info("a").paused, None);
}

pub(crate) fn what_others_say_of_the_end_of_a_run_clears_nothing(world: &World) {
    let jobs = jobs(&["a"]);
    let observer = world.start(0, &jobs);
    lives(world, &observer, 100, &jobs);
    // Ended by force: its process has not said that it lives.
    let claim = observer.starts(200).claim;
    observer.cancels(claim.run, true, 201);
    assert_eq!((observer.state(claim.run), deaths(&observer, "a")), (StateWord::Cancelled, 1));
    // Nor has one whose attempt outlives its timeout.
    let claim = observer.starts(300).claim;
    observer.event(claim, 301, RunEvent::Overrun { at: at(301) });
    assert_eq!(deaths(&observer, "a"), 1);
    observer.end(claim, 302, AttemptEnd::Succeeded);
    assert_eq!(deaths(&observer, "a"), 0);
}

pub(crate) fn one_death_counts_once_for_a_job(world: &World) {
    let jobs = [job("a").allow()];
    let observer = world.start(0, &jobs);
    let process = world.start(1, &jobs);
    for second in 2..6 {
        observer.triggered("a", second);
    }
    assert_eq!(process.judge(6).claimed.len(), 4);
    dies(process, &observer, 6);
    assert_eq!(deaths(&observer, "a"), 1);
}

pub(crate) fn one_death_counts_once_where_leases_expire_one_after_the_other(world: &World) {
    let jobs = [job("a").allow()];
    let observer = world.start(0, &jobs);
    let process = world.start(1, &jobs);
    let claimed = [2, 12].map(|second| {
        observer.triggered("a", second);
        process.starts(second).claim.run
    });
    drop(process);
    let lost = [33, 43].map(|second| observer.reaps(second)).concat();
    assert_eq!((lost, deaths(&observer, "a")), (claimed.to_vec(), 1));
}

pub(crate) fn of_the_suspects_one_starts_and_all_others_at_once(world: &World) {
    let suspects = jobs(&["a", "b", "c"]);
    let all = jobs(&["a", "b", "c", "x", "y"]);
    let observer = world.start(0, &all);
    assert_eq!(lives(world, &observer, 100, &suspects).len(), 3);
    let judged = observer.judge(200);
    // Its ticks have their verdict; the run of a suspect that has to wait is `scheduled`.
    assert_eq!(names(&judged.claimed), ["x", "y", "a"]);
    assert_eq!((judged.crowded, judged.next), (true, Some(at(260))));
    for job in ["b", "c"] {
        let info = observer.info(job);
        assert_eq!((info.mark, info.active), (at(200), 1), "{job}");
        assert_eq!(info.last_run.expect("a run").state.word(), StateWord::Scheduled);
    }
    observer.starts_nothing(230);
    for claimed in judged.claimed {
        observer.succeed(claimed.claim, 231);
    }
}

pub(crate) fn the_one_with_most_deaths_goes_first(world: &World) {
    let all = jobs(&["a", "b"]);
    let observer = world.start(0, &all);
    lives(world, &observer, 100, &all);
    lives(world, &observer, 200, &jobs(&["b"]));
    assert_eq!((deaths(&observer, "a"), deaths(&observer, "b")), (1, 2));
    let second = observer.judge(300);
    assert_eq!(names(&second.claimed), ["b"]);
    observer.succeed(second.claimed[0].claim, 301);
    assert_eq!(names(&observer.judge(302).claimed), ["a"]);
}

pub(crate) fn after_sixty_seconds_the_next_one_starts_and_the_first_still_counts(world: &World) {
    let all = jobs(&["a", "b"]);
    let observer = world.start(0, &all);
    lives(world, &observer, 100, &all);
    let process = world.start(150, &all);
    let first = process.starts(200);
    assert_eq!(names(std::slice::from_ref(&first)), ["a"]);
    process.starts_nothing(259);
    process.renew(vec![first.claim], at(299)).expect("renews");
    let second = process.starts(260);
    assert_eq!(names(std::slice::from_ref(&second)), ["b"]);
    dies(process, &observer, 270);
    assert_eq!((deaths(&observer, "a"), deaths(&observer, "b")), (2, 2));
    // Of as many deaths the one that was started last goes first.
    let process = world.start(302, &all);
    assert_eq!(process.starts(302).plan.name.as_str(), "b");
}

pub(crate) fn the_end_of_one_lets_the_next_one_start(world: &World) {
    let all = jobs(&["a", "b", "c"]);
    let observer = world.start(0, &all);
    lives(world, &observer, 100, &all);
    let mut seen = Vec::new();
    for second in 200..203 {
        let claimed = observer.starts(second);
        observer.succeed(claimed.claim, second);
        seen.push(claimed.plan.name.to_string());
    }
    seen.sort();
    assert_eq!(seen, ["a", "b", "c"]);
    // They are no suspects any more.
    assert_eq!(observer.judge(300).claimed.len(), 3);
}

pub(crate) fn each_process_may_have_one_in_progress(world: &World) {
    let all = jobs(&["a", "b", "c"]);
    let first = world.start(0, &all);
    let second = world.start(0, &all);
    lives(world, &first, 100, &all);
    assert_eq!(first.judge(200).claimed.len(), 1);
    assert_eq!(second.judge(200).claimed.len(), 1);
    first.starts_nothing(201);
    second.starts_nothing(201);
}

pub(crate) fn a_neighbour_that_was_there_each_time_is_not_put_in_quarantine(world: &World) {
    // It goes on for as long as its process lives, and is started anew after each death.
    let all = [job("long").every("100s"), job("poison").every("100s").retries(5).retry_past_next()];
    let observer = world.start(0, &all);
    let mut second = 100;
    for _ in 0..9 {
        let process = world.start(second, &all);
        let mut claims = Vec::new();
        // Until the one is in progress that does it.
        loop {
            claims.extend(process.judge(second).claimed);
            if names(&claims).contains(&"poison") || observer.info("poison").paused.is_some() {
                break;
            }
            second += 10;
            let held = claims.iter().map(|claimed| claimed.claim).collect();
            process.renew(held, at(second + 30)).expect("renews");
        }
        if observer.info("poison").paused.is_some() {
            break;
        }
        second = dies(process, &observer, second) + 70;
    }
    assert_eq!(observer.info("poison").paused.expect("in quarantine").by, "quarantine");
    assert_eq!(deaths(&observer, "poison"), 3);
    assert_eq!(observer.info("long").paused, None);
}

/// Puts the job `a` in quarantine. Gives the second.
fn quarantined(world: &World, observer: &Process, jobs: &[Job]) -> i64 {
    for second in [100, 200, 300] {
        lives(world, observer, second, jobs);
    }
    assert!(observer.info("a").suspect.expect("a suspect").is_quarantined);
    331
}

pub(crate) fn nothing_of_a_job_in_quarantine_starts_until_it_is_resumed(world: &World) {
    let jobs = [job("a").every("100s").retries(5).retry_past_next().queue(2)];
    let observer = world.start(0, &jobs);
    let second = quarantined(world, &observer, &jobs);
    let dead = observer.info("a").last_run.expect("a run");
    assert_eq!(dead.state.word(), StateWord::Quarantined, "also with attempts left");
    let asked = observer.triggered("a", second);
    let judged = observer.judge(second + 1);
    assert_eq!((judged.claimed.len(), judged.crowded, judged.next), (0, false, None));
    assert_eq!(observer.state(asked), StateWord::Scheduled);
    observer.resume("a", second + 10).expect("it is resumed");
    let claim = observer.starts(second + 10).claim;
    assert_eq!(claim.run, asked);
    observer.succeed(claim, second + 11);
    // What it was put there for can be tried again.
    observer.does(Command::Retry { run: dead.id, force: false }, second + 12);
    assert_eq!(observer.starts(second + 12).claim.run, dead.id);
}

pub(crate) fn dynamic_jobs_are_suspects_each_for_itself(world: &World) {
    let jobs = [job("handler")];
    let observer = world.start(0, &jobs);
    let dynamic = ["a", "b"].map(|name| job(name).on("handler").every("100s"));
    observer.does(Command::Upsert { plans: crate::world::plans(&dynamic) }, 1);
    for second in [100, 200, 300] {
        let process = world.start(second, &jobs);
        let claimed = process.judge(second).claimed;
        // The other one is never in progress when its process dies.
        for claimed in claimed.iter().filter(|claimed| claimed.plan.name.as_str() == "b") {
            process.succeed(claimed.claim, second);
        }
        let late = process.judge(second).claimed;
        assert!(names(&claimed).contains(&"a") || names(&late).contains(&"a"));
        dies(process, &observer, second);
    }
    assert!(observer.info("a").suspect.expect("a suspect").is_quarantined);
    assert_eq!((observer.info("b").suspect, observer.info("handler").suspect), (None, None));
    assert_eq!(observer.starts(400).plan.name.as_str(), "b");
}

pub(crate) fn a_living_process_that_was_late_is_no_death(world: &World) {
    let jobs = jobs(&["a"]);
    let late = world.start(0, &jobs);
    let observer = world.start(0, &[]);
    let run = late.starts(100).claim.run;
    assert_eq!(observer.reaps(131), [run]);
    assert_eq!((observer.state(run), observer.info("a").suspect), (StateWord::Failed, None));
    // Nor is it where the process finds that itself.
    let run = late.starts(200).claim.run;
    assert_eq!(late.reaps(231), [run]);
    assert_eq!(late.info("a").suspect, None);
}

pub(crate) fn a_process_that_took_leave_is_no_death(world: &World) {
    let jobs = jobs(&["a"]);
    let process = world.start(0, &jobs);
    let observer = world.start(0, &[]);
    let run = process.starts(100).claim.run;
    process.leaves(101);
    assert_eq!(observer.reaps(102), [run]);
    assert_eq!(observer.info("a").suspect, None);
}

pub(crate) fn a_run_that_was_to_stop_or_was_completed_counts_too(world: &World) {
    let all = jobs(&["a", "b"]);
    let observer = world.start(0, &[]);
    let process = world.start(0, &all);
    let claimed = process.judge(100).claimed;
    let [a, b] = claimed.as_slice() else { panic!("{claimed:?}") };
    observer.cancels(a.claim.run, false, 101);
    process.completes(b.claim, 101);
    dies(process, &observer, 102);
    assert_eq!(observer.state(a.claim.run), StateWord::Cancelled);
    assert_eq!(observer.state(b.claim.run), StateWord::Succeeded);
    assert_eq!((deaths(&observer, "a"), deaths(&observer, "b")), (1, 1));
}

pub(crate) fn an_older_pause_stays_and_its_end_ends_the_quarantine(world: &World) {
    let jobs = [job("a")];
    let observer = world.start(0, &jobs);
    observer.pause("a", 1, "ada", "by hand only").expect("it is paused");
    for second in [100, 200, 300] {
        observer.triggered("a", second);
        lives(world, &observer, second, &jobs);
    }
    assert_eq!(observer.info("a").paused.expect("paused").by, "ada");
    assert!(observer.info("a").suspect.expect("a suspect").is_quarantined);
    let run = observer.triggered("a", 400);
    observer.starts_nothing(400);
    observer.resume("a", 401).expect("it is resumed");
    assert_eq!(observer.starts(401).claim.run, run);
}

pub(crate) fn a_job_that_is_removed_leaves_nothing_behind(world: &World) {
    let jobs = [job("handler")];
    let observer = world.start(0, &jobs);
    let dynamic = || Command::Upsert { plans: crate::world::plans(&[job("a").on("handler").every("100s")]) };
    observer.does(dynamic(), 1);
    lives(world, &observer, 100, &jobs);
    assert_eq!(deaths(&observer, "a"), 1);
    observer.does(Command::Remove { jobs: vec!["a".parse().expect("a name")] }, 150);
    observer.does(dynamic(), 151);
    assert_eq!(observer.info("a").suspect, None);
    assert_eq!(observer.starts(200).plan.name.as_str(), "a");
}
