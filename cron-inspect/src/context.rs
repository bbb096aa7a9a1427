//! What every command needs: the moment, the database, and the way to the reader.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use cron_core::suggest::nearest;
use cron_runtime::clock::{Clock, SystemClock};
use cron_runtime::config::Database;
use cron_runtime::store::sqlite::{SqliteLedger, SqliteStore};
use cron_runtime::store::{CommandError, GroupInfo, JobInfo, JobQuery, Ledger, StoreError};
use serde::Serialize;

use crate::cli::{Color, Global};
use crate::failure::Failure;
use crate::view::{json, style, text};

/// How wide the output may be, and which moment it speaks of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// In columns; `None` for a file or a pipe, where nothing is cut unless `COLUMNS` says how wide it is.
    pub(crate) width: Option<usize>,
    pub(crate) now: DateTime<Utc>,
}

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) screen: Screen,
    global: Global,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        // Stores keep milliseconds, and nobody reads more.
        let now = SystemClock::new().moment().wall.trunc_subsecs(3);
        Self { screen: Screen { width: width(), now }, global }
    }

    /// The database for reading.
    pub(crate) fn ledger(&self) -> Result<SqliteLedger, Failure> {
        Ok(SqliteLedger::open(self.file()?)?)
    }

    /// The database for commands.
    pub(crate) fn store(&self) -> Result<SqliteStore, Failure> {
        Ok(SqliteStore::open_to_steer(self.file()?)?)
    }

    /// The file, which must be there: only an application makes one.
    pub(crate) fn file(&self) -> Result<PathBuf, Failure> {
        match self.database()? {
            Database::Sqlite(path) if path.exists() => Ok(path),
            Database::Sqlite(path) => Err(Failure::NoFile(path)),
            _ => Err(Failure::Memory),
        }
    }

    pub(crate) fn database(&self) -> Result<Database, Failure> {
        Ok(Database::resolve(self.global.database.as_deref())?)
    }

    /// Whether a program reads the answer.
    pub(crate) fn is_json(&self) -> bool {
        self.global.json
    }

    /// Shows a result as JSON or as text, whichever was asked for.
    pub(crate) fn show(
        &self,
        json: &impl Serialize,
        text: impl FnOnce(&Screen) -> String,
    ) -> Result<(), Failure> {
        let out = match self.global.json {
            true => json::print(json, io::stdout().is_terminal())?,
            false => text(&self.screen),
        };
        self.write(&out).map(|_| ())
    }

    /// Shows one of many results, each JSON object on one line. Gives whether there still is a reader.
    pub(crate) fn show_one(
        &self,
        json: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<bool, Failure> {
        let out = if self.global.json { json::print(json, false)? } else { text() };
        self.write(&out)
    }

    fn write(&self, out: &str) -> Result<bool, Failure> {
        let mut stream = AutoStream::new(io::stdout(), self.colors());
        match stream.write_all(out.as_bytes()).and_then(|()| stream.flush()) {
            Ok(()) => Ok(true),
            // The reader has seen enough, as in `inspect list | head -1`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks whoever sits at the terminal; `None` where nobody does, or where a program reads the answer.
    pub(crate) fn ask(&self, question: &str) -> Result<Option<bool>, Failure> {
        if self.global.json || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(None);
        }
        self.write(question)?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")))
    }

    /// Tells on stderr why a command was not done.
    pub(crate) fn complain(&self, failure: &Failure) {
        if self.global.json {
            return complain_json(failure.kind(), failure.to_string(), failure.details());
        }
        let style = style::ERROR;
        let mut out = format!("{style}error{style:#}: ");
        for (number, line) in failure.to_string().lines().enumerate() {
            let indent = if number == 0 { "" } else { "  " };
            out.push_str(&format!("{indent}{}\n", text::clean(line)));
        }
        for line in failure.details().lines() {
            out.push_str(&format!("  {}\n", text::clean(line)));
        }
        self.tell(&out);
    }

    /// Tells people on stderr what they should know of a result. Programs find it in the result itself.
    pub(crate) fn warn(&self, texts: &[String]) {
        let style = style::WARNING;
        let line = |line: &String| format!("{style}warning{style:#}: {}\n", text::clean(line));
        if !self.global.json {
            self.tell(&texts.iter().map(line).collect::<String>());
        }
    }

    fn tell(&self, out: &str) {
        let choice = match self.global.color {
            Color::Auto => AutoStream::choice(&io::stderr()),
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        // Nobody is left to tell if this fails.
        let _ = AutoStream::new(io::stderr(), choice).write_all(out.as_bytes());
    }

    fn colors(&self) -> ColorChoice {
        match self.global.color {
            Color::Auto => AutoStream::choice(&io::stdout()),
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

/// Tells a program on stderr why a command was not done, in one object on one line. Stdout is for results alone.
pub(crate) fn complain_json(kind: &str, message: String, details: String) {
    let failed = json::Failed::new(kind, message, details);
    // Nobody is left to tell if this fails.
    let _ = json::print(&failed, false).map(|out| io::stderr().write_all(out.as_bytes()));
}

/// A job by its name, or an error with the nearest name.
pub(crate) fn find_job(ledger: &impl Ledger, name: &str) -> Result<JobInfo, Failure> {
    if let Some(job) = ledger.job(name)? {
        return Ok(job);
    }
    // A declaration that cannot be read is another matter: this job is unknown all the same.
    let jobs = match ledger.jobs(&JobQuery::default()) {
        Ok(jobs) => jobs,
        Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let near = nearest(name, jobs.iter().map(|job| job.plan.name.as_str())).map(str::to_owned);
    Err(CommandError::UnknownJob { job: name.to_owned(), near }.into())
}

/// A group by its name, or an error with the nearest name.
pub(crate) fn find_group(ledger: &impl Ledger, name: &str) -> Result<GroupInfo, Failure> {
    let mut groups = ledger.groups()?;
    if let Some(at) = groups.iter().position(|group| group.name.as_str() == name) {
        return Ok(groups.swap_remove(at));
    }
    let near = nearest(name, groups.iter().map(|group| group.name.as_str())).map(str::to_owned);
    Err(CommandError::UnknownGroup { group: name.to_owned(), near }.into())
}

/// The zone in which the instants of a job are shown.
pub(crate) fn zone_of(job: &JobInfo) -> Tz {
    job.plan.schedule.as_ref().and_then(|schedule| schedule.zone()).unwrap_or(Tz::UTC)
}

/// The width that the user set, or that of the terminal.
fn width() -> Option<usize> {
    const LEAST: usize = 40;
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    set.or_else(terminal).filter(|width| *width > 0).map(|width| width.max(LEAST))
}
