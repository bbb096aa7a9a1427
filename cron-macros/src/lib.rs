//! The `#[job]` attribute of the cron job framework. Use it as `cron_runtime::job`.

mod args;
mod attribute;
mod check;
mod expand;
mod function;
mod mistakes;

use proc_macro2::TokenStream;
use quote::quote;

use crate::attribute::added;

#[doc = include_str!("../docs/job.md")]
#[proc_macro_attribute]
pub fn job(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    let added = added(options.into(), item.clone());
    quote!(#item #added).into()
}
