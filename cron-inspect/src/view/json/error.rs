//! A failure as JSON.

use serde::Serialize;

/// Why a command was not done.
#[derive(Serialize)]
pub(crate) struct Failed<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    /// `not_found`, `refused`, `invalid`, `no_database`, `store`, `output` or `usage`.
    kind: &'a str,
    message: String,
    /// What stands below the message for people: the place in an expression, or what to do.
    details: Option<String>,
}

impl<'a> Failed<'a> {
    pub(crate) fn new(kind: &'a str, message: String, details: String) -> Self {
        let details = (!details.is_empty()).then_some(details);
        Self { error: Error { kind, message, details } }
    }
}
