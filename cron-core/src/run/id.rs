//! Identities. Numbers from the store, each of its own type so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id!(
    /// The number of a job in its store. The name is the identity; this is the short form of it in one store.
    JobId
);
id!(
    /// The number of a run in its store.
    RunId
);
id!(
    /// The fencing token of an attempt: strictly increasing per job. Every write after a claim names it.
    Epoch
);
id!(
    /// An incarnation of a process: one start of one scheduler. Never a host name or a pid, which come again.
    OwnerId
);
