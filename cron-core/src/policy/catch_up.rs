//! What happens to ticks that nobody was there for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

crate::words::word_enum! {
    /// Which missed ticks still run (semantics §3).
    "catch_up",
    pub enum CatchUpRule {
        /// The newest missed tick runs with its own nominal time; the older ones are one range. The default.
        Latest = "latest",
        /// A tick later than [`CatchUp::grace`] is missed.
        None = "none",
        /// The newest [`CatchUp::limit`] run, oldest first, one at a time; the older ones are one range.
        All = "all",
    }
}

/// The catch-up policy of a job: the rule and its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CatchUp {
    /// Which missed ticks still run.
    pub rule: CatchUpRule,
    /// How many ticks [`CatchUpRule::All`] runs at most.
    pub limit: u32,
    /// Ticks older than this are missed under every rule.
    pub window: Option<Duration>,
    /// How late a tick may start and still count as on time; `None` is the smaller of 60 s and half the period.
    pub grace: Option<Duration>,
}

impl CatchUp {
    /// The largest accepted [`CatchUp::limit`].
    pub const MAX_LIMIT: u32 = 10_000;

    /// `latest`, without a window, with the default grace.
    pub const DEFAULT: Self = Self { rule: CatchUpRule::Latest, limit: 100, window: None, grace: None };
}

impl Default for CatchUp {
    fn default() -> Self {
        Self::DEFAULT
    }
}
