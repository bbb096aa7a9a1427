//! Which jobs of its program a process executes.

use std::collections::BTreeSet;
use std::fmt;

use cron_core::job::{JobName, Plan};
use cron_core::suggest::nearest;

use crate::Job;
use crate::store::Executes;

/// Some jobs of a program, for [`Start::only`](crate::Start::only) and [`Start::without`](crate::Start::without): one by its name or its
/// handle, a group, or all that a crate declares.
///
/// ```no_run
/// use cron_runtime::{Select, prelude::*};
///
/// #[job(every = "1h", group = "mail")]
/// fn send_digest() {}
///
/// # async fn example() -> Result<(), cron_runtime::Error> {
/// let mail = cron_runtime::start().only(Select::group("mail")).await?;
/// let rest = cron_runtime::start().without(send_digest::JOB).without(Select::in_crate("reports")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Select {
    /// The job of this name, and the dynamic jobs that call its function.
    Job(String),
    /// The jobs that are declared with this group, and the dynamic jobs that call their functions.
    Group(String),
    /// The jobs that this crate declares, and the dynamic jobs that call their functions.
    Crate(String),
}

impl Select {
    /// The job of this name. A text alone means the same.
    pub fn job(name: impl Into<String>) -> Self {
        Self::Job(name.into())
    }

    /// The jobs of this group.
    pub fn group(name: impl Into<String>) -> Self {
        Self::Group(name.into())
    }

    /// The jobs that this crate declares; `my-jobs` and `my_jobs` are one name.
    pub fn in_crate(name: impl Into<String>) -> Self {
        Self::Crate(name.into())
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(name) => write!(f, "job `{name}`"),
            Self::Group(name) => write!(f, "group `{name}`"),
            Self::Crate(name) => write!(f, "crate `{name}`"),
        }
    }
}

impl From<&str> for Select {
    fn from(name: &str) -> Self {
        Self::job(name)
    }
}

impl From<String> for Select {
    fn from(name: String) -> Self {
        Self::Job(name)
    }
}

impl From<JobName> for Select {
    fn from(name: JobName) -> Self {
        Self::job(name.as_str())
    }
}

impl<A> From<Job<A>> for Select {
    fn from(job: Job<A>) -> Self {
        Self::job(job.name())
    }
}

/// A selection that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// Nothing in this program has the name.
    #[error(
        "`.only(...)` or `.without(...)` names the {select}, of which this program has no job{}",
        crate::error::did_you_mean(.near.as_deref())
    )]
    Unknown {
        /// What was named.
        select: Select,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// No job is left.
    #[error(
        "`.only(...)` and `.without(...)` leave this process no job to execute; to declare jobs and execute none, \
         say `.without_execution()`"
    )]
    Nothing,
    /// A process that executes nothing was told what to execute.
    #[error(
        "`.without_execution()` executes no job, so `.only(...)` and `.without(...)` mean nothing beside it; leave them out"
    )]
    Contradiction,
}

/// What `start()` was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) nothing: bool,
    pub(crate) only: Vec<Select>,
    pub(crate) without: Vec<Select>,
}

/// A job of the program, and the crate that declares it.
pub(crate) struct Declared<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) in_crate: &'a str,
}

