//! All that is wrong with one job, collected so that the user sees it at once.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far, each with the tokens it is about.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<(TokenStream, String)>);

impl Mistakes {
    /// Notes a mistake. The tokens say where the compiler points.
    pub(crate) fn add(&mut self, at: impl ToTokens, text: impl Display) {
        self.0.push((at.to_token_stream(), text.to_string()));
    }

    /// One error with every mistake in it, each beginning with the name of the job.
    pub(crate) fn into_error(self, job: &str) -> Option<syn::Error> {
        self.0
            .into_iter()
            .map(|(at, text)| syn::Error::new_spanned(at, format!("job `{job}`: {text}")))
            .reduce(|mut all, next| {
                all.combine(next);
                all
            })
    }
}
