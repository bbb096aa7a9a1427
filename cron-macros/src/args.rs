//! Stage one: the options as the user wrote them, each with its span. Nothing is judged here but the syntax.

use cron_core::job::options::{Key, Kind, Options, Part, Place, Value};
use proc_macro2::{Delimiter, Ident, Literal, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Lit;
use syn::ext::IdentExt;

use crate::mistakes::Mistakes;

/// One option, and where its name and its value are.
#[derive(Debug)]
struct Entry {
    key: Key,
    at_key: Ident,
    at_value: TokenStream,
}

/// The options of one job, and where they are in the user's code.
#[derive(Debug, Default)]
pub(crate) struct Args {
    /// Names and values.
    pub(crate) options: Options,
    entries: Vec<Entry>,
}

impl Args {
    /// Reads the tokens between the parentheses. What cannot be read is noted and left out; the rest goes on.
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self::default();
        let tokens = without_invisible_groups(tokens);
        let mut rest = tokens.as_slice();
        while !rest.is_empty() {
            let end = rest.iter().position(|token| is_punct(token, ',')).unwrap_or(rest.len());
            let (option, after) = rest.split_at(end);
            match (option, after) {
                ([], [comma, ..]) => mistakes.add(comma, "there is no option before this comma"),
                _ => args.read_option(option, mistakes),
            }
            rest = after.get(1..).unwrap_or_default();
        }
        args
    }

    /// The name or the value of an option that was given, in the user's code.
    pub(crate) fn place(&self, key: Key, part: Part) -> Option<TokenStream> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(match part {
            Part::Name => entry.at_key.to_token_stream(),
            Part::Value => entry.at_value.clone(),
        })
    }

    fn read_option(&mut self, tokens: &[TokenTree], mistakes: &mut Mistakes) {
        let [TokenTree::Ident(at_key), after @ ..] = tokens else {
            let tokens: TokenStream = tokens.iter().cloned().collect();
            return mistakes.add(&tokens, no_name(&tokens));
        };
        let name = at_key.unraw().to_string();
        let key = match Key::read(&name, Place::Attribute) {
            Ok(key) => key,
            Err(unknown) => return mistakes.add(at_key, unknown),
        };
        let (equals, value) = match after {
            [equals, value @ ..] if is_punct(equals, '=') => (equals, value),
            [] => return mistakes.add(at_key, format!("`{name}` needs a value\nwrite `{}`", key.example())),
            [wrong, ..] => {
                return mistakes
                    .add(wrong, format!("expected `=` after `{name}`\nwrite `{}`", key.example()));
            }
        };
        let end = forgotten_comma(value);
        let (value, next) = value.split_at(end);
        let at_value: TokenStream = value.iter().cloned().collect();
        if at_value.is_empty() {
            mistakes.add(equals, format!("`{name}` needs a value\nwrite `{}`", key.example()));
        } else if self.options.get(key).is_some() {
            mistakes.add(at_key, format!("`{name}` is given twice\nkeep one of them"));
        } else {
            let value = read_value(key.kind(), value).unwrap_or_else(|| {
                mistakes.add(&at_value, wrong_kind(key, value));
                Value::Refused
            });
            self.options.set(key, value);
            self.entries.push(Entry { key, at_key: at_key.clone(), at_value });
        }
        if let Some(first) = next.first() {
            mistakes.add(first, format!("a comma is missing before `{first}`"));
            self.read_option(next, mistakes);
        }
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// Literals that come out of a `macro_rules!` may be wrapped in groups without a delimiter.
fn without_invisible_groups(tokens: TokenStream) -> Vec<TokenTree> {
    let mut flat = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                flat.extend(without_invisible_groups(group.stream()));
            }
            other => flat.push(other),
        }
    }
    flat
}

/// Where the value ends: before an option that follows without a comma, or at the end.
fn forgotten_comma(value: &[TokenTree]) -> usize {
    let is_option =
        |pair: &[TokenTree]| matches!(pair, [TokenTree::Ident(_), equals] if is_punct(equals, '='));
    let start = value.iter().zip(value.windows(2)).skip(1).position(|(_, pair)| is_option(pair));
    start.map_or(value.len(), |index| index + 1)
}

