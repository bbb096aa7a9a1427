//! One suite for every store: what a store promises, each rule a test of its own.
//!
//! A new store implements [`Books`](world::Books) and adds one `conformance!` line here. Every case gets fresh books, names the
//! time of each step, and ends with an audit of all jobs (see [`world::play`]).

mod histories;
mod jobs;
mod model;
mod sqlite;
mod world;

/// Lists the cases of a room, and lets [`conformance!`] make a test of each for each store. A case that is not listed is dead
/// code, which the compiler reports.
macro_rules! cases {
    ($room:ident: $($case:ident),+ $(,)?) => {
        macro_rules! $room {
            ($books:expr) => {
                mod $room {
                    $(#[test] fn $case() { crate::world::play($books, crate::$room::$case) })+
                }
            };
        }
        pub(crate) use $room;
    };
}

mod arguments;
mod auditing;
mod backfilling;
mod beside;
mod calendars;
mod cancelling;
mod claiming;
mod commands;
mod completing;
mod crowding;
mod dead_letters;
mod delaying;
mod dynamic;
mod executing;
mod fencing;
mod grouping;
mod judging;
mod leases;
mod noting;
mod overlapping;
mod pruning;
mod reading;
mod registering;
mod removing;
mod requesting;
mod retiming;
mod setting_back;
mod settling;
mod sharing;
mod suspects;
mod table;
mod troubles;

/// Makes all cases tests of one kind of store, in a module of its name.
macro_rules! conformance {
    ($store:ident, $books:expr) => {
        mod $store {
            crate::registering::registering!($books);
            crate::requesting::requesting!($books);
            crate::calendars::calendars!($books);
            crate::judging::judging!($books);
            crate::delaying::delaying!($books);
            crate::claiming::claiming!($books);
            crate::settling::settling!($books);
            crate::fencing::fencing!($books);
            crate::completing::completing!($books);
            crate::leases::leases!($books);
            crate::commands::commands!($books);
            crate::reading::reading!($books);
            crate::sharing::sharing!($books);
            crate::suspects::suspects!($books);
            crate::auditing::auditing!($books);
            crate::table::table!($books);
            crate::overlapping::overlapping!($books);
            crate::cancelling::cancelling!($books);
            crate::crowding::crowding!($books);
            crate::dead_letters::dead_letters!($books);
            crate::backfilling::backfilling!($books);
            crate::dynamic::dynamic!($books);
            crate::arguments::arguments!($books);
            crate::executing::executing!($books);
            crate::grouping::grouping!($books);
            crate::noting::noting!($books);
            crate::pruning::pruning!($books);
            crate::removing::removing!($books);
            crate::retiming::retiming!($books);
            crate::setting_back::setting_back!($books);
            crate::beside::beside!($books);
            crate::troubles::troubles!($books);

            #[test]
            fn random_histories_are_those_of_the_reference() {
                crate::model::compare(|| $books);
            }
        }
    };
}

conformance!(memory, crate::world::MemoryBooks::new());
conformance!(sqlite_file, crate::world::SqliteBooks::new());
