// Made from the crontab awkward.
// It needs `cron-runtime`, and `tokio` with `process`, `io-util` and `rt`.
//
// A tick that finds the run before it active is skipped; cron starts both, as `overlap = "allow"` does.
// Of the ticks that nobody was there for the newest runs late; cron drops all, as `catch_up = "none"` does.
// A command has the variables that its crontab sets, and those of the process that starts it.
// Without a line HOME, cron starts a command in the home directory of its user.

use std::io;
use std::process::Stdio;

use cron_runtime::job;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

// Line 9: 0 8 1 * *
// `%` ends the command, and what follows it is its input; the command is `read -r a; read -r b; test "$GREETING: $a, $b" = "hello, world: the 1st, 5% more"` (write `\%` for the sign)
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(
    name = "input",
    cron = "0 8 1 * *",
    timezone = "Asia/Tokyo",
    retries = 3,
    retry_past_next = true,
)]
async fn input() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(r#"read -r a; read -r b; test "$GREETING: $a, $b" = "hello, world: the 1st, 5% more""#);
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "the 1st\n5% more\n").await
}

// Line 11: 0 8 1 * *
// `%` ends the command, and what follows it is its input; the command is `exit 0` (write `\%` for the sign)
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "input-not-read", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn input_not_read() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("exit 0");
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "nobody reads this\n").await
}

// Line 13: 0 8 1 * *
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "quotes", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn quotes() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(r###"test 'a "quoted"# and "##' = "a \"quoted\"# and \"##""###);
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "").await
}

// Line 15: 0 8 1 * *
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "backslashes", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn backslashes() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(r#"test 'a\\b' = "$(printf 'a\134\134b')""#);
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "").await
}

// Line 17: 0 8 1 * *
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "nothing-expanded", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn nothing_expanded() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(r#"test "$EXPANDED" = '$HOME/x' && test "$MAILTO" = ana@example.org,bob"#);
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "").await
}

// Line 19: 0 8 1 * *
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "signs", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn signs() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("test 'x\ty\u{7}z\u{202e}é' = \"$(printf 'x\\011y\\007z\\342\\200\\256\\303\\251')\"");
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "").await
}

// Line 21: 0 8 1 * *
// cron mails its output to `ana@example.org,bob` from `cron@example.org` after a failure.
#[job(name = "fails", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn fails() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("exit 3");
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "").await
}

// Twice the same.
// Line 23: 0 8 1 * *
// cron does not log that it runs.
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "true-ac508b", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn true_ac508b() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("true");
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "").await
}

// Line 24: 0 9 1 * *
// cron does not log that it runs.
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "true-ac508b-2", cron = "0 9 1 * *", timezone = "Asia/Tokyo")]
async fn true_ac508b_2() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("true");
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    run(command, "").await
}

// Line 27: 0 8 1 * *
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "fn", cron = "0 8 1 * *", timezone = "Asia/Tokyo")]
async fn job_fn() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(r#"test "$(pwd)" = / && test "$HOME" = /"#);
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    command.env("HOME", "/");
    command.current_dir("/");
    run(command, "").await
}

// Line 29: @hourly
// cron mails its output to `ana@example.org,bob` from `cron@example.org`.
#[job(name = "日本/deep.name:1-2", cron = "@hourly", timezone = "Asia/Tokyo")]
async fn deep_name_1_2() -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg("true");
    command.env("SHELL", "/bin/sh");
    command.env("GREETING", "hello, world");
    command.env("EXPANDED", "$HOME/x");
    command.env("MAILTO", "ana@example.org,bob");
    command.env("MAILFROM", "cron@example.org");
    command.env("HOME", "/");
    command.current_dir("/");
    run(command, "").await
}

/// Runs a command to its end. Any exit code but 0 is an error, and a run that is cut off kills its shell.
async fn run(mut command: Command, input: &'static str) -> io::Result<()> {
    let mut child = command.stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // Beside the command, which may end without reading all of it.
        tokio::spawn(async move { pipe.write_all(input.as_bytes()).await });
    }
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("the command ended with {status}"))) }
}
