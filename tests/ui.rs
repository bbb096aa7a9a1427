//! What `#[job]` says to a user who made a mistake, and what it accepts.
//!
//! `ui/pass/` is compiled into this test, so that clippy sees it too. Each file in the other folders is compiled by
//! itself and must fail with exactly the text beside it; `TRYBUILD=overwrite cargo test -p cron-tests --test ui`
//! writes those texts anew, for a person to read.

#[path = "ui/pass/attributes.rs"]
mod attributes;
#[path = "ui/pass/outcomes.rs"]
mod outcomes;
#[path = "ui/pass/places.rs"]
mod places;
#[path = "ui/pass/renamed.rs"]
mod renamed;
#[path = "ui/pass/strict.rs"]
mod strict;

#[test]
fn mistakes_are_explained() {
    // One instance and no passing case: then all files are compiled by a single call of cargo.
    let cases = trybuild::TestCases::new();
    for theme in ["schedule", "zone", "options", "policies", "function"] {
        cases.compile_fail(format!("ui/{theme}/*.rs"));
    }
}
