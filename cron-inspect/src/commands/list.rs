//! `inspect list`

use cron_runtime::config::Database;
use cron_runtime::store::{HandlerInfo, JobInfo, JobKind, JobQuery, Ledger, Page};
use serde::Serialize;

use crate::cli::List;
use crate::context::{Context, Screen, find_group, find_job, zone_of};
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

/// Of more dynamic jobs than this on one function people are shown one line.
const FOLDED: u64 = 10;

pub(crate) fn list(args: &List, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    if let Some(group) = &args.group {
        find_group(&ledger, group)?;
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut query = JobQuery {
        group: args.group.clone(),
        tag: args.tag.clone(),
        handler: args.handler.clone(),
        kind: match (args.declared, args.dynamic) {
            (true, _) => Some(JobKind::Declared),
            (false, true) => Some(JobKind::Dynamic),
            (false, false) => None,
        },
        without: Vec::new(),
        after: args.after.clone(),
        // One more than is shown tells whether there are more.
        page: Page { limit: limit.saturating_add(1) },
    };
    // Whoever names the function wants its jobs, and a program folds for itself.
    let folds = !args.unfold && args.handler.is_none() && !context.is_json();
    let mut folded = if folds { ledger.handlers(&query)? } else { Vec::new() };
    folded.retain(|handler| handler.jobs > FOLDED);
    query.without = folded.iter().map(|handler| handler.handler.clone()).collect();
    let mut jobs = ledger.jobs(&query)?;
    if let Some(handler) = args.handler.as_deref().filter(|_| jobs.is_empty()) {
        find_job(&ledger, handler)?;
    }
    let has_more = jobs.len() > limit;
    jobs.truncate(limit);
    let next_after = jobs.last().filter(|_| has_more).map(|job| job.plan.name.as_str());
    // Each line stands in the place of its handler, on one page alone.
    let is_here = |handler: &HandlerInfo| {
        let name = handler.handler.as_str();
        args.after.as_deref().is_none_or(|after| name > after) && next_after.is_none_or(|last| name <= last)
    };
    folded.retain(is_here);
    let database = context.database()?;
    let json = Json { jobs: jobs.iter().map(json::Job::from).collect(), next_after };
    context.show(&json, |screen| text(&jobs, &folded, args, next_after, &database, screen))
}

/// The filters as they were given, to be given again.
fn filters(args: &List) -> String {
    let option = |name, value: &Option<String>| value.as_ref().map(|value| format!(" --{name} {value}"));
    let flag = |name, is_given: bool| is_given.then(|| format!(" --{name}"));
    let given = [
        option("group", &args.group),
        option("tag", &args.tag),
        option("handler", &args.handler),
        flag("declared", args.declared),
        flag("dynamic", args.dynamic),
        flag("unfold", args.unfold),
    ];
    given.into_iter().flatten().collect()
}

fn text(
    jobs: &[JobInfo],
    folded: &[HandlerInfo],
    args: &List,
    more: Option<&str>,
    database: &Database,
    screen: &Screen,
) -> String {
    if jobs.is_empty() && folded.is_empty() {
        return nothing(args, database, screen);
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
    let mut lines = folded.iter().peekable();
    for job in jobs {
        while let Some(before) = lines.next_if(|handler| handler.handler < job.plan.name) {
            table.row(fold(before, screen));
        }
        table.row(line(job, screen));
    }
    lines.for_each(|handler| table.row(fold(handler, screen)));
    let hidden = folded.iter().map(|handler| handler.jobs).sum::<u64>();
    let mut summary = vec![time::count(jobs.len() as u64 + hidden, "job")];
    let mut tell = |number: u64, what: &str| {
        if number > 0 {
            summary.push(format!("{number} {what}"));
        }
    };
    let count = |is: fn(&JobInfo) -> bool| jobs.iter().filter(|job| is(job)).count() as u64;
    tell(
        count(|job| job.paused.is_some()) + folded.iter().map(|handler| handler.paused).sum::<u64>(),
        "paused",
    );
    tell(count(|job| !job.linked), "not linked here");
    tell(hidden, "folded (--unfold shows each)");
    let summary = format!("{} in {database}", summary.join(", "));
    let mut out = table.render(screen.width) + "\n" + &footer(summary, screen.width);
    if let Some(name) = more {
        out += &footer(format!("more: inspect list{} --after {name}", filters(args)), screen.width);
    }
    out
}

fn nothing(args: &List, database: &Database, screen: &Screen) -> String {
    let kind = match (args.declared, args.dynamic) {
        (true, _) => "declared ",
        (false, true) => "dynamic ",
        (false, false) => "",
    };
    let said = |word, value: &Option<String>| {
        value.as_ref().map(|value| format!(" {word} {value}")).unwrap_or_default()
    };
    let which = [
        said("after", &args.after),
        said("in group", &args.group),
        said("with tag", &args.tag),
        said("on the function of", &args.handler),
    ];
    footer(format!("no {kind}jobs{} in {database}", which.concat()), screen.width)
}

fn line(job: &JobInfo, screen: &Screen) -> [Text; 7] {
    let (next, at) = next(job, screen);
    let last = job.last_run.as_ref();
    let started = last.and_then(|run| run.started).map(|at| time::roughly(at, screen.now));
    [
        Text::styled(style::BOLD, job.plan.name.as_str()),
        schedule(job),
        next,
        at,
        last.map_or_else(|| Text::styled(style::DIM, "none yet"), |run| style::state(&run.state)),
        Text::plain(started.unwrap_or_default()),
        Text::plain(last.and_then(|run| run.duration).map(time::took).unwrap_or_default()),
    ]
}

/// The dynamic jobs of one function in one line.
fn fold(handler: &HandlerInfo, screen: &Screen) -> [Text; 7] {
    let HandlerInfo { handler, jobs, paused, due } = handler;
    let mut what = Text::plain(time::count(*jobs, "dynamic job"));
    if *paused > 0 {
        what = what.and(style::WARNING, format!(", {paused} paused"));
    }
    let next = due.map(|due| time::roughly(due, screen.now)).unwrap_or_default();
    let rest = || Text::new();
    [
        Text::styled(style::BOLD, handler.as_str()).and(style::DIM, " +"),
        what.and(style::DIM, format!(": list --handler {handler}")),
        Text::plain(next),
        rest(),
        rest(),
        rest(),
        rest(),
    ]
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
