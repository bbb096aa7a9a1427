//! Stage three: the code. Everything is checked by now, so nothing here can fail.
//!
//! Beside the user's function stands an empty enum of its name, which carries the handle (types and functions have
//! separate name spaces), and one anonymous constant with the registration. Within that constant the expansion
//! shares its scope with the user's types, so every name it declares begins with `__cron`.

mod spec;

use cron_core::job::options::Declaration;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, ReturnType, Type};

use crate::check::Checked;
use crate::function::{Function, find_impl};

/// The handle and the registration of a job.
pub(crate) fn job(checked: &Checked, function: &Function) -> TokenStream {
    let spec = spec::spec(&checked.declaration, function);
    let call = call(function);
    let types = parameter_types(function);
    let (needs, noted) = needs(&types);
    let way = if function.signature.asyncness.is_some() { quote!(asynchronous) } else { quote!(blocking) };
    let registration = quote! {
        #spec
        #call
        #needs
        __cron::submit! {
            __cron::Registration::new(__CRON_SPEC, __cron::Handler::#way(__cron_call, #noted))
        }
    };
    handle_with(checked, function, &registration)
}

/// The handle alone, for a job with mistakes: what the rest of the program says about `name::JOB` stays right, and
/// the compiler shows the mistakes and nothing else.
pub(crate) fn handle(checked: &Checked, function: &Function) -> TokenStream {
    handle_with(checked, function, &TokenStream::new())
}

fn handle_with(checked: &Checked, function: &Function, registration: &TokenStream) -> TokenStream {
    let Checked { declaration: Declaration { name, .. }, runtime, warnings } = checked;
    let handle = handle_type(function);
    let visibility = &function.visibility;
    let ident = function.ident();
    let conditions: Vec<_> = function.conditions().collect();
    let silenced = function.silenced();
    // Beside mistakes they are noise.
    let warnings = warnings
        .iter()
        .filter(|_| !registration.is_empty())
        .map(|(literal, text)| warning(name, function, literal, text));
    let about_type = format!("Carries the handle of the job `{name}`: [`JOB`](Self::JOB).");
    let about_job = format!("The handle of the job `{name}`.");
    quote! {
        #(#conditions)*
        #[doc = #about_type]
        #[allow(non_camel_case_types, dead_code)]
        #visibility enum #ident {}

        #(#conditions)*
        #(#[allow(#silenced)])*
        #[allow(clippy::needless_update, dead_code, deprecated, private_interfaces, unreachable_patterns, unused_variables)]
        const _: () = {
            use #runtime::__private as __cron;

            impl #ident {
                #[doc = #about_job]
                #visibility const JOB: #handle = __cron::Job::new(#name);
            }

            #registration
        };

        #(#warnings)*
    }
}

/// A warning of the compiler at a literal. Stable Rust lets a macro give none of its own, so something deprecated is used there; an
/// `#[allow(deprecated)]` at the function silences it.
fn warning(name: &str, function: &Function, literal: &TokenStream, text: &str) -> TokenStream {
    let conditions = function.conditions();
    let silenced = function.silenced();
    let note = format!("job `{name}`: {text}");
    let span = literal.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
    let used = quote_spanned! {span=> cron };
    quote! {
        #(#conditions)*
        #(#[allow(#silenced)])*
        const _: () = {
            #[deprecated(note = #note)]
            #[allow(non_upper_case_globals)]
            const cron: () = ();
            #used
        };
    }
}

