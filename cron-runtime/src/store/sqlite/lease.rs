//! Leases: prolonging one's own, and ending the attempts of processes that are gone.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::JobName;
use cron_core::run::{AttemptEnd, Epoch, JobId, OwnerId, RunEvent, RunId};
use cron_core::suspect::Vanished;
use rusqlite::params;

use super::super::types::note_handler;
use super::super::{Claim, Reaped, StoreError, stopped};
use super::db::Db;
use super::rows::{ACTIVE, Columns, PROGRESS, failed, from_ms, to_int, to_ms};
use super::settle::{Held, Measured};
use super::signal::boot;

/// While another process works on the file, it is looked at this often: it may die and leave attempts behind.
const LOOK: TimeDelta = TimeDelta::seconds(10);

/// The other incarnations on this file.
#[derive(Debug, Default)]
struct Others {
    /// They took leave, or the operating system knows that they are gone.
    gone: HashSet<i64>,
    /// What is known of them, if anything.
    vanished: HashMap<OwnerId, Vanished>,
    /// A lease of theirs had expired before, nobody could tell why, and that was counted as their death.
    counted: HashSet<i64>,
    /// Whether one of them is alive on this machine, or may be.
    alive: bool,
}

/// An attempt in progress: whose it is, and until when.
struct Leased {
    held: Held,
    job: JobId,
    owner: i64,
    lease: i64,
    /// Why it was to stop.
    asked: Option<String>,
}

impl Leased {
    /// What is counted where its process has died.
    const fn in_progress(&self) -> (OwnerId, JobId, Option<DateTime<Utc>>) {
        (OwnerId(self.owner.cast_unsigned()), self.job, self.held.started)
    }
}

impl Others {
    /// Whose lease has expired while nobody can tell why. That counts as a death of all that is in progress there, once: the other leases
    /// may expire later.
    fn taken_for_dead(&self, leased: &[Leased], now: DateTime<Utc>) -> HashSet<i64> {
        let expired = leased.iter().filter(|leased| leased.lease < to_ms(now)).map(Leased::in_progress);
        let unknown = expired.map(|(owner, ..)| owner).filter(|owner| !self.vanished.contains_key(owner));
        unknown.map(|owner| to_int(owner.0)).filter(|owner| !self.counted.contains(owner)).collect()
    }
}

