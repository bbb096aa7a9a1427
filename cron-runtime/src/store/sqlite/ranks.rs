//! Whether runs that wait have to be sorted by the importance of their jobs.

use super::super::StoreError;
use super::db::Db;
use super::rows::failed;

/// Whether some jobs are more important than others, as far as this process knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranks {
    Unknown,
    /// All have this one.
    One(i64),
    /// Some have another one, or had it.
    Several,
}

impl Db<'_> {
    /// Whether no job is more important than another.
    pub(super) fn has_one_rank(&self) -> Result<bool, StoreError> {
        if self.ranks.get() == Ranks::Unknown {
            let sql = "SELECT min(rank), max(rank) FROM marks";
            let (least, most): (Option<i64>, Option<i64>) =
                self.statement(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
            self.ranks.set(match least {
                Some(rank) if least == most => Ranks::One(rank),
                Some(_) => Ranks::Several,
                None => Ranks::Unknown,
            });
        }
        Ok(self.ranks.get() != Ranks::Several)
    }

    /// A job has this rank from now on. That it had another one makes nothing wrong but a sort.
    pub(super) fn notice_rank(&self, rank: i64) {
        if let Ranks::One(other) = self.ranks.get()
            && other != rank
        {
            self.ranks.set(Ranks::Several);
        }
    }
}
