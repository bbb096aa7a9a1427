//! Stage three: the code. Everything is checked by now, so nothing here can fail.
//!
//! Beside the user's function stands an empty enum of its name, which carries the handle (types and functions have
//! separate name spaces), and one anonymous constant with the registration. Within that constant the expansion
//! shares its scope with the user's types, so every name it declares begins with `__cron`.

use std::time::Duration;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, ReturnType, Type};

use crate::check::Declaration;
use crate::function::{Function, find_impl};

/// The handle and the registration of a job.
pub(crate) fn job(declaration: &Declaration, function: &Function) -> TokenStream {
    let spec = spec(declaration, function);
    let call = call(function);
    let needs = needs(function);
    let way = if function.signature.asyncness.is_some() { quote!(asynchronous) } else { quote!(blocking) };
    let registration = quote! {
        #spec
        #call
        #needs
        __cron::submit! {
            __cron::Registration::new(__CRON_SPEC, __cron::Handler::#way(__cron_call, __cron_needs))
        }
    };
    handle_with(declaration, function, &registration)
}

/// The handle alone, for a job with mistakes: what the rest of the program says about `name::JOB` stays right, and
/// the compiler shows the mistakes and nothing else.
pub(crate) fn handle(declaration: &Declaration, function: &Function) -> TokenStream {
    handle_with(declaration, function, &TokenStream::new())
}

fn handle_with(declaration: &Declaration, function: &Function, registration: &TokenStream) -> TokenStream {
    let Declaration { name, runtime, .. } = declaration;
    let visibility = &function.visibility;
    let ident = function.ident();
    let conditions: Vec<_> = function.conditions().collect();
    let silenced = function.silenced();
    let about_type = format!("Carries the handle of the job `{name}`: [`JOB`](Self::JOB).");
    let about_job = format!("The handle of the job `{name}`.");
    quote! {
        #(#conditions)*
        #[doc = #about_type]
        #[allow(non_camel_case_types, dead_code)]
        #visibility enum #ident {}

        #(#conditions)*
        #(#[allow(#silenced)])*
        #[allow(dead_code, deprecated, unreachable_patterns, unused_variables)]
        const _: () = {
            use #runtime::__private as __cron;

            impl #ident {
                #[doc = #about_job]
                #visibility const JOB: __cron::Job = __cron::Job::new(#name);
            }

            #registration
        };
    }
}

fn spec(declaration: &Declaration, function: &Function) -> TokenStream {
    let Declaration { name, schedule, overlap, catch_up, retry, timeout, runtime: _ } = declaration;
    let description = function.description();
    let schedule = option(schedule.as_ref());
    let overlap = variant("Overlap", *overlap);
    let rule = variant("CatchUpRule", catch_up.rule);
    let limit = catch_up.limit;
    let window = option(catch_up.window.map(duration));
    let grace = option(catch_up.grace.map(duration));
    let retries = retry.retries;
    let backoff = variant("Backoff", retry.backoff);
    let delay = duration(retry.delay);
    let max_delay = duration(retry.max_delay);
    let past_next = retry.past_next;
    let timeout = option(timeout.map(duration));
    // Spanned on the name of the function, so that `line!()` gives the line of the function.
    let source = quote_spanned! {function.ident().span()=>
        __cron::Source { file: ::core::file!(), line: ::core::line!(), module: ::core::module_path!() }
    };
    quote! {
        const __CRON_SPEC: __cron::JobSpec = __cron::JobSpec {
            name: #name,
            description: #description,
            schedule: #schedule,
            overlap: #overlap,
            catch_up: __cron::CatchUp { rule: #rule, limit: #limit, window: #window, grace: #grace },
            retry: __cron::Retry {
                retries: #retries,
                backoff: #backoff,
                delay: #delay,
                max_delay: #max_delay,
                past_next: #past_next,
            },
            timeout: #timeout,
            source: #source,
        };
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
    let awaited = is_async.then(|| quote!(.await));
    let outcome = outcome(function, &quote!(#ident(#(#parameters),*) #awaited));
    // Spanned on the name of the function: that is where a future that is not `Send` is reported.
    let invocation = if is_async {
        quote_spanned! {at(ident.span())=> ::std::boxed::Box::pin(async move { #outcome }) }
    } else {
        quote_spanned! {at(ident.span())=> ::std::boxed::Box::new(move || { #outcome }) }
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
        ReturnType::Type(_, output) if !is_unit(output) => named_result(output, returned),
        ReturnType::Type(..) | ReturnType::Default => {
            quote! { <() as __cron::JobReturn>::into_result(#returned) }
        }
    };
    quote! {
        use __cron::{WordsViaAsRef as _, WordsViaDisplay as _, WordsViaError as _, WordsViaNothing as _};
        match #result {
            ::core::result::Result::Ok(()) => __cron::Outcome::Succeeded,
            ::core::result::Result::Err(__cron_error) => {
                __cron::Outcome::Failed((&&&__cron::Said(&__cron_error)).words())
            }
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

fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}

fn needs(function: &Function) -> TokenStream {
    let types = parameter_types(function);
    quote! {
        fn __cron_needs(__cron_noted: &mut __cron::Needs) {
            #(<#types as __cron::FromRun>::needs(__cron_noted);)*
        }
    }
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

fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn duration(duration: Duration) -> TokenStream {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanoseconds))
}

/// The path of a value of a policy. Variants are named as they print themselves for debugging.
fn variant(policy: &str, value: impl std::fmt::Debug) -> TokenStream {
    let (policy, value) = (format_ident!("{policy}"), format_ident!("{value:?}"));
    quote!(__cron::#policy::#value)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::added;

    #[test]
    fn the_declaration_becomes_a_constant() {
        let expansion = added(
            quote!(every = "90s", overlap = "allow", timeout = "250ms", retries = 2),
            quote!(
                /// Says
                ///   hello.
                fn hello() {}
            ),
        );
        let wanted = quote! {
                name: "hello",
                description: "Says\n  hello.",
                schedule: ::core::option::Option::Some("every(1m 30s)"),
                overlap: __cron::Overlap::Allow,
                catch_up: __cron::CatchUp {
                    rule: __cron::CatchUpRule::Latest,
                    limit: 100u32,
                    window: ::core::option::Option::None,
                    grace: ::core::option::Option::None
                },
                retry: __cron::Retry {
                    retries: 2u32,
                    backoff: __cron::Backoff::Exponential,
                    delay: ::core::time::Duration::new(10u64, 0u32),
                    max_delay: ::core::time::Duration::new(3600u64, 0u32),
                    past_next: false,
                },
                timeout: ::core::option::Option::Some(::core::time::Duration::new(0u64, 250000000u32)),
        };
        let expansion = expansion.to_string();
        assert!(expansion.contains(&wanted.to_string()), "{expansion}");
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
