//! What can be seen of a file from outside: whether it is whole, who works on it, and what nobody looks after.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{OwnerId, RunId};
use rusqlite::{Connection, params};

use super::super::{StoreError, WaitingRun};
use super::SqliteLedger;
use super::holders;
use super::migrations::VERSION;
use super::rows::{ACTIVE, Columns, failed, read_name, read_plan, to_int, to_ms};
use super::signal::{Signal, boot};
use super::waiting::waiting;

/// At most this many lines about damage are read.
const MOST_DAMAGE: i64 = 5;

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// The version of the schema.
    pub schema: u32,
    /// How the file is written: `wal`, unless somebody has changed it.
    pub journal_mode: String,
    /// What SQLite finds damaged, the first lines; empty where all is well.
    pub damage: Vec<String>,
    /// How long SQLite's log beside the file is, in bytes; most of it may be written back already.
    pub wal_bytes: u64,
    /// Who has held the lock to write nearly all the time while the file was looked at, as far as the system tells.
    pub writer: Option<String>,
    /// The incarnations that have not taken leave, oldest first.
    pub incarnations: Vec<Incarnation>,
    /// Attempts in progress, oldest run first.
    pub attempts: Vec<AttemptInProgress>,
    /// Jobs whose high-water mark lies after the moment that was asked about, with the mark.
    pub future_marks: Vec<(JobName, DateTime<Utc>)>,
    /// Jobs that were due to be judged at or before that moment and are not.
    pub overdue: Vec<Overdue>,
    /// Runs that have waited for a worker for longer than the period of their job, the longest waiting first.
    pub waiting: Vec<WaitingRun>,
    /// Jobs that the store knows; those that no living scheduler executes, as far as the file tells.
    pub jobs: u64,
    /// Their names.
    pub not_linked: Vec<JobName>,
    /// Jobs whose declaration cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// A declaration that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong with it, with the name of the job.
    pub what: String,
    /// Whether it is damaged. Otherwise it is in words that this version does not know.
    pub is_damaged: bool,
}

/// A start of a scheduler on this file that has not taken leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incarnation {
    /// Its number.
    pub id: OwnerId,
    /// When it started.
    pub joined: DateTime<Utc>,
    /// Whether it is alive.
    pub life: Life,
    /// Whether it is to be counted among those that work on the file: it lives, or may do so.
    pub serves: bool,
}

/// Whether a process is alive, as far as that can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The operating system holds its lock.
    Alive,
    /// The operating system has freed its lock.
    Dead,
    /// It was started on another machine, or before this one was started: one whose lease lasts is taken for alive.
    Elsewhere,
    /// This system does not tell.
    Unknown,
}

/// An attempt on record as in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptInProgress {
    /// The job.
    pub job: JobName,
    /// The run.
    pub run: RunId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Until when.
    pub lease: DateTime<Utc>,
    /// Whether it is stuck: its timeout has passed and its function has not returned.
    pub is_stuck: bool,
}

/// A job that is late for its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The job.
    pub job: JobName,
    /// Since when.
    pub due: DateTime<Utc>,
    /// Whether a scheduler that is alive executes it, as far as the file tells.
    pub is_linked: bool,
}

impl SqliteLedger {
    /// Looks at the file as it is at `now`. Nothing is written.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it cannot be read at all.
    pub fn checkup(&self, now: DateTime<Utc>) -> Result<Checkup, StoreError> {
        let signal = Signal::probe(&self.path);
        let wal_bytes = beside(&self.path, "-wal");
        let writer = holders::steady_writer(&self.path);
        self.read(|connection| {
            let attempts = attempts(connection)?;
            let leased =
                |owner| attempts.iter().any(|attempt| attempt.owner == owner && attempt.lease >= now);
            let incarnations = incarnations(connection, signal.as_ref(), leased)?;
            let living = serving(&incarnations);
            let jobs = linked_by(connection, &executing(connection, &living)?)?;
            let overdue = jobs.iter().filter_map(|job| {
                let due = job.due.filter(|due| *due <= now)?;
                Some(Overdue { job: job.name.clone(), due, is_linked: job.is_linked })
            });
            let not_linked = jobs.iter().filter(|job| !job.is_linked);
            Ok(Checkup {
                schema: VERSION,
                journal_mode: one(connection, "PRAGMA journal_mode")?,
                damage: damage(connection)?,
                wal_bytes,
                writer,
                attempts,
                future_marks: future_marks(connection, now)?,
                waiting: waiting(connection, "", now)?,
                jobs: jobs.len() as u64,
                overdue: overdue.collect(),
                unreadable: unreadable(connection)?,
                not_linked: not_linked.map(|job| job.name.clone()).collect(),
                incarnations,
            })
        })
    }
}

