//! Stage one: the options as the user wrote them, each with its span. Nothing is judged here but the syntax.

use proc_macro2::{Delimiter, Ident, Literal, TokenStream, TokenTree};
use syn::Lit;
use syn::ext::IdentExt;

use crate::mistakes::Mistakes;

/// What kind of literal an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Count,
    /// `true` or `false`.
    Switch,
}

/// Declares the options: one list gives the keys, their names, their kinds and their examples.
macro_rules! options {
    ($($key:ident $name:literal: $kind:ident, $example:literal;)+) => {
        /// The options of `#[job(...)]`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Key { $($key,)+ }

        impl Key {
            /// Every option, in the order of the documentation.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$key,)+];

            /// The option as the user writes it.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$key => $name,)+ }
            }

            /// What it takes.
            pub(crate) const fn kind(self) -> Kind {
                match self { $(Self::$key => Kind::$kind,)+ }
            }

            /// How it looks with a value.
            pub(crate) const fn example(self) -> &'static str {
                match self { $(Self::$key => concat!($name, " = ", $example),)+ }
            }
        }
    };
}

options! {
    Cron "cron": Text, r#""0 9 * * MON-FRI""#;
    Every "every": Text, r#""30s""#;
    Phase "phase": Text, r#""5s""#;
    After "after": Text, r#""finish""#;
    Daily "daily": Text, r#""14:30""#;
    Hourly "hourly": Text, r#"":30""#;
    Weekly "weekly": Text, r#""MON,FRI 10:00""#;
    At "at": Text, r#""2026-12-25T00:00:00""#;
    Once "once": Text, r#""60s""#;
    Schedule "schedule": Text, r#""every weekday at 9:00""#;
    Rrule "rrule": Text, r#""DTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO""#;
    Calendar "calendar": Text, r#""uk_holidays""#;
    CalendarRule "calendar_rule": Text, r#""next_workday""#;
    Timezone "timezone": Text, r#""Europe/London""#;
    Overlap "overlap": Text, r#""skip""#;
    CatchUp "catch_up": Text, r#""latest""#;
    CatchUpLimit "catch_up_limit": Count, "100";
    CatchUpWindow "catch_up_window": Text, r#""24h""#;
    Grace "grace": Text, r#""30s""#;
    Timeout "timeout": Text, r#""5m""#;
    Name "name": Text, r#""billing.close_month""#;
    Retries "retries": Count, "3";
    Backoff "backoff": Text, r#""exponential""#;
    RetryDelay "retry_delay": Text, r#""10s""#;
    RetryMaxDelay "retry_max_delay": Text, r#""1h""#;
    RetryPastNext "retry_past_next": Switch, "true";
    Crate "crate": Text, r#""my_crate::cron_runtime""#;
}

/// Names that people try, and the option they mean.
const MEANT: [(&str, Key); 21] = [
    ("attempts", Key::Retries),
    ("catchup", Key::CatchUp),
    ("concurrency", Key::Overlap),
    ("delay", Key::RetryDelay),
    ("holidays", Key::Calendar),
    ("id", Key::Name),
    ("interval", Key::Every),
    ("max_attempts", Key::Retries),
    ("max_retries", Key::Retries),
    ("misfire", Key::CatchUp),
    ("offset", Key::Phase),
    ("on_overlap", Key::Overlap),
    ("phrase", Key::Schedule),
    ("recurrence", Key::Rrule),
    ("rule", Key::CalendarRule),
    ("run", Key::Schedule),
    ("when", Key::Schedule),
    ("time_zone", Key::Timezone),
    ("title", Key::Name),
    ("tz", Key::Timezone),
    ("zone", Key::Timezone),
];

