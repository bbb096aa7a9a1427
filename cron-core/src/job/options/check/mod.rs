//! Everything that can be known of options without running anything.
//!
//! A check that fails notes a mistake and goes on, so that the user sees all of them at once.

mod bounds;
mod calendar;
mod labels;
mod policy;
mod retry;
mod schedule;

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;

pub(super) use schedule::explain_schedule;

use super::{Declaration, Key, Mistake, Options, Part, Place, Value};
use crate::UnknownWord;
use crate::duration::parse_duration;
use crate::job::Plan;
use crate::schedule::Lint;

/// Checks options, for a job of this name unless they give another one.
///
/// Where something is wrong it is noted, and the default stands in its place.
#[must_use]
pub fn check(name: &str, options: &Options, place: Place) -> (Declaration, Vec<Mistake>) {
    all(Check { options, place, handler: None, mistakes: Vec::new() }, name)
}

/// What is legal in options and probably not meant, each with its option: how a cron expression is written
/// ([`Lint::of_spelling`]). Each can be written so that nobody doubts it.
///
/// # Examples
/// ```
/// use cron_core::job::options::{Key, Options, warnings};
///
/// let mut options = Options::default();
/// options.set(Key::Cron, "* 9 * * *");
/// assert_eq!(
///     warnings(&options),
///     [(Key::Cron, "this runs each minute of that hour; write `0` as the minute for one run, `*/1` if that is meant".to_owned())]
/// );
/// ```
#[must_use]
pub fn warnings(options: &Options) -> Vec<(Key, String)> {
    let expression = options.text(Key::Cron).unwrap_or_default();
    Lint::of_spelling(expression).iter().map(|lint| (Key::Cron, lint.to_string())).collect()
}

/// As [`check`] for a dynamic job, which has from its handler what is not among these options.
pub(super) fn check_on(handler: Option<&Plan>, name: &str, options: &Options) -> (Declaration, Vec<Mistake>) {
    all(Check { options, place: Place::Builder, handler, mistakes: Vec::new() }, name)
}

fn all(mut check: Check<'_>, name: &str) -> (Declaration, Vec<Mistake>) {
    check.kinds();
    let name = labels::name(&mut check, name);
    let schedule = schedule::check(&mut check);
    let (overlap, slots) = policy::overlap(&mut check);
    let catch_up = policy::catch_up(&mut check);
    let retry = retry::check(&mut check);
    let timeout = check.duration(Key::Timeout);
    let jitter = policy::jitter(&mut check);
    let run_on_start = check.switch(Key::RunOnStart);
    let group = labels::group(&mut check);
    let tags = labels::tags(&mut check);
    let priority = policy::priority(&mut check);
    let retention = policy::retention(&mut check);
    let was = labels::was(&mut check, &name);
    let declaration = Declaration {
        name,
        schedule,
        overlap,
        slots,
        catch_up,
        retry,
        timeout,
        jitter,
        run_on_start,
        group,
        tags,
        priority,
        retention,
        was,
    };
    (declaration, check.mistakes)
}

/// The options of one job, and the mistakes found so far.
struct Check<'a> {
    options: &'a Options,
    place: Place,
    /// For a dynamic job the one from which it has what is not among the options.
    handler: Option<&'a Plan>,
    mistakes: Vec<Mistake>,
}

impl<'a> Check<'a> {
    /// The option is wrong to be there.
    fn wrong_name(&mut self, key: Key, text: impl Display) {
        self.mistakes.push(Mistake { key, part: Part::Name, text: text.to_string() });
    }

    /// Its value is wrong.
    fn wrong_value(&mut self, key: Key, text: impl Display) {
        self.mistakes.push(Mistake { key, part: Part::Value, text: text.to_string() });
    }

    /// Values of another kind than their option takes, and options that are not for this place.
    fn kinds(&mut self) {
        for (key, value) in self.options.iter() {
            if self.place == Place::Builder && key == Key::Crate {
                self.wrong_name(
                    key,
                    format!("`{key}` is for `#[job]` only: it says what its code names\nremove it"),
                );
            } else if !value.fits(key.kind()) {
                let (wanted, example) = (key.kind().wanted(), key.example());
                self.wrong_value(key, format!("`{key}` takes {wanted}\nwrite for example `{example}`"));
            }
        }
    }

