//! The declaration as a constant: what is not the default, and the rest from `JobSpec::new`.

use std::time::Duration;

use cron_core::job::Label;
use cron_core::job::options::Declaration;
use cron_core::policy::{CatchUp, Overlap, Priority, Retention, Retry, Slots};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};

use crate::function::Function;

/// The constant, by the name `__CRON_SPEC`.
pub(super) fn spec(declaration: &Declaration, function: &Function) -> TokenStream {
    let fields = fields(declaration);
    let name = &declaration.name;
    let description = function.description();
    // Spanned on the name of the function, so that `line!()` gives the line of the function.
    let source = quote_spanned! {function.ident().span()=>
        __cron::Source { file: ::core::file!(), line: ::core::line!(), module: ::core::module_path!() }
    };
    quote! {
        const __CRON_SPEC: __cron::JobSpec = __cron::JobSpec {
            description: #description,
            #fields
            source: #source,
            ..__cron::JobSpec::new(#name)
        };
    }
}

fn fields(declaration: &Declaration) -> TokenStream {
    let Declaration {
        name: _,
        schedule,
        overlap,
        slots,
        catch_up,
        retry,
        timeout,
        jitter,
        run_on_start,
        group,
        tags,
        priority,
        retention,
        was,
    } = declaration;
    let mut fields = Fields::default();
    fields.put("schedule", schedule.as_ref().map(some));
    fields.put("overlap", differs(overlap, &Overlap::DEFAULT).map(|it| variant("Overlap", it)));
    fields.put("slots", self::slots(slots));
    fields.put("catch_up", self::catch_up(catch_up));
    fields.put("retry", self::retry(retry));
    fields.put("timeout", timeout.map(|it| some(duration(it))));
    fields.put("jitter", jitter.map(|it| some(duration(it))));
    fields.put("run_on_start", run_on_start.then(|| quote!(true)));
    fields.put("group", group.as_ref().map(|it| some(it.as_str())));
    let tags: Vec<_> = tags.iter().map(Label::as_str).collect();
    fields.put("tags", (!tags.is_empty()).then(|| quote!(&[#(#tags),*])));
    let number = priority.0;
    fields.put("priority", differs(priority, &Priority::DEFAULT).map(|_| quote!(__cron::Priority(#number))));
    fields.put("retention", self::retention(retention));
    fields.put("was", was.as_ref().map(|it| some(it.as_str())));
    fields.0
}

fn slots(slots: &Slots) -> Option<TokenStream> {
    let (default, Slots { queue_depth, cancel_grace, max_running }) = (Slots::DEFAULT, slots);
    let mut fields = Fields::default();
    fields.put("queue_depth", differs(queue_depth, &default.queue_depth).map(|it| quote!(#it)));
    fields.put("cancel_grace", differs(cancel_grace, &default.cancel_grace).map(|it| duration(*it)));
    fields.put("max_running", max_running.map(some));
    fields.of("Slots")
}

fn catch_up(catch_up: &CatchUp) -> Option<TokenStream> {
    let (default, CatchUp { rule, limit, window, grace }) = (CatchUp::DEFAULT, catch_up);
    let mut fields = Fields::default();
    fields.put("rule", differs(rule, &default.rule).map(|it| variant("CatchUpRule", it)));
    fields.put("limit", differs(limit, &default.limit).map(|it| quote!(#it)));
    fields.put("window", window.map(|it| some(duration(it))));
    fields.put("grace", grace.map(|it| some(duration(it))));
    fields.of("CatchUp")
}

fn retry(retry: &Retry) -> Option<TokenStream> {
    let (default, Retry { retries, backoff, delay, max_delay, past_next }) = (Retry::DEFAULT, retry);
    let mut fields = Fields::default();
    fields.put("retries", differs(retries, &default.retries).map(|it| quote!(#it)));
    fields.put("backoff", differs(backoff, &default.backoff).map(|it| variant("Backoff", it)));
    fields.put("delay", differs(delay, &default.delay).map(|it| duration(*it)));
    fields.put("max_delay", differs(max_delay, &default.max_delay).map(|it| duration(*it)));
    fields.put("past_next", past_next.then(|| quote!(true)));
    fields.of("Retry")
}

fn retention(retention: &Retention) -> Option<TokenStream> {
    let (default, Retention { runs, age, dead, dead_age }) = (Retention::DEFAULT, retention);
    let mut fields = Fields::default();
    fields.put("runs", differs(runs, &default.runs).map(|it| quote!(#it)));
    fields.put("age", differs(age, &default.age).map(|it| duration(*it)));
    fields.put("dead", differs(dead, &default.dead).map(|it| quote!(#it)));
    fields.put("dead_age", differs(dead_age, &default.dead_age).map(|it| duration(*it)));
    fields.of("Retention")
}

/// The fields of a struct that differ from those of its default.
#[derive(Default)]
struct Fields(TokenStream);

impl Fields {
    fn put(&mut self, name: &str, value: Option<TokenStream>) {
        if let Some(value) = value {
            let name = format_ident!("{name}");
            self.0.extend(quote!(#name: #value,));
        }
    }

    /// The struct, unless it is the default.
    fn of(self, policy: &str) -> Option<TokenStream> {
        let (policy, Self(fields)) = (format_ident!("{policy}"), self);
        (!fields.is_empty()).then(|| quote!(__cron::#policy { #fields ..__cron::#policy::DEFAULT }))
    }
}

fn differs<'a, T: PartialEq>(value: &'a T, default: &T) -> Option<&'a T> {
    (value != default).then_some(value)
}

fn some(value: impl ToTokens) -> TokenStream {
    quote!(::core::option::Option::Some(#value))
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
        let spec = |options| {
            let expansion = added(
                options,
                quote!(
                    /// Says
                    ///   hello.
                    fn hello() {}
                ),
            );
            let text = expansion.to_string();
            let (_, spec) = text.split_once("const __CRON_SPEC").unwrap();
            spec.split_once(';').unwrap().0.trim().to_owned()
        };
        let source = quote!(__cron::Source {
            file: ::core::file!(),
            line: ::core::line!(),
            module: ::core::module_path!()
        });
        let wanted = quote! {
            : __cron::JobSpec = __cron::JobSpec {
                description: "Says\n  hello.",
                source: #source,
                ..__cron::JobSpec::new("hello")
            }
        };
        assert_eq!(spec(quote!(overlap = "skip", retries = 0, priority = 50, tags = "a")), {
            let tagged = wanted.to_string();
            tagged.replace("source :", "tags : & [\"a\"] , source :")
        });
        assert_eq!(spec(quote!(overlap = "skip", retries = 0, priority = 50)), wanted.to_string());
        let options = quote!(
            every = "90s",
            overlap = "queue",
            queue_depth = 3,
            catch_up = "all",
            catch_up_window = "1d",
            timeout = "250ms",
            retries = 2,
            jitter = "5s",
            run_on_start = true,
            group = "billing",
            tags = "nightly, slow",
            priority = 7,
            keep_for = "1d",
            was = "hi"
        );
        let wanted = quote! {
            : __cron::JobSpec = __cron::JobSpec {
                description: "Says\n  hello.",
                schedule: ::core::option::Option::Some("every(1m 30s)"),
                overlap: __cron::Overlap::Queue,
                slots: __cron::Slots { queue_depth: 3u32, ..__cron::Slots::DEFAULT },
                catch_up: __cron::CatchUp {
                    rule: __cron::CatchUpRule::All,
                    window: ::core::option::Option::Some(::core::time::Duration::new(86400u64, 0u32)),
                    ..__cron::CatchUp::DEFAULT
                },
                retry: __cron::Retry { retries: 2u32, ..__cron::Retry::DEFAULT },
                timeout: ::core::option::Option::Some(::core::time::Duration::new(0u64, 250000000u32)),
                jitter: ::core::option::Option::Some(::core::time::Duration::new(5u64, 0u32)),
                run_on_start: true,
                group: ::core::option::Option::Some("billing"),
                tags: &["nightly", "slow"],
                priority: __cron::Priority(7u8),
                retention: __cron::Retention {
                    age: ::core::time::Duration::new(86400u64, 0u32),
                    ..__cron::Retention::DEFAULT
                },
                was: ::core::option::Option::Some("hi"),
                source: #source,
                ..__cron::JobSpec::new("hello")
            }
        };
        assert_eq!(spec(options), wanted.to_string());
    }
}
