//! What goes wrong: no file, not a database, no such job, a wrong flag, no permission to write.

use std::fs;

use serde_json::json;

use crate::fixture::{Fixture, binary, inspect};

#[test]
fn wrong_usage_ends_with_2() {
    for args in [
        &[][..],
        &["lst"],
        &["list", "--colour"],
        &["show"],
        &["runs", "--limit", "0"],
        &["runs", "--before", "first"],
        &["next", "--after", "tomorrow"],
        &["next", "job", "--expr", "@daily"],
        &["next", "--zone", "UTC"],
        &["list", "--color", "sometimes"],
    ] {
        let said = inspect(args);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(said.err.contains("--help"), "{args:?}: {}", said.err);
    }
    for command in ["run", "log", "retry", "dismiss", "cancel"] {
        let said = inspect(&[command, "heartbeat"]);
        assert_eq!(said.code, Some(2), "{command}");
        assert!(said.err.contains("a run is a number; `inspect runs heartbeat` lists"), "{}", said.err);
    }
    assert!(inspect(&["--help"]).good().contains("Exit codes: 0 done, 1 refused"));
    assert!(inspect(&["--version"]).good().contains("time zone rules 20"));
}

#[test]
fn a_database_is_never_created() {
    let fixture = Fixture::empty();
    for args in [&["list"][..], &["verify"], &["trigger", "job"], &["pause", "job"], &["next"]] {
        let error = fixture.inspect(args).bad();
        assert!(error.contains("there is no database") && error.contains("CRON_DATABASE_URL"), "{error}");
    }
    assert_eq!(fs::read_dir(fixture.directory.path()).expect("a directory").count(), 0);
}

#[test]
fn the_database_is_found_as_an_application_finds_it() {
    let fixture = Fixture::new();
    let here = |command: &mut std::process::Command| {
        command.current_dir(fixture.directory.path()).output().expect("the binary runs").status.code()
    };
    assert_eq!(here(binary().arg("list")), Some(1), "there is no cron.db yet");
    assert_eq!(here(binary().arg("list").env("CRON_DATABASE_URL", "sqlite:jobs.db")), Some(0));
    // A variable out of a file often ends with a line break.
    assert_eq!(here(binary().arg("list").env("CRON_DATABASE_URL", " sqlite:jobs.db\n")), Some(0));
    assert_eq!(here(binary().args(["list", "--database", " jobs.db\r\n"])), Some(0));
    fs::copy(&fixture.database, fixture.directory.path().join("cron.db")).expect("copied");
    assert_eq!(here(binary().arg("list")), Some(0));
    assert_eq!(here(binary().args(["list", "--database", "none.db"])), Some(1));
    let error = inspect(&["list", "--database", "memory:"]).bad();
    assert!(error.contains("in memory"), "{error}");
    let error = inspect(&["list", "--database", "mysql://root:secret@host/db"]).bad();
    assert!(error.contains("mysql") && !error.contains("secret"), "{error}");
}

#[test]
fn other_files_are_refused() {
    let fixture = Fixture::empty();
    let refused = |args: &[&str], what: &str| {
        let error = fixture.inspect(args).bad();
        assert!(error.contains(what), "{error}");
    };
    fs::write(&fixture.database, "a letter, and certainly no database").expect("written");
    refused(&["list"], "is not a SQLite database");
    refused(&["trigger", "job"], "is not a SQLite database");
    fs::write(&fixture.database, "").expect("written");
    refused(&["list"], "it is empty");
    fs::remove_file(&fixture.database).expect("removed");
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    file.execute_batch("CREATE TABLE cats (name TEXT)").expect("a table");
    refused(&["list"], "of another program");
    refused(&["pause", "job"], "of another program");
    fs::remove_file(&fixture.database).expect("removed");
    fs::create_dir(&fixture.database).expect("a directory");
    refused(&["list"], "it is a directory");
}

