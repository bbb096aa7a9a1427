//! Line by line through a crontab.

mod settings;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::environment::{self, Setting, is_blank};
use super::mistake::{CrontabMistake, CrontabProblem as Problem, diagram};
use super::warning::{CrontabNotice as Notice, CrontabWarning};
use super::{Crontab, CrontabJob, CrontabTime, Form, MAX_BYTES, MAX_LINE, MAX_MISTAKES};
use super::{command, name, options, random, schedule};
use crate::job::options::{Key, Options, Place, Value, check};

/// A line without its end, and where it is.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    number: usize,
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    /// The rest of the line from a place on, without blanks in front, and where that begins.
    fn rest(self, at: usize) -> (usize, &'a str) {
        let text = &self.text[at..];
        let rest = text.trim_start_matches([' ', '\t']);
        (at + text.len() - rest.len(), rest)
    }
}

/// An option of a `#:` line.
#[derive(Debug)]
struct Pending<'a> {
    key: Key,
    value: Value,
    line: Line<'a>,
    at: Range<usize>,
}

/// What the lines so far say of those that follow.
#[derive(Debug)]
struct Reader<'a> {
    form: Form,
    /// `None` until somebody names one.
    zone: Option<Arc<str>>,
    /// Whether a line of the file does.
    is_zone_given: bool,
    is_zone_missed: bool,
    shell: Option<Arc<str>>,
    home: Option<Arc<str>>,
    mail_to: Option<Arc<str>>,
    mail_from: Option<Arc<str>>,
    /// A duration in our words.
    delay: Option<String>,
    comments: Vec<String>,
    pending: Vec<Pending<'a>>,
    /// Names that the file gives, and the lines of their commands.
    chosen: HashMap<String, usize>,
    settings: Vec<(String, String)>,
    jobs: Vec<CrontabJob>,
    mistakes: Vec<CrontabMistake>,
    warnings: Vec<CrontabWarning>,
}

pub(super) fn read(text: &str, form: Form, zone: Option<&str>) -> Result<Crontab, Vec<CrontabMistake>> {
    let mut reader = Reader::new(form, zone);
    reader.all(text);
    if !reader.mistakes.is_empty() {
        return Err(reader.mistakes);
    }
    let chosen: HashSet<String> = reader.chosen.into_keys().collect();
    name::number(&mut reader.jobs, &chosen);
    Ok(Crontab { jobs: reader.jobs, warnings: reader.warnings, settings: reader.settings })
}

