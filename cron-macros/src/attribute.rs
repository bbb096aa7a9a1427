//! From the tokens of the user to those that are added, for the compiler and for whoever calls it outside of one.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::check::check;
use crate::expand;
use crate::function::Function;
use crate::mistakes::Mistakes;

/// What the attribute adds to the item, which itself stays as it is.
pub(crate) fn added(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::read(item) {
        Ok(function) => function,
        Err(error) => return error.into_compile_error(),
    };
    let mut mistakes = Mistakes::default();
    let args = Args::parse(options, &mut mistakes);
    let checked = check(&args, &function, &mut mistakes);
    match mistakes.into_error(&checked.declaration.name) {
        None => expand::job(&checked, &function),
        // Nothing but a function may stand among the methods of an `impl`.
        Some(error) if function.signature.receiver().is_some() => error.into_compile_error(),
        Some(error) => {
            let (error, handle) = (error.into_compile_error(), expand::handle(&checked, &function));
            quote!(#error #handle)
        }
    }
}
