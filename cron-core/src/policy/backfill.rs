//! Which ticks of the past a backfill runs, and in which order.

crate::words::word_enum! {
    /// In which order a backfill runs.
    "order",
    pub enum BackfillOrder {
        /// The oldest tick first. The default.
        Oldest = "oldest",
        /// The newest tick first.
        Newest = "newest",
    }
}

crate::words::word_enum! {
    /// Which ticks of its range a backfill runs.
    "choice of ticks",
    pub enum Only {
        /// Those without a run: skipped ones, and those from before the record of the job begins. The default.
        Missing = "missing",
        /// Those whose newest run ended badly: failed, discarded, quarantined, cancelled.
        Failed = "failed",
        /// All.
        All = "all",
    }
}
