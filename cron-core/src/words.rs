//! Policies as words: one declaration gives the enum, its words, parsing, display and serde.

use std::fmt;

/// A word that is not among the allowed ones.
///
/// The message names what was given, all that is allowed, and the nearest allowed word if one is close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// What kind of word was expected, such as `overlap`.
    pub what: &'static str,
    /// The text that was given.
    pub given: String,
    /// All words that would have been accepted.
    pub allowed: &'static [&'static str],
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.what, self.given)?;
        if let Some(near) = crate::suggest::nearest(&self.given, self.allowed.iter().copied()) {
            write!(f, ", did you mean `{near}`?")?;
        }
        write!(f, " (allowed: {})", self.allowed.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

/// Declares a word enum: parsing at the door, one spelling everywhere.
macro_rules! word_enum {
    ($(#[$meta:meta])* $what:literal, $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every word this policy accepts, in the order of the documentation.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// Every value, in the order of [`Self::WORDS`].
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word of this value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok($name::$variant),)+
                    other => Err($crate::words::UnknownWord {
                        what: $what,
                        given: other.to_owned(),
                        allowed: $name::WORDS,
                    }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use word_enum;
