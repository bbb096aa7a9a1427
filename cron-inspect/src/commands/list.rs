//! `inspect list`

use chrono_tz::Tz;
use cron_runtime::config::Database;
use cron_runtime::store::{JobInfo, Ledger};
use serde::Serialize;

use crate::context::{Context, Screen};
use crate::failure::Failure;
use crate::view::table::{Column, Table, footer};
use crate::view::text::Text;
use crate::view::{json, style, time};

#[derive(Serialize)]
struct Json<'a> {
    jobs: Vec<json::Job<'a>>,
}

pub(crate) fn list(context: &Context) -> Result<(), Failure> {
    let jobs = context.ledger()?.jobs()?;
    let database = context.database()?;
    let json = Json { jobs: jobs.iter().map(json::Job::from).collect() };
    context.show(&json, |screen| text(&jobs, &database, screen))
}

fn text(jobs: &[JobInfo], database: &Database, screen: &Screen) -> String {
    if jobs.is_empty() {
        return footer(format!("no jobs in {database}"), screen.width);
    }
    let mut table = Table::new([
        Column::new("JOB").wrap(20),
        Column::new("SCHEDULE").wrap(22),
        Column::new("NEXT"),
        Column::new("AT").optional(2),
        Column::new("LAST RUN"),
        Column::new("STARTED").optional(1),
        Column::new("TOOK").right().optional(3),
    ]);
    for job in jobs {
        let (next, at) = next(job, screen);
        let last = job.last_run.as_ref();
        let started = last.and_then(|run| run.started).map(|at| time::roughly(at, screen.now));
        table.row([
            Text::styled(style::BOLD, job.plan.name.as_str()),
            schedule(job),
            next,
            at,
            last.map_or_else(|| Text::styled(style::DIM, "none yet"), |run| style::state(&run.state)),
            Text::plain(started.unwrap_or_default()),
            Text::plain(last.and_then(|run| run.duration).map(time::took).unwrap_or_default()),
        ]);
    }
    let mut summary = vec![time::count(jobs.len() as u64, "job")];
    let mut tell = |number: usize, what: &str| {
        if number > 0 {
            summary.push(format!("{number} {what}"));
        }
    };
    tell(jobs.iter().filter(|job| job.paused.is_some()).count(), "paused");
    tell(jobs.iter().filter(|job| !job.linked).count(), "not linked here");
    let summary = format!("{} in {database}", summary.join(", "));
    table.render(screen.width) + "\n" + &footer(summary, screen.width)
}

fn schedule(job: &JobInfo) -> Text {
    let text = match &job.plan.schedule {
        Some(schedule) => Text::plain(schedule.describe()),
        None => Text::styled(style::DIM, "By hand only"),
    };
    if job.linked { text } else { text.and(style::WARNING, " (not linked here)") }
}

/// How far away the next tick is, and when it is.
pub(crate) fn next(job: &JobInfo, screen: &Screen) -> (Text, Text) {
    let Some(schedule) = &job.plan.schedule else { return (Text::new(), Text::new()) };
    if let Some(pause) = &job.paused {
        let since = time::rough_span(screen.now - pause.at);
        return (Text::styled(style::WARNING, format!("paused {since}")), Text::new());
    }
    let zone = schedule.zone().unwrap_or(Tz::UTC);
    match job.due {
        Some(due) if due < screen.now => {
            let text = format!("due {}", time::roughly(due, screen.now));
            (Text::styled(style::WARNING, text), Text::plain(time::short_stamp(due, zone, screen.now)))
        }
        Some(due) => (
            Text::plain(time::roughly(due, screen.now)),
            Text::plain(time::short_stamp(due, zone, screen.now)),
        ),
        None if job.active > 0 && schedule.next_after(job.mark).is_some() => {
            (Text::plain("after the run"), Text::new())
        }
        None => (Text::styled(style::DIM, "never again"), Text::new()),
    }
}
