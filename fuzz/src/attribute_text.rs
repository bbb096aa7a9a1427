//! `#[job(...)]` on whatever a user may have written.

use proc_macro2::TokenStream;

use crate::attribute_of_macro::added;

/// The options on the first line, the function below it; a plain one where there is none.
pub fn attribute(text: &str) {
    let (options, item) = text.split_once('\n').unwrap_or((text, "async fn f() {}"));
    let (Ok(options), Ok(item)) = (options.parse::<TokenStream>(), item.parse::<TokenStream>()) else {
        // No compiler would hand it to a macro.
        return;
    };
    let added = added(options, item);
    // In any case it is something that may stand beside the function: items, or errors that say where.
    if let Err(error) = syn::parse2::<syn::File>(added.clone()) {
        panic!("{error}: {added}");
    }
}
