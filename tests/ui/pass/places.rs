//! Jobs wherever a function can be declared, under every name a function can have.

use cron_runtime::extract::{Context, ExtractError, FromRun, Run};
use cron_runtime::job;

#[job(once = "60s")]
async fn r#type() {}

#[job(every = "1m", name = "billing.close_month")]
fn named() {}

#[job(every = "1m")]
fn trailing_comma(_: Run, mut _second: Run) {}

// Names that an expansion could use itself.
#[job(every = "1m")]
fn call(_context: Run) {}

#[job(every = "1m")]
fn needs() {}

/// An extractor of the user's own, whose name the runtime uses too.
struct Needs(u64);

impl FromRun for Needs {
    fn from_run(context: &Context) -> Result<Self, ExtractError> {
        Ok(Self(Run::from_run(context)?.id().0))
    }
}

#[job(every = "1m")]
fn with_own_extractor(Needs(number): Needs) {
    assert!(number > 0);
}

#[test]
fn inside_a_function_body() {
    struct Local;

    impl FromRun for Local {
        fn from_run(_: &Context) -> Result<Self, ExtractError> {
            Ok(Self)
        }
    }

    #[job(every = "1m")]
    async fn nested(_local: Local) {}

    assert_eq!(nested::JOB.name(), "nested");
}

#[test]
fn names_are_the_written_ones() {
    assert_eq!(r#type::JOB.name(), "type");
    assert_eq!(named::JOB.name(), "billing.close_month");
}

#[test]
fn the_function_stays_callable() {
    named();
    needs();
    with_own_extractor(Needs(1));
}

macro_rules! jobs {
    ($($name:ident every $period:literal retries $retries:expr;)+) => {
        $(#[job(every = $period, retries = $retries)] fn $name() {})+
    };
}

jobs! {
    from_a_macro every "1m" retries 3;
    another_from_a_macro every "2m" retries 4;
}
