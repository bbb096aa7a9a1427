//! One program as a web process and workers, on one file: who declares, who executes, and what the web process asks for in a transaction of
//! its own.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use cron_runtime::store::sqlite::SqliteLedger;
use cron_runtime::store::{JobQuery, Ledger, RunQuery};
use cron_tests::App;

fn start(role: &str, database: &Path) -> App {
    let app = App::start(env!("CARGO_BIN_EXE_app-roles"), database, &[("ROLE", role.as_ref())]);
    app.says("started");
    app
}

/// The names of the jobs that somebody executes, and of those that nobody does.
fn executed(database: &Path) -> (Vec<String>, Vec<String>) {
    let ledger = SqliteLedger::open(database).expect("it opens");
    let jobs = ledger.jobs(&JobQuery::default()).expect("it reads");
    let declared = jobs.into_iter().filter(|job| job.plan.handler.is_none());
    let (some, none): (Vec<_>, Vec<_>) = declared.partition(|job| job.linked);
    let names =
        |jobs: Vec<cron_runtime::store::JobInfo>| jobs.iter().map(|job| job.plan.name.to_string()).collect();
    (names(some), names(none))
}

#[test]
fn orders_of_the_web_process_are_sent_by_the_worker() {
    let place = tempfile::tempdir().expect("a directory");
    let database = place.path().join("shop.db");
    let mut web = Command::new(env!("CARGO_BIN_EXE_app-roles"));
    web.env("CRON_DATABASE_URL", &database).env("ROLE", "web").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut web = web.spawn().expect("it starts");
    let mut orders = web.stdin.take().expect("it is piped");
    let said = std::io::BufReader::new(web.stdout.take().expect("it is piped"));
    let mut said = std::io::BufRead::lines(said).map(|line| line.expect("text"));
    assert_eq!(said.next().as_deref(), Some("started"));

    // Declared, due since, and executed by nobody.
    assert_eq!(executed(&database), (vec![], vec!["report".to_owned(), "send".to_owned()]));
    writeln!(orders, "7").expect("it reads");
    assert!(said.next().is_some_and(|line| line.starts_with("placed as send/once-")));
    writeln!(orders, "-8").expect("it reads");
    assert_eq!(said.next().as_deref(), Some("rolled back"));

    // The mailer has what was placed before it came, and nothing of what was rolled back; the reports are not its.
    let mut mailer = start("mailer", &database);
    mailer.says("sent 7");
    assert_eq!(executed(&database), (vec!["send".to_owned()], vec!["report".to_owned()]));
    // It waits for nothing now; the commit of the web process wakes it.
    writeln!(orders, "9").expect("it reads");
    mailer.says("sent 9");
    let mut reporter = start("reporter", &database);
    reporter.says("reported");
    assert_eq!(executed(&database).1, Vec::<String>::new());

    // Whoever is gone executes nothing; the newest to have joined counts until it is known what comes after it.
    assert!(mailer.terminate().success());
    assert_eq!(executed(&database), (vec!["report".to_owned()], vec!["send".to_owned()]));
    assert!(reporter.terminate().success());
    drop(orders);
    web.kill().and_then(|()| web.wait().map(drop)).expect("it ends");

    let ledger = SqliteLedger::open(&database).expect("it opens");
    let query = RunQuery { job: Some("send".to_owned()), ..RunQuery::default() };
    assert_eq!(ledger.runs(&query).expect("it reads").len(), 0, "only dynamic jobs have run");
    let placed = rusqlite::Connection::open(&database).expect("it opens");
    let sql = "SELECT (SELECT count(*) FROM app_orders), (SELECT count(*) FROM jobs WHERE handler = 'send')";
    let counts: (i64, i64) =
        placed.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("it reads");
    assert_eq!(counts, (2, 2));
    for job in ["report", "send"] {
        let audit = ledger.audit(job).expect("it reads").expect("it is known");
        assert!(audit.is_sound(), "{audit:?}");
    }
}

#[test]
fn a_name_that_is_not_there_is_refused() {
    let place = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_app-roles"));
    command.env("CRON_DATABASE_URL", place.path().join("shop.db")).env("ROLE", "mistaken");
    let output = command.output().expect("it starts");
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("names the group `report`") && error.contains("did you mean `reports`?"),
        "{error}"
    );
}
