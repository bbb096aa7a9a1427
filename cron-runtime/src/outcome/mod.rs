//! What a job's function may return, and what becomes of it.

mod job_error;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use cron_core::judge::Next;

use job_error::Again;
pub use job_error::{JobError, JobErrorSource};

/// How a call of a job's function ended, errors in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned a success, perhaps with word about the next run.
    Succeeded(Option<Next>),
    /// It returned an error.
    Failed {
        /// The error with its chain of sources.
        message: String,
        /// How long the next attempt is to wait, where the error says so itself.
        retry_after: Option<Duration>,
    },
    /// It returned a permanent error.
    Discarded {
        /// The error with its chain of sources.
        message: String,
    },
}

impl Outcome {
    /// What an error means.
    fn of<E: Error + 'static>(error: &E) -> Self {
        Self::from_dyn(error)
    }

    fn from_dyn(error: &(dyn Error + 'static)) -> Self {
        let message = chain(error);
        match JobError::find(error) {
            Again::ByPolicy => Self::Failed { message, retry_after: None },
            Again::After(delay) => Self::Failed { message, retry_after: Some(delay) },
            Again::Never => Self::Discarded { message },
        }
    }
}

/// An async function that was called with its parameters.
pub type AsyncCall = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A function that is not async, with its parameters, ready to be called.
pub type BlockingCall = Box<dyn FnOnce() -> Outcome + Send>;

/// The call of an async function that returns nothing. Written once here, and not as an async block of each expansion: the compiler
/// takes a millisecond for one of those.
#[must_use]
pub fn returning_nothing(function: Pin<Box<dyn Future<Output = ()> + Send>>) -> AsyncCall {
    Box::pin(async move {
        function.await;
        Outcome::Succeeded(None)
    })
}

/// A type that the function of a job may return: `()` or [`Next`], or a `Result` of one of them whose error can be displayed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a job can return",
    label = "not an outcome of a job",
    note = "a job returns `()`, `Next`, `Result<(), E>` or `Result<Next, E>` where `E: Display`, such as `anyhow::Result<()>`"
)]
pub trait JobReturn {
    /// The error, never made where the function cannot fail.
    type Error;

    /// The value as a result, with what it says about the next run.
    ///
    /// # Errors
    ///
    /// The error that the function returned.
    fn into_result(self) -> Result<Option<Next>, Self::Error>;
}

impl JobReturn for () {
    type Error = std::convert::Infallible;

    fn into_result(self) -> Result<Option<Next>, Self::Error> {
        Ok(None)
    }
}

impl JobReturn for Next {
    type Error = std::convert::Infallible;

    fn into_result(self) -> Result<Option<Next>, Self::Error> {
        Ok(Some(self))
    }
}

impl<E: fmt::Display> JobReturn for Result<(), E> {
    type Error = E;

    fn into_result(self) -> Result<Option<Next>, E> {
        self.map(|()| None)
    }
}

impl<E: fmt::Display> JobReturn for Result<Next, E> {
    type Error = E;

    fn into_result(self) -> Result<Option<Next>, E> {
        self.map(Some)
    }
}

/// An error on its way into an [`Outcome`]. The macro calls `(&&&&Said(&error)).outcome()`, and the number of references picks the
/// first of [`ViaSharedBox`], [`ViaBox`], [`ViaError`], [`ViaDisplay`], [`ViaNothing`] that fits, so that the chain of sources is
/// kept, and a [`JobError`] is found, wherever the type has them.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a, E>(pub &'a E);

/// For `anyhow::Error`, `Box<dyn Error + Send + Sync>` and their like.
pub trait ViaSharedBox {
    /// What the error means.
    fn outcome(&self) -> Outcome;
}

impl<E: AsRef<dyn Error + Send + Sync>> ViaSharedBox for &&&Said<'_, E> {
    fn outcome(&self) -> Outcome {
        Outcome::from_dyn(self.0.as_ref())
    }
}

/// For `Box<dyn Error>` and its like.
pub trait ViaBox {
    /// What the error means.
    fn outcome(&self) -> Outcome;
}

impl<E: AsRef<dyn Error>> ViaBox for &&Said<'_, E> {
    fn outcome(&self) -> Outcome {
        Outcome::from_dyn(self.0.as_ref())
    }
}

/// For types that are errors.
pub trait ViaError {
    /// What the error means.
    fn outcome(&self) -> Outcome;
}

impl<E: Error + 'static> ViaError for &Said<'_, E> {
    fn outcome(&self) -> Outcome {
        Outcome::of(self.0)
    }
}

/// For the rest: strings, and types that only display.
pub trait ViaDisplay {
    /// A failure in the words in which the error displays, in the alternate form that some types use for their sources.
    fn outcome(&self) -> Outcome;
}

impl<E: fmt::Display> ViaDisplay for Said<'_, E> {
    fn outcome(&self) -> Outcome {
        Outcome::Failed { message: format!("{:#}", self.0), retry_after: None }
    }
}

/// For a type that does not even display. [`JobReturn`] refuses it, in words of its own; without this the compiler would add a
/// second error about `outcome`.
pub trait ViaNothing {
    /// A failure without words: no program that compiles gets here.
    fn outcome(self) -> Outcome;
}

