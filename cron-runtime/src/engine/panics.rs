//! Where a panic happened: the payload says what, only the hook learns where.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes the place of each panic for [`describe`], and then does what the program's own hook does.
pub(crate) fn watch() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string);
            LOCATION.with_borrow_mut(|location| *location = place);
            previous(info);
        }));
    });
}

/// The message and the place of the panic that this thread has just caught.
pub(crate) fn describe(panic: &(dyn Any + Send)) -> String {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "a panic whose payload is no text",
    };
    match LOCATION.with_borrow_mut(Option::take) {
        Some(place) => format!("panicked at {place}: {message}"),
        None => format!("panicked: {message}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn message_and_place_are_kept() {
        super::watch();
        let caught = std::panic::catch_unwind(|| panic!("no {}", "bread")).expect_err("it panics");
        let said = super::describe(caught.as_ref());
        assert!(said.contains("panics.rs:") && said.ends_with("no bread"), "{said}");
    }
}
