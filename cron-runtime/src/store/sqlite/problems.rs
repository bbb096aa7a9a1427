//! What schedulers have found wrong, on record.

use rusqlite::params;

use super::super::{MAX_PROBLEMS, Sighting, StoreError};
use super::db::Db;
use super::rows::{to_int, to_ms};

impl Db<'_> {
    pub(super) fn note_problems(&mut self, sightings: &[Sighting]) -> Result<(), StoreError> {
        let owner = self.owner.ok_or(StoreError::Closed)?;
        let sql = "INSERT INTO problems (kind, job, first_ms, last_ms, count, owner, what) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET \
                   first_ms = min(first_ms, excluded.first_ms), count = count + excluded.count, \
                   what = iif(excluded.last_ms >= last_ms, excluded.what, what), \
                   owner = iif(excluded.last_ms >= last_ms, excluded.owner, owner), \
                   last_ms = max(last_ms, excluded.last_ms)";
        for Sighting { kind, job, first, last, count, what } in sightings {
            let job = job.as_ref().map_or("", |job| job.as_str());
            let values = params![
                kind.as_str(),
                job,
                to_ms(*first),
                to_ms(*last),
                to_int(*count),
                to_int(owner.0),
                what
            ];
            self.run(sql, values)?;
        }
        let sql = "DELETE FROM problems WHERE (kind, job) IN \
                   (SELECT kind, job FROM problems ORDER BY last_ms DESC, kind, job LIMIT -1 OFFSET ?1)";
        self.run(sql, [to_int(MAX_PROBLEMS as u64)])?;
        Ok(())
    }
}