impl<'a> Reader<'a> {
    fn new(form: Form, zone: Option<&str>) -> Self {
        Self {
            form,
            zone: zone.map(Arc::from),
            is_zone_given: false,
            is_zone_missed: false,
            shell: None,
            home: None,
            mail_to: None,
            mail_from: None,
            delay: None,
            comments: Vec::new(),
            pending: Vec::new(),
            chosen: HashMap::new(),
            settings: Vec::new(),
            jobs: Vec::new(),
            mistakes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn all(&mut self, text: &'a str) {
        if text.len() > MAX_BYTES {
            let line = Line { number: 1, start: 0, text: text.lines().next().unwrap_or_default() };
            return self.wrong(line, 0..0, Problem::TextTooLong { bytes: text.len() });
        }
        let mut start = 0;
        let mut has_windows_lines = false;
        for (index, whole) in text.split_inclusive('\n').enumerate() {
            let bare = whole.strip_suffix('\n').unwrap_or(whole);
            let text = bare.strip_suffix('\r').unwrap_or(bare);
            let line = Line { number: index + 1, start, text };
            start += whole.len();
            if text.len() < bare.len() && !has_windows_lines {
                has_windows_lines = true;
                self.warn(line, Notice::WindowsLines);
            }
            self.line(line);
            if self.mistakes.len() > MAX_MISTAKES {
                return;
            }
        }
        if let Some(Pending { line, at, .. }) = self.pending.pop() {
            self.wrong(line, at, Problem::OptionsAlone);
        }
    }

    fn line(&mut self, line: Line<'a>) {
        let mark =
            if line.number == 1 && line.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let (at, rest) = line.rest(mark);
        if line.text.len() > MAX_LINE {
            let bytes = line.text.len();
            return self.wrong(line, 0..0, Problem::LineTooLong { bytes });
        }
        if let Some(nul) = line.text.find('\0') {
            return self.wrong(line, nul..nul + 1, Problem::Nul);
        }
        if rest.chars().all(is_blank) {
            self.comments.clear();
        } else if let Some(text) = rest.strip_prefix("#:") {
            self.options(line, at + 2, text);
        } else if let Some(comment) = rest.strip_prefix('#') {
            self.comments.push(comment.trim().to_owned());
        } else {
            let comments = std::mem::take(&mut self.comments);
            match environment::read(rest) {
                Setting::Of { name, value, at: place } => self.set(line, name, value, shift(place, at)),
                Setting::Unclosed(place) => self.wrong(line, shift(place, at), Problem::QuoteOpen),
                Setting::Behind(place) => self.wrong(line, shift(place, at), Problem::BehindQuote),
                Setting::Nameless(place) => self.wrong(line, shift(place, at), Problem::NameMissing),
                Setting::None => self.job(line, at, comments),
            }
        }
    }

    fn options(&mut self, line: Line<'a>, at: usize, text: &str) {
        let (given, wrong) = options::read(text);
        for (place, problem) in wrong {
            self.wrong(line, shift(place, at), problem);
        }
        for option in given {
            let place = shift(option.at, at);
            if self.pending.iter().any(|other| other.key == option.key) {
                self.wrong(line, place, Problem::OptionTwice(option.key));
            } else {
                self.pending.push(Pending { key: option.key, value: option.value, line, at: place });
            }
        }
    }

    fn job(&mut self, line: Line<'a>, at: usize, comments: Vec<String>) {
        let pending = std::mem::take(&mut self.pending);
        let mistakes = self.mistakes.len();
        let rest = &line.text[at..];
        let is_logged = !rest.starts_with('-');
        let at = at + usize::from(!is_logged);
        let parts = self.parts(line, at);
        let chosen = pending.iter().find_map(|option| match (&option.key, &option.value) {
            (Key::Name, Value::Text(name)) => Some((name.clone(), option.at.clone(), option.line)),
            _ => None,
        });
        let Some(Parts { fields, user, command: text }) = parts else {
            // Its options have mistakes of their own.
            self.checked(line, "job", &Time { at: at..at, time: None }, pending);
            return;
        };
        let (flags, text) = command::flags(text);
        let (command, stdin) = command::split(text);
        let kept = command.trim_end_matches([' ', '\t']);
        // A blank behind a backslash belongs to the word before it.
        let command = if kept.ends_with('\\') { command.clone() } else { kept.to_owned() };
        if command.trim().is_empty() {
            let end = line.text.len();
            self.wrong(line, end - text.len()..end, Problem::CommandMissing);
        }
        if has_bare_percent(text) {
            self.warn(line, Notice::Percent { command: command.clone() });
        }
        let identity = match &chosen {
            Some((name, at, on)) => {
                if let Some(first) = self.chosen.insert(name.clone(), line.number) {
                    let problem = Problem::NameTwice { name: name.clone(), line: first };
                    self.wrong(*on, at.clone(), problem);
                }
                name.clone()
            }
            None => name::identity(user, &command, stdin.as_deref()),
        };
        let written = line.text[fields.clone()].to_owned();
        let time = self.time(line, fields, &identity);
        let options = self.checked(line, &identity, &time, pending);
        let (Some(time), true) = (time.time, self.mistakes.len() == mistakes) else { return };
        self.jobs.push(CrontabJob {
            line: line.number,
            written,
            time,
            is_zone_given: self.is_zone_given,
            name: identity.clone(),
            identity,
            options,
            user: user.map(str::to_owned),
            command,
            stdin,
            shell: self.shell.clone(),
            home: self.home.clone(),
            mail: self.mail(),
            mails_failures_only: flags.mails_failures_only,
            is_quiet: !is_logged || flags.is_quiet,
            comments,
            settings: self.settings.len(),
        });
    }

    /// Where schedule, user and command of a line are.
    fn parts(&mut self, line: Line<'a>, at: usize) -> Option<Parts<'a>> {
        let rest = &line.text[at..];
        let wanted = if rest.starts_with('@') { 1 } else { 5 };
        let mut end = at;
        for found in 0..wanted {
            let (start, rest) = line.rest(end);
            if rest.is_empty() {
                self.wrong(line, at..line.text.trim_end().len().max(at), Problem::FieldsMissing { found });
                return None;
            }
            end = start + word(rest).len();
        }
        let fields = at..end;
        let (mut start, mut command) = line.rest(end);
        let mut user = None;
        if self.form == Form::System && !command.is_empty() {
            let word = word(command);
            let place = start..start + word.len();
            if word.starts_with('*') {
                self.wrong(line, place, Problem::CommandIsStar);
                return None;
            }
            if !is_user(word) {
                self.wrong(line, place, Problem::NotAUser { word: word.to_owned() });
                return None;
            }
            user = Some(word);
            (start, command) = line.rest(start + word.len());
        }
        if command.is_empty() {
            let end = line.text.len();
            self.wrong(line, end..end, Problem::CommandMissing);
            return None;
        }
        let first = word(command);
        let place = start..start + first.len();
        if command.starts_with('*') {
            self.wrong(line, place, Problem::CommandIsStar);
            return None;
        }
        if first.bytes().all(|byte| byte.is_ascii_digit()) {
            self.warn(line, Notice::NumberFirst { word: first.to_owned() });
        }
        if self.form == Form::User && matches!(first, "root" | "nobody" | "www-data") {
            self.warn(line, Notice::UserFirst { word: first.to_owned() });
        }
        Some(Parts { fields, user, command })
    }

    /// Reads the schedule of a line.
    fn time(&mut self, line: Line<'a>, at: Range<usize>, identity: &str) -> Time {
        let written = &line.text[at.clone()];
        if written == "@reboot" {
            return Time { at, time: Some(CrontabTime::Boot) };
        }
        if written == "@every" {
            self.wrong(line, at.clone(), Problem::Every);
            return Time { at, time: None };
        }
        if self.zone.is_none() && !std::mem::replace(&mut self.is_zone_missed, true) {
            self.wrong(line, at.clone(), Problem::ZoneMissing);
        }
        let zone = self.zone.clone().unwrap_or_else(|| "UTC".into());
        let chosen = match random::choose(written, identity) {
            Ok(chosen) => chosen,
            Err(part) => {
                let problem = Problem::Random { part: written[part.clone()].to_owned() };
                self.wrong(line, shift(part, at.start), problem);
                return Time { at, time: None };
            }
        };
        match schedule::read(&chosen, &zone) {
            Ok(read) => {
                if chosen != written {
                    let written = written.to_owned();
                    self.warn(line, Notice::Chosen { written, chosen });
                }
                let (schedule, cron) = (read.schedule, read.cron);
                Time { at, time: Some(CrontabTime::Times { schedule, cron, zone }) }
            }
            Err(error) => {
                let part = error.span();
                let place = match error.expression() == written {
                    true => shift(part, at.start),
                    false => at.clone(),
                };
                self.wrong(line, place, Problem::Schedule(error));
                Time { at, time: None }
            }
        }
    }

    /// The options of a job, checked together with its schedule.
    fn checked(&mut self, line: Line<'a>, name: &str, time: &Time, pending: Vec<Pending<'a>>) -> Options {
        let mut options = Options::default();
        match &time.time {
            Some(CrontabTime::Boot) => {}
            Some(CrontabTime::Times { cron, zone, .. }) => {
                options.set(Key::Cron, cron.as_str()).set(Key::Timezone, &**zone);
            }
            // The schedule has a mistake of its own.
            None => {
                options.set(Key::Cron, "@daily");
            }
        }
        if let (Some(delay), false) = (&self.delay, time.time == Some(CrontabTime::Boot)) {
            options.set(Key::Jitter, delay.as_str());
        }
        for option in &pending {
            options.set(option.key, option.value.clone());
        }
        let (_, wrong) = check(name, &options, Place::Builder);
        for mistake in wrong {
            let given = pending.iter().find(|option| option.key == mistake.key);
            let (on, at) = given.map_or((line, time.at.clone()), |option| (option.line, option.at.clone()));
            self.wrong(on, at, Problem::Option { key: mistake.key, text: mistake.text });
        }
        let mut kept = Options::default();
        let is_ours = |key: Key| !matches!(key, Key::Cron | Key::Timezone | Key::Name);
        for (key, value) in options.iter().filter(|(key, _)| is_ours(*key)) {
            kept.set(key, value.clone());
        }
        kept
    }

    /// Notes a mistake; `at` is its place in the line.
    fn wrong(&mut self, line: Line<'a>, at: Range<usize>, problem: Problem) {
        let problem = match self.mistakes.len() {
            0..MAX_MISTAKES => problem,
            MAX_MISTAKES => Problem::TooMany,
            _ => return,
        };
        self.mistakes.push(CrontabMistake {
            line: line.number,
            column: line.text[..at.start].chars().count() + 1,
            span: shift(at.clone(), line.start),
            diagram: diagram(line.text, &at),
            problem,
        });
    }

    fn warn(&mut self, line: Line<'a>, notice: Notice) {
        self.warnings.push(CrontabWarning { line: line.number, notice });
    }
}

/// A line taken apart.
struct Parts<'a> {
    fields: Range<usize>,
    user: Option<&'a str>,
    command: &'a str,
}

/// When a line runs, unless that is wrong, and where it says so.
struct Time {
    at: Range<usize>,
    time: Option<CrontabTime>,
}

fn shift(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// The text up to a blank.
fn word(text: &str) -> &str {
    text.split([' ', '\t']).next().unwrap_or(text)
}

/// Whether this could be the name of a user: no path, no quote, nothing of a shell.
fn is_user(word: &str) -> bool {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |c: char| c.is_alphanumeric() || "_-.@$+\\".contains(c);
    !is_number && word.chars().all(is_name) && !word.starts_with(['-', '.'])
}

fn has_bare_percent(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let is_bare = c == '%' && !escaped;
        escaped = c == '\\' && !escaped;
        is_bare
    })
}
