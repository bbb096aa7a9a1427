//! The function: what the scheduler can call.

use cron_core::job::options::{Key, Options, Value};
use quote::ToTokens;
use syn::{FnArg, PatType, ReturnType, Safety, Signature, Type, TypePath};

use crate::function::{Function, find_impl};
use crate::mistakes::Mistakes;

pub(super) fn check(function: &Function, options: &Options, mistakes: &mut Mistakes) {
    let signature = &function.signature;
    qualifiers(signature, mistakes);
    let generics = &signature.generics.params;
    if !generics.is_empty() {
        mistakes.add(
            generics,
            "a job cannot be generic: the scheduler would not know for which types to run it\n\
             write a function for each type, which calls the generic one",
        );
    }
    for parameter in &signature.inputs {
        match parameter {
            FnArg::Receiver(receiver) => mistakes.add(
                receiver,
                "a job cannot take `self`: the scheduler calls it without an object\n\
                 make it a free function, and give it the object as a parameter `State<T>`",
            ),
            FnArg::Typed(parameter) => check_parameter(parameter, mistakes),
        }
    }
    check_arguments(function, options, mistakes);
    if let ReturnType::Type(_, output) = &signature.output {
        check_output(signature, output, mistakes);
    }
}

/// Arguments come with each job that is made for the function while the program runs. The declared job has none.
fn check_arguments(function: &Function, options: &Options, mistakes: &mut Mistakes) {
    let arguments = function.arguments();
    let Some((first, more)) = arguments.split_first() else { return };
    let ident = function.ident();
    let without_arguments = [
        (
            options.schedules().next().is_some(),
            "a job with a schedule takes no `Args<T>`: its ticks have no arguments to give",
            "the schedule",
        ),
        (
            options.get(Key::RunOnStart) == Some(&Value::Switch(true)),
            "a job with `run_on_start` takes no `Args<T>`: the run at its registration has no arguments to give",
            "the option",
        ),
    ];
    for (given, why, what) in without_arguments {
        if given {
            let instead = format!(
                "take {what} away and schedule it from the program: `scheduler.schedule({ident}::JOB.with(&args)?.named(\"{ident}-1\").every(\"1h\"))`"
            );
            mistakes.add(first.parameter, format!("{why}\n{instead}"));
            break;
        }
    }
    for second in more {
        mistakes.add(
            second.parameter,
            "a job takes one `Args<T>`: its arguments are one value\nput all of them into one struct",
        );
    }
}

fn qualifiers(signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(constness) = &signature.constness {
        mistakes.add(constness, "a job cannot be a `const fn`: it runs to have an effect\nremove `const`");
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        mistakes.add(
            unsafety,
            "a job cannot be an `unsafe fn`: nobody is there to uphold its contract\n\
             make it safe, and use an `unsafe` block inside",
        );
    }
    if let Some(abi) = &signature.abi {
        mistakes.add(abi, "a job is a plain Rust function\nremove this `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        mistakes.add(variadic, "a job cannot be variadic\nname its parameters, such as `State<T>` and `Run`");
    }
}

fn check_parameter(parameter: &PatType, mistakes: &mut Mistakes) {
    let conditional = |path: &syn::Path| path.is_ident("cfg") || path.is_ident("cfg_attr");
    if let Some(attribute) = parameter.attrs.iter().find(|attribute| conditional(attribute.path())) {
        mistakes
            .add(attribute, "a parameter of a job cannot come and go\nput `#[cfg]` on the whole function");
    }
    let ty = parameter.ty.as_ref();
    if let Type::Reference(reference) = ty {
        // `&State<T>` and `&Run` lack nothing but the ownership; `&str` is something else.
        let instead = match reference.elem.as_ref() {
            Type::Path(path) if is_extractor(path) => format!("write `{}`", written(path)),
            _ => "write `State<T>` with the type that was given to `start()`, or `Run`".to_owned(),
        };
        mistakes.add(ty, format!("a job owns its parameters, and this one is borrowed\n{instead}"));
    } else if let Some(word) = find_impl(ty.to_token_stream()) {
        mistakes.add(
            word,
            "a parameter of a job has one named type: the scheduler must know what to give\n\
             write `State<T>` with the type that was given to `start()`, `Args<T>`, or `Run`",
        );
    }
}

fn check_output(signature: &Signature, output: &Type, mistakes: &mut Mistakes) {
    match output {
        Type::Never(_) => mistakes.add(
            output,
            "a job that never returns would hold its slot for ever\n\
             let it do one piece of work and return `()`, `Next` or a `Result` of them",
        ),
        Type::ImplTrait(_) if signature.asyncness.is_none() => mistakes.add(
            output,
            "a job returns `()`, `Next` or a `Result` of them\nfor one that awaits, write `async fn`",
        ),
        _ => {}
    }
}

fn is_extractor(path: &TypePath) -> bool {
    path.path
        .segments
        .last()
        .is_some_and(|last| ["State", "Args", "Run"].iter().any(|name| last.ident == name))
}

/// A type as people write it: tokens print with blanks around `<`, `>` and `::`.
fn written(ty: &TypePath) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (printed, written) in
        [(" <", "<"), ("< ", "<"), (" >", ">"), (" ::", "::"), (":: ", "::"), (" ,", ",")]
    {
        text = text.replace(printed, written);
    }
    text
}
