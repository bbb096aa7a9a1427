//! The notebook in every interleaving of a function that writes and an engine that fetches.
//!
//! `loom` plays them. The notebook is the one of the product, from the same file; only its lock is the model's.

#[path = "notebook.rs"]
#[allow(clippy::duplicate_mod, reason = "the same file, with another lock beside it")]
#[expect(dead_code, reason = "the model plays the notebook, not how texts become lines")]
mod notebook;

mod sync {
    pub(super) use loom::sync::{Mutex, MutexGuard};
}

use chrono::DateTime;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::store::{LogLine, Note};
use notebook::{Notebook, Noted};

/// A notebook, right or wrong.
trait Notes: Default + Send + Sync + 'static {
    /// Notes a line. Says whether the engine has to be told, or that it was too late.
    fn line(&self, line: LogLine) -> Noted;
    fn fetch(&self) -> Note;
    fn put_back(&self, note: Note);
}

impl Notes for Notebook {
    fn line(&self, line: LogLine) -> Noted {
        self.line(line)
    }

    fn fetch(&self) -> Note {
        self.fetch()
    }

    fn put_back(&self, note: Note) {
        self.put_back(note);
    }
}

fn line(text: &str) -> LogLine {
    LogLine { at: DateTime::UNIX_EPOCH, attempt: 1, text: text.to_owned() }
}

fn texts(note: &Note) -> Vec<String> {
    note.lines.iter().map(|line| line.text.clone()).collect()
}

/// The engine: is told that there is something to fetch, and fetches it now or later.
#[derive(Default)]
struct Engine {
    is_waiting: bool,
    written: Vec<String>,
}

impl Engine {
    fn step(&mut self, notebook: &impl Notes, told: &AtomicUsize, can_write: bool) {
        self.is_waiting |= told.swap(0, Ordering::AcqRel) > 0;
        if !std::mem::take(&mut self.is_waiting) {
            return;
        }
        let note = notebook.fetch();
        if can_write {
            self.written.extend(texts(&note));
        } else {
            notebook.put_back(note);
            self.is_waiting = true;
        }
    }
}

/// A function notes three lines; the engine fetches, fails to write once, and fetches again. Whatever was noted is written, in its
/// order, without another word from the function.
fn play<N: Notes>() {
    loom::model(|| {
        let (notebook, told) = (Arc::new(N::default()), Arc::new(AtomicUsize::new(0)));
        let function = {
            let (notebook, told) = (Arc::clone(&notebook), Arc::clone(&told));
            thread::spawn(move || {
                for text in ["a", "b", "c"] {
                    if notebook.line(line(text)) == Noted::First {
                        told.fetch_add(1, Ordering::AcqRel);
                    }
                }
            })
        };
        let mut engine = Engine::default();
        engine.step(notebook.as_ref(), &told, false);
        engine.step(notebook.as_ref(), &told, true);
        function.join().expect("it only notes");
        engine.step(notebook.as_ref(), &told, true);
        assert_eq!(engine.written, ["a", "b", "c"], "a line lies there and nobody fetches it");
    });
}

#[test]
fn whatever_is_noted_is_fetched_once_and_in_its_order() {
    play::<Notebook>();
}

#[test]
fn a_line_is_in_the_last_fetch_or_was_too_late() {
    loom::model(|| {
        let notebook = Arc::new(Notebook::default());
        let function = {
            let notebook = Arc::clone(&notebook);
            thread::spawn(move || {
                let noted = ["a", "b"].map(|text| (text, notebook.line(line(text))));
                noted.iter().filter(|(_, noted)| *noted != Noted::TooLate).count()
            })
        };
        let closed = texts(&notebook.close());
        let noted = function.join().expect("it only notes");
        assert_eq!(closed, ["a", "b"][..noted]);
        assert!(notebook.fetch().is_empty(), "nobody would come for it");
    });
}

/// Takes what is there, and says only then that the next line is to be announced.
#[derive(Default)]
struct Forgetful {
    lines: sync::Mutex<Vec<LogLine>>,
    is_announced: sync::Mutex<bool>,
}

impl Notes for Forgetful {
    fn line(&self, line: LogLine) -> Noted {
        self.lines.lock().expect("nobody panics").push(line);
        let was_announced = std::mem::replace(&mut *self.is_announced.lock().expect("nobody panics"), true);
        if was_announced { Noted::Again } else { Noted::First }
    }

    fn fetch(&self) -> Note {
        let lines = std::mem::take(&mut *self.lines.lock().expect("nobody panics"));
        *self.is_announced.lock().expect("nobody panics") = false;
        Note { lines, ..Note::default() }
    }

    fn put_back(&self, note: Note) {
        self.lines.lock().expect("nobody panics").splice(0..0, note.lines);
    }
}

#[test]
#[should_panic(expected = "a line lies there and nobody fetches it")]
fn the_model_finds_an_announcement_that_is_taken_back_too_late() {
    play::<Forgetful>();
}
