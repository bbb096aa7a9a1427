//! The arguments of `inspect`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use clap::Parser;

use crate::cli::Cli;

/// One argument on each line, in any bytes.
pub fn arguments(bytes: &[u8]) {
    let arguments = bytes.split(|byte| *byte == b'\n').map(|argument| OsString::from_vec(argument.to_vec()));
    match Cli::try_parse_from(std::iter::once("inspect".into()).chain(arguments)) {
        Ok(cli) => assert!(!format!("{cli:?}").is_empty()),
        Err(error) => {
            assert!(!error.render().to_string().is_empty());
            assert!(matches!(error.exit_code(), 0 | 2), "{error}");
        }
    }
}
