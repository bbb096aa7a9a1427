//! All jobs of one program: sorted by name, no name twice.

use std::collections::BTreeMap;
use std::fmt;

use super::{JobName, JobSpec, NameError, Plan, Source};
use crate::schedule::{Calendars, ScheduleError};

/// The jobs of a program in the order of their names, whatever the order of linking.
///
/// `T` is what the caller keeps beside each declaration, such as the function to call.
#[derive(Debug)]
pub struct Catalog<T> {
    entries: Vec<(Plan, T)>,
}

/// What is wrong with a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The name is not allowed.
    Name {
        /// Why.
        error: NameError,
        /// Where the job is declared.
        declared: Source,
    },
    /// The schedule does not parse.
    Schedule {
        /// The job.
        name: JobName,
        /// Why.
        error: ScheduleError,
        /// Where the job is declared.
        declared: Source,
    },
    /// Two or more jobs have one name.
    Duplicate {
        /// The name.
        name: JobName,
        /// Every place that declares it.
        declared: Vec<Source>,
    },
    /// A job says that it had a name that another job has.
    Was {
        /// The job.
        name: JobName,
        /// The name that it says it had.
        was: JobName,
        /// Where the job is declared.
        declared: Source,
        /// Where the job that has the name is declared.
        other: Source,
    },
    /// Two or more jobs say that they had one name.
    WasTwice {
        /// The name that they say they had.
        was: JobName,
        /// The jobs, and where they are declared.
        declared: Vec<(JobName, Source)>,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { error, declared } => write!(f, "{error}\n  declared at {declared}"),
            Self::Schedule { name, error, declared } => {
                write!(f, "job `{name}`: {error}\n  declared at {declared}")
            }
            Self::Duplicate { name, declared } => {
                write!(
                    f,
                    "{} jobs are named `{name}`; give all but one another `name = \"...\"`",
                    declared.len()
                )?;
                declared.iter().try_for_each(|source| write!(f, "\n  declared at {source}"))
            }
            Self::Was { name, was, declared, other } => write!(
                f,
                "job `{name}`: `was = \"{was}\"` is the name of another job, which keeps its own history\n\
                 remove it, or give the other job another name\n  declared at {declared}\n  `{was}` is declared at {other}"
            ),
            Self::WasTwice { was, declared } => {
                write!(f, "{} jobs say `was = \"{was}\"`, and its history can go to one", declared.len())?;
                declared
                    .iter()
                    .try_for_each(|(name, source)| write!(f, "\n  `{name}` is declared at {source}"))
            }
        }
    }
}

/// Everything that is wrong with the jobs of a program, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogError {
    /// Each problem, in the order of names where there are names.
    pub problems: Vec<Problem>,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogError {}

impl<T> Catalog<T> {
    /// Checks, parses and sorts declarations, which may name these calendars.
    ///
    /// # Errors
    ///
    /// A [`CatalogError`] with every problem: bad names, bad schedules, unknown calendars, names that are declared twice, and
    /// histories that two jobs would have, with all their places.
    pub fn build(
        declared: impl IntoIterator<Item = (JobSpec, T)>,
        calendars: &Calendars,
    ) -> Result<Self, CatalogError> {
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for (spec, value) in declared {
            match Plan::with_calendars(&spec, calendars) {
                Ok(plan) => entries.push((plan, spec.source, value)),
                Err(problem) => problems.push(problem),
            }
        }
        entries.sort_by(|a, b| a.0.name.cmp(&b.0.name).then(a.1.cmp(&b.1)));
        for same in entries.chunk_by(|a, b| a.0.name == b.0.name).filter(|same| same.len() > 1) {
            problems.push(Problem::Duplicate {
                name: same[0].0.name.clone(),
                declared: same.iter().map(|entry| entry.1).collect(),
            });
        }
        problems.extend(claimed_histories(&entries));
        if problems.is_empty() {
            Ok(Self { entries: entries.into_iter().map(|(plan, _, value)| (plan, value)).collect() })
        } else {
            Err(CatalogError { problems })
        }
    }

    /// The jobs in the order of their names.
    #[must_use]
    pub fn into_entries(self) -> Vec<(Plan, T)> {
        self.entries
    }
}

