// Made from the crontab user.
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

// Every night, before the day begins.
// Line 12: 30 2 * * 1-5
// cron mails its output to `ops@example.org`.
#[job(
    name = "nightly-backup",
    cron = "30 2 * * MON-FRI",
    timezone = "Europe/London",
    timeout = "2h",
    overlap = "queue",
)]
async fn nightly_backup() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg(r#"/usr/local/bin/backup --all --target "$HOME/backups" 2>&1 | logger -t backup"#);
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "ops@example.org");
    run(command, "").await
}

// The second and the fourth Monday, and every day of these weeks.
// Line 15: 0 4 8-14,22-28 * 1
// cron mails its output to `ops@example.org`.
#[job(name = "rotate.sh-4624a8", cron = "0 4 8-14,22-28 * MON", timezone = "Europe/London")]
async fn rotate_sh_4624a8() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg("/usr/local/bin/rotate.sh");
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "ops@example.org");
    run(command, "").await
}

// Line 16: 15 */2 * * *
// cron mails its output to `ops@example.org`.
#[job(name = "find-028dea", cron = "15 */2 * * *", timezone = "Europe/London")]
async fn find_028dea() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg("find /tmp -name 'session-*' -mmin +120 -delete");
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "ops@example.org");
    run(command, "").await
}

// Line 17: */10 9-17 * * mon-fri
// cron mails its output to `ops@example.org`.
#[job(name = "curl-6b9922", cron = "*/10 9-17 * * MON-FRI", timezone = "Europe/London")]
async fn curl_6b9922() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg("curl -fsS --retry 3 https://example.org/ping > /dev/null");
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "ops@example.org");
    run(command, "").await
}

// Line 18: @daily
// cron mails its output to `ops@example.org`.
#[job(name = "tar-c9bfac", cron = "@daily", timezone = "Europe/London")]
async fn tar_c9bfac() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg("tar czf /var/backups/etc-$(date +%F).tar.gz /etc");
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "ops@example.org");
    run(command, "").await
}

// Line 19: @reboot
// cron mails its output to `ops@example.org`.
// cron runs it once for each start of the machine, for which `#[job]` has no option:
// trigger it when this program starts, with `scheduler.trigger("start-agent-c934a8")`.
#[job(name = "start-agent-c934a8")]
async fn start_agent_c934a8() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg("/home/ana/bin/start-agent --background");
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "ops@example.org");
    run(command, "").await
}

// Line 20: 0 8 1 * *
// `%` ends the command, and what follows it is its input; the command is `mail -s "Rent" ana@example.org` (write `\%` for the sign)
// cron mails its output to `ops@example.org`.
#[job(name = "mail-86f5b3", cron = "0 8 1 * *", timezone = "Europe/London")]
async fn mail_86f5b3() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg(r#"mail -s "Rent" ana@example.org"#);
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "ops@example.org");
    run(command, "Pay the rent.\n\nAna\n").await
}

// Line 25: 0 6 */2 * 1
#[job(name = "report.sh-fba9ff", cron = "0 6 */2 * +MON", timezone = "Europe/London")]
async fn report_sh_fba9ff() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg("./report.sh | gzip > out/report.gz");
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "");
    command.env("HOME", "/srv/report");
    command.current_dir("/srv/report");
    run(command, "").await
}

// Line 26: ~ 3 * * 0
// `~ 3 * * 0` is `5 3 * * 0`, chosen by a hash of the name of the job
#[job(name = "updatedb-1f88f2", cron = "5 3 * * SUN", timezone = "Europe/London")]
async fn updatedb_1f88f2() -> io::Result<()> {
    let mut command = Command::new("/bin/bash");
    command.arg("-c").arg("updatedb --quiet");
    command.env("SHELL", "/bin/bash");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("MAILTO", "");
    command.env("HOME", "/srv/report");
    command.current_dir("/srv/report");
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