    /// Whether the option was given, with a good value or not.
    fn has(&self, key: Key) -> bool {
        self.options.get(key).is_some()
    }

    /// Says that the value of an option is that of the handler, where it is.
    fn of_handler(&self, key: Key) -> String {
        let handler = self.handler.filter(|_| !self.has(key));
        handler.map(|handler| format!(", which its handler `{}` has", handler.name)).unwrap_or_default()
    }

    /// Where the value of an option comes from, as the beginning of a sentence: `this job has`.
    fn has_from(&self, key: Key) -> String {
        match self.handler {
            _ if self.has(key) => "this job has".to_owned(),
            Some(handler) => format!("its handler `{}` has", handler.name),
            None => "the default is".to_owned(),
        }
    }

    fn has_schedule(&self) -> bool {
        self.options.schedules().next().is_some()
    }

    /// A text that was given and not refused.
    fn text(&self, key: Key) -> Option<&'a str> {
        self.options.text(key)
    }

    /// An option that was given, as it is written in code; one whose value was refused as it could have been.
    fn written(&self, key: Key) -> String {
        match self.options.get(key) {
            Some(Value::Refused) | None => key.example().to_owned(),
            Some(value) => format!("{key} = {value}"),
        }
    }

    fn switch(&self, key: Key) -> bool {
        self.options.get(key) == Some(&Value::Switch(true))
    }

    /// A duration that was given and is one.
    fn duration(&mut self, key: Key) -> Option<Duration> {
        let text = self.text(key)?;
        parse_duration(text)
            .map_err(|error| {
                let diagram = diagram(text, &error.span());
                let help = error.help().unwrap_or_else(|| format!("write for example `{}`", key.example()));
                self.wrong_value(key, explain(&error.to_string(), &diagram, Some(help)));
            })
            .ok()
    }

    /// A word of a policy that was given and is one.
    fn word<W: FromStr<Err = UnknownWord>>(&mut self, key: Key) -> Option<W> {
        self.text(key)?.parse().map_err(|error| self.wrong_value(key, error)).ok()
    }

    /// A word of a policy, or the default where none was given. `None` if the one that was given is not known.
    fn word_or<W: FromStr<Err = UnknownWord>>(&mut self, key: Key, default: W) -> Option<W> {
        if self.has(key) { self.word(key) } else { Some(default) }
    }

    /// A number that was given and is in range.
    fn count(&mut self, key: Key, range: RangeInclusive<u32>) -> Option<u32> {
        let Value::Count(number) = *self.options.get(key)? else { return None };
        let fits = u32::try_from(number).ok().filter(|number| range.contains(number));
        if fits.is_none() {
            let instead = match (key, number) {
                (Key::CatchUpLimit, 0) => "\nto run no missed tick at all, write `catch_up = \"none\"`",
                (Key::QueueDepth, 0) => "\nto let no tick wait, write `overlap = \"skip\"`",
                (Key::MaxRunning, 0) => "\nto let nothing run, pause the job",
                _ => "",
            };
            let (least, most) = (range.start(), range.end());
            self.wrong_value(key, format!("`{key}` is a number from {least} to {most}{instead}"));
        }
        fits
    }
}

/// One error in three steps: what is wrong, where in the text, and what to write instead.
fn explain(error: &str, diagram: &str, help: Option<String>) -> String {
    let help = help.unwrap_or_default();
    let what = error.strip_suffix(help.as_str()).and_then(|what| what.strip_suffix("; ")).unwrap_or(error);
    let mut steps = vec![what];
    // In an empty text there is nothing to point at.
    if diagram.contains(|c| !matches!(c, ' ' | '\n' | '^')) {
        steps.push(diagram);
    }
    steps.push(&help);
    steps.retain(|step| !step.is_empty());
    steps.join(if steps.contains(&diagram) { "\n\n" } else { "\n" })
}

/// A text and, under it, carets below the wrong part.
fn diagram(text: &str, wrong: &Range<usize>) -> String {
    let width = |part: Option<&str>| part.map_or(0, |part| part.chars().count());
    let (before, carets) = (width(text.get(..wrong.start)), width(text.get(wrong.clone())).max(1));
    format!("{text}\n{}{}", " ".repeat(before), "^".repeat(carets))
}
