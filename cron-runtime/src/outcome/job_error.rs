//! An error that says itself what is to become of its run.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// An error that says whether and when its run is tried again, whatever the retry policy of the job says.
///
/// In a function that returns `Result<(), JobError>`, `?` takes every error: what it says is kept where one of these is in its chain,
/// and else the policy of the job counts. So this type is no [`Error`] itself, as `anyhow::Error` is none. Where one is wanted, as in
/// `anyhow::Error` or as the `#[source]` of an error of yours, stands [`JobError::into_error`]. The outermost one in a chain counts. It
/// displays as the error that it was made from, and its sources are the sources of that one.
///
/// # Examples
///
/// ```
/// use cron_runtime::prelude::*;
/// use std::time::Duration;
///
/// #[job(retries = 5)]
/// async fn fetch(Args(url): Args<String>) -> Result<(), JobError> {
///     match status(&url) {
///         0 => Err(std::io::Error::other("no connection"))?, // any error, as the policy says
///         404 => Err(JobError::discard(format!("{url} is gone"))), // no attempt will find it
///         429 => Err(JobError::retry_after(Duration::from_secs(60), "asked to slow down")),
///         500.. => Err(JobError::retry("the server has a problem")), // as the policy says
///         _ => Ok(()),
///     }
/// }
/// # fn status(_: &str) -> u16 { 404 }
/// ```
pub struct JobError(JobErrorSource);

/// A [`JobError`] as an [`Error`], for the chain of another one.
#[derive(Debug)]
pub struct JobErrorSource(Said);

/// What the error says, as its own source: an error that forwards to a [`JobErrorSource`] shows its sources and not itself.
#[derive(Debug)]
struct Said {
    again: Again,
    error: Box<dyn Error + Send + Sync>,
}

/// Whether a failed run is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// As the retry policy says.
    ByPolicy,
    /// After this delay, if attempts are left.
    After(Duration),
    /// Not at all.
    Never,
}

impl JobError {
    /// A permanent error: the run is discarded, whatever attempts are left.
    pub fn discard(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Again::Never, error.into())
    }

    /// An error after which the next attempt waits this long, in place of the delay of the retry policy. How many attempts there
    /// are stays the policy's to say.
    pub fn retry_after(delay: Duration, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Again::After(delay), error.into())
    }

    /// An error that is tried again as the retry policy says: what every other error is too.
    pub fn retry(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Again::ByPolicy, error.into())
    }

    /// The error that it was made from.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.0.0.error.as_ref()
    }

    /// The same as an [`Error`], for the chain of another one: `anyhow::Error::new(JobError::discard("gone").into_error())`.
    #[must_use]
    pub fn into_error(self) -> JobErrorSource {
        self.0
    }

    fn new(again: Again, error: Box<dyn Error + Send + Sync>) -> Self {
        Self(JobErrorSource(Said { again, error }))
    }

    /// What the outermost error of this type in a chain says.
    pub(super) fn find(error: &(dyn Error + 'static)) -> Again {
        std::iter::successors(Some(error), |error| (*error).source())
            .find_map(|error| {
                error.downcast_ref::<Said>().or_else(|| Some(&error.downcast_ref::<JobErrorSource>()?.0))
            })
            .map_or(Again::ByPolicy, |said| said.again)
    }
}

/// Every error becomes one, strings and `anyhow::Error` too. What a [`JobErrorSource`] in its chain says is kept.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for JobError {
    fn from(error: E) -> Self {
        let error = error.into();
        Self::new(Self::find(error.as_ref()), error)
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AsRef<dyn Error + Send + Sync> for JobError {
    fn as_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        &self.0
    }
}

impl fmt::Display for JobErrorSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for JobErrorSource {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Said {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
