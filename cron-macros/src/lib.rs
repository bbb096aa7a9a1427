//! The `#[job]` attribute of the cron job framework. Use it as `cron_runtime::job`.

mod args;
mod check;
mod expand;
mod function;
mod mistakes;

use proc_macro2::TokenStream;
use quote::quote;

use crate::function::Function;
use crate::mistakes::Mistakes;

#[doc = include_str!("../docs/job.md")]
#[proc_macro_attribute]
pub fn job(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    let added = added(options.into(), item.clone());
    quote!(#item #added).into()
}

/// What the attribute adds to the item, which itself stays as it is.
fn added(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::read(item) {
        Ok(function) => function,
        Err(error) => return error.into_compile_error(),
    };
    let mut mistakes = Mistakes::default();
    let args = args::Args::parse(options, &mut mistakes);
    let checked = check::check(&args, &function, &mut mistakes);
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
