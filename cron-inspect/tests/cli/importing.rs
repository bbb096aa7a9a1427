//! `import crontab`: what it prints compiles and runs, what it writes is read back, and what is wrong is told as a whole.
//!
//! `tests/data/crontabs/*.rs` and `*.toml` are its output for the crontabs beside them; `UPDATE_CRONTABS=1` writes them anew.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use tempfile::TempDir;

use crate::fixture::{Said, binary};

mod user {
    include!("../../../tests/data/crontabs/user.rs");
}

mod awkward {
    include!("../../../tests/data/crontabs/awkward.rs");

    /// Runs each but the one that is to fail, and gives what that says.
    pub(super) async fn all() -> io::Error {
        input().await.expect("input");
        input_not_read().await.expect("input that nobody reads");
        quotes().await.expect("quotes");
        backslashes().await.expect("backslashes");
        nothing_expanded().await.expect("nothing is expanded");
        signs().await.expect("signs");
        job_fn().await.expect("the directory");
        fails().await.expect_err("exit code 3")
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/crontabs"))
}

/// `import crontab` in the folder of the crontabs, on a machine in London.
fn import(args: &[&str]) -> Said {
    let mut command = binary();
    command.current_dir(folder()).env("TZ", "Europe/London").args(["import", "crontab"]).args(args);
    command.output().expect("the binary runs").into()
}

/// The same with a crontab on stdin.
fn import_text(text: &str, zone: Option<&str>, args: &[&str]) -> Said {
    let mut command = binary();
    match zone {
        Some(zone) => command.env("TZ", zone),
        None => command.env_remove("TZ"),
    };
    let command = command.args(["import", "crontab", "-"]).args(args);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    child.wait_with_output().expect("its output").into()
}

/// The output of a crontab is the one that is kept.
#[track_caller]
fn is_kept(name: &str, output: &str) {
    let file = folder().join(name);
    if std::env::var_os("UPDATE_CRONTABS").is_some() {
        std::fs::write(&file, output).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("it is read"), output, "{name}");
}

fn good(said: Said) -> String {
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out
}

#[test]
fn what_is_printed_is_what_is_compiled_here() {
    for name in ["user", "awkward"] {
        is_kept(&format!("{name}.rs"), &good(import(&[name])));
        is_kept(&format!("{name}.toml"), &good(import(&[name, "--to", "-"])));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_printed_does_what_the_crontab_says() {
    let error = awkward::all().await;
    assert!(error.to_string().contains("exit status: 3"), "{error}");
}

#[test]
fn a_job_file_says_what_the_crontab_says() {
    let text = good(import(&["awkward", "--to", "-"]));
    let file: toml::Table = text.parse().expect("TOML");
    let jobs = file["jobs"].as_table().expect("jobs");
    let env = json!({
        "SHELL": "/bin/sh", "GREETING": "hello, world", "EXPANDED": "$$HOME/x", "MAILTO": "ana@example.org,bob",
        "MAILFROM": "cron@example.org",
    });
    let mail = json!({"to": "ana@example.org,bob", "from": "cron@example.org"});
    let is = |name: &str, want: serde_json::Value| {
        let mut want = want;
        let object = want.as_object_mut().expect("an object");
        object.entry("timezone").or_insert(json!("Asia/Tokyo"));
        object.entry("env").or_insert(env.clone());
        if !object.contains_key("on_failure") {
            object.insert("mail".to_owned(), mail.clone());
        }
        assert_eq!(serde_json::to_value(&jobs[name]).expect("JSON"), want, "{name}");
    };
    let eight = "0 8 1 * *";
    is(
        "input",
        json!({
            "cron": eight, "retries": 3, "retry_past_next": true, "stdin": "the 1st\n5% more\n",
            "command": "read -r a; read -r b; test \"$GREETING: $a, $b\" = \"hello, world: the 1st, 5% more\"",
        }),
    );
    is("input-not-read", json!({"cron": eight, "command": "exit 0", "stdin": "nobody reads this\n"}));
    let quotes = r###"test 'a "quoted"# and "##' = "a \"quoted\"# and \"##""###;
    is("quotes", json!({"cron": eight, "command": quotes}));
    is("backslashes", json!({"cron": eight, "command": r#"test 'a\\b' = "$(printf 'a\134\134b')""#}));
    let expanded = r#"test "$EXPANDED" = '$HOME/x' && test "$MAILTO" = ana@example.org,bob"#;
    is("nothing-expanded", json!({"cron": eight, "command": expanded}));
    let signs = "test 'x\ty\u{7}z\u{202e}é' = \"$(printf 'x\\011y\\007z\\342\\200\\256\\303\\251')\"";
    is("signs", json!({"cron": eight, "command": signs}));
    is("fails", json!({"cron": eight, "command": "exit 3", "on_failure": {"mail": mail}}));
    let mut moved = env.clone();
    moved["HOME"] = json!("/");
    let command = "test \"$(pwd)\" = / && test \"$HOME\" = /";
    is("fn", json!({"cron": eight, "command": command, "cwd": "/", "env": moved}));
    let deep = json!({"cron": "@hourly", "command": "true", "cwd": "/", "env": moved});
    is("日本/deep.name:1-2", deep);
    let twice: Vec<&String> = jobs.keys().filter(|name| name.starts_with("true-")).collect();
    assert_eq!(twice.len(), 2, "{twice:?}");
    assert_eq!(jobs.len(), 11);
    // Nothing that hides or steers is there as it is.
    assert!(!text.contains(['\u{202e}', '\u{7}']), "{text}");
}

#[test]
fn a_crontab_of_the_system_keeps_its_users() {
    let text = good(import(&["--system", "cron.d/packages", "--to", "-"]));
    let file: toml::Table = text.parse().expect("TOML");
    let jobs = file["jobs"].as_table().expect("jobs");
    let of = |program: &str| {
        let found = jobs.iter().find(|(name, _)| name.starts_with(program));
        serde_json::to_value(found.expect(program).1).expect("JSON")
    };
    let munin = of("munin-cron-");
    assert_eq!((&munin["run_as"], &munin["environment"]), (&json!("munin"), &json!("clean")));
    assert_eq!((&munin["cron"], &munin["timezone"]), (&json!("*/5 * * * *"), &json!("Europe/London")));
    assert_eq!((&munin["mail"], &munin["on_failure"]), (&json!("root"), &json!(null)));
    let sysstat = of("debian-sa1-");
    assert_eq!((&sysstat["mail"], &sysstat["on_failure"]), (&json!(null), &json!({"mail": "root"})));
    let php = of("php-");
    assert_eq!((&php["jitter"], &php["run_as"]), (&json!("45m"), &json!("www-data")));
    let logrotate = of("logrotate-");
    assert_eq!((&logrotate["on_boot"], &logrotate["cron"]), (&json!(true), &json!(null)));
    assert!(logrotate.get("jitter").is_none(), "{logrotate}");

    let code = good(import(&["--system", "cron.d/packages"]));
    for part in [
        "// cron runs it as `munin`; here it runs as the user of this program.\n",
        "// cron mails its output to `root` after a failure.\n",
        "// cron does not log that it runs.\n",
        "// cron runs it once for each start of the machine, for which `#[job]` has no option:\n",
        "// Without a line HOME, cron starts a command in the home directory of its user.\n",
        "jitter = \"45m\"",
    ] {
        assert!(code.contains(part), "{part}\n{code}");
    }
    // Its place says which form it is.
    let said = import(&["/etc/crontab", "--to", "-"]);
    if let Some(0) = said.code {
        assert!(said.out.contains("run_as = \"root\"") || !said.out.contains("[jobs."), "{}", said.out);
    }
}

#[test]
fn the_zone_of_the_machine_is_told() {
    let line = "0 9 * * * x\n";
    let said = import_text(line, Some("Asia/Tokyo"), &[]);
    assert!(said.out.contains("timezone = \"Asia/Tokyo\""), "{}", said.out);
    let told = "the schedules are in Asia/Tokyo, the time zone of this machine; `--zone` gives another one";
    assert_eq!(said.err, format!("warning: {told}\n"));
    let told =
        "// The schedules are in Asia/Tokyo, the time zone of the machine that has read the crontab.\n";
    assert!(said.out.contains(told), "{}", said.out);
    let said = import_text(line, Some("Asia/Tokyo"), &["--json"]).json();
    assert_eq!(said["machine_time_zone"], "Asia/Tokyo");
    // One that is given is nothing to tell, and neither is one that is not needed.
    let said = import_text(line, Some("Asia/Tokyo"), &["--zone", "Europe/Paris"]);
    assert!(said.good().contains("timezone = \"Europe/Paris\""));
    for (text, zone) in [("CRON_TZ=UTC\n0 9 * * * x\n", "CET-1CEST"), ("@reboot x\n", "CET-1CEST")] {
        import_text(text, Some(zone), &[]).good();
    }
    let told = import_text(line, Some("CET-1CEST"), &[]).bad();
    for part in ["no zone is known", "TZ is `CET-1CEST`", "give its name with `--zone`"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let told = import_text(line, Some("UTC"), &["--zone", "Europe/Londn"]).bad();
    assert!(told.contains("write `Europe/London`"), "{told}");
}

#[test]
fn everything_wrong_is_told_and_nothing_is_written() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("jobs.toml");
    let file = file.to_str().expect("UTF-8");
    let text = "0 9 * * FIR a\n0 9 * * * b\n61 * * * *\n";
    for args in [&[][..], &["--to", "-"], &["--to", file]] {
        let told = import_text(text, Some("UTC"), args).bad();
        let want = "\
error: 2 mistakes in stdin; nothing was written
  line 1, column 9: `FIR` is not a day of week of cron (0-7 or SUN-SAT, 0 is Sunday)
      0 9 * * FIR a
              ^^^
  line 3, column 11: the line has no command
      61 * * * *
                ^
";
        assert_eq!(told, want);
    }
    assert!(!std::path::Path::new(file).exists());
    let told = import_text(text, Some("UTC"), &["--json"]).bad();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["error"]["kind"], "invalid");
    assert_eq!(told["error"]["message"], "2 mistakes in stdin; nothing was written");
    assert!(told["error"]["details"].as_str().is_some_and(|told| told.contains("line 3, column 11")));
}

#[test]
fn a_file_is_replaced_only_where_that_is_said() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("jobs.toml");
    let name = file.to_str().expect("UTF-8");
    let said = import(&["user", "--to", name]);
    assert_eq!((said.code, said.out), (Some(0), format!("9 jobs written to {name}\n")));
    let written = std::fs::read_to_string(&file).expect("it is read");
    is_kept("user.toml", &written);
    let told = import(&["awkward", "--to", name]).bad();
    assert!(told.contains("is there already") && told.contains("--force"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is read"), written);
    good(import(&["awkward", "--to", name, "--force"]));
    is_kept("awkward.toml", &std::fs::read_to_string(&file).expect("it is read"));
    // Without a file there is nothing to replace.
    assert_eq!(import(&["user", "--force"]).code, Some(2));
    let told = import(&["user", "--to", "/nowhere/jobs.toml"]).bad();
    assert!(told.contains("cannot write /nowhere/jobs.toml"), "{told}");
    let told = import(&["nothing-there"]).bad();
    assert!(told.contains("cannot read nothing-there"), "{told}");
}

#[test]
fn programs_read_the_jobs() {
    let said = import(&["user", "--json"]).json();
    assert_eq!(
        (&said["file"], &said["form"], &said["written"]),
        (&json!("user"), &json!("user"), &json!(null))
    );
    let jobs = said["jobs"].as_array().expect("jobs");
    let first = json!({
        "line": 12, "name": "nightly-backup", "schedule": "30 2 * * 1-5", "on_boot": false, "cron": "30 2 * * MON-FRI",
        "timezone": "Europe/London", "options": {"timeout": "2h", "overlap": "queue"}, "user": null,
        "command": "/usr/local/bin/backup --all --target \"$HOME/backups\" 2>&1 | logger -t backup",
        "stdin": null, "shell": "/bin/bash", "cwd": null, "quiet": false,
        "env": [
            {"name": "SHELL", "value": "/bin/bash"}, {"name": "PATH", "value": "/usr/local/bin:/usr/bin:/bin"},
            {"name": "MAILTO", "value": "ops@example.org"},
        ],
        "mail": {"to": "ops@example.org", "from": null, "failures_only": false},
    });
    assert_eq!(jobs[0], first);
    assert_eq!((&jobs[5]["on_boot"], &jobs[5]["cron"]), (&json!(true), &json!(null)));
    assert_eq!(said["warnings"].as_array().map(Vec::len), Some(2));
    assert!(said["output"].as_str().is_some_and(|code| code.contains("async fn nightly_backup()")));
}

#[test]
fn what_is_no_crontab() {
    let directory = TempDir::new().expect("a directory");
    let name = directory.path().join("crontab");
    let name = name.to_str().expect("UTF-8");
    std::fs::write(name, b"# x\n0 9 * * * caf\xe9\n").expect("written");
    let told = import(&[name]).bad();
    assert!(told.contains(&format!("line 2 of {name} is not UTF-8")), "{told}");
    // Cut off within a character.
    std::fs::write(name, "é".repeat(600_000)).expect("written");
    let told = import(&[name]).bad();
    assert!(told.contains("more than 1048576 bytes"), "{told}");
    // Nothing to do is no mistake.
    let empty = import_text("# nothing\n", Some("UTC"), &[]).good();
    assert!(empty.lines().all(|line| line.starts_with("//")), "{empty}");
    let empty = import_text("", Some("UTC"), &["--to", "-"]).good();
    assert_eq!(empty.parse::<toml::Table>().expect("TOML").get("jobs"), None, "{empty}");
}

#[test]
fn the_page_shows_what_is_printed() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schedules.md"));
    let section = page.split("\n## From a crontab\n").nth(1).expect("the section");
    let block = |word: &str| {
        let text = section.split(&format!("```{word}\n")).nth(1).expect(word);
        text.split("```").next().expect(word)
    };
    let directory = TempDir::new().expect("a directory");
    std::fs::write(directory.path().join("crontab.txt"), block("text")).expect("written");
    let mut command = binary();
    command.current_dir(directory.path()).args(["import", "crontab", "crontab.txt", "--to", "-"]);
    let said: Said = command.output().expect("the binary runs").into();
    assert_eq!(said.good(), block("toml"));
}