/// The handle knows the type of the arguments, if there is one that has a name outside of the function.
fn handle_type(function: &Function) -> TokenStream {
    match function.arguments().first() {
        Some(arguments)
            if function.signature.generics.params.is_empty()
                && find_impl(arguments.inner.to_token_stream()).is_none() =>
        {
            let inner = arguments.inner;
            quote!(__cron::Job<#inner>)
        }
        Some(_) | None => quote!(__cron::Job),
    }
}

/// Extracts every parameter, then makes the function ready to run.
fn call(function: &Function) -> TokenStream {
    let ident = function.ident();
    let types = parameter_types(function);
    let parameters: Vec<Ident> =
        (0..types.len()).map(|index| format_ident!("__cron_parameter_{index}")).collect();
    let extractions = parameters.iter().zip(&types).map(|(parameter, ty)| {
        quote! { let #parameter = <#ty as __cron::FromRun>::from_run(__cron_context)?; }
    });
    let is_async = function.signature.asyncness.is_some();
    let call = if is_async { quote!(AsyncCall) } else { quote!(BlockingCall) };
    let called = quote!(#ident(#(#parameters),*));
    // Spanned on the name of the function: that is where a future that is not `Send` is reported.
    let at = at(ident.span());
    let invocation = match (is_async, returns_nothing(function)) {
        (true, true) => quote_spanned! {at=> __cron::returning_nothing(::std::boxed::Box::pin(#called)) },
        (true, false) => {
            let outcome = outcome(function, &quote!(#called.await));
            quote_spanned! {at=> ::std::boxed::Box::pin(async move { #outcome }) }
        }
        (false, true) => {
            let succeeded = quote!(__cron::Outcome::Succeeded(::core::option::Option::None));
            quote_spanned! {at=> ::std::boxed::Box::new(move || { #called; #succeeded }) }
        }
        (false, false) => {
            let outcome = outcome(function, &called);
            quote_spanned! {at=> ::std::boxed::Box::new(move || { #outcome }) }
        }
    };
    quote! {
        fn __cron_call(
            __cron_context: &__cron::Context,
        ) -> ::core::result::Result<__cron::#call, __cron::ExtractError> {
            #(#extractions)*
            ::core::result::Result::Ok(#invocation)
        }
    }
}

/// Turns what the function returned into an outcome.
fn outcome(function: &Function, returned: &TokenStream) -> TokenStream {
    let result = match &function.signature.output {
        // `Result<(), impl Display>` cannot be named outside of the signature, so the compiler infers it.
        ReturnType::Type(_, output) if find_impl(output.to_token_stream()).is_some() => {
            quote! { __cron::JobReturn::into_result(#returned) }
        }
        ReturnType::Type(_, output) => named_result(output, returned),
        ReturnType::Default => quote! { <() as __cron::JobReturn>::into_result(#returned) },
    };
    quote! {
        use __cron::{ViaBox as _, ViaDisplay as _, ViaError as _, ViaNothing as _, ViaSharedBox as _};
        match #result {
            ::core::result::Result::Ok(__cron_next) => __cron::Outcome::Succeeded(__cron_next),
            ::core::result::Result::Err(__cron_error) => (&&&&__cron::Said(&__cron_error)).outcome(),
        }
    }
}

/// The conversion with every token of its own at the type: a wrong type is then reported there, and once.
fn named_result(output: &Type, returned: &TokenStream) -> TokenStream {
    let tokens: Vec<_> = output.to_token_stream().into_iter().collect();
    let span = |token: Option<&TokenTree>| token.map_or_else(Span::call_site, TokenTree::span);
    let (first, last) = (span(tokens.first()), span(tokens.last()));
    let open = quote_spanned! {first=> < };
    let convert = quote_spanned! {last=> as __cron::JobReturn>::into_result };
    let mut argument = Group::new(Delimiter::Parenthesis, returned.clone());
    argument.set_span(last);
    quote! { #open #output #convert #argument }
}

fn returns_nothing(function: &Function) -> bool {
    match &function.signature.output {
        ReturnType::Default => true,
        ReturnType::Type(_, output) => {
            matches!(&**output, Type::Tuple(tuple) if tuple.elems.is_empty())
        }
    }
}

/// What notes the needs of the parameters, and its name.
fn needs(types: &[&Type]) -> (TokenStream, TokenStream) {
    if types.is_empty() {
        return (TokenStream::new(), quote!(__cron::Needs::nothing));
    }
    let needs = quote! {
        fn __cron_needs(__cron_noted: &mut __cron::Needs) {
            #(<#types as __cron::FromRun>::needs(__cron_noted);)*
        }
    };
    (needs, quote!(__cron_needs))
}

fn parameter_types(function: &Function) -> Vec<&Type> {
    let mut types = Vec::new();
    for parameter in &function.signature.inputs {
        match parameter {
            FnArg::Typed(parameter) => types.push(&*parameter.ty),
            // Refused by the check.
            FnArg::Receiver(_) => {}
        }
    }
    types
}

/// The place of `span` in the user's file, with the hygiene of the macro: errors point there, lints keep away.
fn at(span: Span) -> Span {
    Span::call_site().located_at(span)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::added;

    #[test]
    fn the_handle_knows_the_type_of_the_arguments() {
        for (function, handle) in [
            (
                quote!(
                    fn f() {}
                ),
                quote!(const JOB: __cron::Job = ),
            ),
            (
                quote!(
                    fn f(x: Args<Vec<u8>>) {}
                ),
                quote!(const JOB: __cron::Job<Vec<u8> > = ),
            ),
            (
                quote!(
                    fn f(r: Run, Args(x): jobs::Args<Reminder>) {}
                ),
                quote!(const JOB: __cron::Job<Reminder> = ),
            ),
            // Refused: the handle has no type to name.
            (
                quote!(
                    fn f<T>(x: Args<T>) {}
                ),
                quote!(const JOB: __cron::Job = ),
            ),
            (
                quote!(
                    fn f(x: Args<impl Copy>) {}
                ),
                quote!(const JOB: __cron::Job = ),
            ),
        ] {
            let expansion = added(quote!(), function).to_string();
            assert!(expansion.contains(&handle.to_string()), "{expansion}");
        }
    }

    #[test]
    fn a_renamed_runtime_is_the_only_one_named() {
        let expansion = added(
            quote!(crate = "jobs"),
            quote!(
                async fn f(run: jobs::Run) {}
            ),
        )
        .to_string();
        assert!(expansion.contains("use jobs :: __private as __cron"), "{expansion}");
        assert!(!expansion.contains("cron_runtime"), "{expansion}");
    }

    #[test]
    fn a_plain_function_costs_the_compiler_no_async_block_and_no_function_for_its_needs() {
        let expansion = |function| added(quote!(every = "1m"), function).to_string();
        let plain = expansion(quote!(
            async fn f() {}
        ));
        assert!(
            plain.contains("__cron :: returning_nothing") && plain.contains("__cron :: Needs :: nothing"),
            "{plain}"
        );
        assert!(!plain.contains("async move") && !plain.contains("__cron_needs"), "{plain}");
        let other = expansion(quote!(
            async fn f(run: Run) -> Result<(), String> {}
        ));
        assert!(other.contains("async move") && other.contains("__cron_needs"), "{other}");
    }

    #[test]
    fn every_expansion_is_made_of_items() {
        for (options, function) in [
            (
                quote!(),
                quote!(
                    pub(crate) async fn r#type(a: A, B(b): B) -> Result<(), E> {}
                ),
            ),
            (
                quote!(nonsense = 1),
                quote!(
                    fn f() {}
                ),
            ),
            (
                quote!(),
                quote!(
                    fn f(&self) {}
                ),
            ),
            (
                quote!(),
                quote!(
                    struct F;
                ),
            ),
        ] {
            syn::parse2::<syn::File>(added(options, function)).unwrap();
        }
    }
}
