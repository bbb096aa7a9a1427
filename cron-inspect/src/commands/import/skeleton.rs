//! A crontab as functions with `#[job]`.

use std::collections::HashSet;

use cron_core::crontab::{CrontabJob, CrontabTime};
use cron_core::job::options::Value;

use super::{Imported, words};
use crate::view::text::{clean, steers};

/// Words that no function can have as its name, and `run`, which is the one below.
const TAKEN: [&str; 54] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "main", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "run",
    "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield", "job",
];

/// The longest attribute that stands on one line.
const WIDTH: usize = 100;

/// A command with nothing to read.
const RUN: &str = "
/// Runs a command to its end. Any exit code but 0 is an error, and a run that is cut off kills its shell.
async fn run(mut command: Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).kill_on_drop(true).status().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!(\"the command ended with {status}\"))) }
}
";

/// The same where a command has something to read.
const RUN_WITH_INPUT: &str = "
/// Runs a command to its end. Any exit code but 0 is an error, and a run that is cut off kills its shell.
async fn run(mut command: Command, input: &'static str) -> io::Result<()> {
    let mut child = command.stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // Beside the command, which may end without reading all of it.
        tokio::spawn(async move { pipe.write_all(input.as_bytes()).await });
    }
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!(\"the command ended with {status}\"))) }
}
";

/// The text of a Rust file, or of a part of one.
pub(super) fn print(imported: &Imported) -> String {
    let jobs = imported.crontab.jobs();
    let has_input = jobs.iter().any(|job| job.stdin.is_some());
    let features = if has_input { "`process`, `io-util` and `rt`" } else { "`process`" };
    let mut head = vec![
        format!("Made from the crontab {}.", clean(&imported.file)),
        format!("It needs `cron-runtime`, and `tokio` with {features}."),
        String::new(),
    ];
    head.extend(words::differences(imported));
    let mut out = comment(&head);
    if jobs.is_empty() {
        return out;
    }
    out += "\nuse std::io;\nuse std::process::Stdio;\n\nuse cron_runtime::job;\n";
    if has_input {
        out += "use tokio::io::AsyncWriteExt;\n";
    }
    out += "use tokio::process::Command;\n";
    let mut names: HashSet<String> = HashSet::new();
    for job in jobs {
        out += &function(imported, job, has_input, &mut names);
    }
    out += if has_input { RUN_WITH_INPUT } else { RUN };
    out
}

fn function(imported: &Imported, job: &CrontabJob, has_input: bool, names: &mut HashSet<String>) -> String {
    let mut out = format!("\n{}", comment(&words::origin(imported, job)));
    out += &comment(&words::not_carried_over(job));
    out += &attribute(job);
    out += &format!("async fn {}() -> io::Result<()> {{\n", identifier(&job.name, names));
    let shell = job.shell.as_deref().unwrap_or("/bin/sh");
    out += &format!("    let mut command = Command::new({});\n", string(shell));
    out += &format!("    command.arg(\"-c\").arg({});\n", string(&job.command));
    for (name, value) in imported.crontab.environment(job) {
        out += &format!("    command.env({}, {});\n", string(name), string(value));
    }
    if let Some(home) = &job.home {
        out += &format!("    command.current_dir({});\n", string(home));
    }
    out += &match (&job.stdin, has_input) {
        (Some(stdin), _) => format!("    run(command, {}).await\n", string(stdin)),
        (None, true) => "    run(command, \"\").await\n".to_owned(),
        (None, false) => "    run(command).await\n".to_owned(),
    };
    out + "}\n"
}

/// `#[job(...)]` on one line, or with an option on each.
fn attribute(job: &CrontabJob) -> String {
    let mut options = vec![format!("name = {}", string(&job.name))];
    if let CrontabTime::Times { cron, zone, .. } = &job.time {
        options.push(format!("cron = {}", string(cron)));
        options.push(format!("timezone = {}", string(zone)));
    }
    for (key, value) in job.options.iter() {
        match value {
            Value::Text(text) => options.push(format!("{key} = {}", string(text))),
            Value::Count(_) | Value::Switch(_) => options.push(format!("{key} = {value}")),
            Value::Refused => {}
        }
    }
    let line = format!("#[job({})]\n", options.join(", "));
    if line.chars().count() <= WIDTH {
        return line;
    }
    let lines: String = options.iter().map(|option| format!("    {option},\n")).collect();
    format!("#[job(\n{lines})]\n")
}

/// A name for the function of a job, which no other one has.
fn identifier(name: &str, names: &mut HashSet<String>) -> String {
    let mut words = String::new();
    for c in name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }) {
        if c != '_' || !words.ends_with('_') {
            words.push(c);
        }
    }
    let words = words.trim_matches('_');
    let is_good = words.starts_with(|c: char| c.is_ascii_alphabetic()) && !TAKEN.contains(&words);
    let first = match words {
        "" => "job_of_crontab".to_owned(),
        words if is_good => words.to_owned(),
        words => format!("job_{words}"),
    };
    let numbered = |number| format!("{first}_{number}");
    let name = (2..).map(numbered).find(|name| !names.contains(name));
    let name = if names.contains(&first) { name.unwrap_or_default() } else { first };
    names.insert(name.clone());
    name
}

/// A text as a literal: raw where that reads better, and escaped where it has several lines or contains what hides or steers.
fn string(text: &str) -> String {
    if text.contains(steers) {
        return escaped(text);
    }
    if !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    // One sign more than any quote of the text has behind it.
    let signs = |rest: &str| rest.chars().take_while(|c| *c == '#').count() + 1;
    let count = text.match_indices('"').map(|(at, _)| signs(&text[at + 1..])).max().unwrap_or(0);
    // The compiler takes up to 255.
    if count > 200 {
        return escaped(text);
    }
    let signs = "#".repeat(count);
    format!("r{signs}\"{text}\"{signs}")
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if steers(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn comment(lines: &[String]) -> String {
    let line = |line: &String| if line.is_empty() { "//\n".to_owned() } else { format!("// {line}\n") };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_a_literal() {
        for (text, literal) in [
            ("plain é", "\"plain é\""),
            ("a\\b", "r\"a\\b\""),
            ("say \"hi\"", "r#\"say \"hi\"\"#"),
            ("\"# and \"##", "r###\"\"# and \"##\"###"),
            ("one\ntwo\\", "\"one\\ntwo\\\\\""),
            ("tab\there \"x\"", "\"tab\\there \\\"x\\\"\""),
            ("\u{202e}x", "\"\\u{202e}x\""),
            ("", "\"\""),
        ] {
            assert_eq!(string(text), literal);
        }
        let many = format!("\"{}", "#".repeat(300));
        assert!(string(&many).starts_with("\"\\\"##"), "{}", string(&many));
    }

    #[test]
    fn every_job_has_a_function_of_its_own() {
        let mut names = HashSet::new();
        let found: Vec<_> =
            ["run-parts-1a2b3c", "run_parts.1a2b3c", "fn", "run", "7zip-aa", "日本", "A/B--c_", "__"]
                .iter()
                .map(|name| identifier(name, &mut names))
                .collect();
        assert_eq!(
            found,
            [
                "run_parts_1a2b3c",
                "run_parts_1a2b3c_2",
                "job_fn",
                "job_run",
                "job_7zip_aa",
                "job_of_crontab",
                "a_b_c",
                "job_of_crontab_2"
            ]
        );
    }
}
