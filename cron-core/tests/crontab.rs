//! Crontabs as people have them, and any other text.

#![cfg(feature = "crontab")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use chrono::{DateTime, Utc};
use cron_core::crontab::{Crontab, CrontabTime, Form, Mail};
use proptest::prelude::*;
use serde_json::Value;

/// The lines of the corpus in these words.
fn corpus(dialect: &str) -> Vec<Value> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/schedules-real.jsonl"));
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Value> = lines.filter(|case| case["dialect"] == dialect).collect();
    assert!(found.len() >= 10, "{} of {dialect}", found.len());
    found
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

#[test]
fn schedules_of_vixie_have_their_instants() {
    let mut compared = 0;
    for case in corpus("vixie") {
        let expression = text(&case, "expr");
        let crontab = Crontab::read(&format!("{expression} x"), Form::User, Some("UTC")).unwrap();
        let [job] = crontab.jobs() else { panic!("{expression}") };
        let Some(next) = case["next"].as_array() else {
            assert_eq!((expression, &job.time), ("@reboot", &CrontabTime::Boot));
            continue;
        };
        let after: DateTime<Utc> = text(&case, "after").parse().unwrap();
        let ticks = job.schedule().unwrap().iter_after(after).take(next.len());
        let found: Vec<String> = ticks.map(|tick| tick.format("%FT%TZ").to_string()).collect();
        assert_eq!(found, next.iter().map(|tick| tick.as_str().unwrap()).collect::<Vec<_>>(), "{expression}");
        compared += 1;
    }
    assert!(compared >= 25, "{compared}");
}

#[test]
fn whole_lines_are_read() {
    for case in corpus("crontab-line") {
        let line = text(&case, "expr");
        let read = Crontab::read(line, Form::User, Some("UTC"));
        // No cron takes a range that ends before it starts.
        if line.contains("19-7") {
            let mistakes = read.unwrap_err();
            assert!(mistakes[0].to_string().contains("write `0-7,19-23`"), "{}", mistakes[0]);
            continue;
        }
        let crontab = read.unwrap_or_else(|mistakes| panic!("{line}: {mistakes:?}"));
        let [job] = crontab.jobs() else { panic!("{line}") };
        let parts = line.split_whitespace();
        let fields = if line.starts_with('@') { 1 } else { 5 };
        let command: Vec<&str> = parts.skip(fields).collect();
        assert_eq!(job.command.split_whitespace().collect::<Vec<_>>(), command, "{line}");
    }
    // Those of the system have their user.
    for (start, user) in [("*/5 * * * *     munin", "munin"), ("@reboot root", "root")] {
        let case = corpus("crontab-line").into_iter().find(|case| text(case, "expr").starts_with(start));
        let crontab = Crontab::read(text(&case.unwrap(), "expr"), Form::System, Some("UTC")).unwrap();
        assert_eq!(crontab.jobs()[0].user.as_deref(), Some(user));
    }
}

