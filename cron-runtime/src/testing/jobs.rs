//! Which jobs a test is about, as it writes them.

use crate::Job;

/// Jobs of this program: a typed handle, a name, or a tuple, an array, a slice or a vector of them.
///
/// ```standalone_crate
/// use cron_runtime::prelude::*;
/// use cron_runtime::testing::Simulation;
///
/// #[job(daily = "06:00")]
/// fn invoice() {}
///
/// #[job]
/// fn remind(Args(_to): Args<String>) {}
///
/// Simulation::of(invoice::JOB).start().finish();
/// Simulation::of((invoice::JOB, remind::JOB)).start().finish();
/// Simulation::of(["invoice", "remind"]).start().finish();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name jobs",
    note = "jobs are named by `invoice::JOB`, by `\"invoice\"`, or by a tuple or an array of these"
)]
pub trait JobSet: sealed::Sealed {
    /// Their names.
    fn names(self) -> Vec<String>;
}

mod sealed {
    pub trait Sealed {}
}

impl<A> sealed::Sealed for Job<A> {}
impl<A> JobSet for Job<A> {
    fn names(self) -> Vec<String> {
        vec![self.name().to_owned()]
    }
}

impl sealed::Sealed for &str {}
impl JobSet for &str {
    fn names(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl sealed::Sealed for String {}
impl JobSet for String {
    fn names(self) -> Vec<String> {
        vec![self]
    }
}

impl<T: JobSet, const N: usize> sealed::Sealed for [T; N] {}
impl<T: JobSet, const N: usize> JobSet for [T; N] {
    fn names(self) -> Vec<String> {
        self.into_iter().flat_map(JobSet::names).collect()
    }
}

impl<T: JobSet> sealed::Sealed for Vec<T> {}
impl<T: JobSet> JobSet for Vec<T> {
    fn names(self) -> Vec<String> {
        self.into_iter().flat_map(JobSet::names).collect()
    }
}

impl<T: JobSet + Clone> sealed::Sealed for &[T] {}
impl<T: JobSet + Clone> JobSet for &[T] {
    fn names(self) -> Vec<String> {
        self.iter().cloned().flat_map(JobSet::names).collect()
    }
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*)?) => { $(
        impl<$first: JobSet, $($rest: JobSet),*> sealed::Sealed for ($first, $($rest,)*) {}
        impl<$first: JobSet, $($rest: JobSet),*> JobSet for ($first, $($rest,)*) {
            #[expect(non_snake_case, reason = "each type and its value have one name here")]
            fn names(self) -> Vec<String> {
                let ($first, $($rest,)*) = self;
                [$first.names(), $($rest.names()),*].concat()
            }
        }
        tuples!($($rest)*);
    )? };
}
tuples!(A B C D E F G H I J K L);
