//! How results look, for people and for programs.

pub(crate) mod json;
pub(crate) mod policy;
pub(crate) mod runs;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod ticks;
pub(crate) mod time;
