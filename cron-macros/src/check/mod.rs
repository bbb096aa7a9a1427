//! Stage two: everything that can be known while the user's program is compiled, asked of `cron-core`.
//!
//! A check that fails notes a mistake and goes on, so that one build shows all of them.

mod function;
mod policy;
mod schedule;

use std::ops::Range;
use std::time::Duration;

use cron_core::duration::parse_duration;
use cron_core::job::JobName;
use cron_core::policy::{CatchUp, Overlap, Retry};
use syn::Path;

use crate::args::{Args, Entry, Key};
use crate::function::Function;
use crate::mistakes::Mistakes;

/// What `#[job(...)]` declares, every text checked.
pub(crate) struct Declaration {
    /// The name of the job.
    pub(crate) name: String,
    /// The schedule in the canonical form that the runtime reads back; `None` for a handler only.
    pub(crate) schedule: Option<String>,
    /// What happens when a tick is due while an older run is active.
    pub(crate) overlap: Overlap,
    /// What happens to ticks that nobody was there for.
    pub(crate) catch_up: CatchUp,
    /// How often and when a failed run is tried again.
    pub(crate) retry: Retry,
    /// How long one attempt may take.
    pub(crate) timeout: Option<Duration>,
    /// Where the expansion finds `cron_runtime`.
    pub(crate) runtime: Path,
}

/// Checks options and function. Where something is wrong it is noted, and the default stands in its place.
pub(crate) fn check(args: &Args, function: &Function, mistakes: &mut Mistakes) -> Declaration {
    let name = name(args, function, mistakes);
    let schedule = schedule::check(args, mistakes);
    let overlap = policy::overlap(args, mistakes);
    let catch_up = policy::catch_up(args, mistakes);
    let retry = policy::retry(args, mistakes);
    let timeout = duration(args, Key::Timeout, mistakes);
    let runtime = runtime(args, mistakes);
    function::check(function, mistakes);
    Declaration { name, schedule, overlap, catch_up, retry, timeout, runtime }
}

fn name(args: &Args, function: &Function, mistakes: &mut Mistakes) -> String {
    if let Some(entry) = args.get(Key::Name) {
        let Some(text) = entry.text() else { return function.name() };
        match JobName::check(text) {
            Ok(()) => return text.to_owned(),
            Err(error) => mistakes.add(&entry.at_value, format!("{error}{}", repaired(text))),
        }
    } else if let Err(error) = JobName::check(&function.name()) {
        mistakes.add(function.ident(), format!("{error}\nname it with `{}`", Key::Name.example()));
    }
    function.name()
}

/// A name that is near to a refused one and can be used.
fn repaired(name: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || "_-.:/".contains(c) { c } else { '_' };
    let repaired: String = name.trim().chars().map(allowed).collect();
    let repaired = repaired.trim_start_matches(['-', '.', ':', '/']);
    match JobName::check(repaired) {
        Ok(()) => format!("\nwrite `name = \"{repaired}\"`"),
        Err(_beyond_repair) => format!("\nwrite for example `{}`", Key::Name.example()),
    }
}

/// The path to `cron_runtime`, for programs that know it under another name.
fn runtime(args: &Args, mistakes: &mut Mistakes) -> Path {
    let default = || syn::parse_quote!(::cron_runtime);
    let Some(entry) = args.get(Key::Crate) else { return default() };
    let Some(text) = entry.text() else { return default() };
    // Parsed from the literal itself, so that an unknown crate is reported at the literal.
    let path = syn::parse2::<syn::LitStr>(entry.at_value.clone())
        .and_then(|literal| literal.parse_with(Path::parse_mod_style));
    path.unwrap_or_else(|_not_a_path| {
        mistakes.add(
            &entry.at_value,
            format!(
                "`{text}` is not the path of a module\nwrite the path to `cron_runtime`, as in `{}`",
                Key::Crate.example()
            ),
        );
        default()
    })
}

/// Whether this option says when the job runs.
fn is_schedule(key: Key) -> bool {
    matches!(key, Key::Cron | Key::Every | Key::Daily | Key::Hourly | Key::Weekly | Key::At | Key::Once)
}

fn has_schedule(args: &Args) -> bool {
    args.entries().iter().any(|entry| is_schedule(entry.key))
}

/// A duration that was given and is one.
fn duration(args: &Args, key: Key, mistakes: &mut Mistakes) -> Option<Duration> {
    let entry = args.get(key)?;
    let text = entry.text()?;
    parse_duration(text)
        .map_err(|error| {
            let diagram = diagram(text, &error.span());
            let help = error.help().unwrap_or_else(|| format!("write for example `{}`", key.example()));
            mistakes.add(&entry.at_value, explain(&error.to_string(), &diagram, Some(help)));
        })
        .ok()
}

/// A word of a policy that was given and is one.
fn word<W: std::str::FromStr<Err = cron_core::UnknownWord>>(
    entry: &Entry,
    mistakes: &mut Mistakes,
) -> Option<W> {
    let parsed = entry.text()?.parse::<W>();
    parsed.map_err(|error| mistakes.add(&entry.at_value, error)).ok()
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
