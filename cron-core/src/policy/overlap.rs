//! What happens when a tick is due while an older run of the same job is active.

crate::words::word_enum! {
    /// The overlap policy of a job (semantics §4).
    ///
    /// A run is active while it runs **and** while it waits for a retry.
    "overlap",
    pub enum Overlap {
        /// The tick is recorded as `skipped(overlap)` and names the run that held the slot. The default.
        Skip = "skip",
        /// The tick starts beside the active runs.
        Allow = "allow",
    }
}

impl Default for Overlap {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Overlap {
    /// `skip`.
    pub const DEFAULT: Self = Self::Skip;
}
