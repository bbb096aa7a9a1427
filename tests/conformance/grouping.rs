//! Groups and tags: steering and listing several jobs at once.

use cron_runtime::core::job::Label;

use crate::jobs::{at, job};
use crate::world::{
    Cancel, Command, CommandError, Desk, Done, HandlerInfo, JobKind, JobQuery, Page, Process, SkipReason,
    Target, World, block, name,
};

cases!(grouping:
    a_paused_group_pauses_all_its_jobs_and_those_that_come_later,
    the_earlier_of_two_pauses_counts_and_both_have_to_end,
    a_job_that_leaves_a_paused_group_does_not_replay_the_pause,
    a_trigger_of_a_group_says_what_started_and_what_was_held,
    a_group_is_cancelled_as_a_whole,
    an_unknown_group_is_refused_with_the_nearest_name,
    jobs_are_listed_by_group_tag_and_page,
    dynamic_jobs_are_counted_for_each_function,
);

fn mail() -> Label {
    "mail".parse().expect("a name")
}

fn pause(process: &Process, second: i64) -> Done {
    let (by, note) = ("eve".to_owned(), "stocktaking".to_owned());
    process.does(Command::Pause { target: Target::Group(mail()), by, note }, second)
}

fn resume(process: &Process, second: i64) -> Done {
    process.does(Command::Resume { target: Target::Group(mail()) }, second)
}

pub(crate) fn a_paused_group_pauses_all_its_jobs_and_those_that_come_later(world: &World) {
    let of_group = |name: &str| job(name).every("10s").group("mail");
    let process = world.start(0, &[of_group("a"), job("b").every("10s")]);
    assert_eq!(pause(&process, 5), Done::Paused { in_progress: 0 });
    assert_eq!(process.starts(10).job(), &name("b"));
    process.sync(15, &[of_group("a"), job("b").every("10s"), of_group("c")]);
    assert_eq!((process.info("c").due, process.info("c").paused.expect("paused").at), (None, at(5)));
    assert_eq!(resume(&process, 35), Done::Resumed { skipped: 5, next: Some(at(40)) });
    let skip = |first, count| {
        vec![crate::world::SkipInfo {
            note: "by eve: stocktaking".to_owned(),
            ..block(SkipReason::Paused, first, 30, count)
        }]
    };
    assert_eq!((process.skipped("a"), process.skipped("c")), (skip(10, 3), skip(20, 2)));
}

pub(crate) fn the_earlier_of_two_pauses_counts_and_both_have_to_end(world: &World) {
    let process = world.start(0, &[job("a").every("10s").group("mail")]);
    process.pause("a", 5, "adam", "").expect("pauses");
    pause(&process, 15);
    assert_eq!(process.info("a").paused.expect("paused").by, "adam");
    assert_eq!(process.resume("a", 25).expect("resumes"), Done::Resumed { skipped: 2, next: None });
    process.starts_nothing(30);
    assert_eq!(process.info("a").paused.expect("paused").by, "eve");
    assert_eq!(resume(&process, 45), Done::Resumed { skipped: 2, next: Some(at(50)) });
    let notes: Vec<_> = process.skipped("a").into_iter().map(|skip| skip.note).collect();
    assert_eq!(notes, ["by adam", "by eve: stocktaking"]);
}

pub(crate) fn a_job_that_leaves_a_paused_group_does_not_replay_the_pause(world: &World) {
    let all = cron_runtime::core::policy::CatchUpRule::All;
    let process = world.start(0, &[job("a").every("10s").group("mail").catch_up(all)]);
    pause(&process, 5);
    process.sync(105, &[job("a").every("10s").catch_up(all)]);
    process.starts_nothing(105);
    assert_eq!(process.skipped("a")[0].count, 10);
    assert_eq!(process.starts(110).nominal, at(110));
}

pub(crate) fn a_trigger_of_a_group_says_what_started_and_what_was_held(world: &World) {
    let jobs = ["a", "b", "c"].map(|name| job(name).group("mail"));
    let process = world.start(0, &jobs);
    let holder = process.triggered("b", 1);
    let done = process.does(Command::TriggerGroup { group: mail() }, 2);
    let Done::TriggeredGroup { triggered, held } = done else { panic!("{done:?}") };
    let started: Vec<_> = triggered.iter().map(|(job, _)| job.as_str()).collect();
    assert_eq!((started, held), (vec!["a", "c"], vec![(name("b"), holder)]));
}