impl Key {
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }

    fn nearest(name: &str) -> Option<Self> {
        let meant = MEANT.iter().find(|(tried, _)| *tried == name).map(|(_, key)| *key);
        meant.or_else(|| {
            let names = Self::ALL.iter().map(|key| key.name());
            cron_core::suggest::nearest(name, names).and_then(Self::from_name)
        })
    }
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// For [`Kind::Text`].
    Text(String),
    /// For [`Kind::Count`]. A number beyond 64 bits is the largest one; no option allows either.
    Count(u64),
    /// For [`Kind::Switch`].
    Switch(bool),
    /// Already refused. The option counts as given, so that one mistake does not bring a second one with it.
    Refused,
}

/// One option, its value, and where both are.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Which option.
    pub(crate) key: Key,
    /// The name of the option in the user's code.
    pub(crate) at_key: Ident,
    /// The value.
    pub(crate) value: Value,
    /// The value in the user's code.
    pub(crate) at_value: TokenStream,
}

impl Entry {
    /// The text of an option of [`Kind::Text`] that was not refused.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Count(_) | Value::Switch(_) | Value::Refused => None,
        }
    }
}

/// The options of one job.
#[derive(Debug, Default)]
pub(crate) struct Args(Vec<Entry>);

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

    /// The option, if it was given, with a good value or not.
    pub(crate) fn get(&self, key: Key) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    /// Every option, in the order in which the user wrote them.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    fn read_option(&mut self, tokens: &[TokenTree], mistakes: &mut Mistakes) {
        let [TokenTree::Ident(at_key), after @ ..] = tokens else {
            let tokens: TokenStream = tokens.iter().cloned().collect();
            return mistakes.add(&tokens, no_name(&tokens));
        };
        let name = at_key.unraw().to_string();
        let Some(key) = Key::from_name(&name) else { return mistakes.add(at_key, unknown(&name)) };
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
        } else if self.get(key).is_some() {
            mistakes.add(at_key, format!("`{name}` is given twice\nkeep one of them"));
        } else {
            let value = read_value(key.kind(), value).unwrap_or_else(|| {
                mistakes.add(&at_value, wrong_kind(key, value));
                Value::Refused
            });
            self.0.push(Entry { key, at_key: at_key.clone(), value, at_value });
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
        (Kind::Text, [TokenTree::Literal(literal)]) => match Lit::new(literal.clone()) {
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
        Kind::Text => "a string literal",
        Kind::Count => "a whole number",
        Kind::Switch => "`true` or `false`",
    };
    let instead = match (key.kind(), tokens) {
        // `skip`, `30s` and `5m` are one token each and lack nothing but the quotes.
        (Kind::Text, [TokenTree::Ident(word)]) if is_word(word) => Some(format!("\"{word}\"")),
        (Kind::Text, [TokenTree::Literal(literal)]) if has_unit(literal) => Some(format!("\"{literal}\"")),
        // `"3"` and `"true"` have quotes too much.
        (kind @ (Kind::Count | Kind::Switch), [TokenTree::Literal(literal)]) => unquoted(kind, literal),
        _ => None,
    };
    if let Some(instead) = instead {
        return format!("`{name}` takes {wanted}\nwrite `{name} = {instead}`");
    }
    // A constant or a call, which has no value yet when this is checked.
    let why = match (key.kind(), tokens) {
        (Kind::Text, [TokenTree::Ident(_), ..]) => ": it is checked while compiling",
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
        Kind::Text => false,
        Kind::Count => text.parse::<u64>().is_ok(),
        Kind::Switch => text == "true" || text == "false",
    };
    fits.then_some(text)
}

fn unknown(name: &str) -> String {
    let guess = Key::nearest(name).map_or(String::new(), |key| format!(", did you mean `{}`?", key.name()));
    let names: Vec<_> = Key::ALL.iter().map(|key| key.name()).collect();
    let mut list = String::new();
    // Three lines: when, how, and again.
    for line in names.chunks(9) {
        list.push_str("\n  ");
        list.push_str(&line.join(", "));
    }
    format!("unknown option `{name}`{guess}\nallowed:{list}")
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