#[test]
fn a_newer_schema_is_left_alone() {
    let fixture = Fixture::new();
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    file.execute("UPDATE cron_schema SET version = 99", []).expect("updated");
    for args in [&["list"][..], &["trigger", "remind"]] {
        let error = fixture.inspect(args).bad();
        assert!(error.contains("schema version 99"), "{error}");
    }
}

#[test]
fn an_older_schema_is_refused_in_the_same_words_by_who_reads_and_who_steers() {
    let fixture = Fixture::new();
    let file = rusqlite::Connection::open(&fixture.database).expect("a database");
    let version = || {
        file.query_row("SELECT version FROM cron_schema", [], |row| row.get::<_, u32>(0)).expect("a number")
    };
    let older = version() - 1;
    file.execute("UPDATE cron_schema SET version = ?1", [older]).expect("updated");
    let words = fixture.inspect(&["list"]).bad();
    assert!(
        words.contains(&format!("schema version {older}")) && words.contains("start the application once"),
        "{words}"
    );
    for args in [
        &["pause", "remind"][..],
        &["resume", "remind"],
        &["trigger", "remind"],
        &["cancel", "--job", "remind"],
        &["retry", "--all"],
        &["dismiss", "--all"],
        &["remove", "remind"],
        &["schedule", "later", "--handler", "remind", "--set", "every=1h"],
        &["backfill", "remind", "--from", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z"],
    ] {
        let said = fixture.inspect(args);
        assert_eq!(said.bad(), words, "{args:?}");
        assert_eq!(version(), older, "{args:?}");
    }
    let beside = std::fs::read_dir(fixture.database.parent().expect("a directory")).expect("it is read");
    let backups = beside.flatten().filter(|entry| entry.file_name().to_string_lossy().contains(".bak"));
    assert_eq!(backups.count(), 0);
}

#[test]
fn an_unknown_job_is_named_with_the_nearest_one() {
    let fixture = Fixture::new();
    let want = "error: no job is named `hartbeat`, did you mean `heartbeat`?\n";
    for args in [
        &["show", "hartbeat"][..],
        &["runs", "hartbeat"],
        &["next", "hartbeat"],
        &["trigger", "hartbeat"],
        &["pause", "hartbeat"],
        &["resume", "hartbeat"],
        &["verify", "hartbeat"],
        &["explain", "hartbeat"],
        &["tail", "--job", "hartbeat"],
        &["cancel", "--job", "hartbeat"],
        &["dead-letters", "--job", "hartbeat"],
        &["retry", "--all", "--job", "hartbeat"],
        &["dismiss", "--all", "--job", "hartbeat"],
        &["backfill", "hartbeat", "--from", "2026-01-01T00:00:00Z"],
        &["backfill", "hartbeat", "--from", "2026-01-01T00:00:00Z", "--dry-run"],
        &["remove", "remind", "hartbeat"],
    ] {
        assert_eq!(fixture.inspect(args).bad(), want, "{args:?}");
    }
    assert_eq!(fixture.inspect(&["trigger", "not a name"]).bad(), "error: no job is named `not a name`\n");
    assert_eq!(fixture.inspect(&["run", "99"]).bad(), "error: there is no run 99\n");
    assert_eq!(fixture.inspect(&["runs", "--before", "99"]).bad(), "error: there is no run 99\n");
    let error = fixture.inspect(&["runs", "heartbeat", "--before", "4"]).bad();
    assert_eq!(error, "error: run 4 is one of job `morning_report`, not of `heartbeat`\n");
}

/// With `--json` a program reads errors as it reads results, on stderr.
#[test]
fn errors_are_json_where_that_is_asked_for() {
    let fixture = Fixture::new();
    let error = |args: &[&str]| {
        let said = fixture.inspect(&[args, &["--json"]].concat());
        assert_eq!(said.out, "", "{args:?}");
        assert_eq!(said.err.lines().count(), 1, "one object on one line: {}", said.err);
        let error: serde_json::Value = serde_json::from_str(&said.err).expect("JSON");
        (said.code, error["error"].clone())
    };
    let message = "no job is named `hartbeat`, did you mean `heartbeat`?";
    let want = json!({ "kind": "not_found", "message": message, "details": null });
    assert_eq!(error(&["show", "hartbeat"]), (Some(1), want));
    for (args, code, kind) in [
        (&["run", "99"][..], 1, "not_found"),
        (&["pause", "cleanup"], 1, "refused"),
        (&["cancel", "3"], 1, "refused"),
        (&["backfill", "heartbeat", "--from", "2026-01-05T08:59:30Z"], 1, "refused"),
        (&["check", "0 9 * * FIR"], 1, "invalid"),
        (&["trigger", "remind", "--args", "{"], 1, "invalid"),
        (&["list", "--colour"], 2, "usage"),
        (&["lst"], 2, "usage"),
        (&["runs", "--limit", "0"], 2, "usage"),
    ] {
        let (got, error) = error(args);
        assert_eq!((got, &error["kind"]), (Some(code), &json!(kind)), "{args:?}: {error}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty() && !text.starts_with("error")));
    }
    let (_, wrong) = error(&["check", "0 9 * * FIR"]);
    assert_eq!(wrong["details"], "0 9 * * FIR\n        ^^^");
    let nothing = Fixture::empty();
    let said = nothing.inspect(&["list", "--json"]);
    assert!(said.err.starts_with("{\"error\":{\"kind\":\"no_database\""), "{}", said.err);
    // Help is no error.
    assert!(inspect(&["list", "--json", "--help"]).good().contains("Jobs: when they run next"));
}

#[test]
fn a_ledger_without_jobs_is_no_error() {
    let fixture = Fixture::empty();
    drop(fixture.store());
    assert!(fixture.inspect(&["list"]).good().starts_with("no jobs in "));
    assert_eq!(fixture.inspect(&["list", "--json"]).good(), "{\"jobs\":[],\"next_after\":null}\n");
    assert_eq!(fixture.inspect(&["runs"]).good(), "no runs\n");
    assert_eq!(fixture.inspect(&["next"]).good(), "no ticks to come\n");
    assert_eq!(fixture.inspect(&["groups"]).good(), "no groups\n");
    assert_eq!(fixture.inspect(&["dead-letters"]).good(), "no dead letters\n");
    assert_eq!(fixture.inspect(&["retry", "--all"]).good(), "no dead letters, nothing to retry\n");
    assert_eq!(fixture.inspect(&["dismiss", "--all"]).good(), "no dead letters, nothing to dismiss\n");
    assert_eq!(
        fixture.inspect(&["verify", "--json"]).good(),
        "{\"sound\":true,\"audited\":0,\"unsound\":0,\"jobs\":[]}\n"
    );
}

/// Reading needs the permission to read and no other; a command says what it lacks.
#[cfg(unix)]
#[test]
fn reading_works_where_nothing_can_be_written() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let fixture = Fixture::new();
    let directory = fixture.directory.path();
    let program = directory.join("inspect");
    fs::copy(env!("CARGO_BIN_EXE_inspect"), &program).expect("copied");
    let allow = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
    };
    for entry in fs::read_dir(directory).expect("a directory") {
        allow(&entry.expect("an entry").path(), 0o444);
    }
    allow(&program, 0o555);
    allow(directory, 0o555);
    let is_root = fs::write(directory.join("probe"), "").is_ok();
    let run = |args: &[&str]| -> crate::fixture::Said {
        let mut command = std::process::Command::new(&program);
        command.env_clear().arg("--database").arg(&fixture.database).args(args);
        if is_root {
            // Permissions do not bind the superuser: somebody else must try.
            command.uid(65_534).gid(65_534);
        }
        command.output().expect("the binary runs").into()
    };
    for args in [&["list"][..], &["show", "heartbeat"], &["runs"], &["run", "4"], &["next"], &["verify"]] {
        assert!(!run(args).good().is_empty(), "{args:?}");
    }
    let error = run(&["trigger", "remind"]).bad();
    assert!(error.contains("read-only for this user"), "{error}");
    allow(&fixture.database, 0o000);
    let error = run(&["list"]).bad();
    assert!(error.contains("not readable"), "{error}");
    allow(directory, 0o755);
}
