//! stub
use super::CronSchedule;
impl CronSchedule {
    pub(in crate::schedule) fn describe(&self) -> String {
        self.to_string()
    }
}
