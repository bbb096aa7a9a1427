//! `inspect verify`: holds the record of each job against the contract.

use cron_core::audit::{Audit, Breach};
use cron_runtime::store::{JobQuery, Ledger};
use serde::Serialize;

use super::Verdict;
use crate::cli::Verify;
use crate::context::{Context, Screen, find_job};
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::{Column, Table, footer, heading, paragraph};
use crate::view::text::Text;
use crate::view::time::count;

#[derive(Serialize)]
struct Json<'a> {
    sound: bool,
    /// How many jobs were audited, and how many of them are not sound.
    audited: usize,
    unsound: usize,
    /// Those that are not sound; all of them with `--all`, and the one that was named.
    jobs: Vec<JsonJob<'a>>,
}

#[derive(Serialize)]
struct JsonJob<'a> {
    job: &'a str,
    sound: bool,
    ticks: u64,
    ran: u64,
    skipped_overlap: u64,
    skipped_missed: u64,
    skipped_paused: u64,
    skipped_superseded: u64,
    skipped_clock: u64,
    /// After a clock that was set back: ticks after the mark that keep their verdict, skips that are suspended, and those taken back.
    ahead: u64,
    suspended: u64,
    taken_back: u64,
    breaches: Vec<JsonBreach<'a>>,
}

#[derive(Serialize)]
struct JsonBreach<'a> {
    #[serde(flatten)]
    breach: &'a Breach,
    message: String,
}

pub(crate) fn verify(args: &Verify, context: &Context) -> Result<Verdict, Failure> {
    let ledger = context.ledger()?;
    let names: Vec<String> = match &args.job {
        Some(name) => vec![find_job(&ledger, name)?.plan.name.to_string()],
        None => ledger.jobs(&JobQuery::default())?.into_iter().map(|job| job.plan.name.to_string()).collect(),
    };
    let mut sums = Sums::default();
    let mut shown: Vec<(String, Audit)> = Vec::new();
    for name in names {
        // It may have been removed since.
        let Some(audit) = ledger.audit(&name)? else { continue };
        sums.add(&audit);
        if args.all || args.job.is_some() || !audit.is_sound() {
            shown.push((name, audit));
        }
    }
    let is_sound = sums.unsound == 0;
    let jobs = shown.iter().map(json).collect();
    let json = Json { sound: is_sound, audited: sums.jobs, unsound: sums.unsound, jobs };
    context.show(&json, |screen| text(&shown, &sums, screen))?;
    Ok(if is_sound { Verdict::Good } else { Verdict::Bad })
}

/// What was audited in all, shown or not.
#[derive(Debug, Default)]
struct Sums {
    jobs: usize,
    unsound: usize,
    ticks: u64,
    ran: u64,
    skipped: u64,
}

impl Sums {
    fn add(&mut self, audit: &Audit) {
        self.jobs += 1;
        self.unsound += usize::from(!audit.is_sound());
        self.ticks += audit.ticks;
        self.ran += audit.ran;
        self.skipped += audit.skipped();
    }

    /// The last line of the answer.
    fn summary(&self, hides: bool, width: Option<usize>) -> String {
        let Self { ticks, ran, skipped, unsound, .. } = self;
        let jobs = count(self.jobs as u64, "job");
        let ticks = format!("{}, {ran} ran, {skipped} skipped", count(*ticks, "tick"));
        let text = match unsound {
            0 => Text::styled(style::GOOD, format!("{jobs} sound")).and(style::DIM, format!(": {ticks}")),
            _ => Text::styled(style::ERROR, format!("{unsound} of {jobs} not sound"))
                .and(style::DIM, format!(": {ticks}")),
        };
        let more = if hides { "; --all shows each" } else { "" };
        paragraph(&text.and(style::DIM, more), 0, width)
    }
}

fn json((job, audit): &(String, Audit)) -> JsonJob<'_> {
    let breach = |breach| JsonBreach { breach, message: breach.to_string() };
    JsonJob {
        job,
        sound: audit.is_sound(),
        ticks: audit.ticks,
        ran: audit.ran,
        skipped_overlap: audit.skipped_overlap,
        skipped_missed: audit.skipped_missed,
        skipped_paused: audit.skipped_paused,
        skipped_superseded: audit.skipped_superseded,
        skipped_clock: audit.skipped_clock,
        ahead: audit.ahead,
        suspended: audit.suspended,
        taken_back: audit.taken_back,
        breaches: audit.breaches.iter().map(breach).collect(),
    }
}

fn text(audits: &[(String, Audit)], sums: &Sums, screen: &Screen) -> String {
    if sums.jobs == 0 {
        return footer("no jobs, nothing to verify", screen.width);
    }
    let mut out = table(audits, screen);
    for (job, audit) in audits.iter().filter(|(_, audit)| !audit.is_sound()) {
        out += &heading(job);
        for breach in &audit.breaches {
            out += &paragraph(&Text::plain(breach.to_string()), 2, screen.width);
        }
        let verdicts = audit.ran + audit.skipped();
        if audit.ticks != verdicts {
            let text = format!("{} and {}", count(audit.ticks, "tick"), count(verdicts, "verdict"));
            out += &paragraph(&Text::plain(text), 2, screen.width);
        }
    }
    if !audits.is_empty() {
        out.push('\n');
    }
    out + &sums.summary(audits.len() < sums.jobs, screen.width)
}

fn table(audits: &[(String, Audit)], screen: &Screen) -> String {
    if audits.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        Column::name("JOB"),
        Column::new("TICKS").right(),
        Column::new("RAN").right(),
        Column::new("OVERLAP").right(),
        Column::new("MISSED").right(),
        Column::new("PAUSED").right(),
        Column::new("SUPERSEDED").right().optional(2),
        Column::new("CLOCK").right().optional(1),
        Column::new("RECORD"),
    ]);
    for (job, audit) in audits {
        let record = match (audit.is_sound(), audit.breaches.len() as u64) {
            (true, _) => Text::styled(style::GOOD, "sound"),
            (false, 0) => Text::styled(style::ERROR, "sums differ"),
            (false, 1) => Text::styled(style::ERROR, "1 breach"),
            (false, number) => Text::styled(style::ERROR, format!("{number} breaches")),
        };
        let numbers =
            [audit.ticks, audit.ran, audit.skipped_overlap, audit.skipped_missed, audit.skipped_paused];
        let numbers = numbers.map(|number| Text::plain(number.to_string()));
        // Rare reasons have a column only where there are any.
        let rare = [audit.skipped_superseded, audit.skipped_clock];
        let rare = rare.map(|number| if number > 0 { Text::plain(number.to_string()) } else { Text::new() });
        let numbers = numbers.into_iter().chain(rare);
        table.row([Text::styled(style::BOLD, job)].into_iter().chain(numbers).chain([record]));
    }
    table.render(screen.width)
}
