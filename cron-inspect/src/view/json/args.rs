//! Arguments of runs: JSON within JSON.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Arguments as they are kept: the same JSON on one line, every digit of its numbers as it is.
#[derive(Debug)]
pub(crate) struct Arguments<'a>(pub(crate) &'a str);

impl Serialize for Arguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match RawValue::from_string(one_line(self.0)) {
            Ok(json) => json.serialize(serializer),
            // A damaged record is shown as the text that it is.
            Err(_) => serializer.serialize_str(self.0),
        }
    }
}

/// JSON without blanks between its tokens.
pub(crate) fn one_line(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut is_text, mut is_escaped) = (false, false);
    for c in json.chars() {
        if is_text || !matches!(c, ' ' | '\t' | '\r' | '\n') {
            out.push(c);
        }
        is_text ^= c == '"' && !is_escaped;
        is_escaped = is_text && c == '\\' && !is_escaped;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_go_and_values_stay() {
        assert_eq!(one_line("{ \"a b\" :\n [1.0 , 2]\t}"), "{\"a b\":[1.0,2]}");
        assert_eq!(one_line(r#"{"q": "\" \\", "r": " "}"#), r#"{"q":"\" \\","r":" "}"#);
    }

    #[test]
    fn numbers_keep_their_digits_and_what_is_no_json_is_a_text() {
        let write = |text| serde_json::to_string(&Arguments(text)).expect("text");
        assert_eq!(write("{\"n\": 12345678901234567890123}"), "{\"n\":12345678901234567890123}");
        assert_eq!(write("{\"n\": "), "\"{\\\"n\\\": \"");
    }
}
