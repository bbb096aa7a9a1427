//! Arguments that stay with their runs, where a file is what is edited.

use cron_runtime::store::sqlite::{enqueue, enqueue_once};

use super::kept::kept;
use super::{raw, tamper};
use crate::jobs::{Job, at, job};
use crate::world::{Command, Desk, Done, Process, RunState, Trigger, name, plans, play_on_file};

fn remind(args: &str) -> Job {
    let soon = std::time::Duration::from_secs(1);
    job("r").on("remind").every("100s").retries(1).retry_after(soon).retry_past_next().args(args)
}

fn upsert(process: &Process, job: Job, second: i64) {
    process.does(Command::Upsert { plans: plans(&[job]) }, second);
}

#[test]
fn an_edit_in_a_transaction_of_the_users_leaves_runs_their_own() {
    play_on_file(|world, path| {
        let process = world.start(0, &[job("remind")]);
        upsert(&process, remind("1"), 0);
        let first = process.starts(100);
        let edit = |args: &str, second, commits: bool| {
            let mut shop = raw(path);
            let transaction = shop.transaction().expect("it begins");
            let plans = plans(&[remind(args)]);
            enqueue(&transaction, Some(path), &plans, at(second)).expect("it fits").expect("it is done");
            if commits { transaction.commit() } else { transaction.rollback() }.expect("it ends");
        };
        edit("2", 101, false);
        edit("3", 102, true);
        assert_eq!(process.run_info(first.claim.run).args.as_deref(), Some("1"));
        assert!(matches!(process.fail(first.claim, 103, "no"), RunState::Waiting { .. }));
        let again = process.starts(110);
        assert_eq!(again.args.as_deref(), Some("1"));
        process.succeed(again.claim, 111);
        assert_eq!(process.starts(200).args.as_deref(), Some("3"));
    });
}

#[test]
fn one_more_single_run_in_a_transaction_leaves_the_first_its_own() {
    play_on_file(|world, path| {
        let process = world.start(0, &[job("remind")]);
        let single = |second, args: &str| job("r").on("remind").at(at(second)).allow().retries(1).args(args);
        let ask = |second, args: &str, now, again| {
            let mut shop = raw(path);
            let transaction = shop.transaction().expect("it begins");
            let plan = single(second, args).plan().clone();
            let done = enqueue_once(&transaction, Some(path), plan, again, at(now)).expect("it fits");
            transaction.commit().expect("it commits");
            done
        };
        ask(10, "1", 5, false).expect("it is asked for");
        let first = process.starts(10);
        ask(10, "2", 11, false).expect_err("the run has begun, and nothing would be given these");
        ask(20, "2", 12, true).expect("one more");
        assert!(matches!(process.fail(first.claim, 13, "no"), RunState::Waiting { .. }));
        let both = process.judge(1_000).claimed;
        let given: Vec<_> = both.iter().map(|claimed| claimed.args.as_deref()).collect();
        assert_eq!(given, [Some("1"), Some("2")]);
    });
}

/// Written by a newer program, and edited back by one that reads its schedule in vain.
#[test]
fn a_declaration_in_words_that_are_not_known_still_says_what_runs_are_given() {
    play_on_file(|world, path| {
        let process = world.start(0, &[job("remind")]);
        upsert(&process, remind("1"), 0);
        let first = process.starts(100);
        let newer = "UPDATE jobs SET plan = json_set(plan, '$.overlap', 'newer') WHERE name = 'r'";
        assert_eq!(tamper(path, newer), 1);
        upsert(&process, remind("2"), 101);
        assert!(matches!(process.fail(first.claim, 102, "no"), RunState::Waiting { .. }));
        assert_eq!(process.starts(110).args.as_deref(), Some("1"));
    });
}

/// In a file of version 7 no run has arguments of its job, and none names a program.
#[test]
fn runs_of_an_earlier_version_keep_what_their_job_had() {
    let books = kept(7);
    let before = raw(&books.path());
    let sql =
        "SELECT runs.id FROM runs JOIN jobs ON jobs.id = job_id WHERE name = 'remind-1' AND args IS NULL";
    let run: i64 = before.query_row(sql, [], |row| row.get(0)).expect("a run of a dynamic job");
    let run = cron_runtime::core::run::RunId(run.cast_unsigned());
    drop(before);
    let process = Process::join(Box::new(books.store()), 450);
    process.sync(450, &[job("handler")]);
    let (info, attempts) = process.run(run).expect("readable").expect("the run");
    assert!(info.args.is_some() && info.program.is_none(), "{info:?}");
    assert!(attempts.iter().all(|attempt| attempt.program.is_none()));
    let edited = process.info("remind-1").plan;
    let edited = cron_runtime::core::job::Plan { args: Some(r#"{"edited":1}"#.into()), ..edited };
    process.does(Command::Upsert { plans: vec![edited] }, 451);
    assert_eq!(process.run_info(run).args, info.args);
    let newer = Trigger { job: name("remind-1"), args: None, force: true };
    let Done::Triggered { run: newer, .. } = process.does(Command::Trigger(newer), 452) else {
        panic!("it is forced");
    };
    assert_eq!(process.run_info(newer).args.as_deref(), Some(r#"{"edited":1}"#));
}