impl Db<'_> {
    pub(super) fn renew(
        &mut self,
        claims: Vec<Claim>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError> {
        self.keeps_at_hand();
        let owner = self.owner.ok_or(StoreError::Closed)?;
        let sql = "UPDATE runs SET lease_ms = ?4 \
                   WHERE id = ?1 AND epoch = ?2 AND owner = ?3 AND state = 'running'";
        let mut fenced = Vec::new();
        for claim in claims {
            let values = params![to_int(claim.run.0), to_int(claim.epoch.0), to_int(owner.0), to_ms(until)];
            if !self.changed(sql, values)? {
                fenced.push(claim);
            }
        }
        Ok(fenced)
    }

    pub(super) fn reap(&mut self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        let others = self.others(now)?;
        let me = self.owner.map(|owner| to_int(owner.0));
        let mut reaped = Reaped::default();
        let mut expiry: Option<i64> = None;
        let (mut lost, mut is_left) = (Vec::new(), false);
        let all = self.leased()?;
        let newly = others.taken_for_dead(&all, now);
        let mut in_progress: Vec<_> =
            all.iter().filter(|leased| newly.contains(&leased.owner)).map(Leased::in_progress).collect();
        for leased in all {
            let Leased { owner, lease, .. } = leased;
            if Some(owner) == me && lease >= to_ms(now) {
                continue;
            }
            if others.gone.contains(&owner) || lease < to_ms(now) {
                match self.entry_or_known(leased.job) {
                    Ok(entry) => lost.push((leased, entry)),
                    // Declared by a newer program in words that this one does not know. That one has to end it; here it
                    // must not keep the others from being ended.
                    Err(StoreError::UnknownWords { .. }) => is_left = true,
                    Err(error) => return Err(error),
                }
            } else {
                expiry = Some(expiry.map_or(lease, |earliest| earliest.min(lease)));
            }
        }
        let is_counted = |owner: &i64| newly.contains(owner) || others.counted.contains(owner);
        let found = lost.iter().filter(|(leased, _)| !is_counted(&leased.owner));
        in_progress.extend(found.map(|(leased, _)| leased.in_progress()));
        reaped.quarantined = self.count_deaths(in_progress, &others.vanished, now)?;
        for owner in newly {
            self.run("UPDATE incarnations SET died = 1 WHERE id = ?1", [owner])?;
        }
        for (Leased { held, job, asked, .. }, entry) in lost {
            let event = RunEvent::lost(asked.as_deref(), now);
            let mut mark = self.mark(job)?;
            if self.is_quarantined(job)? {
                // Without a due instant it is looked up whether the job is paused.
                mark.due = None;
            }
            // How long it took nobody knows.
            let (moved, _) = self.apply(&held, &mut mark, &entry, event, now, Measured::default())?;
            self.write_mark(&mark)?;
            note_handler(&mut reaped.handlers, &entry.plan);
            reaped.lost.push((entry.plan.name.clone(), held.run, moved.progress.state));
        }
        let look = (others.alive || is_left).then(|| to_ms(now + LOOK));
        // A lease counts as expired only after its last millisecond.
        let expiry = expiry.map(|lease| lease.saturating_add(1));
        reaped.next = expiry.into_iter().chain(look).min().map(|ms| from_ms("lease_ms", ms)).transpose()?;
        Ok(reaped)
    }

    /// Returns the attempts of this incarnation that it does not have in progress.
    pub(super) fn take_back(
        &mut self,
        held: &[Claim],
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobName, RunId)>, StoreError> {
        let me = to_int(self.owner.ok_or(StoreError::Closed)?.0);
        let in_progress: HashSet<Claim> = held.iter().copied().collect();
        let mut taken = Vec::new();
        for Leased { held, job, owner, asked, .. } in self.leased()? {
            if owner != me || in_progress.contains(&Claim { run: held.run, epoch: held.epoch }) {
                continue;
            }
            let entry = match self.entry_or_known(job) {
                Ok(entry) => entry,
                // Declared by a newer program meanwhile: it ends the attempt when its lease expires.
                Err(StoreError::UnknownWords { .. }) => continue,
                Err(error) => return Err(error),
            };
            let end = AttemptEnd::Interrupted { was_called: false };
            let event = stopped(RunEvent::Ended { at: now, end }, asked.as_deref());
            let mut mark = self.mark(job)?;
            self.apply(&held, &mut mark, &entry, event, now, Measured::default())?;
            self.write_mark(&mark)?;
            taken.push((entry.plan.name.clone(), held.run));
        }
        Ok(taken)
    }

    /// Looks who else works on this file, and notes those that the operating system knows to be gone.
    fn others(&self, now: DateTime<Utc>) -> Result<Others, StoreError> {
        let mut statement = self.statement(&format!(
            "SELECT id, boot, locked_in, ended_ms, died FROM incarnations WHERE ended_ms IS NULL \
             OR id IN (SELECT owner FROM runs INDEXED BY runs_active WHERE {ACTIVE} AND lease_ms IS NOT NULL)"
        ))?;
        let mut rows = statement.query([]).map_err(failed)?;
        let here = boot();
        let mut others = Others::default();
        let mut found = Vec::new();
        let mut mine = None;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let owner = OwnerId(row.u64("id")?);
            let boot: String = row.get("boot")?;
            let locked_in: Option<String> = row.get("locked_in")?;
            let has_left = row.get::<Option<i64>>("ended_ms")?.is_some();
            let has_died: Option<bool> = row.get("died")?;
            if Some(owner) == self.owner {
                others.vanished.insert(owner, Vanished::Lives);
                mine = Some((owner, locked_in, has_died));
                continue;
            }
            if has_died == Some(true) && !has_left {
                others.counted.insert(to_int(owner.0));
            }
            let same_boot = !here.is_empty() && boot == here;
            if has_left {
                others.gone.insert(to_int(owner.0));
                let vanished = if has_died == Some(true) { Vanished::Died } else { Vanished::Left };
                others.vanished.insert(owner, vanished);
            } else if same_boot && locked_in.as_ref().is_some_and(|id| self.signal.is_dead(owner, id)) {
                others.gone.insert(to_int(owner.0));
                others.vanished.insert(owner, Vanished::Died);
                found.push(owner);
            } else {
                others.alive |= same_boot;
                let is_locked = same_boot && locked_in.is_some_and(|id| self.signal.has(&id));
                if is_locked {
                    others.vanished.insert(owner, Vanished::Lives);
                } else if !(here.is_empty() || boot.is_empty() || same_boot) {
                    others.vanished.insert(owner, Vanished::WithMachine);
                }
            }
        }
        drop(rows);
        drop(statement);
        if let Some((me, locked_in, has_died)) = mine {
            self.keep_lock(me, locked_in)?;
            if has_died.is_some() {
                // It was late, and its death is still to come.
                self.run("UPDATE incarnations SET died = NULL WHERE id = ?1", [to_int(me.0)])?;
            }
        }
        for owner in found {
            let sql = "UPDATE incarnations SET ended_ms = ?2, died = 1 WHERE id = ?1";
            self.changed(sql, params![to_int(owner.0), to_ms(now)])?;
        }
        Ok(others)
    }

    /// Locks the byte of this process in the file that bears the name, which may have been deleted since, and tells the others
    /// where they find the lock. `known` is where they look now.
    pub(super) fn keep_lock(&self, me: OwnerId, known: Option<String>) -> Result<(), StoreError> {
        let locked_in = self.signal.lock(me).unwrap_or_else(|error| {
            // Once is enough.
            if self.owner.is_none() || known.is_some() {
                tracing::warn!(%error, "no lock beside the database: a crash is noticed when its leases expire");
            }
            None
        });
        if locked_in != known {
            let sql = "UPDATE incarnations SET locked_in = ?2 WHERE id = ?1";
            self.changed(sql, params![to_int(me.0), locked_in])?;
        }
        Ok(())
    }

    /// Every attempt in progress with its owner and the end of its lease.
    fn leased(&self) -> Result<Vec<Leased>, StoreError> {
        let mut statement = self.statement(&format!(
            "SELECT id, job_id, epoch, {PROGRESS}, origin, started_ms, owner, lease_ms, asked_ms, asked_why FROM runs \
             INDEXED BY runs_active WHERE {ACTIVE} AND lease_ms IS NOT NULL ORDER BY id"
        ))?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut leased = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (run, job) = (RunId(row.u64("id")?), JobId(row.u64("job_id")?));
            let (epoch, progress) = (Epoch(row.u64("epoch")?), row.progress()?);
            let origin = row.word("origin")?;
            let started = row.instant_or_null("started_ms")?;
            let owner = row.u64("owner")?;
            let lease = row.get("lease_ms")?;
            let asked = row.instant_or_null("asked_ms")?;
            let why: Option<String> = row.get("asked_why")?;
            let asked = asked.map(|_| why.unwrap_or_default());
            let held = Held { run, epoch, progress, origin, started, owner: Some(OwnerId(owner)) };
            leased.push(Leased { held, job, owner: to_int(owner), lease, asked });
        }
        Ok(leased)
    }
}
