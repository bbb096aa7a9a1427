//! What the commands that change the file have in common.

use cron_core::job::JobName;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{self, Command, Done, JobInfo, Store};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cli::{self, Who};
use crate::context::{Context, Screen, find_group, find_job};
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::paragraph;
use crate::view::text::Text;

/// What a command is for, as it was found.
pub(super) enum Target {
    Job(Box<JobInfo>),
    Group(cron_core::job::Label),
}

/// What a command was for, as JSON: one of the two is `null`.
#[derive(Serialize)]
pub(super) struct Of<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
}

impl Target {
    pub(super) fn find(store: &SqliteStore, args: &cli::Target) -> Result<Self, Failure> {
        match (&args.job, &args.group) {
            (_, Some(group)) => Ok(Self::Group(find_group(store, group)?.name)),
            (Some(job), None) => Ok(Self::Job(Box::new(find_job(store, job)?))),
            // The command line asks for one of the two.
            (None, None) => Err(Failure::WrongAnswer),
        }
    }

    pub(super) fn to_store(&self) -> store::Target {
        match self {
            Self::Job(job) => store::Target::Job(job.plan.name.clone()),
            Self::Group(group) => store::Target::Group(group.clone()),
        }
    }

    pub(super) fn of(&self) -> Of<'_> {
        match self {
            Self::Job(job) => Of { job: Some(job.plan.name.as_str()), group: None },
            Self::Group(group) => Of { job: None, group: Some(group.as_str()) },
        }
    }

    /// The name, with a word before it for a group.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Job(job) => job.plan.name.to_string(),
            Self::Group(group) => format!("group {group}"),
        }
    }

    /// A sentence about what was done, and a warning where nobody may be there for it.
    pub(super) fn said(&self, text: &Text, screen: &Screen) -> String {
        match self {
            Self::Job(job) => said(text, Some(job), screen),
            Self::Group(_) => said(text, None, screen),
        }
    }
}

pub(super) fn said(text: &Text, job: Option<&JobInfo>, screen: &Screen) -> String {
    let mut out = paragraph(text, 0, screen.width);
    if job.is_some_and(|job| !job.linked) {
        let warning =
            "not linked here: no process that runs executes this job, nor does the one that joined last";
        out += &paragraph(&Text::styled(style::WARNING, warning), 0, screen.width);
    }
    out
}

/// Gives a command at the moment of this process.
pub(super) fn give(store: &SqliteStore, command: Command, context: &Context) -> Result<Done, Failure> {
    Ok(store.command(command, context.screen.now)?)
}

/// The name of a job that must be there, if one was given.
pub(super) fn name_of(store: &SqliteStore, job: Option<&str>) -> Result<Option<JobName>, Failure> {
    job.map(|name| find_job(store, name).map(|job| job.plan.name)).transpose()
}

/// Arguments that are JSON.
pub(super) fn arguments(text: Option<&str>) -> Result<Option<String>, Failure> {
    let read = |text: &str| match serde_json::from_str::<&RawValue>(text) {
        Ok(json) => Ok(json.get().to_owned()),
        Err(error) => Err(Failure::Arguments(error)),
    };
    text.map(read).transpose()
}

/// Who asks: as it was said, or else the user of this process.
pub(super) fn who(who: Who) -> (String, String) {
    (who.by.unwrap_or_else(user_name), who.note)
}

/// The name that the system has for the user of this process.
#[cfg(unix)]
fn user_name() -> String {
    use nix::unistd::{Uid, User};
    let uid = Uid::effective();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        // A container may run a user that has no name.
        Ok(None) | Err(_) => format!("user {uid}"),
    }
}

#[cfg(not(unix))]
fn user_name() -> String {
    std::env::var("USERNAME").unwrap_or_else(|_| "unknown".to_owned())
}