fn read_value(kind: Kind, tokens: &[TokenTree]) -> Option<Value> {
    match (kind, tokens) {
        (Kind::Text | Kind::Duration, [TokenTree::Literal(literal)]) => match Lit::new(literal.clone()) {
            Lit::Str(text) if text.suffix().is_empty() => Some(Value::Text(text.value())),
            _ => None,
        },
        (Kind::Count, [TokenTree::Literal(literal)]) => match Lit::new(literal.clone()) {
            Lit::Int(number) if matches!(number.suffix(), "" | "u32") => {
                Some(Value::Count(number.base10_parse().unwrap_or(u64::MAX)))
            }
            _ => None,
        },
        (Kind::Switch, [TokenTree::Ident(word)]) if word == "true" => Some(Value::Switch(true)),
        (Kind::Switch, [TokenTree::Ident(word)]) if word == "false" => Some(Value::Switch(false)),
        _ => None,
    }
}

fn wrong_kind(key: Key, tokens: &[TokenTree]) -> String {
    let name = key.name();
    let wanted = match key.kind() {
        Kind::Text | Kind::Duration => "a string literal",
        kind @ (Kind::Count | Kind::Switch) => kind.wanted(),
    };
    let instead = match (key.kind(), tokens) {
        // `skip`, `30s` and `5m` are one token each and lack nothing but the quotes.
        (Kind::Text | Kind::Duration, [TokenTree::Ident(word)]) if is_word(word) => {
            Some(format!("\"{word}\""))
        }
        (Kind::Text | Kind::Duration, [TokenTree::Literal(literal)]) if has_unit(literal) => {
            Some(format!("\"{literal}\""))
        }
        // `"3"` and `"true"` have quotes too much.
        (kind @ (Kind::Count | Kind::Switch), [TokenTree::Literal(literal)]) => unquoted(kind, literal),
        _ => None,
    };
    if let Some(instead) = instead {
        return format!("`{name}` takes {wanted}\nwrite `{name} = {instead}`");
    }
    // A constant or a call, which has no value yet when this is checked.
    let why = match (key.kind(), tokens) {
        (Kind::Text | Kind::Duration, [TokenTree::Ident(_), ..]) => ": it is checked while compiling",
        _ => "",
    };
    format!("`{name}` takes {wanted}{why}\nwrite for example `{}`", key.example())
}

/// Words of policies are in lower case, constants are not.
fn is_word(ident: &Ident) -> bool {
    ident.to_string().chars().all(|c| c.is_ascii_lowercase())
}

/// `30s` is a number with the suffix `s` to the compiler.
fn has_unit(literal: &Literal) -> bool {
    match Lit::new(literal.clone()) {
        Lit::Int(number) => !number.suffix().is_empty(),
        _ => false,
    }
}

fn unquoted(kind: Kind, literal: &Literal) -> Option<String> {
    let Lit::Str(text) = Lit::new(literal.clone()) else { return None };
    let text = text.value();
    let fits = match kind {
        Kind::Text | Kind::Duration => false,
        Kind::Count => text.parse::<u64>().is_ok(),
        Kind::Switch => text == "true" || text == "false",
    };
    fits.then_some(text)
}

/// For something that does not begin with the name of an option, such as `#[job("0 9 * * *")]`.
fn no_name(tokens: &TokenStream) -> String {
    let guess = syn::parse2::<syn::LitStr>(tokens.clone()).ok().and_then(|text| {
        let text = text.value();
        let is_cron = text.starts_with('@') || text.split_whitespace().count() >= 5;
        let key = if text.starts_with("every ") || text.starts_with("on the ") {
            Key::Schedule
        } else if is_cron {
            Key::Cron
        } else if cron_core::duration::parse_duration(&text).is_ok() {
            Key::Every
        } else {
            return None;
        };
        Some(format!("\nwrite `{} = {}`", key.name(), tokens))
    });
    let guess = guess.unwrap_or_else(|| format!("\nwrite for example `{}`", Key::Cron.example()));
    format!("an option begins with its name{guess}")
}