fn unreadable(connection: &Connection) -> Result<Vec<Unreadable>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT name, plan FROM jobs ORDER BY name").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut unreadable = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let read = row.get("name").and_then(|name: String| {
            let plan: String = row.get("plan")?;
            read_plan(&name, &plan)
        });
        match read {
            Ok(_) => {}
            Err(StoreError::UnknownWords { what }) => unreadable.push(Unreadable { what, is_damaged: false }),
            Err(error) => unreadable.push(Unreadable { what: error.to_string(), is_damaged: true }),
        }
    }
    Ok(unreadable)
}

fn beside(path: &Path, suffix: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    std::fs::metadata(name).map(|metadata| metadata.len()).unwrap_or(0)
}

fn one(connection: &Connection, sql: &str) -> Result<String, StoreError> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(failed)
}

fn damage(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({MOST_DAMAGE})")).map_err(failed)?;
    let lines: Result<Vec<String>, _> = statement.query_map([], |row| row.get(0)).map_err(failed)?.collect();
    let mut lines = lines.map_err(failed)?;
    lines.retain(|line| line != "ok");
    Ok(lines)
}

fn incarnations(
    connection: &Connection,
    signal: Option<&Signal>,
    leased: impl Fn(OwnerId) -> bool,
) -> Result<Vec<Incarnation>, StoreError> {
    let here = boot();
    let sql = "SELECT id, boot, locked_in, joined_ms FROM incarnations WHERE ended_ms IS NULL ORDER BY id";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let id = OwnerId(row.u64("id")?);
        let boot: String = row.get("boot")?;
        let locked_in: Option<String> = row.get("locked_in")?;
        let joined = row.instant("joined_ms")?;
        let life = match (signal, locked_in) {
            _ if here.is_empty() => Life::Unknown,
            _ if boot != here => Life::Elsewhere,
            // It has found no lock to hold.
            (_, None) => Life::Unknown,
            (Some(signal), Some(file)) if signal.has(&file) && !signal.is_dead(id, &file) => Life::Alive,
            // Whoever lives locks the file that bears the name, also if the one before it was deleted.
            (Some(_) | None, Some(_)) => Life::Dead,
        };
        let serves = match life {
            Life::Alive | Life::Unknown => true,
            Life::Dead => false,
            Life::Elsewhere => leased(id),
        };
        found.push(Incarnation { id, joined, life, serves });
    }
    Ok(found)
}

fn serving(incarnations: &[Incarnation]) -> HashSet<OwnerId> {
    incarnations.iter().filter(|incarnation| incarnation.serves).map(|incarnation| incarnation.id).collect()
}

/// What the incarnations that serve the file execute, as a reader sees it who has no clock.
pub(super) fn living(connection: &Connection, file: &Path) -> Result<Executing, StoreError> {
    let signal = Signal::probe(file);
    let attempts = attempts(connection)?;
    let has_one = |owner| attempts.iter().any(|attempt| attempt.owner == owner);
    executing(connection, &serving(&incarnations(connection, signal.as_ref(), has_one)?))
}

/// The programs of the incarnations that live: `me`, whose own lock is free for itself, and others. Where the system does not tell, one that
/// was killed would be counted for ever, so there it has to hold a lease.
pub(super) fn served_programs(
    connection: &Connection,
    signal: &Signal,
    me: Option<OwnerId>,
    now: DateTime<Utc>,
) -> Result<HashSet<i64>, StoreError> {
    let sql =
        format!("SELECT DISTINCT owner FROM runs INDEXED BY runs_active WHERE {ACTIVE} AND lease_ms >= ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let owners: Result<HashSet<i64>, _> =
        statement.query_map([to_ms(now)], |row| row.get(0)).map_err(failed)?.collect();
    let owners = owners.map_err(failed)?;
    let found = incarnations(connection, Some(signal), |owner| owners.contains(&to_int(owner.0)))?;
    let lives = |one: &&Incarnation| match one.life {
        Life::Alive => true,
        Life::Dead => false,
        Life::Elsewhere | Life::Unknown => owners.contains(&to_int(one.id.0)),
    };
    let living = found.iter().filter(lives).map(|incarnation| incarnation.id);
    programs(connection, &living.chain(me).collect())
}

/// A job, when it is due, and whether one of those that live executes it.
struct Job {
    name: JobName,
    due: Option<DateTime<Utc>>,
    is_linked: bool,
}

/// The programs of some incarnations.
fn programs(connection: &Connection, living: &HashSet<OwnerId>) -> Result<HashSet<i64>, StoreError> {
    let sql = "SELECT id, program FROM incarnations WHERE ended_ms IS NULL AND program IS NOT NULL";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut programs = HashSet::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        if living.contains(&OwnerId(row.u64("id")?)) {
            programs.insert(row.get("program")?);
        }
    }
    Ok(programs)
}

