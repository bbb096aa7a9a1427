//! What a dynamic job may say beside the policies that it has from its handler.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use cron_core::job::Plan;
use cron_core::job::options::{Key, Options, Place, Value, plan, plan_on};
use cron_core::policy::Overlap;
use cron_core::schedule::Calendars;

fn options(text: &str) -> Options {
    let mut options = Options::default();
    for option in text.split(", ").filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once(" = ").unwrap();
        let key = Key::read(name, Place::Builder).unwrap();
        options.set(key, Value::read(key, value.trim_matches('"')));
    }
    options
}

fn on(handler: &str, request: &str) -> Result<Plan, String> {
    let handler = plan("h", &options(handler), &Calendars::default()).unwrap();
    let made = plan_on(Some(&handler), "j", &options(request), &Calendars::default());
    let mut made = made.map_err(|error| error.to_string())?;
    made.inherit(Some(&handler));
    Ok(made)
}

#[track_caller]
fn refused(handler: &str, request: &str, words: &str) {
    let error = on(handler, request).unwrap_err();
    assert!(error.contains(words), "{request} on {handler}:\n{error}");
}

#[test]
fn what_the_request_sets_counts_and_the_rest_comes_from_the_handler() {
    let job = on(r#"retries = 20, timeout = "5m", priority = 7"#, r#"every = "30s", retries = 2"#).unwrap();
    assert_eq!((job.retry.retries, job.priority.0), (2, 7));
    assert_eq!(job.timeout.map(|timeout| timeout.as_secs()), Some(300));
    // To say what the default is is to say something.
    let job = on(r#"overlap = "queue", queue_depth = 3"#, r#"every = "30s", overlap = "skip""#).unwrap();
    assert_eq!(
        (job.overlap, job.slots.queue_depth),
        (Overlap::Skip, 3),
        "the depth has no effect, and nobody is wrong"
    );
}

#[test]
fn an_option_may_need_what_the_handler_says() {
    on(r#"overlap = "queue""#, r#"every = "30s", queue_depth = 3"#).unwrap();
    on(r#"overlap = "allow""#, r#"every = "30s", max_running = 3"#).unwrap();
    on(r#"every = "30s", catch_up = "all""#, r#"every = "30s", catch_up_limit = 3"#).unwrap();
    on("retries = 3", r#"every = "30s", backoff = "linear", retry_delay = "1m""#).unwrap();
    // What the handler says for others has no effect here, and that is no mistake.
    on(r#"overlap = "queue""#, r#"every = "30s", after = "finish""#).unwrap();
    on(r#"retries = 3, backoff = "linear""#, r#"every = "30s", retries = 0"#).unwrap();
    on(r#"every = "1h", catch_up = "all", catch_up_limit = 3"#, "").unwrap();
}

#[test]
fn an_option_without_effect_beside_the_handlers_is_refused_with_both() {
    let queue = r#"overlap = "queue""#;
    refused(queue, r#"every = "30s", max_running = 3"#, "its handler `h` has `overlap = \"queue\"`");
    refused("", r#"every = "30s", queue_depth = 3"#, "its handler `h` has `overlap = \"skip\"`");
    refused(
        queue,
        r#"every = "30s", overlap = "skip", queue_depth = 3"#,
        "this job has `overlap = \"skip\"`",
    );
    refused("", r#"every = "30s", catch_up_limit = 3"#, "its handler `h` has `catch_up = \"latest\"`");
    refused("", r#"every = "30s", grace = "3s""#, "its handler `h` has `catch_up = \"latest\"`");
    refused(
        "",
        r#"every = "30s", backoff = "linear""#,
        "`backoff` needs `retries`, and its handler `h` has `retries = 0`",
    );
    refused(
        r#"retries = 3, backoff = "fixed""#,
        r#"every = "30s", retry_max_delay = "1h""#,
        "with `backoff = \"fixed\"`, which its handler `h` has:",
    );
    refused(
        r#"retries = 3, retry_max_delay = "1m""#,
        r#"every = "30s", retry_delay = "1h""#,
        "`retry_delay` (1h) is longer than `retry_max_delay` (1m, of its handler `h`)",
    );
    refused(
        r#"retries = 3, overlap = "allow""#,
        r#"every = "30s", retry_past_next = true"#,
        "with `overlap = \"allow\"`, which its handler `h` has:",
    );
}
