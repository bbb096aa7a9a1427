//! `inspect log RUN`

use cron_core::run::RunId;
use cron_runtime::store::{Ledger, LogLine, MAX_LOG_LINES};
use serde::Serialize;

use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::table::{Column, Table, footer};
use crate::view::text::Text;
use crate::view::{json, style, time};

#[derive(Serialize)]
struct Json<'a> {
    run: u64,
    job: &'a str,
    lines: Vec<json::Line<'a>>,
}

pub(crate) fn log(number: u64, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    let id = RunId(number);
    let (run, _) = ledger.run(id)?.ok_or(Failure::UnknownRun(id))?;
    let job = find_job(&ledger, run.job.as_str())?;
    let lines = ledger.log(id)?;
    let json =
        Json { run: number, job: run.job.as_str(), lines: lines.iter().map(json::Line::from).collect() };
    context.show(&json, |screen| text(&lines, id, zone_of(&job), screen))
}

fn text(lines: &[LogLine], run: RunId, zone: chrono_tz::Tz, screen: &Screen) -> String {
    if lines.is_empty() {
        return footer(format!("run {run} has no log"), screen.width);
    }
    let has_several = lines.iter().any(|line| line.attempt != lines[0].attempt);
    let mut table = Table::new([Column::new(""), Column::new("").right(), Column::new("").wrap(20)]);
    for line in lines {
        let attempt = if has_several { format!("attempt {}", line.attempt) } else { String::new() };
        let mut texts = Text::lines(style::PLAIN, line.text.trim_end()).into_iter();
        table.row([
            Text::styled(style::DIM, time::exact_stamp(line.at, zone)),
            Text::styled(style::DIM, attempt),
            texts.next().unwrap_or_default(),
        ]);
        for text in texts {
            table.row([Text::new(), Text::new(), text]);
        }
    }
    let mut out = table.render(screen.width);
    if lines.len() >= MAX_LOG_LINES {
        out += &footer(format!("the newest {MAX_LOG_LINES} lines; older ones are not kept"), screen.width);
    }
    out
}
