//! Stage two: everything that can be known while the user's program is compiled.
//!
//! `cron-core` checks the options, for this macro as for jobs that are made while the program runs; here each of its
//! mistakes gets its place in the code. What only the macro can see, the function and the path to the runtime, is checked here.

mod dependency;
mod function;

use cron_core::job::options::{Declaration, Key, Part, Place, check as check_options, warnings};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Path;

use self::dependency::{Dependency, dependency};
use crate::args::Args;
use crate::function::Function;
use crate::mistakes::Mistakes;

/// What `#[job(...)]` declares, every text checked.
pub(crate) struct Checked {
    /// What the options come to.
    pub(crate) declaration: Declaration,
    /// Where the expansion finds `cron_runtime`.
    pub(crate) runtime: Path,
    /// What is legal and probably not meant, and the literal that says it.
    pub(crate) warnings: Vec<(TokenStream, String)>,
}

/// Checks options and function. Where something is wrong it is noted, and the default stands in its place.
pub(crate) fn check(args: &Args, function: &Function, mistakes: &mut Mistakes) -> Checked {
    let (declaration, wrong) = check_options(&function.name(), &args.options, Place::Attribute);
    for mistake in wrong {
        // Without a place of its own is the name of the job alone, which is then that of the function.
        let at = args.place(mistake.key, mistake.part).unwrap_or_else(|| function.ident().to_token_stream());
        mistakes.add(at, mistake.text);
    }
    let runtime = runtime(args, mistakes);
    function::check(function, &args.options, mistakes);
    let warnings = warnings(&args.options)
        .into_iter()
        .filter_map(|(key, text)| Some((args.place(key, Part::Value)?, text)))
        .collect();
    Checked { declaration, runtime, warnings }
}