impl Selection {
    /// What this process executes of these jobs.
    pub(crate) fn choose(&self, jobs: &[Declared<'_>]) -> Result<Executes, SelectError> {
        if self.only.is_empty() && self.without.is_empty() {
            return Ok(if self.nothing { Executes::Only(BTreeSet::new()) } else { Executes::All });
        }
        if self.nothing {
            return Err(SelectError::Contradiction);
        }
        let mut chosen: BTreeSet<JobName> = if self.only.is_empty() {
            jobs.iter().map(|job| job.plan.name.clone()).collect()
        } else {
            all_of(&self.only, jobs)?
        };
        for left_out in all_of(&self.without, jobs)? {
            chosen.remove(&left_out);
        }
        if chosen.is_empty() { Err(SelectError::Nothing) } else { Ok(Executes::Only(chosen)) }
    }
}

fn all_of(selects: &[Select], jobs: &[Declared<'_>]) -> Result<BTreeSet<JobName>, SelectError> {
    let mut all = BTreeSet::new();
    for select in selects {
        let mut chosen = jobs.iter().filter(|job| job.is_in(select)).peekable();
        if chosen.peek().is_none() {
            return Err(unknown(select, jobs));
        }
        all.extend(chosen.map(|job| job.plan.name.clone()));
    }
    Ok(all)
}

impl Declared<'_> {
    fn is_in(&self, select: &Select) -> bool {
        match select {
            Select::Job(name) => self.plan.name.as_str() == name,
            Select::Group(group) => self.plan.group.as_ref().is_some_and(|label| label.as_str() == group),
            Select::Crate(name) => self.in_crate == name.replace('-', "_"),
        }
    }
}

fn unknown(select: &Select, jobs: &[Declared<'_>]) -> SelectError {
    let near = match select {
        Select::Job(name) => nearest(name, jobs.iter().map(|job| job.plan.name.as_str())),
        Select::Group(name) => {
            nearest(name, jobs.iter().filter_map(|job| job.plan.group.as_ref()).map(|group| group.as_str()))
        }
        Select::Crate(name) => nearest(&name.replace('-', "_"), jobs.iter().map(|job| job.in_crate)),
    };
    SelectError::Unknown { select: select.clone(), near: near.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use cron_core::job::options::{Key, Options, plan};
    use cron_core::schedule::Calendars;

    use super::*;

    fn job(name: &str, group: Option<&str>) -> Plan {
        let mut options = Options::default();
        if let Some(group) = group {
            options.set(Key::Group, group);
        }
        plan(name, &options, &Calendars::default()).expect("it is right")
    }

    fn chosen(selection: &Selection) -> Result<Executes, SelectError> {
        let plans = [job("digest", Some("mail")), job("receipt", Some("mail")), job("report", None)];
        let crates = ["mails", "mails", "big_reports"];
        let jobs: Vec<_> =
            plans.iter().zip(crates).map(|(plan, in_crate)| Declared { plan, in_crate }).collect();
        selection.choose(&jobs)
    }

    fn only(names: &[&str]) -> Executes {
        Executes::Only(names.iter().map(|name| name.parse().expect("a name")).collect())
    }

    #[test]
    fn jobs_are_chosen_by_name_group_and_crate() {
        let all = Selection::default();
        assert_eq!(chosen(&all), Ok(Executes::All));
        assert_eq!(chosen(&Selection { nothing: true, ..all.clone() }), Ok(only(&[])));
        let group = Selection { only: vec![Select::group("mail")], ..all.clone() };
        assert_eq!(chosen(&group), Ok(only(&["digest", "receipt"])));
        let but_one = Selection { without: vec!["digest".into()], ..group };
        assert_eq!(chosen(&but_one), Ok(only(&["receipt"])));
        let of_two =
            Selection { only: vec!["digest".into(), Select::in_crate("big-reports")], ..all.clone() };
        assert_eq!(chosen(&of_two), Ok(only(&["digest", "report"])));
        let rest = Selection { without: vec![Select::in_crate("mails")], ..all };
        assert_eq!(chosen(&rest), Ok(only(&["report"])));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refusal = |selection: Selection| chosen(&selection).expect_err("it is wrong").to_string();
        let near = |select: Select| refusal(Selection { only: vec![select], ..Selection::default() });
        assert!(
            near("digst".into())
                .contains("job `digst`, of which this program has no job, did you mean `digest`?")
        );
        assert!(near(Select::group("mial")).contains("did you mean `mail`?"));
        assert!(near(Select::in_crate("big-report")).contains("did you mean `big_reports`?"));
        let without = vec![Select::group("mail"), "report".into()];
        assert!(refusal(Selection { without, ..Selection::default() }).contains("`.without_execution()`"));
        let both = Selection { nothing: true, only: vec!["digest".into()], ..Selection::default() };
        assert!(refusal(both).contains("leave them out"));
    }
}