pub(crate) fn a_group_is_cancelled_as_a_whole(world: &World) {
    let process = world.start(0, &[job("a").group("mail"), job("b").group("mail"), job("c")]);
    let runs = ["a", "b", "c"].map(|job| process.triggered(job, 1));
    let (by, note) = ("eve".to_owned(), String::new());
    let what = Cancel::All(Target::Group(mail()));
    let done = process.does(Command::Cancel { what, force: false, by, note }, 2);
    assert_eq!(done, Done::Cancelled { ended: runs[..2].to_vec(), asked: vec![] });
}

pub(crate) fn an_unknown_group_is_refused_with_the_nearest_name(world: &World) {
    let process = world.start(0, &[job("a").group("mail")]);
    let target = Target::Group("mial".parse().expect("a name"));
    match process.command(Command::Resume { target }, at(1)) {
        Err(CommandError::UnknownGroup { near, .. }) => assert_eq!(near.as_deref(), Some("mail")),
        other => panic!("{other:?}"),
    }
    let refused = process.command(Command::Resume { target: Target::Group(mail()) }, at(1));
    assert!(matches!(refused, Err(CommandError::NotPaused { .. })), "{refused:?}");
}

pub(crate) fn jobs_are_listed_by_group_tag_and_page(world: &World) {
    let jobs = [
        job("a").group("mail").tag("daily"),
        job("b").group("mail"),
        job("c").tag("daily").tag("slow"),
        job("d"),
    ];
    let process = world.start(0, &jobs);
    process.does(Command::Upsert { plans: crate::world::plans(&[job("e").on("d")]) }, 1);
    let names = |query: JobQuery| {
        let jobs = process.jobs(&query).expect("readable");
        jobs.into_iter().map(|job| job.plan.name.to_string()).collect::<Vec<_>>()
    };
    let all = JobQuery::default;
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(names(JobQuery { group: some("mail"), ..all() }), ["a", "b"]);
    assert_eq!(names(JobQuery { tag: some("daily"), ..all() }), ["a", "c"]);
    assert_eq!(names(JobQuery { tag: some("daily"), group: some("mail"), ..all() }), ["a"]);
    assert_eq!(names(JobQuery { handler: some("d"), ..all() }), ["d", "e"]);
    assert_eq!(names(JobQuery { page: Page { limit: 2 }, ..all() }), ["a", "b"]);
    assert_eq!(names(JobQuery { after: some("b"), page: Page { limit: 2 }, ..all() }), ["c", "d"]);
    assert_eq!(names(JobQuery { tag: some("none"), ..all() }), Vec::<String>::new());
    assert_eq!(names(JobQuery { kind: Some(JobKind::Declared), ..all() }), ["a", "b", "c", "d"]);
    assert_eq!(names(JobQuery { kind: Some(JobKind::Dynamic), ..all() }), ["e"]);
    assert_eq!(names(JobQuery { without: vec![name("d"), name("a")], ..all() }), ["a", "b", "c", "d"]);
    assert_eq!(names(JobQuery { without: vec![name("a")], ..all() }), ["a", "b", "c", "d", "e"]);
}

pub(crate) fn dynamic_jobs_are_counted_for_each_function(world: &World) {
    let process = world.start(0, &[job("mail"), job("call").every("10s")]);
    let dynamic = [
        job("m1").on("mail").every("30s").group("slow"),
        job("m2").on("mail").every("20s").tag("daily"),
        job("m3").on("mail").every("10s"),
        job("c1").on("call"),
    ];
    process.does(Command::Upsert { plans: crate::world::plans(&dynamic) }, 1);
    let (target, by, note) = (Target::Job(name("m3")), "me".to_owned(), String::new());
    process.does(Command::Pause { target, by, note }, 2);
    let count = |query: &JobQuery| process.handlers(query).expect("readable");
    let info = |handler, jobs, paused, due: Option<i64>| HandlerInfo {
        handler: name(handler),
        jobs,
        paused,
        due: due.map(at),
    };
    let all = JobQuery::default;
    assert_eq!(count(&all()), [info("call", 1, 0, None), info("mail", 3, 1, Some(20))]);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(count(&JobQuery { group: some("slow"), ..all() }), [info("mail", 1, 0, Some(30))]);
    assert_eq!(count(&JobQuery { tag: some("daily"), ..all() }), [info("mail", 1, 0, Some(20))]);
    assert_eq!(count(&JobQuery { handler: some("call"), ..all() }), [info("call", 1, 0, None)]);
    assert_eq!(count(&JobQuery { without: vec![name("mail")], ..all() }), [info("call", 1, 0, None)]);
    assert_eq!(count(&JobQuery { kind: Some(JobKind::Declared), ..all() }), []);
    // A group that is paused pauses its jobs.
    let target = Target::Group("slow".parse().expect("a name"));
    process.does(Command::Pause { target, by: "me".into(), note: String::new() }, 3);
    assert_eq!(count(&all())[1], info("mail", 3, 2, Some(20)));
}