/// The path to `cron_runtime`, for programs that know it under another name.
fn runtime(args: &Args, mistakes: &mut Mistakes) -> Path {
    let its_own = || syn::parse_quote!(::cron_runtime);
    let Some(text) = args.options.text(Key::Crate) else {
        return match dependency() {
            Dependency::ItsOwn => its_own(),
            Dependency::Renamed(name) => syn::parse_str::<syn::Ident>(&name)
                .map_or_else(|_not_a_name| its_own(), |name| syn::parse_quote!(::#name)),
            Dependency::Absent => {
                let text = format!(
                    "`cron_runtime` is no dependency of this crate, as its `Cargo.toml` says\nadd it, or write the path under which another crate has it, as in `{}`",
                    Key::Crate.example()
                );
                mistakes.add(TokenStream::new(), text);
                its_own()
            }
        };
    };
    let Some(literal) = args.place(Key::Crate, Part::Value) else { return its_own() };
    // Parsed from the literal itself, so that an unknown crate is reported at the literal.
    let path = syn::parse2::<syn::LitStr>(literal.clone())
        .and_then(|literal| literal.parse_with(Path::parse_mod_style));
    path.unwrap_or_else(|_not_a_path| {
        mistakes.add(
            &literal,
            format!(
                "`{text}` is not the path of a module\nwrite the path to `cron_runtime`, as in `{}`",
                Key::Crate.example()
            ),
        );
        its_own()
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    /// What is checked, and the first line of each mistake.
    fn checked(options: &str, function: TokenStream) -> (Checked, Vec<String>) {
        let function = Function::read(function).unwrap();
        let mut mistakes = Mistakes::default();
        let args = Args::parse(options.parse().unwrap(), &mut mistakes);
        let checked = check(&args, &function, &mut mistakes);
        let error = mistakes.into_error("f");
        let first_line = |error: syn::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
        let lines = error.into_iter().flatten().map(first_line);
        (checked, lines.map(|line| line.trim_start_matches("job `f`: ").to_owned()).collect())
    }

    #[track_caller]
    fn found(options: &str, function: TokenStream, wanted: &[&str]) -> Checked {
        let (checked, mistakes) = checked(options, function);
        let fits = |(mistake, wanted): (&String, &&str)| mistake.contains(*wanted);
        assert!(
            mistakes.len() == wanted.len() && mistakes.iter().zip(wanted).all(fits),
            "{options}\n{mistakes:#?}"
        );
        checked
    }

    #[track_caller]
    fn bad(options: &str, wanted: &[&str]) {
        found(
            options,
            quote!(
                async fn f() {}
            ),
            wanted,
        );
    }

    #[test]
    fn the_function_gives_the_name_and_the_options_the_rest() {
        let function = quote!(
            async fn f() {}
        );
        let Checked { declaration, runtime, .. } = found("", function.clone(), &[]);
        assert_eq!(declaration, Declaration::new("f"));
        assert!(runtime.segments.iter().map(|segment| &segment.ident).eq(["cron_runtime"]));

        let options =
            r#"every = "90s", name = "team.f", retries = 3, run_on_start = true, crate = "jobs::cron""#;
        let Checked { declaration, runtime, .. } = found(options, function, &[]);
        assert_eq!((declaration.name.as_str(), declaration.retry.retries), ("team.f", 3));
        assert_eq!(declaration.schedule.as_deref(), Some("every(1m 30s)"));
        assert!(declaration.run_on_start);
        assert!(runtime.segments.iter().map(|segment| &segment.ident).eq(["jobs", "cron"]));
    }

    #[test]
    fn mistakes_of_the_core_and_of_the_attribute_are_found() {
        bad(r#"cron = "0 25 * * *""#, &["out of range"]);
        bad(r#"every = "30s", retires = 3"#, &["did you mean `retries`?"]);
        bad(r#"every = "30s", crate = "a b""#, &["not the path of a module"]);
        bad(r#"every = "30s", every = "1m""#, &["`every` is given twice"]);
        bad(r#"every = "30s", queue_depth = 3"#, &["`queue_depth` needs `overlap = \"queue\"`"]);
    }

    #[test]
    fn one_mistake_is_not_reported_as_two() {
        bad(r#"every = "30s", retries = "three", backoff = "fixed""#, &["a whole number"]);
        bad(r#"every = 30, phase = "5s""#, &["a string literal"]);
        bad(r#"every = "30s", after = finish"#, &["a string literal"]);
        bad(r#"every = "30s", overlap = queue, queue_depth = 3"#, &["a string literal"]);
        bad(r#"every = "30s", start = soon, timezone = "Europe/London""#, &["a string literal"]);
    }

    #[test]
    fn a_name_that_is_no_name_is_shown_at_the_function() {
        let long = quote::format_ident!("{}", "f".repeat(129));
        found("", quote!(fn #long() {}), &["at most 128 bytes"]);
        found("name = \"g\"", quote!(fn #long() {}), &[]);
    }

    #[test]
    fn arguments_come_with_a_job_and_not_with_a_tick() {
        let remind = quote!(
            async fn remind(Args(r): Args<Reminder>, run: Run) {}
        );
        found("", remind.clone(), &[]);
        found(r#"every = "30s""#, remind.clone(), &["a job with a schedule takes no `Args<T>`"]);
        found("run_on_start = false", remind.clone(), &[]);
        found("run_on_start = true", remind.clone(), &["a job with `run_on_start` takes no `Args<T>`"]);
        found(r#"every = "30s", run_on_start = true"#, remind, &["a job with a schedule takes no"]);
        let twice = quote!(
            async fn remind(a: Args<A>, b: jobs::Args<B>) {}
        );
        found("", twice, &["a job takes one `Args<T>`"]);
        let others = quote!(
            async fn f(a: Args, b: Args<A, B>, c: Arg<C>, d: (Args<D>,)) {}
        );
        found(r#"every = "30s""#, others, &[]);
    }

    #[test]
    fn all_mistakes_are_found_at_once() {
        let options =
            r#"cron = "0 25 * * *", timezone = "Nowhere", retries = "3", backof = "fixed", timeout = "0s""#;
        let (_, mistakes) = checked(
            options,
            quote!(
                const fn f<T>(self, x: impl Copy) {}
            ),
        );
        assert_eq!(mistakes.len(), 9, "{mistakes:#?}");
    }
}
