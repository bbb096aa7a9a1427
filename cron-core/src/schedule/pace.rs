//! Whether a schedule names distances or times of day.

use super::Schedule;

impl Schedule {
    /// Whether the schedule follows the clock through its changes, as every 15 minutes does, and does not name times
    /// of day; see `docs/schedules.md`. Only cron schedules and recurrence rules can.
    #[must_use]
    pub fn is_interval_like(&self) -> bool {
        match self {
            Self::Cron(cron) => cron.is_interval_like(),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.is_interval_like(),
            Self::Calendared(ticks) => ticks.schedule().is_interval_like(),
            Self::Bounded(bounded) => bounded.schedule().is_interval_like(),
            Self::Interval(_) | Self::At(_) | Self::Once(_) | Self::Stride(_) | Self::Delay(_) => false,
        }
    }

    /// Whether it runs at an interval: one of a fixed rate or a fixed delay, or an
    /// [interval-like](Self::is_interval_like) one. While a clock that was set back comes to the high-water mark
    /// again, such a job goes on.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        match self {
            Self::Interval(_) | Self::Delay(_) => true,
            Self::Cron(cron) => cron.is_interval_like(),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.is_interval_like(),
            Self::Calendared(ticks) => ticks.schedule().goes_on(),
            Self::Bounded(bounded) => bounded.schedule().goes_on(),
            Self::At(_) | Self::Once(_) | Self::Stride(_) => false,
        }
    }
}
