//! Dynamic jobs that are scheduled in a transaction of the user's: there with its rows, or not at all.

use std::path::Path;

use cron_runtime::store::sqlite::{EnqueueError, enqueue, enqueue_once};
use rusqlite::{Connection, TransactionBehavior};

use super::raw;
use crate::jobs::{Job, at, job};
use crate::world::{CommandError, Desk, Done, World, name, plans, play_on_file};

/// Schedules a job in a transaction with a row, and commits or rolls back.
fn placed(path: &Path, job: Job, second: i64, commits: bool) -> (Vec<String>, Vec<String>) {
    let mut shop = raw(path);
    shop.execute_batch("CREATE TABLE IF NOT EXISTS app_orders (id INTEGER)").expect("a table");
    let transaction = shop.transaction().expect("it begins");
    transaction.execute("INSERT INTO app_orders VALUES (1)", []).expect("a row");
    let done = enqueue(&transaction, Some(path), &plans(&[job]), at(second)).expect("it fits");
    if commits {
        transaction.commit().expect("it commits")
    } else {
        transaction.rollback().expect("it rolls back")
    }
    match done.expect("it is done") {
        Done::Upserted { new, edited } => {
            (new.iter().map(ToString::to_string).collect(), edited.iter().map(ToString::to_string).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn orders(path: &Path) -> i64 {
    raw(path).query_row("SELECT count(*) FROM app_orders", [], |row| row.get(0)).expect("it is counted")
}

fn tables_of_its_own(connection: &Connection) -> i64 {
    connection
        .query_row("SELECT count(*) FROM temp.sqlite_schema", [], |row| row.get(0))
        .expect("it is counted")
}

#[test]
fn a_job_is_there_with_the_rows_of_its_transaction_or_not_at_all() {
    play_on_file(|world: &World, path| {
        let process = world.start(0, &[job("send")]);
        let seven = || job("send-7").on("send").every("10s").args("7");
        assert_eq!(placed(path, seven(), 1, false).0, ["send-7"]);
        assert_eq!((orders(path), process.all_jobs().len()), (0, 1));
        process.starts_nothing(10);
        assert_eq!(placed(path, seven(), 11, true).0, ["send-7"]);
        assert_eq!((orders(path), process.all_jobs().len()), (1, 2));
        let claimed = process.starts(20);
        assert_eq!((claimed.plan.name.as_str(), claimed.args.as_deref()), ("send-7", Some("7")));
        process.succeed(claimed.claim, 21);
        // The same again changes nothing, another schedule counts from now on.
        assert_eq!(placed(path, seven(), 22, true), (vec![], vec![]));
        let rarer = job("send-7").on("send").every("60s").args("7");
        assert_eq!(placed(path, rarer, 23, true), (vec![], vec!["send-7".to_owned()]));
        assert_eq!(process.judge(30).next, Some(at(60)));
    });
}

#[test]
fn what_is_refused_leaves_the_transaction_as_it_was() {
    play_on_file(|world: &World, path| {
        let process = world.start(0, &[job("send")]);
        let mut shop = raw(path);
        shop.execute_batch("CREATE TABLE app_orders (id INTEGER)").expect("a table");
        let transaction = shop.transaction().expect("it begins");
        transaction.execute("INSERT INTO app_orders VALUES (1)", []).expect("a row");
        let both = plans(&[job("send-1").on("send").every("10s"), job("x").on("sends").every("10s")]);
        let refused = enqueue(&transaction, Some(path), &both, at(1)).expect("it fits");
        assert!(
            matches!(&refused, Err(CommandError::UnknownHandler { near: Some(near), .. }) if near == "send")
        );
        let declared = plans(&[job("send").on("send").every("10s")]);
        let refused = enqueue(&transaction, Some(path), &declared, at(1)).expect("it fits");
        assert!(
            matches!(&refused, Err(CommandError::Declared { job }) if *job == name("send")),
            "{refused:?}"
        );
        transaction.commit().expect("it is the user's");
        assert_eq!((orders(path), process.all_jobs().len(), tables_of_its_own(&shop)), (1, 1, 0));
    });
}

#[test]
fn a_transaction_that_does_not_fit_is_refused() {
    play_on_file(|world: &World, path| {
        let process = world.start(0, &[job("send")]);
        let one = plans(&[job("send-1").on("send").every("10s")]);
        let refused = |shop: &mut Connection, before: &str, file| {
            let transaction =
                shop.transaction_with_behavior(TransactionBehavior::Deferred).expect("it begins");
            transaction.execute_batch(before).expect("it is done");
            enqueue(&transaction, file, &one, at(1)).expect_err("it does not fit")
        };
        let memory = refused(&mut raw(path), "", None);
        assert!(matches!(memory, EnqueueError::NoFile), "{memory}");
        let elsewhere = path.with_file_name("shop.db");
        let other = refused(&mut raw(&elsewhere), "", Some(path)).to_string();
        assert!(other.contains("shop.db") && other.ends_with("; nothing was scheduled"), "{other}");
        let mut attached = raw(&elsewhere);
        attached.execute("ATTACH ?1 AS jobs", [path.to_str()]).expect("it attaches");
        let attached = refused(&mut attached, "", Some(path));
        assert!(matches!(&attached, EnqueueError::OtherFile { attached: Some(name), .. } if name == "jobs"));
        let over = refused(&mut raw(path), "COMMIT", Some(path));
        assert!(matches!(over, EnqueueError::NoTransaction), "{over}");
        let hides = refused(&mut raw(path), "CREATE TEMP TABLE jobs (id INTEGER)", Some(path));
        assert!(matches!(&hides, EnqueueError::Hidden { table } if table == "jobs"), "{hides}");
        let newer = refused(&mut raw(path), "UPDATE cron_schema SET version = 99", Some(path));
        assert!(matches!(newer, EnqueueError::OtherSchema { .. }), "{newer}");
        assert_eq!(process.all_jobs().len(), 1);
    });
}

#[test]
fn a_single_run_that_the_name_has_had_is_refused_unless_it_is_asked_for_again() {
    play_on_file(|world: &World, path| {
        let process = world.start(0, &[job("send")]);
        let once = |second, again| {
            let mut shop = raw(path);
            let transaction = shop.transaction().expect("it begins");
            let plan = job("send-7").on("send").at(at(0)).temporary().plan().clone();
            let done = enqueue_once(&transaction, Some(path), plan, again, at(second)).expect("it fits");
            assert_eq!(tables_of_its_own(&transaction), 0);
            transaction.commit().expect("it goes on");
            done.map(drop).map_err(|error| error.to_string())
        };
        once(1, false).expect("it is new");
        process.succeed(process.starts(2).claim, 3);
        let refused = once(4, false).expect_err("it has had its run");
        assert!(refused.contains("its run 1 has ended: succeeded"), "{refused}");
        process.starts_nothing(5);
        once(6, true).expect("it is asked for again");
        process.succeed(process.starts(7).claim, 8);
    });
}