impl<E> ViaNothing for Said<'_, E> {
    fn outcome(self) -> Outcome {
        Outcome::Failed { message: String::new(), retry_after: None }
    }
}

/// An error and its sources on one line, joined by `: `. A source whose text its parent already ends with is left out.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        let said = next.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = next.source();
    }
    text
}

#[cfg(test)]
#[expect(
    clippy::needless_borrow,
    reason = "the number of references is what picks the trait in the macro's code"
)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot send the report")]
    struct Report(#[source] Box<dyn Error + Send + Sync>);

    #[derive(Debug)]
    struct OnlyDisplay;

    #[derive(Debug, thiserror::Error)]
    enum Forwarding {
        #[error(transparent)]
        Job(#[from] JobErrorSource),
    }

    impl fmt::Display for OnlyDisplay {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("only display")
        }
    }

    fn failed(message: &str) -> Outcome {
        Outcome::Failed { message: message.to_owned(), retry_after: None }
    }

    fn no_route() -> Report {
        Report(std::io::Error::other("no route").into())
    }

    #[test]
    fn the_chain_of_sources_is_kept_where_there_is_one() {
        assert_eq!((&&&&Said(&no_route())).outcome(), failed("cannot send the report: no route"));
        let shared: Box<dyn Error + Send + Sync> = no_route().into();
        assert_eq!((&&&&Said(&shared)).outcome(), failed("cannot send the report: no route"));
        let local: Box<dyn Error> = no_route().into();
        assert_eq!((&&&&Said(&local)).outcome(), failed("cannot send the report: no route"));
        let any = anyhow::Error::new(no_route()).context("at nine");
        assert_eq!((&&&&Said(&any)).outcome(), failed("at nine: cannot send the report: no route"));
        assert_eq!((&&&&Said(&OnlyDisplay)).outcome(), failed("only display"));
        assert_eq!((&&&&Said(&"text".to_owned())).outcome(), failed("text"));
    }

    #[test]
    fn a_job_error_is_found_wherever_it_stands_and_keeps_its_chain() {
        let discard = || JobError::discard(no_route());
        let discarded = |message: &str| Outcome::Discarded { message: message.to_owned() };
        assert_eq!((&&&&Said(&discard())).outcome(), discarded("cannot send the report: no route"));
        let shared: Box<dyn Error + Send + Sync> = discard().into_error().into();
        assert_eq!((&&&&Said(&shared)).outcome(), discarded("cannot send the report: no route"));
        let local: Box<dyn Error> = discard().into_error().into();
        assert_eq!((&&&&Said(&local)).outcome(), discarded("cannot send the report: no route"));
        let any = anyhow::Error::new(discard().into_error()).context("at nine");
        assert_eq!((&&&&Said(&any)).outcome(), discarded("at nine: cannot send the report: no route"));
        let own = Report(Box::new(JobError::discard("no such user").into_error()));
        assert_eq!((&&&&Said(&own)).outcome(), discarded("cannot send the report: no such user"));

        let later = JobError::retry_after(Duration::from_secs(7), anyhow::anyhow!("slow").context("fetch"));
        let wanted =
            Outcome::Failed { message: "fetch: slow".to_owned(), retry_after: Some(Duration::from_secs(7)) };
        assert_eq!((&&&&Said(&later)).outcome(), wanted);
        assert_eq!((&&&&Said(&JobError::retry("again"))).outcome(), failed("again"));
        let forwarding = Forwarding::Job(JobError::discard("gone").into_error());
        assert_eq!((&&&&Said(&forwarding)).outcome(), discarded("gone"));
        assert!(discard().get_ref().downcast_ref::<Report>().is_some());
    }

    #[test]
    fn a_question_mark_takes_every_error_and_keeps_what_it_says() {
        fn all(which: u32) -> Result<(), JobError> {
            match which {
                0 => Err(no_route())?,
                1 => Err("text")?,
                2 => Err("text".to_owned())?,
                3 => Err(anyhow::anyhow!("any"))?,
                4 => Err(Box::<dyn Error + Send + Sync>::from("boxed"))?,
                5 => Err(anyhow::Error::new(JobError::discard("gone").into_error()).context("fetch"))?,
                _ => Err(JobError::discard("no"))?,
            }
            Ok(())
        }
        let outcome = |which| all(which).map_err(|error| (&&&&Said(&error)).outcome()).expect_err("it fails");
        assert_eq!(outcome(0), failed("cannot send the report: no route"));
        assert_eq!((outcome(1), outcome(2)), (failed("text"), failed("text")));
        assert_eq!((outcome(3), outcome(4)), (failed("any"), failed("boxed")));
        assert_eq!(outcome(5), Outcome::Discarded { message: "fetch: gone".to_owned() });
        assert_eq!(outcome(6), Outcome::Discarded { message: "no".to_owned() });
    }

    #[test]
    fn what_a_job_returns_may_speak_of_the_next_run() {
        assert_eq!(().into_result(), Ok(None));
        assert_eq!(Next::Never.into_result(), Ok(Some(Next::Never)));
        assert_eq!(Ok::<_, String>(()).into_result(), Ok(None));
        assert_eq!(Ok::<_, String>(Next::Scheduled).into_result(), Ok(Some(Next::Scheduled)));
        assert_eq!(Err::<Next, _>("no").into_result(), Err("no"));
    }
}
