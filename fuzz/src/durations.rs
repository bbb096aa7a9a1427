//! Durations as people write them.

use cron_core::duration::{MAX_DURATION, format_duration, parse_duration};

use crate::schedules::pointed;

/// A text that is a duration or not.
pub fn duration(text: &str) {
    match parse_duration(text) {
        Ok(duration) => {
            assert!(!duration.is_zero() && duration <= MAX_DURATION, "{text:?} is {duration:?}");
            let written = format_duration(duration);
            assert_eq!(parse_duration(&written), Ok(duration), "{text:?}, {written:?}");
        }
        Err(error) => {
            pointed(error.text(), error.span());
            assert!(!error.to_string().is_empty());
        }
    }
}
