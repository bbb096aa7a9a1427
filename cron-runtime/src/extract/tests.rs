//! The notebook, used by one thread. For more of them see `model.rs`.

use chrono::DateTime;

use super::notebook::{MAX_LINE, Notebook, Noted, lines};
use crate::store::{LogLine, MAX_LOG_LINES, Progress};

fn line(text: &str) -> LogLine {
    LogLine { at: DateTime::UNIX_EPOCH, attempt: 1, text: text.to_owned() }
}

fn progress(fraction: f64) -> Progress {
    Progress { fraction, message: String::new() }
}

#[test]
fn the_newest_progress_wins_and_the_engine_is_told_once() {
    let book = Notebook::default();
    assert_eq!(book.progress(progress(0.1)), Noted::First);
    assert_eq!(book.progress(progress(0.2)), Noted::Again);
    assert_eq!(book.line(line("a")), Noted::Again);
    let note = book.fetch();
    assert_eq!((note.progress, note.lines), (Some(progress(0.2)), vec![line("a")]));
    assert!(book.fetch().is_empty());
    assert_eq!(book.progress(progress(0.3)), Noted::First);
}

#[test]
fn of_too_many_lines_the_oldest_go_and_it_is_said_how_many() {
    let book = Notebook::default();
    for number in 0..MAX_LOG_LINES + 7 {
        book.line(line(&number.to_string()));
    }
    let lines = book.fetch().lines;
    assert_eq!(lines.len(), MAX_LOG_LINES);
    assert_eq!(lines[0].text, "(8 lines before the next one were dropped: too many at once)");
    assert_eq!(lines[1].text, "8");
}

#[test]
fn what_was_not_written_stays_before_what_came_since() {
    let book = Notebook::default();
    book.line(line("a"));
    book.progress(progress(0.1));
    let note = book.fetch();
    book.line(line("b"));
    book.put_back(note);
    let note = book.close();
    assert_eq!((note.progress, note.lines), (Some(progress(0.1)), vec![line("a"), line("b")]));
    assert_eq!(book.line(line("c")), Noted::TooLate);
}

#[test]
fn long_lines_are_cut_between_characters() {
    let long = format!("{}é and {}", "x".repeat(MAX_LINE - 1), "more");
    let texts: Vec<_> =
        lines(&format!("one\n\n{long}"), DateTime::UNIX_EPOCH, 1).map(|line| line.text).collect();
    assert_eq!(texts[..2], ["one", ""]);
    assert!(texts[2].contains("x … (10 of 4106 bytes left out) … x"), "{}", texts[2]);
    assert!(texts[2].ends_with("é and more") && texts[2].len() < MAX_LINE + 50, "{}", texts[2]);
}

/// A transaction that completes the run carries it as long as nobody else has written it.
#[cfg(feature = "sqlite")]
#[test]
fn a_wish_that_is_under_way_may_not_be_on_record() {
    let notebook = super::Notebook::default();
    assert!(!notebook.removes_job());
    notebook.remove_job();
    let note = notebook.fetch();
    assert!(note.removes_job && notebook.removes_job(), "fetched, and not written");
    notebook.put_back(note.without_content());
    assert!(notebook.fetch().removes_job, "it comes again");
    notebook.wrote();
    assert!(!notebook.removes_job() && notebook.fetch().is_empty());
}
