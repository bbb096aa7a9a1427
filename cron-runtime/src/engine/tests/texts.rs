//! Texts of functions that are long, or that the store refuses.

use cron_core::run::AttemptResult;

use super::faults::{Fault, Faults, attempts};
use super::*;

#[test]
fn a_result_that_the_store_refuses_for_its_text_is_written_without_it() {
    let jobs = vec![job("good", &[], NOTHING), job("bad", &[], FAILING)];
    let (mut bench, faults) = Faults::bench(10, jobs);
    faults.set(&["settle"], Fault::Picky);
    let (bad, good) = (bench.trigger("bad"), bench.trigger("good"));
    // Who listens hears the error as it was.
    assert_eq!(bench.wait("its end", ended(bad)), (StateWord::Failed, "no flour".to_owned()));
    bench.pass(Duration::from_secs(2));
    assert_eq!(
        (bench.state(good), attempts(&bench, bad)),
        (StateWord::Succeeded, vec![AttemptResult::Errored])
    );
    let (info, _) = bench.stores.ledger.run(bad).expect("it is read").expect("it is there");
    assert_eq!(info.error, "its text is not kept: the database does not take this: string or blob too big");
    assert!(bench.engine.pending.is_empty());
}

#[test]
fn what_a_run_says_of_itself_and_the_store_refuses_is_dropped_and_told() {
    let (mut bench, faults) = Faults::bench(10, vec![job("talker", &[], TALKATIVE)]);
    faults.set(&["note", "settle"], Fault::Picky);
    let run = bench.trigger("talker");
    let dropped = bench.wait("the report", |event| match event {
        Event::Problem(problem) if problem.kind == ProblemKind::ResultDropped => Some(problem.clone()),
        _ => None,
    });
    assert!(dropped.what.contains("too big"), "{}", dropped.what);
    cancel(&mut bench, run);
    assert_eq!(bench.wait("its end", ended(run)).0, StateWord::Succeeded);
}

const VERBOSE: Handler = Handler::blocking(verbose, needs_nothing);
fn verbose(_: &Context) -> Result<BlockingCall, ExtractError> {
    let message = format!("begin{}\0end", "x".repeat(100_000));
    Ok(Box::new(move || Outcome::Failed { message, retry_after: None }))
}

#[test]
fn an_error_is_kept_with_its_beginning_and_its_end_and_no_more_than_some_kilobytes() {
    let (mut bench, _) = Faults::bench(10, vec![job("verbose", &[], VERBOSE)]);
    let run = bench.trigger("verbose");
    let (_, told) = bench.wait("its end", ended(run));
    let (info, kept) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
    assert!(info.error.starts_with("beginxx") && info.error.ends_with("xx␀end"), "{}", info.error);
    assert!(
        info.error.contains("of 100009 bytes left out") && info.error.len() < 9_000,
        "{}",
        info.error.len()
    );
    assert_eq!((told, kept[0].message.as_str()), (info.error.clone(), info.error.as_str()));
}
