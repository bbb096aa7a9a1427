//! A cron schedule as days and times of the day, for calendars, which change the days.

use super::CronSchedule;
use crate::schedule::calendar::{Builder, DAYS, DaySet, Times};
use crate::schedule::month::Month;
use crate::schedule::zone::{self, Walk, ZoneTable};

impl Times for CronSchedule {
    fn days(&self) -> DaySet {
        let mut builder = Builder::new();
        let mut day = 0;
        while day < DAYS {
            let (month, _) = Month::of_day(day);
            if self.has_month(month) {
                builder.add_bits(month.start(), self.days_of(month));
            }
            day = month.start() + month.len();
        }
        builder.build()
    }

    fn at_or_after(&self, second: u32) -> Option<u32> {
        let (left, time) = self.time_at_or_after(second);
        left.then_some(time)
    }

    fn at_or_before(&self, second: u32) -> Option<u32> {
        self.time_at_or_before(second)
    }

    fn before(&self, second: u32) -> u64 {
        self.times_before(second)
    }

    fn walk(&self) -> Walk {
        self.walk()
    }

    fn table(&self) -> &'static ZoneTable {
        zone::table(self.zone)
    }
}