/// The history of a name belongs to the job that has it, or to the one job that had it. `entries` are in the order of names.
fn claimed_histories<T>(entries: &[(Plan, Source, T)]) -> Vec<Problem> {
    let mut claims: BTreeMap<&JobName, Vec<(&JobName, Source)>> = BTreeMap::new();
    for (plan, declared, _) in entries {
        if let Some(was) = &plan.was {
            claims.entry(was).or_default().push((&plan.name, *declared));
        }
    }
    let mut problems = Vec::new();
    for (was, claimed) in claims {
        if let Ok(at) = entries.binary_search_by(|(plan, ..)| plan.name.cmp(was)) {
            let other = entries[at].1;
            problems.extend(claimed.iter().map(|(name, declared)| Problem::Was {
                name: (*name).clone(),
                was: was.clone(),
                declared: *declared,
                other,
            }));
        } else if claimed.len() > 1 {
            let declared = claimed.into_iter().map(|(name, source)| (name.clone(), source)).collect();
            problems.push(Problem::WasTwice { was: was.clone(), declared });
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn spec(name: &'static str, line: u32) -> JobSpec {
        JobSpec { source: Source { file: "src/jobs.rs", line, module: "app::jobs" }, ..JobSpec::new(name) }
    }

    #[test]
    fn the_order_is_ours_whatever_the_order_of_linking() {
        let names = |specs: [JobSpec; 3]| {
            let catalog =
                Catalog::build(specs.map(|spec| (spec, ())), &Calendars::default()).expect("no problem");
            catalog.into_entries().into_iter().map(|(plan, ())| plan.name.to_string()).collect::<Vec<_>>()
        };
        let want = ["a", "b", "c"];
        assert_eq!(names([spec("b", 1), spec("a", 2), spec("c", 3)]), want);
        assert_eq!(names([spec("c", 3), spec("b", 1), spec("a", 2)]), want);
    }

    #[test]
    fn all_problems_are_told_at_once_with_their_places() {
        let mut calendars = Calendars::default();
        calendars.add("uk_holidays", &|_| false).expect("a name");
        calendars.add("workshop", &|_| true).expect("a name");
        let scheduled = |name, line, schedule| JobSpec { schedule: Some(schedule), ..spec(name, line) };
        let declared = [
            spec("twice", 30),
            spec("bad name", 10),
            spec("twice", 20),
            scheduled("zero", 40, "every(0s)"),
            scheduled("near", 50, "calendar(skip uk_holliday) every(1h)"),
            scheduled("far", 60, "calendar(skip bank) every(1h)"),
            scheduled("never", 70, "calendar(skip workshop) every(1h)"),
        ];
        let error = Catalog::build(declared.map(|spec| (spec, ())), &calendars).expect_err("six problems");
        assert_eq!(error.problems.len(), 6);
        let text = error.to_string();
        for part in [
            "src/jobs.rs:10",
            "src/jobs.rs:20",
            "src/jobs.rs:30",
            "src/jobs.rs:40",
            "2 jobs are named `twice`",
            "job `near`: no calendar is named `uk_holliday`; write `uk_holidays`",
            "job `far`: no calendar is named `bank`; register it with `.calendar(name, ...)` on `start()`, or write its dates",
            "job `never`: `every(1h)` never happens: `skip` with the calendar `workshop` leaves no tick",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }

    #[test]
    fn a_history_has_one_heir() {
        let renamed = |name, line, was| JobSpec { was: Some(was), ..spec(name, line) };
        let problems = |declared: Vec<JobSpec>| {
            let declared = declared.into_iter().map(|spec| (spec, ()));
            Catalog::build(declared, &Calendars::default()).err().map(|error| error.to_string())
        };
        assert_eq!(problems(vec![renamed("b", 1, "a"), renamed("d", 2, "c")]), None);
        assert_eq!(
            problems(vec![renamed("b", 1, "a"), spec("a", 2)]).as_deref(),
            Some(
                "job `b`: `was = \"a\"` is the name of another job, which keeps its own history\n\
                 remove it, or give the other job another name\n  \
                 declared at src/jobs.rs:1 (in app::jobs)\n  \
                 `a` is declared at src/jobs.rs:2 (in app::jobs)"
            )
        );
        assert_eq!(
            problems(vec![renamed("c", 1, "a"), renamed("b", 2, "a")]).as_deref(),
            Some(
                "2 jobs say `was = \"a\"`, and its history can go to one\n  \
                 `b` is declared at src/jobs.rs:2 (in app::jobs)\n  \
                 `c` is declared at src/jobs.rs:1 (in app::jobs)"
            )
        );
        // A chain of names is two renames at once: the history would have to go both ways.
        assert!(problems(vec![renamed("c", 1, "b"), renamed("b", 2, "a")]).is_some());
    }
}
