//! What attempts say of themselves while they run.

use cron_core::run::{JobId, RunId};
use rusqlite::params;

use super::super::{Claim, MAX_LOG_LINES, Note, StoreError};
use super::db::Db;
use super::rows::{failed, from_int, to_int, to_ms};

impl Db<'_> {
    pub(super) fn note(&mut self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        self.keeps_at_hand();
        let owner = self.owner.ok_or(StoreError::Closed)?;
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1 AND epoch = ?2 AND owner = ?3 \
                   AND state = 'running')";
        let mut fenced = Vec::new();
        for (claim, note) in notes {
            let values = params![to_int(claim.run.0), to_int(claim.epoch.0), to_int(owner.0)];
            let is_held: bool = self.statement(sql)?.query_row(values, |row| row.get(0)).map_err(failed)?;
            if is_held {
                self.write_note(claim.run, &note)?;
                if note.removes_job {
                    self.note_wish(claim.run, &note)?;
                }
            } else {
                fenced.push(claim);
            }
        }
        Ok(fenced)
    }

    fn note_wish(&self, run: RunId, note: &Note) -> Result<(), StoreError> {
        // What is at hand of the job is older than what is written here.
        self.at_hand.clear();
        let sql = "SELECT job_id FROM runs WHERE id = ?1";
        let job: i64 = self.statement(sql)?.query_row([to_int(run.0)], |row| row.get(0)).map_err(failed)?;
        let mut mark = self.mark(JobId(from_int(job)?))?;
        let entry = self.entry_or_known(mark.job)?;
        self.write_wish(run, note, &mut mark, &entry)?;
        self.write_mark(&mark)
    }

    /// Replaces the progress of a run and adds to its log, of which the newest lines are kept.
    pub(super) fn write_note(&self, run: RunId, note: &Note) -> Result<(), StoreError> {
        let id = to_int(run.0);
        if let Some(progress) = &note.progress {
            let sql = "UPDATE runs SET progress = ?2, progress_note = ?3 WHERE id = ?1";
            // SQLite keeps what is no number as NULL, which would be no progress at all.
            let fraction = if progress.fraction.is_nan() { 0.0 } else { progress.fraction };
            self.changed(sql, params![id, fraction, progress.message])?;
        }
        if note.lines.is_empty() {
            return Ok(());
        }
        let newest = "SELECT ifnull(max(seq), 0) FROM run_log WHERE run_id = ?1";
        let mut seq: i64 = self.statement(newest)?.query_row([id], |row| row.get(0)).map_err(failed)?;
        let surplus = note.lines.len().saturating_sub(MAX_LOG_LINES);
        for line in note.lines.iter().skip(surplus) {
            seq += 1;
            let sql = "INSERT INTO run_log (run_id, seq, at_ms, attempt, text) VALUES (?1, ?2, ?3, ?4, ?5)";
            self.run(sql, params![id, seq, to_ms(line.at), line.attempt, line.text])?;
        }
        let oldest = seq - to_int(MAX_LOG_LINES as u64);
        self.run("DELETE FROM run_log WHERE run_id = ?1 AND seq <= ?2", params![id, oldest])?;
        Ok(())
    }
}
