//! `inspect next`: of all jobs, of one job, or of a schedule that no job has.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::judge::Hold;
use cron_core::schedule::Schedule;
use cron_runtime::store::{JobInfo, JobQuery, Ledger};
use serde::Serialize;

use super::upcoming::{Upcoming, upcoming};
use crate::cli::Next;
use crate::context::{Context, find_job, zone_of};
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
    /// When each of them starts, by the jitter of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<Vec<json::Instant>>,
    /// What a run said about the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<json::Hold>,
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

fn of_expression(
    expr: &str,
    zone: Option<&str>,
    after: DateTime<Utc>,
    count: usize,
    context: &Context,
) -> Result<(), Failure> {
    let Expression { schedule, zone } = Expression::read(expr, zone)?;
    let planned = |tick| Upcoming { tick, start: tick, by: None };
    let found: Vec<_> = schedule.anchored(after).iter_after(after).take(count).map(planned).collect();
    show(None, Some(&schedule), zone, &found, context)
}

fn of_job(name: &str, after: DateTime<Utc>, count: usize, context: &Context) -> Result<(), Failure> {
    let job = find_job(&context.ledger()?, name)?;
    let schedule = job.plan.schedule.as_ref();
    show(Some(&job), schedule, zone_of(&job), &upcoming(&job, after, count), context)
}

fn show(
    job: Option<&JobInfo>,
    schedule: Option<&Schedule>,
    zone: Tz,
    found: &[Upcoming],
    context: &Context,
) -> Result<(), Failure> {
    let json = Json {
        job: job.map(|job| job.plan.name.as_str()),
        schedule: schedule.map(ToString::to_string),
        description: schedule.map(Schedule::describe),
        time_zone: schedule.and_then(Schedule::zone).map(|zone| zone.name()),
        next: found.iter().map(|next| json::Instant(next.tick)).collect(),
        starts: job.map(|_| found.iter().map(|next| json::Instant(next.start)).collect()),
        hold: job.and_then(|job| job.hold).map(json::Hold::from),
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
        out + &ticks::upcoming(found, zone, screen).render(screen.width)
    })
}

/// Why there is no tick to show.
fn nothing(job: Option<&JobInfo>, schedule: Option<&Schedule>) -> Text {
    let is_delay = schedule.is_some_and(Schedule::is_delay);
    match job {
        Some(JobInfo { hold: Some(Hold { until: None, by }), .. }) => Text::styled(
            style::WARNING,
            format!("never by itself: run {by} said so; a run by hand may say otherwise"),
        ),
        Some(job) if is_delay && job.paused.is_some() => {
            Text::plain("the next one is known when the job is resumed")
        }
        Some(job) if is_delay && job.active > 0 => {
            Text::plain("the next one is known when the run has ended")
        }
        Some(_) | None => Text::styled(style::WARNING, "no more ticks"),
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
    /// When it starts, by the jitter of the job.
    start: json::Instant,
    job: &'a str,
    time_zone: Option<&'static str>,
}

/// The next ticks of all jobs that are not paused, in the order of time.
fn of_all(after: DateTime<Utc>, count: usize, context: &Context) -> Result<(), Failure> {
    let jobs = context.ledger()?.jobs(&JobQuery::default())?;
    let mut found: Vec<(Upcoming, &JobInfo)> = Vec::new();
    for job in jobs.iter().filter(|job| job.paused.is_none()) {
        found.extend(upcoming(job, after, count).into_iter().map(|next| (next, job)));
    }
    found.sort_by(|(a, one), (b, other)| {
        a.tick.cmp(&b.tick).then_with(|| one.plan.name.cmp(&other.plan.name))
    });
    found.truncate(count);
    let zone = |job: &JobInfo| job.plan.schedule.as_ref().and_then(|schedule| schedule.zone());
    let json = JsonAll {
        next: found.iter().map(|(next, _)| json::Instant(next.tick)).collect(),
        ticks: found
            .iter()
            .map(|(next, job)| JsonTick {
                at: json::Instant(next.tick),
                start: json::Instant(next.start),
                job: job.plan.name.as_str(),
                time_zone: zone(job).map(|zone| zone.name()),
            })
            .collect(),
    };
    context.show(&json, |screen| {
        let mut table = Table::new([
            Column::new("NEXT"),
            Column::name("JOB"),
            Column::new("AT"),
            Column::new("UTC").optional(2),
            Column::new("STARTS").optional(1),
        ]);
        let precision = Precision::of(found.iter().map(|(next, _)| next.tick));
        for (next, job) in &found {
            let Upcoming { tick, .. } = next;
            let zone = zone(job).unwrap_or(Tz::UTC);
            let utc = if zone == Tz::UTC { String::new() } else { time::stamp_to(precision, *tick, Tz::UTC) };
            table.row([
                Text::plain(time::relative(*tick, screen.now)),
                Text::styled(style::BOLD, job.plan.name.as_str()),
                Text::plain(time::long_stamp_to(precision, *tick, zone)),
                Text::styled(style::DIM, utc),
                ticks::start(next, zone),
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
