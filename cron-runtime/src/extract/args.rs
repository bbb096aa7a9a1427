//! `Args<T>`: what a run is given by whoever asked for it.

use std::ops::Deref;

use serde::de::DeserializeOwned;

use super::{Context, ExtractError, FromRun, Needs};

/// The arguments of the run: those that somebody has given it, or else those that its dynamic job had when the run was made.
///
/// An edit of the job changes those of the runs that come, and of no run that exists: not between its attempts, and not before a person
/// retries it.
///
/// They are kept as JSON. A run without any counts as `null`, so `Args<Option<T>>` takes both. Arguments that do not fit are
/// refused where the job is scheduled or triggered, if its function is in that program; where they do not fit any more when the
/// function is to be called, the run is discarded.
///
/// # Examples
///
/// ```
/// use cron_runtime::prelude::*;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Reminder {
///     to: String,
/// }
///
/// #[job] // no schedule of its own: dynamic jobs bring theirs
/// async fn remind(Args(reminder): Args<Reminder>) {
///     println!("Do not forget, {}!", reminder.to);
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Args<T>(pub T);

impl<T> Deref for Args<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRun for Args<T> {
    fn from_run(context: &Context) -> Result<Self, ExtractError> {
        read(context.run.name(), context.run.args()).map(Self)
    }

    fn needs(needs: &mut Needs) {
        needs.args::<T>();
    }
}

/// Reads the arguments of `job`.
pub(super) fn read<T: DeserializeOwned>(job: &str, args: Option<&str>) -> Result<T, ExtractError> {
    let (job, type_name) = (job.to_owned(), std::any::type_name::<T>());
    match args {
        Some(text) => serde_json::from_str(text).map_err(|error| ExtractError::BadArgs {
            job,
            type_name,
            message: error.to_string(),
        }),
        // What is wrong with `null` says nothing to somebody who has not written it.
        None => serde_json::from_str("null").map_err(|_| ExtractError::NoArgs { job, type_name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_do_not_fit_are_told_with_job_type_and_reason() {
        assert_eq!(read("count", Some("7")), Ok(7_u32));
        let bad = read::<u32>("count", Some("\"seven\"")).expect_err("no number").to_string();
        assert!(
            bad.contains("job `count`") && bad.contains("`u32`") && bad.contains("invalid type"),
            "{bad}"
        );
        let none = read::<u32>("count", None).expect_err("no number").to_string();
        assert!(none.contains("job `count`") && none.contains("none were given"), "{none}");
    }

    #[test]
    fn without_arguments_an_option_is_none() {
        assert_eq!(read::<Option<u32>>("count", None), Ok(None));
        assert_eq!(read::<Option<u32>>("count", Some("7")), Ok(Some(7)));
    }
}
