//! A program without jobs starts, and says so with the usual cause.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps what is warned of.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Text(&self.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Text<'a>(&'a Mutex<Vec<String>>);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0.lock().expect("no panic holds it").push(format!("{value:?}"));
        }
    }
}

#[test]
fn zero_jobs_are_not_silent() {
    let warnings = Warnings::default();
    let guard = tracing::subscriber::set_default(warnings.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let scheduler = cron_runtime::start().database("memory:").await.expect("it starts");
        assert!(scheduler.list().await.expect("it is read").is_empty());
        scheduler.shutdown().await.expect("it ends");
    });
    drop(guard);
    let said = warnings.0.lock().expect("no panic holds it").join("\n");
    assert!(said.contains("no job is linked") && said.contains("use my_jobs as _;"), "{said}");
}

#[test]
fn not_even_where_nobody_listens_to_the_log() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_app-empty")).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("no job is linked"), "{said}");
}
