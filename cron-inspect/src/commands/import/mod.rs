//! `inspect import crontab FILE`

mod job_file;
mod json;
mod skeleton;
mod words;
mod zone;

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use cron_core::crontab::{Crontab, CrontabProblem, Form, MAX_BYTES};
use cron_core::schedule::Schedule;

use crate::cli::{Import, ImportCrontab};
use crate::context::Context;
use crate::failure::Failure;
use crate::view::text::clean;

/// A crontab that was read, and where it came from.
#[derive(Debug)]
struct Imported {
    /// Its file, as it is shown.
    file: String,
    crontab: Crontab,
    form: Form,
    /// The zone of this machine, where it is that of schedules.
    machine_zone: Option<String>,
}

pub(crate) fn import(import: &Import, context: &Context) -> Result<(), Failure> {
    match import {
        Import::Crontab(args) => crontab(args, context),
    }
}

fn crontab(args: &ImportCrontab, context: &Context) -> Result<(), Failure> {
    let imported = read(args)?;
    let zone = imported.machine_zone.as_ref().map(|zone| {
        format!("the schedules are in {zone}, the time zone of this machine; `--zone` gives another one")
    });
    let warnings = imported.crontab.warnings().iter().map(ToString::to_string);
    let said: Vec<String> = zone.into_iter().chain(warnings).collect();
    let Some(to) = &args.to else {
        let code = skeleton::print(&imported);
        context.warn(&said);
        return context.show(&json::Import::new(&imported, Some(&code), None), |_| code.clone());
    };
    let text = job_file::print(&imported);
    if to.as_os_str() == "-" {
        context.warn(&said);
        return context.show(&json::Import::new(&imported, Some(&text), None), |_| text.clone());
    }
    write(to, &text, args.force)?;
    context.warn(&said);
    let count = imported.crontab.jobs().len();
    context.show(&json::Import::new(&imported, None, Some(to)), |_| {
        let jobs = if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") };
        format!("{jobs} written to {}\n", clean(&to.display().to_string()))
    })
}

fn read(args: &ImportCrontab) -> Result<Imported, Failure> {
    let file =
        if args.file.as_os_str() == "-" { "stdin".to_owned() } else { args.file.display().to_string() };
    let bytes = contents(&args.file)?;
    let text = match str::from_utf8(&bytes) {
        Ok(text) => text.into(),
        // It is too long, and was perhaps cut off within a character.
        Err(_) if bytes.len() > MAX_BYTES => String::from_utf8_lossy(&bytes),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            return Err(Failure::NotUtf8 { file, line });
        }
    };
    let form = if args.system || is_of_system(&args.file) { Form::System } else { Form::User };
    let machine = match &args.zone {
        Some(zone) => {
            Schedule::cron("@yearly", zone)?;
            None
        }
        None => Some(zone::of_machine()),
    };
    let named = machine.as_ref().and_then(|zone| zone.as_deref().ok());
    let zone = args.zone.as_deref().map(str::trim).or(named);
    let crontab = Crontab::read(&text, form, zone).map_err(|mistakes| {
        let is_without_zone =
            mistakes.iter().any(|mistake| matches!(mistake.problem(), CrontabProblem::ZoneMissing));
        let zone = machine.as_ref().and_then(|zone| zone.as_ref().err()).filter(|_| is_without_zone);
        Failure::Crontab { file: file.clone(), mistakes, zone: zone.cloned() }
    })?;
    let uses_default = crontab.jobs().iter().any(|job| job.schedule().is_some() && !job.is_zone_given);
    let machine_zone = named.filter(|_| uses_default).map(str::to_owned);
    Ok(Imported { file, crontab, form, machine_zone })
}

/// The bytes of the file, and at most one more than a crontab may have.
fn contents(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = || -> io::Result<Vec<u8>> {
        let most = MAX_BYTES as u64 + 1;
        let mut text = Vec::new();
        if file.as_os_str() == "-" {
            io::stdin().lock().take(most).read_to_end(&mut text)?;
        } else {
            std::fs::File::open(file)?.take(most).read_to_end(&mut text)?;
        }
        Ok(text)
    };
    read().map_err(|source| Failure::Unreadable { file: file.to_owned(), source })
}

/// Whether a file is the crontab of the system by its place.
fn is_of_system(file: &Path) -> bool {
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    file == Path::new("/etc/crontab") || file.parent() == Some(Path::new("/etc/cron.d"))
}

fn write(file: &PathBuf, text: &str, is_forced: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    if is_forced {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    let written = options.open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Failure::FileThere(file.clone()),
        _ => Failure::Unwritable { file: file.clone(), source },
    })
}
