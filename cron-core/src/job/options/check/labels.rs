//! Names: of the job, of its group, its tags, and the one that it had before.

use super::{Check, Key};
use crate::job::options::Place;
use crate::job::{JobName, Label};

/// How many tags a job has at most.
const MAX_TAGS: usize = 16;

/// The name of the job: the option, or the one that it has without.
pub(super) fn name(check: &mut Check<'_>, default: &str) -> String {
    let given = match (check.text(Key::Name), check.place) {
        (Some(text), _) => text,
        (None, _) if check.has(Key::Name) => return default.to_owned(),
        (None, Place::Builder) => default,
        (None, Place::Attribute) => {
            if let Err(error) = JobName::check(default) {
                let example = Key::Name.example();
                check.wrong_value(Key::Name, format!("{error}\nname it with `{example}`"));
            }
            return default.to_owned();
        }
    };
    match JobName::check(given) {
        Ok(()) => given.to_owned(),
        Err(error) => {
            check.wrong_value(Key::Name, format!("{error}{}", repaired(Key::Name, given)));
            default.to_owned()
        }
    }
}

pub(super) fn group(check: &mut Check<'_>) -> Option<Label> {
    let text = check.text(Key::Group)?;
    Label::parse("group", text)
        .map_err(|error| check.wrong_value(Key::Group, format!("{error}{}", repaired(Key::Group, text))))
        .ok()
}

pub(super) fn tags(check: &mut Check<'_>) -> Vec<Label> {
    let mut tags: Vec<Label> = Vec::new();
    let Some(text) = check.text(Key::Tags) else { return tags };
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.len() > MAX_TAGS {
        let text = format!("a job has at most {MAX_TAGS} tags, this one has {}\nremove some", parts.len());
        check.wrong_value(Key::Tags, text);
        return tags;
    }
    for part in parts {
        match Label::parse("tag", part) {
            Ok(tag) if tags.contains(&tag) => {
                check.wrong_value(Key::Tags, format!("the tag `{tag}` is given twice\nkeep one of them"));
            }
            Ok(tag) => tags.push(tag),
            Err(error) => {
                let example = Key::Tags.example();
                check.wrong_value(Key::Tags, format!("{error}\nwrite for example `{example}`"));
            }
        }
    }
    tags
}

pub(super) fn was(check: &mut Check<'_>, name: &str) -> Option<JobName> {
    let text = check.text(Key::Was)?;
    match text.parse() {
        Ok(_same) if text == name => {
            let text = format!(
                "`was` is `{name}`, the name that the job has\nwrite the name that it had before, or remove it"
            );
            check.wrong_value(Key::Was, text);
            None
        }
        Ok(was) => Some(was),
        Err(error) => {
            check.wrong_value(Key::Was, format!("{error}{}", repaired(Key::Was, text)));
            None
        }
    }
}

/// A name that is near to a refused one and can be used.
fn repaired(key: Key, name: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || "_-.:/".contains(c) { c } else { '_' };
    let repaired: String = name.trim().chars().map(allowed).collect();
    let repaired = repaired.trim_start_matches(['-', '.', ':', '/']);
    match JobName::check(repaired) {
        Ok(()) => format!("\nwrite `{key} = \"{repaired}\"`"),
        Err(_beyond_repair) => format!("\nwrite for example `{}`", key.example()),
    }
}
