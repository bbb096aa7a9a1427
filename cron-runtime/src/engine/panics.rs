//! Panics of the user's code: they end here, with what was said and where. The payload says what, only the hook learns where.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::Poll;

use cron_core::text::MAX_TEXT;

/// A longer backtrace is cut, so that it is kept whole with a message of usual length.
const MAX_BACKTRACE: usize = MAX_TEXT - 1_024;

/// Where a panic happened.
struct Place {
    location: Option<String>,
    /// Captured where `RUST_BACKTRACE` asks for it. It is turned into text when somebody wants to know.
    backtrace: Backtrace,
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// Notes the place of each panic for [`describe`], and then does what the program's own hook does.
pub(crate) fn watch() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let location = info.location().map(ToString::to_string);
            let place = Place { location, backtrace: Backtrace::capture() };
            PLACE.with_borrow_mut(|last| *last = Some(place));
            previous(info);
        }));
    });
}

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Makes a future, polls it until it is ready, and drops it. A panic in any of these comes back, also one of what is around the code of
/// the user: nothing but the caller's own frames unwinds.
pub(super) async fn guarded<F: Future>(make: impl FnOnce() -> F) -> Result<F::Output, Payload> {
    let mut future = std::pin::pin!(Some(catch_unwind(AssertUnwindSafe(make))?));
    let result = std::future::poll_fn(|context| {
        let poll = || future.as_mut().as_pin_mut().map(|future| future.poll(context));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Some(Poll::Ready(value))) => Poll::Ready(Ok(value)),
            // None is left only after it was ready, and then it is not polled.
            Ok(Some(Poll::Pending) | None) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await;
    let dropped = catch_unwind(AssertUnwindSafe(|| future.set(None)));
    match (result, dropped) {
        (Ok(value), Ok(())) => Ok(value),
        // The first one is what went wrong.
        (Err(panic), _) | (Ok(_), Err(panic)) => Err(panic),
    }
}

/// What a panic said, with its payload dropped: that may panic too.
pub(crate) fn told(panic: Payload) -> String {
    let text = describe(panic.as_ref());
    if let Err(another) = catch_unwind(AssertUnwindSafe(move || drop(panic))) {
        // It may go on like this for ever.
        std::mem::forget(another);
    }
    text
}

/// Polls a future until it is ready or panics, and drops it: what it holds is free before its end is known. A panic comes
/// back on the thread on which it happened, so [`describe`] knows its place.
pub(crate) async fn caught<T>(mut future: Pin<Box<dyn Future<Output = T> + Send>>) -> Result<T, Payload> {
    let result = std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await;
    if let Err(panic) = catch_unwind(AssertUnwindSafe(move || drop(future))) {
        std::mem::forget(panic);
        tracing::warn!("a value panicked while it was dropped after the end of its function");
    }
    result
}

/// The message and the place of the panic that this thread has just caught, and its backtrace where `RUST_BACKTRACE` is set.
fn describe(panic: &(dyn Any + Send)) -> String {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "a panic whose payload is no text",
    };
    let Some(Place { location, backtrace }) = PLACE.with_borrow_mut(Option::take) else {
        return format!("panicked: {message}");
    };
    let mut text = match location {
        Some(location) => format!("panicked at {location}: {message}"),
        None => format!("panicked: {message}"),
    };
    if backtrace.status() == BacktraceStatus::Captured {
        text.push('\n');
        text.push_str(bounded(&backtrace.to_string()));
    }
    text
}

/// The beginning of a backtrace: the frames nearest to the panic.
fn bounded(text: &str) -> &str {
    if text.len() <= MAX_BACKTRACE {
        return text.trim_end();
    }
    let mut end = MAX_BACKTRACE;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // No half lines.
    &text[..text[..end].rfind('\n').unwrap_or(end)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_place_are_kept() {
        watch();
        let caught = catch_unwind(|| panic!("no {}", "bread")).expect_err("it panics");
        let said = describe(caught.as_ref());
        assert!(said.contains("panics.rs:") && said.contains("no bread"), "{said}");
    }

    #[test]
    fn a_captured_backtrace_follows_and_is_bounded() {
        let place = Place { location: Some("bakery.rs:7".to_owned()), backtrace: Backtrace::force_capture() };
        PLACE.set(Some(place));
        let said = describe(&"no bread");
        let (first, rest) = said.split_once('\n').expect("a backtrace");
        assert_eq!(first, "panicked at bakery.rs:7: no bread");
        assert!(rest.contains("panics") && rest.len() <= MAX_BACKTRACE, "{rest}");

        let long = "é\n".repeat(MAX_BACKTRACE);
        let cut = bounded(&long);
        assert!(cut.len() <= MAX_BACKTRACE && cut.ends_with('é'), "{}", cut.len());
    }
}