fn kept(name: &str) -> String {
    let path = format!("{}/../tests/data/crontabs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_crontab_of_a_user() {
    let crontab = Crontab::read(&kept("user"), Form::User, None).unwrap();
    let found: Vec<_> = crontab
        .jobs()
        .iter()
        .map(|job| (job.line, job.name.rsplit_once('-').map_or("", |(program, _)| program), cron_of(job)))
        .collect();
    assert_eq!(found[0], (12, "nightly", "30 2 * * MON-FRI".to_owned()));
    assert_eq!(found[1], (15, "rotate.sh", "0 4 8-14,22-28 * MON".to_owned()));
    assert_eq!(found[4], (18, "tar", "@daily".to_owned()));
    assert_eq!(found[5], (19, "start-agent", "@reboot".to_owned()));
    assert_eq!(found[7], (25, "report.sh", "0 6 */2 * +MON".to_owned()));
    assert_eq!(found[8].1, "updatedb", "the last line has no end");
    assert_eq!(found.len(), 9);
    let jobs = crontab.jobs();
    assert_eq!(jobs[4].command, "tar czf /var/backups/etc-$(date +%F).tar.gz /etc");
    assert_eq!(jobs[6].stdin.as_deref(), Some("Pay the rent.\n\nAna\n"));
    assert_eq!(jobs[0].comments, ["Every night, before the day begins."]);
    assert_eq!((jobs[7].home.as_deref(), &jobs[7].mail), (Some("/srv/report"), &Mail::Nobody));
    let told: Vec<usize> = crontab.warnings().iter().map(|warning| warning.line()).collect();
    assert_eq!(told, [20, 26], "the input behind `%`, the value by chance");
}

fn cron_of(job: &cron_core::crontab::CrontabJob) -> String {
    match &job.time {
        CrontabTime::Boot => "@reboot".to_owned(),
        CrontabTime::Times { cron, .. } => cron.clone(),
    }
}

#[test]
fn crontabs_of_the_system() {
    let crontab = Crontab::read(&kept("system"), Form::System, Some("Europe/London")).unwrap();
    let programs: Vec<&str> = crontab.jobs().iter().map(|job| &job.name[..job.name.len() - 7]).collect();
    assert_eq!(programs, ["run-parts"; 4]);
    assert!(crontab.jobs().iter().all(|job| job.user.as_deref() == Some("root")));
    assert_eq!(crontab.environment(&crontab.jobs()[0]).len(), 2);
    assert_eq!(crontab.warnings(), []);
    // Without the column of the user, the user looks like a command.
    let wrong = Crontab::read(&kept("system"), Form::User, Some("Europe/London")).unwrap();
    assert_eq!(wrong.warnings().len(), 4);

    let crontab = Crontab::read(&kept("cron.d/packages"), Form::System, Some("UTC")).unwrap();
    let jobs = crontab.jobs();
    assert_eq!(jobs.len(), 10);
    let names: Vec<&str> = jobs.iter().map(|job| &job.name[..job.name.len() - 7]).collect();
    assert_eq!(names[3..6], ["sessionclean", "munin-cron", "debian-sa1"]);
    assert!(jobs[4].is_quiet && !jobs[3].is_quiet);
    assert!(jobs[5].mails_failures_only);
    assert_eq!(jobs[8].user.as_deref(), Some("www-data"));
    assert!(jobs[7].command.contains("$(date +%d) -le 7"), "{}", jobs[7].command);
}

/// Texts near to crontabs, so that each part of the reader has something to do.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("* * * * * ".to_owned()),
        Just("0~30 */2 *\t* 1 ".to_owned()),
        Just("@reboot ".to_owned()),
        Just("@daily ".to_owned()),
        Just("CRON_TZ=".to_owned()),
        Just("Europe/London".to_owned()),
        Just("RANDOM_DELAY=5".to_owned()),
        Just("MAILTO = \"".to_owned()),
        Just("#: name = \"a\", retries = 3".to_owned()),
        Just("#: ".to_owned()),
        Just("\\%".to_owned()),
        Just("%".to_owned()),
        Just("root ".to_owned()),
        Just("\r\n".to_owned()),
        "[!-~]{1,6}",
        "\\PC{1,4}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever the text: it is read or refused, every place lies in it, and no name is there twice.
    #[test]
    fn any_text(text in pieces(), is_system in any::<bool>(), zone in any::<bool>()) {
        let form = if is_system { Form::System } else { Form::User };
        match Crontab::read(&text, form, zone.then_some("Europe/London")) {
            Ok(crontab) => {
                let mut names: Vec<&str> = crontab.jobs().iter().map(|job| job.name.as_str()).collect();
                for job in crontab.jobs() {
                    cron_core::job::JobName::check(&job.name).unwrap();
                    prop_assert!(!job.command.trim().is_empty());
                    prop_assert!(!job.command.contains('\n'));
                    prop_assert!(job.stdin.as_ref().is_none_or(|stdin| stdin.ends_with('\n')));
                    prop_assert_eq!(job.user.is_some(), is_system);
                    let names: Vec<&str> = crontab.environment(job).iter().map(|(name, _)| *name).collect();
                    let distinct: std::collections::HashSet<&str> = names.iter().copied().collect();
                    prop_assert_eq!(names.len(), distinct.len());
                }
                names.sort_unstable();
                names.dedup();
                prop_assert_eq!(names.len(), crontab.jobs().len());
                let lines = text.lines().count();
                prop_assert!(crontab.warnings().iter().all(|warning| (1..=lines.max(1)).contains(&warning.line())));
            }
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                for mistake in &mistakes {
                    let before = text.get(..mistake.span().start);
                    prop_assert!(before.is_some() && text.get(mistake.span()).is_some(), "{:?}", mistake);
                    let before = before.unwrap();
                    prop_assert_eq!(before.matches('\n').count() + 1, mistake.line());
                    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
                    prop_assert_eq!(column, mistake.column());
                    prop_assert!(!mistake.to_string().is_empty());
                    prop_assert_eq!(mistake.diagram().lines().count(), 2);
                }
            }
        }
    }

    /// What is written for a line is read back from it, in either form.
    #[test]
    fn a_line_gives_back_its_parts(
        minute in 0_u32..60, hour in 0_u32..24, command in "[a-z/][ -~]{0,40}[a-z]", blanks in "[ \t]{1,4}",
    ) {
        let escaped = command.replace('%', "\\%");
        prop_assume!(!command.contains("\\%") && !escaped.contains("\\\\%"));
        let text = format!("{minute}{blanks}{hour} * * *{blanks}{escaped}");
        let crontab = Crontab::read(&text, Form::User, Some("UTC")).unwrap();
        prop_assert_eq!(&crontab.jobs()[0].command, &command);
        let expression = cron_of(&crontab.jobs()[0]);
        prop_assert_eq!(expression, format!("{minute} {hour} * * *"));
    }
}
