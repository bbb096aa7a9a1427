//! `inspect doctor`: what is wrong with a database and with those who work on it, and what to do.

mod checks;
mod file;

use serde::Serialize;

use super::Verdict;
use crate::cli::Doctor;
use crate::context::{Context, Screen};
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::{Column, Table, footer};
use crate::view::text::Text;
use crate::view::time::count;

/// At most this many findings of one check are shown; the last line says how many there are.
const MOST: usize = 5;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warning,
    Error,
}

/// Something that a person should look at.
#[derive(Debug, Serialize)]
struct Finding {
    status: Status,
    message: String,
    advice: String,
}

impl Finding {
    fn warning(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Warning, message: message.into(), advice: advice.into() }
    }

    fn error(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: Status::Error, message: message.into(), advice: advice.into() }
    }
}

/// What was looked at.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    status: Status,
    /// What was seen, in words.
    seen: String,
    findings: Vec<Finding>,
}

impl Check {
    fn new(check: &'static str, seen: impl Into<String>, findings: Vec<Finding>) -> Self {
        let status = findings.iter().map(|finding| finding.status).max().unwrap_or(Status::Ok);
        Self { check, status, seen: seen.into(), findings }
    }
}

#[derive(Serialize)]
struct Json<'a> {
    fine: bool,
    database: String,
    checks: &'a [Check],
}

pub(crate) fn doctor(args: &Doctor, context: &Context) -> Result<Verdict, Failure> {
    let path = context.file()?;
    let mut checks = file::checks(&path);
    match context.ledger() {
        Ok(ledger) => checks.extend(checks::checks(&ledger, args.since, context.screen.now)),
        Err(failure) => {
            let details = failure.details();
            let advice = if details.is_empty() {
                "nothing else can be looked at until it opens".into()
            } else {
                details
            };
            checks.push(Check::new(
                "open",
                "it cannot be opened",
                vec![Finding::error(failure.to_string(), advice)],
            ));
        }
    }
    let is_fine = checks.iter().all(|check| check.status == Status::Ok);
    let json = Json { fine: is_fine, database: path.display().to_string(), checks: &checks };
    context.show(&json, |screen| text(&checks, screen))?;
    Ok(if is_fine { Verdict::Good } else { Verdict::Bad })
}

fn text(checks: &[Check], screen: &Screen) -> String {
    let mut table = Table::new([Column::new("CHECK"), Column::new("STATUS"), Column::new("FOUND").wrap(30)]);
    for check in checks {
        let status = match check.status {
            Status::Ok => Text::styled(style::GOOD, "ok"),
            Status::Warning => Text::styled(style::WARNING, "warning"),
            Status::Error => Text::styled(style::ERROR, "error"),
        };
        table.row([Text::styled(style::BOLD, check.check), status, Text::plain(&check.seen)]);
        let more = check.findings.len().saturating_sub(MOST);
        for finding in check.findings.iter().take(MOST) {
            let found = Text::plain(format!("- {}; ", finding.message)).and(style::DIM, &finding.advice);
            table.row([Text::new(), Text::new(), found]);
        }
        if more > 0 {
            table.row([Text::new(), Text::new(), Text::plain(format!("- and {more} more: see `--json`"))]);
        }
    }
    let findings: usize = checks.iter().map(|check| check.findings.len()).sum();
    let verdict = match findings {
        0 => "nothing is wrong".to_owned(),
        findings => count(findings as u64, "finding"),
    };
    table.render(screen.width) + &footer(verdict, screen.width)
}
