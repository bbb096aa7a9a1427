//! `inspect list`

use cron_runtime::config::Database;
use cron_runtime::store::{JobInfo, JobQuery, Ledger, Page};
use serde::Serialize;

use crate::cli::List;
use crate::context::{Context, Screen, find_group, zone_of};
use crate::failure::Failure;
use crate::view::table::{Column, Table, footer};
use crate::view::text::Text;
use crate::view::{json, style, time};

#[derive(Serialize)]
struct Json<'a> {
    jobs: Vec<json::Job<'a>>,
    /// For `--after`, if there are more.
    next_after: Option<&'a str>,
}

pub(crate) fn list(args: &List, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    if let Some(group) = &args.group {
        find_group(&ledger, group)?;
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let query = JobQuery {
        group: args.group.clone(),
        tag: args.tag.clone(),
        handler: None,
        after: args.after.clone(),
        // One more than is shown tells whether there are more.
        page: Page { limit: limit.saturating_add(1) },
    };
    let mut jobs = ledger.jobs(&query)?;
    let has_more = jobs.len() > limit;
    jobs.truncate(limit);
    let next_after = jobs.last().filter(|_| has_more).map(|job| job.plan.name.as_str());
    let database = context.database()?;
    let json = Json { jobs: jobs.iter().map(json::Job::from).collect(), next_after };
    context.show(&json, |screen| text(&jobs, args, next_after, &database, screen))
}

/// The filters as they were given, to be given again.
fn filters(args: &List) -> String {
    let option = |name, value: &Option<String>| value.as_ref().map(|value| format!(" --{name} {value}"));
    [option("group", &args.group), option("tag", &args.tag)].into_iter().flatten().collect()
}

fn text(jobs: &[JobInfo], args: &List, more: Option<&str>, database: &Database, screen: &Screen) -> String {
    if jobs.is_empty() {
        let after = args.after.as_ref().map(|after| format!(" after {after}")).unwrap_or_default();
        let group = args.group.as_ref().map(|group| format!(" in group {group}")).unwrap_or_default();
        let tag = args.tag.as_ref().map(|tag| format!(" with tag {tag}")).unwrap_or_default();
        return footer(format!("no jobs{after}{group}{tag} in {database}"), screen.width);
    }
    let mut table = Table::new([
        Column::name("JOB"),
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
    let mut out = table.render(screen.width) + "\n" + &footer(summary, screen.width);
    if let Some(name) = more {
        out += &footer(format!("more: inspect list{} --after {name}", filters(args)), screen.width);
    }
    out
}

fn schedule(job: &JobInfo) -> Text {
    let text = match &job.plan.schedule {
        Some(schedule) => Text::plain(schedule.describe()),
        None => Text::styled(style::DIM, "By hand only"),
    };
    if job.linked { text } else { text.and(style::WARNING, " (not linked here)") }
}

/// How far away the next tick is, and when it is.
fn next(job: &JobInfo, screen: &Screen) -> (Text, Text) {
    if let Some(pause) = &job.paused {
        let since = time::rough_span(screen.now - pause.at);
        return (Text::styled(style::WARNING, format!("paused {since}")), Text::new());
    }
    let at = |due| {
        let text = Text::plain(time::short_stamp(due, zone_of(job), screen.now));
        if job.hold.is_some() { text.and(style::DIM, " by a run's word") } else { text }
    };
    match (job.due, &job.plan.schedule) {
        (Some(due), _) if due < screen.now => {
            (Text::styled(style::WARNING, format!("due {}", time::roughly(due, screen.now))), at(due))
        }
        (Some(due), _) => (Text::plain(time::roughly(due, screen.now)), at(due)),
        (None, None) => (Text::new(), Text::new()),
        (None, Some(_)) if job.hold.is_some_and(|hold| hold.until.is_none()) => {
            (Text::styled(style::DIM, "never by itself"), Text::styled(style::DIM, "by a run's word"))
        }
        (None, Some(schedule)) if job.active > 0 && schedule.next_after(job.mark).is_some() => {
            (Text::plain("after the run"), Text::new())
        }
        (None, Some(_)) => (Text::styled(style::DIM, "never again"), Text::new()),
    }
}
