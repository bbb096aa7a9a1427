//! The annotated function, as far as the macro looks into it: never past its signature.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, Lit, Meta, PathArguments, Signature, Token, Type,
    Visibility, token,
};

/// A function with a body. The body stays unread, so that syntax which is newer than this crate passes through.
pub(crate) struct Function {
    /// Every attribute below `#[job]`.
    pub(crate) attributes: Vec<Attribute>,
    /// Who may call it.
    pub(crate) visibility: Visibility,
    /// Name, parameters and return type.
    pub(crate) signature: Signature,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        if !input.peek(token::Brace) {
            return Err(input.error("expected the body of a function"));
        }
        input.parse::<TokenStream>()?;
        Ok(Self { attributes, visibility, signature })
    }
}

impl Function {
    /// Reads an item. What is no function is an error that says so, at the word that tells what it is.
    pub(crate) fn read(item: TokenStream) -> syn::Result<Self> {
        syn::parse2(item.clone()).map_err(|error| match syn::parse2::<NotAFunction>(item) {
            Ok(other) => other.into_error(),
            Err(_no_item_either) => error,
        })
    }

    /// The name of the function, without the `r#` of a raw identifier.
    pub(crate) fn name(&self) -> String {
        self.ident().unraw().to_string()
    }

    /// The name as it is written.
    pub(crate) fn ident(&self) -> &Ident {
        &self.signature.ident
    }

    /// The `#[cfg(...)]` attributes: what the macro adds must come and go with the function.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// The lints that the user has silenced for the function. Its types are written again in what the macro adds.
    pub(crate) fn silenced(&self) -> impl Iterator<Item = &TokenStream> {
        self.attributes.iter().filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
                Some(&list.tokens)
            }
            _ => None,
        })
    }

    /// Every parameter `Args<T>`. Seen by its name: what a type is, no macro can know.
    pub(crate) fn arguments(&self) -> Vec<Arguments<'_>> {
        let typed = self.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(parameter.ty.as_ref()),
            FnArg::Receiver(_) => None,
        });
        typed.filter_map(|parameter| Some(Arguments { parameter, inner: inside_args(parameter)? })).collect()
    }

    /// The doc comment, without the blank that follows each `///`.
    pub(crate) fn description(&self) -> String {
        let mut lines = Vec::new();
        for attribute in self.attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
            if let Meta::NameValue(doc) = &attribute.meta
                && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &doc.value
            {
                lines.extend(text.value().lines().map(|line| line.trim_end().to_owned()));
            }
        }
        let indent = |line: &String| line.len() - line.trim_start().len();
        let common = lines.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or(0);
        let lines: Vec<_> = lines.iter().map(|line| line.get(common..).unwrap_or_default()).collect();
        lines.join("\n").trim().to_owned()
    }
}

/// A parameter `Args<T>`.
pub(crate) struct Arguments<'a> {
    /// All of its type.
    pub(crate) parameter: &'a Type,
    /// `T`.
    pub(crate) inner: &'a Type,
}

fn inside_args(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Args")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match (arguments.args.len(), arguments.args.first()) {
        (1, Some(GenericArgument::Type(inner))) => Some(inner),
        _ => None,
    }
}

/// The first `impl` in a type, such as that of `Option<impl Display>`.
pub(crate) fn find_impl(ty: TokenStream) -> Option<TokenTree> {
    ty.into_iter().find_map(|token| match token {
        TokenTree::Ident(ref word) if word == "impl" => Some(token),
        TokenTree::Group(group) => find_impl(group.stream()),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

/// The beginning of an item that is no function with a body.
struct NotAFunction {
    keyword: TokenStream,
    what: &'static str,
}

impl NotAFunction {
    fn into_error(self) -> syn::Error {
        let Self { keyword, what } = self;
        syn::Error::new_spanned(
            keyword,
            format!(
                "`#[job]` goes on a function, and this is {what}\nwrite `#[job(...)] async fn name() {{ ... }}`"
            ),
        )
    }
}

impl Parse for NotAFunction {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        if let Ok(signature) = input.fork().parse::<Signature>() {
            let keyword = signature.fn_token;
            input.parse::<TokenStream>()?;
            return Ok(Self { keyword: quote::quote!(#keyword), what: "a function without a body" });
        }
        let next = input.lookahead1();
        let what = if next.peek(Token![struct]) {
            "a struct"
        } else if next.peek(Token![enum]) {
            "an enum"
        } else if next.peek(Token![trait]) {
            "a trait"
        } else if next.peek(Token![impl]) {
            "an impl block"
        } else if next.peek(Token![mod]) {
            "a module"
        } else if next.peek(Token![const]) {
            "a constant"
        } else if next.peek(Token![static]) {
            "a static"
        } else if next.peek(Token![type]) {
            "a type alias"
        } else if next.peek(Token![use]) {
            "an import"
        } else {
            "something else"
        };
        let keyword: TokenTree = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(Self { keyword: keyword.into(), what })
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn doc_comments_lose_their_indentation_only() {
        let description = |item| Function::read(item).unwrap().description();
        assert_eq!(
            description(quote!(
                fn f() {}
            )),
            ""
        );
        assert_eq!(
            description(quote!(
                #[doc = " One."]
                #[inline]
                #[doc = " Two."]
                fn f() {}
            )),
            "One.\nTwo."
        );
        assert_eq!(
            description(quote!(
                #[doc = " One.\n\n   - a list\n "]
                fn f() {}
            )),
            "One.\n\n  - a list"
        );
        assert_eq!(
            description(quote!(
                #[doc = include_str!("x.md")]
                #[doc(hidden)]
                fn f() {}
            )),
            ""
        );
    }

    #[test]
    fn what_is_no_function_is_named() {
        let refusal = |item| Function::read(item).map(|_| ()).unwrap_err().to_string();
        assert!(
            refusal(quote!(
                pub struct F;
            ))
            .contains("this is a struct")
        );
        assert!(
            refusal(quote!(
                #[x]
                pub(crate) mod f {}
            ))
            .contains("this is a module")
        );
        assert!(
            refusal(quote!(
                async fn f();
            ))
            .contains("a function without a body")
        );
        assert!(refusal(quote!(union F { a: u8 })).contains("something else"));
    }
}
