//! What the commands that change the file take.

use clap::Args;
use cron_core::policy::Only;

use super::values::{option, run, when};
use super::when::When;

/// A job, or all jobs of a group.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// The name of the job
    pub(crate) job: Option<String>,
    /// All jobs of this group
    #[arg(long)]
    pub(crate) group: Option<String>,
}

/// Who asks, and why.
#[derive(Args, Debug)]
pub(crate) struct Who {
    /// Why; kept with what is done
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) note: String,
    /// Who [default: the name of the user]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Trigger {
    #[command(flatten)]
    pub(crate) target: Target,
    /// What the function is given instead of what the job says
    #[arg(long, value_name = "JSON", conflicts_with = "group")]
    pub(crate) args: Option<String>,
    /// Start also beside active runs, whatever the overlap policy says
    #[arg(long, conflicts_with = "group")]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Pause {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) who: Who,
}

#[derive(Args, Debug)]
pub(crate) struct Cancel {
    #[command(flatten)]
    pub(crate) what: Cancelled,
    /// End it at once, whatever its function does; its late result is refused
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) who: Who,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Cancelled {
    /// The number of the run
    #[arg(value_parser = run)]
    pub(crate) run: Option<u64>,
    /// All active runs of this job
    #[arg(long)]
    pub(crate) job: Option<String>,
    /// All active runs of this group
    #[arg(long)]
    pub(crate) group: Option<String>,
}

/// One run, or all dead letters.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Dead {
    /// The number of the run
    #[arg(value_parser = run)]
    pub(crate) run: Option<u64>,
    /// All dead letters
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Retry {
    #[command(flatten)]
    pub(crate) what: Dead,
    /// With --all: of this job only
    #[arg(long, requires = "all", conflicts_with = "run")]
    pub(crate) job: Option<String>,
    /// Start also beside active runs, whatever the overlap policy says
    #[arg(long, conflicts_with = "all")]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Dismiss {
    #[command(flatten)]
    pub(crate) what: Dead,
    /// With --all: of this job only
    #[arg(long, requires = "all", conflicts_with = "run")]
    pub(crate) job: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Backfill {
    /// The name of the job
    pub(crate) job: String,
    /// Where the range begins: an instant such as 2026-01-01T00:00:00Z, or a local time of the job's zone such as
    /// 2026-01-01T09:30, or a day such as 2026-01-01, which is the first instant of that day. Of a local time that comes
    /// twice it is the first; one that the clock skips is the instant of the skip
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub(crate) from: When,
    /// Where the range ends, written in the same way; a day is taken whole, and of a local time that comes twice it is
    /// the last [default: now, which needs --yes]
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub(crate) until: Option<When>,
    /// Do not ask whether to run all ticks up to now
    #[arg(long)]
    pub(crate) yes: bool,
    /// The newest tick first, in place of the oldest
    #[arg(long)]
    pub(crate) newest: bool,
    /// Which ticks: `missing` have no run (refused from before the record begins), `failed` have a newest run that ended badly, `all`
    #[arg(long, value_name = "WHICH", default_value = "missing")]
    pub(crate) only: Only,
    /// How many run at once; more than 1 needs a job with `overlap = "allow"`
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) concurrency: u32,
    /// Show which ticks would run, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Schedule {
    /// The name of the dynamic job
    pub(crate) name: String,
    /// The declared job whose function it runs
    #[arg(long, value_name = "JOB")]
    pub(crate) handler: String,
    /// What the function is given
    #[arg(long, value_name = "JSON")]
    pub(crate) args: Option<String>,
    /// An option, as in `#[job(...)]`: `--set cron="0 9 * * *" --set retries=3`; a calendar as a list of dates
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = option)]
    pub(crate) options: Vec<(String, String)>,
    /// What it does, for people
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) description: String,
    /// Remove it with its record once it has no tick left
    #[arg(long)]
    pub(crate) temporary: bool,
    /// It has no schedule on purpose, and runs when somebody triggers it
    #[arg(long)]
    pub(crate) by_hand: bool,
}
