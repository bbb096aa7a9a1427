//! Warnings about rules that are legal and probably not what was meant.

use super::rule::{By, Frequency};
use super::{RruleSchedule, Ruled};
use crate::schedule::cron::{DstGap, Lint, in_usual_gap};

impl RruleSchedule {
    pub(in crate::schedule) fn lints(&self) -> Vec<Lint> {
        let mut lints: Vec<Lint> =
            self.rare_day().map(|day| Lint::RareMonthDay { day }).into_iter().collect();
        if !self.is_interval_like() && in_usual_gap(&Ruled(&self.0), self.zone(), DstGap::RunAfter) {
            lints.push(Lint::InGap { zone: self.zone(), gap: DstGap::RunAfter });
        }
        if self.starts_outside() {
            lints.push(Lint::StartOutside);
        }
        lints
    }

    /// The first day of the month that some month of the rule does not have.
    fn rare_day(&self) -> Option<u32> {
        let definition = &self.0.definition;
        let rule = definition
            .start
            .map_or_else(|| definition.rule.clone(), |start| definition.rule.completed(start));
        let days = rule.by(By::MonthDay);
        let to_end = [28, 29, 30, 31].iter().all(|day| days.contains(day)) || days.contains(&-1);
        // With numbered positions or weekdays the day is one of several, and its absence is meant.
        if to_end
            || rule.frequency > Frequency::Monthly
            || !rule.days.is_empty()
            || !rule.by(By::SetPos).is_empty()
        {
            return None;
        }
        let months = rule.by(By::Month);
        let lacks = |day: i16, month: i16| match month {
            2 => day > 28,
            4 | 6 | 9 | 11 => day > 30,
            _ => false,
        };
        let is_rare = |day: &&i16| {
            (1..=12).any(|month| (months.is_empty() || months.contains(&month)) && lacks(**day, month))
        };
        days.iter().find(is_rare).map(|day| day.unsigned_abs().into())
    }

    /// Whether `DTSTART` is no time of the rule: RFC 5545 does not say what that means.
    fn starts_outside(&self) -> bool {
        self.0.plan.as_ref().is_some_and(|plan| !plan.has_start())
    }
}
