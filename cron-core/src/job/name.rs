//! Names of jobs: checked once, at the door.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a job: its identity, stable across builds.
///
/// 1 to 128 bytes of letters, digits and `_ - . : /`; it begins with a letter, a digit or `_`.
///
/// ```
/// use cron_core::job::JobName;
/// assert_eq!("billing.close_month".parse::<JobName>()?.as_str(), "billing.close_month");
/// assert!("close month".parse::<JobName>().is_err());
/// # Ok::<(), cron_core::job::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobName(Arc<str>);

/// A text that cannot be the name of a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("the name of a {what} is empty; give it 1 to 128 letters, digits or `_ - . : /`")]
    Empty {
        /// What is named: `job`, `group`, `tag`.
        what: &'static str,
    },
    /// Too long.
    #[error("the name of a {what} has at most 128 bytes, this one has {length}")]
    TooLong {
        /// What is named.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A character that names do not have.
    #[error("the {what} name {name:?} contains {character:?}; allowed are letters, digits and `_ - . : /`")]
    Character {
        /// What is named.
        what: &'static str,
        /// The text.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// The first character is a sign.
    #[error(
        "the {what} name {name:?} begins with {character:?}; it must begin with a letter, a digit or `_`"
    )]
    Start {
        /// What is named.
        what: &'static str,
        /// The text.
        name: String,
        /// The first character.
        character: char,
    },
}

/// The name of a group or of a tag, under the rules of [`JobName`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(Arc<str>);

fn check(what: &'static str, text: &str) -> Result<(), NameError> {
    let Some(first) = text.chars().next() else { return Err(NameError::Empty { what }) };
    if text.len() > JobName::MAX_BYTES {
        return Err(NameError::TooLong { what, length: text.len() });
    }
    let wrong = |c: &char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/'));
    if let Some(character) = text.chars().find(wrong) {
        return Err(NameError::Character { what, name: text.to_owned(), character });
    }
    if !(first.is_alphanumeric() || first == '_') {
        return Err(NameError::Start { what, name: text.to_owned(), character: first });
    }
    Ok(())
}

impl JobName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// Checks a text without making a name of it.
    ///
    /// # Errors
    ///
    /// A [`NameError`] that says what is wrong.
    pub fn check(text: &str) -> Result<(), NameError> {
        check("job", text)
    }
}

impl Label {
    /// Checks and makes the name of a `what`, such as a group or a tag.
    ///
    /// # Errors
    ///
    /// A [`NameError`] that says what is wrong.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, NameError> {
        check(what, text)?;
        Ok(Self(text.into()))
    }
}

impl FromStr for JobName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::check(text)?;
        Ok(Self(text.into()))
    }
}

impl FromStr for Label {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse("group", text)
    }
}

macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
text!(JobName);
text!(Label);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "Ünïcode", "7days", "_x", "team/billing.close-month:v2", &"x".repeat(128)] {
            assert_eq!(JobName::check(good), Ok(()), "{good}");
        }
        for bad in ["", " ", "a b", "-x", ".x", "a\n", "x'y", "<b>", &"x".repeat(129)] {
            assert!(JobName::check(bad).is_err(), "{bad:?}");
        }
    }
}
