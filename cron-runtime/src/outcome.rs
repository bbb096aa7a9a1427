//! What a job's function may return, and what becomes of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// How a call of a job's function ended, errors in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned a success.
    Succeeded,
    /// It returned an error; the text holds the chain of sources.
    Failed(String),
}

/// An async function that was called with its parameters.
pub type AsyncCall = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A function that is not async, with its parameters, ready to be called.
pub type BlockingCall = Box<dyn FnOnce() -> Outcome + Send>;

/// A type that the function of a job may return: `()`, or a `Result<(), E>` whose error can be displayed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a job can return",
    label = "not an outcome of a job",
    note = "a job returns `()` or `Result<(), E>` where `E: Display`, such as `anyhow::Result<()>`"
)]
pub trait JobReturn {
    /// The error, never made where the function cannot fail.
    type Error;

    /// The value as a plain result.
    ///
    /// # Errors
    ///
    /// The error that the function returned.
    fn into_result(self) -> Result<(), Self::Error>;
}

impl JobReturn for () {
    type Error = std::convert::Infallible;

    fn into_result(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl<E: fmt::Display> JobReturn for Result<(), E> {
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// An error on its way into words. The macro calls `(&&&Said(&error)).words()`, and the number of references picks
/// the first of [`WordsViaAsRef`], [`WordsViaError`], [`WordsViaDisplay`], [`WordsViaNothing`] that fits, so that the
/// chain of sources is kept wherever the type has one.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a, E>(pub &'a E);

/// For `anyhow::Error`, `Box<dyn Error + Send + Sync>` and their like.
pub trait WordsViaAsRef {
    /// The error with its sources.
    fn words(&self) -> String;
}

impl<E: AsRef<dyn std::error::Error + Send + Sync>> WordsViaAsRef for &&Said<'_, E> {
    fn words(&self) -> String {
        chain(self.0.as_ref())
    }
}

/// For types that are errors.
pub trait WordsViaError {
    /// The error with its sources.
    fn words(&self) -> String;
}

impl<E: std::error::Error> WordsViaError for &Said<'_, E> {
    fn words(&self) -> String {
        chain(self.0)
    }
}

/// For the rest: strings, and types that only display.
pub trait WordsViaDisplay {
    /// The error as it displays, in the alternate form that some types use for their sources.
    fn words(&self) -> String;
}

impl<E: fmt::Display> WordsViaDisplay for Said<'_, E> {
    fn words(&self) -> String {
        format!("{:#}", self.0)
    }
}

/// For a type that does not even display. [`JobReturn`] refuses it, in words of its own; without this the compiler
/// would add a second error about `words`.
pub trait WordsViaNothing {
    /// Nothing: no program that compiles gets here.
    fn words(self) -> String;
}

impl<E> WordsViaNothing for Said<'_, E> {
    fn words(self) -> String {
        String::new()
    }
}

/// An error and its sources on one line, joined by `: `. A source whose text its parent already ends with is left out.
fn chain<E: std::error::Error + ?Sized>(error: &E) -> String {
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
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot send the report")]
    struct Send(#[source] std::io::Error);

    #[derive(Debug)]
    struct OnlyDisplay;

    impl fmt::Display for OnlyDisplay {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("only display")
        }
    }

    #[expect(
        clippy::needless_borrow,
        reason = "the number of references is what picks the trait in the macro's code"
    )]
    #[test]
    fn the_chain_of_sources_is_kept_where_there_is_one() {
        let send = || Send(std::io::Error::other("no route"));
        assert_eq!((&&&Said(&send())).words(), "cannot send the report: no route");
        let boxed: Box<dyn std::error::Error + std::marker::Send + Sync> = send().into();
        assert_eq!((&&&Said(&boxed)).words(), "cannot send the report: no route");
        assert_eq!((&&&Said(&OnlyDisplay)).words(), "only display");
        assert_eq!((&&&Said(&"text".to_owned())).words(), "text");
    }
}
