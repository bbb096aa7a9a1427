//! Colours. Whether they reach the reader is decided where the output is written.

use anstyle::{AnsiColor, Style};
use cron_core::run::{AttemptResult, RunState, Stage, StateWord};

use super::text::Text;

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const TITLE: Style = Style::new().dimmed();
pub(crate) const LABEL: Style = Style::new().dimmed();
pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BUSY: Style = AnsiColor::Cyan.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The state of a run in its colour.
pub(crate) fn state(state: &RunState) -> Text {
    let text = word(state.word());
    match state {
        RunState::Running { stage: Stage::Overdue } => text.and(BAD, " (stuck)"),
        RunState::Running { stage: Stage::Completed } => text.and(GOOD, " (completed)"),
        // It waits for the slot of its job, not for an instant.
        RunState::Scheduled { wake: None } => text.and(DIM, " (parked)"),
        RunState::Scheduled { wake: Some(_) }
        | RunState::Running { stage: Stage::InTime }
        | RunState::Waiting { .. }
        | RunState::Succeeded
        | RunState::Failed
        | RunState::Discarded
        | RunState::Cancelled
        | RunState::Quarantined => text,
    }
}

/// The same without what only some states have.
pub(crate) fn word(word: StateWord) -> Text {
    let style = match word {
        StateWord::Succeeded => GOOD,
        StateWord::Running => BUSY,
        StateWord::Scheduled | StateWord::Waiting => WARNING,
        StateWord::Failed | StateWord::Discarded | StateWord::Quarantined => BAD,
        StateWord::Cancelled => DIM,
    };
    Text::styled(style, word.as_str())
}

/// The end of an attempt in its colour.
pub(crate) fn result(result: AttemptResult) -> Text {
    let style = match result {
        AttemptResult::Succeeded => GOOD,
        AttemptResult::Errored
        | AttemptResult::Panicked
        | AttemptResult::TimedOut
        | AttemptResult::Discarded
        | AttemptResult::Lost => BAD,
        AttemptResult::Interrupted => WARNING,
        AttemptResult::Fenced | AttemptResult::Cancelled => DIM,
    };
    Text::styled(style, result.as_str())
}
