//! `inspect next`: of all jobs, of one job, or of a schedule that no job has.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::schedule::Schedule;
use cron_runtime::store::{JobInfo, Ledger};
use serde::Serialize;

use crate::cli::Next;
use crate::context::{Context, find_job};
use crate::expression::Expression;
use crate::failure::Failure;
use crate::view::table::{Column, Table, footer, paragraph};
use crate::view::text::Text;
use crate::view::time::{self, Precision};
use crate::view::{json, style, ticks};

#[derive(Serialize)]
struct Json<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    schedule: Option<String>,
    description: Option<String>,
    time_zone: Option<&'static str>,
    next: Vec<json::Instant>,
}

pub(crate) fn next(args: &Next, context: &Context) -> Result<(), Failure> {
    let after = args.ahead.after.unwrap_or(context.screen.now);
    let count = usize::try_from(args.ahead.count).unwrap_or(usize::MAX);
    match (&args.job, &args.expr) {
        (_, Some(expr)) => of_expression(expr, args.zone.as_deref(), after, count, context),
        (Some(job), None) => of_job(job, after, count, context),
        (None, None) => of_all(after, count, context),
    }
}

/// The next ticks of a job.
///
/// A delay becomes an instant when the job is registered. The store knows it as the tick that is due; while the job is
/// paused nothing is, and it is worked out from the first registration. Of a job that counts from the end of its runs only
/// the store knows the next tick, and nobody the ones after it.
pub(crate) fn ticks_of(job: &JobInfo, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
    let Some(schedule) = &job.plan.schedule else { return Vec::new() };
    if let Schedule::Delay(_) = schedule {
        return job.due.into_iter().filter(|due| *due > after).take(count).collect();
    }
    let schedule = match (schedule, job.due) {
        (Schedule::Once(_), Some(due)) => Schedule::at_instant(due),
        (Schedule::Once(_), None) if job.paused.is_none() => return Vec::new(),
        _ => schedule.anchored(job.registered),
    };
    schedule.iter_after(after).take(count).collect()
}

fn of_expression(
    expr: &str,
    zone: Option<&str>,
    after: DateTime<Utc>,
    count: usize,
    context: &Context,
) -> Result<(), Failure> {
    let Expression { schedule, zone } = Expression::read(expr, zone)?;
    let found: Vec<_> = schedule.anchored(after).iter_after(after).take(count).collect();
    show(None, Some(&schedule), zone, &found, context)
}

fn of_job(name: &str, after: DateTime<Utc>, count: usize, context: &Context) -> Result<(), Failure> {
    let job = find_job(&context.ledger()?, name)?;
    let schedule = job.plan.schedule.as_ref();
    let zone = schedule.and_then(|schedule| schedule.zone()).unwrap_or(Tz::UTC);
    show(Some(&job), schedule, zone, &ticks_of(&job, after, count), context)
}

fn show(
    job: Option<&JobInfo>,
    schedule: Option<&Schedule>,
    zone: Tz,
    found: &[DateTime<Utc>],
    context: &Context,
) -> Result<(), Failure> {
    let json = Json {
        job: job.map(|job| job.plan.name.as_str()),
        schedule: schedule.map(ToString::to_string),
        description: schedule.map(Schedule::describe),
        time_zone: schedule.and_then(Schedule::zone).map(|zone| zone.name()),
        next: json::instants(found),
    };
    context.show(&json, |screen| {
        let mut title = Text::new();
        if let Some(job) = job {
            title = title.and(style::BOLD, job.plan.name.as_str()).and(style::PLAIN, "  ");
        }
        let words = schedule.map_or_else(|| "By hand only".to_owned(), Schedule::describe);
        let mut out = paragraph(&title.and(style::PLAIN, words), 0, screen.width);
        if let Some(pause) = job.and_then(|job| job.paused.as_ref()) {
            let text = format!("paused {}, {}", time::relative(pause.at, screen.now), pause.reason());
            out += &paragraph(&Text::styled(style::WARNING, text), 0, screen.width);
        }
        if found.is_empty() {
            out += &paragraph(&nothing(job, schedule), 2, screen.width);
        }
        out + &ticks::ticks(found, zone, screen).render(screen.width)
    })
}

/// Why there is no tick to show.
fn nothing(job: Option<&JobInfo>, schedule: Option<&Schedule>) -> Text {
    match (schedule, job) {
        (Some(Schedule::Delay(_)), Some(job)) if job.paused.is_some() => {
            Text::plain("the next one is known when the job is resumed")
        }
        (Some(Schedule::Delay(_)), Some(job)) if job.active > 0 => {
            Text::plain("the next one is known when the run has ended")
        }
        _ => Text::styled(style::WARNING, "no more ticks"),
    }
}

#[derive(Serialize)]
struct JsonAll<'a> {
    next: Vec<json::Instant>,
    ticks: Vec<JsonTick<'a>>,
}

#[derive(Serialize)]
struct JsonTick<'a> {
    at: json::Instant,
    job: &'a str,
    time_zone: Option<&'static str>,
}

/// The next ticks of all jobs that are not paused, in the order of time.
fn of_all(after: DateTime<Utc>, count: usize, context: &Context) -> Result<(), Failure> {
    let jobs = context.ledger()?.jobs()?;
    let mut found: Vec<(DateTime<Utc>, &JobInfo)> = Vec::new();
    for job in jobs.iter().filter(|job| job.paused.is_none()) {
        found.extend(ticks_of(job, after, count).into_iter().map(|tick| (tick, job)));
    }
    found.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.plan.name.cmp(&other.plan.name)));
    found.truncate(count);
    let zone = |job: &JobInfo| job.plan.schedule.as_ref().and_then(|schedule| schedule.zone());
    let json = JsonAll {
        next: found.iter().map(|(at, _)| json::Instant(*at)).collect(),
        ticks: found
            .iter()
            .map(|(at, job)| JsonTick {
                at: json::Instant(*at),
                job: job.plan.name.as_str(),
                time_zone: zone(job).map(|zone| zone.name()),
            })
            .collect(),
    };
    context.show(&json, |screen| {
        let mut table = Table::new([
            Column::new("NEXT"),
            Column::new("JOB").cut(12),
            Column::new("AT"),
            Column::new("UTC").optional(1),
        ]);
        let precision = Precision::of(found.iter().map(|(at, _)| *at));
        for (at, job) in &found {
            let zone = zone(job).unwrap_or(Tz::UTC);
            let utc = if zone == Tz::UTC { String::new() } else { time::stamp_to(precision, *at, Tz::UTC) };
            table.row([
                Text::plain(time::relative(*at, screen.now)),
                Text::styled(style::BOLD, job.plan.name.as_str()),
                Text::plain(time::long_stamp_to(precision, *at, zone)),
                Text::styled(style::DIM, utc),
            ]);
        }
        let paused = jobs.iter().filter(|job| job.paused.is_some()).count() as u64;
        let mut out = if found.is_empty() {
            footer("no ticks to come", screen.width)
        } else {
            table.render(screen.width)
        };
        if paused > 0 {
            out.push('\n');
            out += &footer(format!("without {}", time::count(paused, "paused job")), screen.width);
        }
        out
    })
}
