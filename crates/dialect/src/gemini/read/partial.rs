//! Arguments of a call that come in pieces: each is more of the value at a path, e.g.
//! `$.order.items[0].name`.

use serde_json::{Map, Value};
use vocab::Failure;

use super::{broken, wire::Piece};
use crate::sse::FRAME_MAX;

/// The most elements that a list of arguments may have.
const ITEMS_MAX: usize = 4_096;
/// How deep arguments may be nested.
const DEPTH_MAX: usize = 64;

/// The arguments as far as they have come.
#[derive(Debug)]
pub(super) struct Partial {
    call: usize,
    root: Value,
    bytes: usize,
}

impl Partial {
    pub(super) fn new(call: usize) -> Self {
        Self { call, root: Value::Object(Map::new()), bytes: 0 }
    }

    /// The number of the call.
    pub(super) const fn call(&self) -> usize {
        self.call
    }

    /// The arguments as JSON text.
    pub(super) fn json(&self) -> String {
        self.root.to_string()
    }

    /// Takes one piece.
    ///
    /// # Errors
    /// A path that is none, or arguments without end.
    pub(super) fn take(&mut self, piece: &Piece<'_>) -> Result<(), Failure> {
        let path = piece.json_path.as_str().unwrap_or_default();
        let text = piece.string_value.as_str();
        self.bytes = self.bytes.saturating_add(path.len() + text.map_or(8, str::len));
        if self.bytes > FRAME_MAX {
            return Err(broken("the arguments of a tool call are too long"));
        }
        let steps = steps(path).filter(|steps| (1..=DEPTH_MAX).contains(&steps.len()));
        let steps =
            steps.ok_or_else(|| broken("a piece of a tool call's arguments has no place"))?;
        let place = steps.iter().try_fold(&mut self.root, |value, step| step.of(value));
        let place =
            place.ok_or_else(|| broken("a piece of a tool call's arguments has no place"))?;
        match (text, &piece.number_value, piece.bool_value) {
            // More of a string that has begun.
            (Some(more), _, _) => match place {
                Value::String(text) => text.push_str(more),
                place => *place = Value::from(more),
            },
            (None, Some(number), _) => *place = Value::Number(number.clone()),
            (None, None, Some(flag)) => *place = Value::Bool(flag),
            (None, None, None) => *place = Value::Null,
        }
        Ok(())
    }
}

/// One step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    /// The value one step further, made where there is none.
    fn of<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        match self {
            Self::Key(key) => {
                if value.is_null() {
                    *value = Value::Object(Map::new());
                }
                Some(value.as_object_mut()?.entry(key.as_str()).or_insert(Value::Null))
            }
            Self::Index(index) => {
                if value.is_null() {
                    *value = Value::Array(Vec::new());
                }
                let items = value.as_array_mut()?;
                if *index >= ITEMS_MAX {
                    return None;
                }
                if items.len() <= *index {
                    items.resize(index + 1, Value::Null);
                }
                items.get_mut(*index)
            }
        }
    }
}

/// The steps of a path of names and numbers (RFC 9535): `$.a.b[0]['c d']`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at_checked(end)?;
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Key(name.to_owned()));
            rest = after;
        } else if let Some(quoted) = rest
            .strip_prefix("['")
            .map(|rest| (rest, '\''))
            .or_else(|| rest.strip_prefix("[\"").map(|rest| (rest, '"')))
        {
            let (name, after) = unquote(quoted.0, quoted.1)?;
            steps.push(Step::Key(name));
            rest = after.strip_prefix(']')?;
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = after;
        }
    }
    Some(steps)
}

/// A quoted name up to its closing quote, and what follows that.
fn unquote(text: &str, quote: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => name.push(chars.next()?.1),
            char if char == quote => return Some((name, text.get(at + 1..)?)),
            char => name.push(char),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(partial: &mut Partial, piece: &str) -> Result<(), Failure> {
        partial.take(&serde_json::from_str::<Piece<'_>>(piece).unwrap())
    }

    #[test]
    fn pieces_make_one_object_in_the_order_of_their_coming() {
        let mut partial = Partial::new(0);
        for piece in [
            r#"{"jsonPath":"$.z","stringValue":"Bos","willContinue":true}"#,
            r#"{"jsonPath":"$.z","stringValue":"ton \"x\""}"#,
            r#"{"jsonPath":"$.a.b[1]['c d']","numberValue":1.5}"#,
            r#"{"jsonPath":"$.a.b[0]","boolValue":true}"#,
            r#"{"jsonPath":"$[\"it's\"]","nullValue":"NULL_VALUE"}"#,
        ] {
            take(&mut partial, piece).unwrap();
        }
        assert_eq!(
            partial.json(),
            r#"{"z":"Boston \"x\"","a":{"b":[true,{"c d":1.5}]},"it's":null}"#
        );
    }

    #[test]
    fn a_path_that_leads_nowhere_is_an_error() {
        for path in ["", "a", "$", "$.", "$..a", "$[", "$[x]", "$['a'", "$.a[99999999]"] {
            let mut partial = Partial::new(0);
            let piece = serde_json::json!({"jsonPath": path, "stringValue": "x"}).to_string();
            assert!(take(&mut partial, &piece).is_err(), "{path}");
        }
        let mut partial = Partial::new(0);
        take(&mut partial, r#"{"jsonPath":"$.a","stringValue":"x"}"#).unwrap();
        assert!(take(&mut partial, r#"{"jsonPath":"$.a.b","stringValue":"x"}"#).is_err());
    }
}
