//! A crontab as a job file.

use cron_core::crontab::{CrontabJob, CrontabTime, Mail};
use cron_core::job::options::Value as Given;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::{Imported, words};
use crate::view::text::{clean, steers};

/// The text of the file.
pub(super) fn print(imported: &Imported) -> String {
    let mut head = vec![format!("Made from the crontab {}.", clean(&imported.file)), String::new()];
    head.extend(words::differences(imported));
    let mut jobs = Table::new();
    jobs.set_implicit(true);
    for job in imported.crontab.jobs() {
        let mut table = table(imported, job);
        table.decor_mut().set_prefix(format!("\n{}", comment(&words::origin(imported, job))));
        jobs.insert(&job.name, Item::Table(table));
    }
    let mut document = DocumentMut::new();
    document.insert("jobs", Item::Table(jobs));
    format!("{}{document}", comment(&head))
}

fn table(imported: &Imported, job: &CrontabJob) -> Table {
    let mut table = Table::new();
    let mut set = |key: &str, value: Value| {
        table.insert(key, Item::Value(value));
    };
    match &job.time {
        CrontabTime::Boot => set("on_boot", true.into()),
        CrontabTime::Times { cron, zone, .. } => {
            set("cron", text(cron));
            set("timezone", text(zone));
        }
    }
    for (key, value) in job.options.iter() {
        match value {
            Given::Text(given) => set(key.name(), text(given)),
            // No option allows more.
            Given::Count(number) => set(key.name(), i64::try_from(*number).unwrap_or(i64::MAX).into()),
            Given::Switch(switch) => set(key.name(), (*switch).into()),
            Given::Refused => {}
        }
    }
    // The shell expands what is in it.
    set("command", text(&job.command));
    if let Some(shell) = job.shell.as_deref().filter(|shell| *shell != "/bin/sh") {
        set("shell", Array::from_iter([literal(shell), "-c".into()]).into());
    }
    if let Some(home) = &job.home {
        set("cwd", literal(home));
    }
    let variables = imported.crontab.environment(job);
    if !variables.is_empty() {
        let mut env = InlineTable::new();
        for (name, value) in variables {
            env.insert(name, literal(value));
        }
        set("env", env.into());
    }
    if let Some(user) = &job.user {
        set("run_as", text(user));
        set("environment", "clean".into());
    }
    if let Some(stdin) = &job.stdin {
        set("stdin", text(stdin));
    }
    if let Mail::To { to, from } = &job.mail {
        let to = match from {
            None => text(to),
            Some(from) => InlineTable::from_iter([("to", text(to)), ("from", text(from))]).into(),
        };
        match job.mails_failures_only {
            true => set("on_failure", InlineTable::from_iter([("mail", to)]).into()),
            false => set("mail", to),
        }
    }
    table
}

/// A text in which a job file expands `${NAME}`, and `$$` is the sign itself. A crontab expands nothing.
fn literal(value: &str) -> Value {
    text(&value.replace('$', "$$"))
}

fn text(value: &str) -> Value {
    let hides = |c: char| steers(c) && c > '\u{7e}';
    if !value.contains(hides) {
        return value.into();
    }
    // Such characters are allowed as they are, but whoever looks at the file shall see them.
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            c if steers(c) => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted.parse().unwrap_or_else(|_| value.into())
}

fn comment(lines: &[String]) -> String {
    let line = |line: &String| if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") };
    lines.iter().map(line).collect()
}