/// What some incarnations execute: of which programs all, and of which ones some jobs.
#[derive(Debug, Default)]
pub(super) struct Executing {
    all: HashSet<i64>,
    some: HashMap<i64, HashSet<String>>,
}

impl Executing {
    /// Whether one of them executes the jobs on this function of a program.
    pub(super) fn contains(&self, program: i64, handler: &JobName) -> bool {
        self.all.contains(&program)
            || self.some.get(&program).is_some_and(|jobs| jobs.contains(handler.as_str()))
    }

    fn add(&mut self, row: &mut Columns<'_>) -> Result<(), StoreError> {
        let program = row.get("program")?;
        match row.get::<Option<String>>("executes")? {
            None => {
                self.all.insert(program);
            }
            Some(jobs) => {
                let jobs: Vec<String> = serde_json::from_str(&jobs).map_err(|error| StoreError::Corrupt {
                    what: format!("incarnations.executes of program {program}: {error}"),
                })?;
                self.some.entry(program).or_default().extend(jobs);
            }
        }
        Ok(())
    }
}

/// What the newest incarnation executes, if it has said so.
pub(super) fn newest(connection: &Connection) -> Result<Executing, StoreError> {
    let sql = "SELECT program, executes FROM incarnations WHERE id = (SELECT max(id) FROM incarnations) AND program IS NOT NULL";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut executing = Executing::default();
    if let Some(row) = rows.next().map_err(failed)? {
        executing.add(&mut Columns::of(row))?;
    }
    Ok(executing)
}

/// What some incarnations execute.
fn executing(connection: &Connection, living: &HashSet<OwnerId>) -> Result<Executing, StoreError> {
    let sql = "SELECT id, program, executes FROM incarnations WHERE ended_ms IS NULL AND program IS NOT NULL";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut executing = Executing::default();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        if living.contains(&OwnerId(row.u64("id")?)) {
            executing.add(&mut row)?;
        }
    }
    Ok(executing)
}

fn linked_by(connection: &Connection, executing: &Executing) -> Result<Vec<Job>, StoreError> {
    let sql = "SELECT jobs.name, due_ms, ifnull(jobs.handler, jobs.name) AS handler, declared.synced_by FROM jobs CROSS JOIN marks ON marks.job_id = jobs.id \
               LEFT JOIN jobs AS declared ON declared.name = ifnull(jobs.handler, jobs.name) \
               AND declared.handler IS NULL ORDER BY jobs.name";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let name = read_name(&row.get::<String>("name")?)?;
        let due = row.instant_or_null("due_ms")?;
        let handler = read_name(&row.get::<String>("handler")?)?;
        let synced_by: Option<i64> = row.get("synced_by")?;
        let is_linked = synced_by.is_some_and(|program| executing.contains(program, &handler));
        jobs.push(Job { name, due, is_linked });
    }
    Ok(jobs)
}

fn attempts(connection: &Connection) -> Result<Vec<AttemptInProgress>, StoreError> {
    let sql = format!(
        "SELECT jobs.name, runs.id, owner, lease_ms, overdue FROM runs JOIN jobs ON jobs.id = job_id \
         WHERE {ACTIVE} AND lease_ms IS NOT NULL ORDER BY runs.id"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        attempts.push(AttemptInProgress {
            job: read_name(&row.get::<String>("name")?)?,
            run: RunId(row.u64("id")?),
            owner: OwnerId(row.u64("owner")?),
            lease: row.instant("lease_ms")?,
            is_stuck: row.get::<i64>("overdue")? != 0,
        });
    }
    Ok(attempts)
}

fn future_marks(
    connection: &Connection,
    now: DateTime<Utc>,
) -> Result<Vec<(JobName, DateTime<Utc>)>, StoreError> {
    let sql =
        "SELECT name, mark_ms FROM marks JOIN jobs ON jobs.id = job_id WHERE mark_ms > ?1 ORDER BY name";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params![to_ms(now)]).map_err(failed)?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        marks.push((read_name(&row.get::<String>("name")?)?, row.instant("mark_ms")?));
    }
    Ok(marks)
}
