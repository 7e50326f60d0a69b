//! YAML as a tree with places.
//!
//! Decoding straight into types stops at the first mistake of a file. A tree, read once, can be
//! walked to the end, so every mistake is named at once, each with its line and column.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{Location, Options, Spanned};

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// In bytes.
    pub(crate) start: usize,
    /// In bytes.
    pub(crate) length: usize,
}

/// One value and its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A YAML value.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Whole(u64),
    /// A number that nothing in a bundle is: negative or with a fraction.
    Number,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One entry of a map.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Value {
    /// What it is called in messages.
    pub(crate) const fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "yes or no",
            Self::Whole(_) | Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Why a text is not YAML.
pub(crate) struct NotYaml {
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// Reads a whole file.
pub(crate) fn parse(text: &str) -> Result<Node, NotYaml> {
    let mut options = Options::default();
    options.strict_booleans = true;
    options.with_snippet = false;
    if let Some(budget) = options.budget.as_mut() {
        // The size of the file is bounded already; a tenant takes about 40 events.
        budget.max_events = 8_000_000;
        budget.max_nodes = 4_000_000;
    }
    let result: Result<Spanned<Value>, _> = serde_saphyr::from_str_with_options(text, options);
    result.map(Node::from).map_err(|error| {
        let place = error.location().map(Place::from).unwrap_or_default();
        NotYaml { place: place.within(text), message: plain(error.without_snippet()) }
    })
}

/// What is wrong, without the place, which is shown apart.
fn plain(error: &serde_saphyr::Error) -> String {
    if let serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } = error {
        return format!("the field `{key}` stands twice");
    }
    let message = error.to_string();
    let first = message.lines().next().unwrap_or_default();
    let cut = first.rfind(" at line ").or_else(|| first.rfind(" (line "));
    cut.and_then(|end| first.get(..end)).unwrap_or(first).to_owned()
}

impl Place {
    /// The same place with its bytes, which syntax errors do not come with.
    fn within(self, text: &str) -> Self {
        if self.start > 0 || self.length > 0 || self.line == 0 {
            return self;
        }
        let lines = usize::try_from(self.line - 1).unwrap_or(0);
        let columns = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
        let line_start: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
        let line = text.get(line_start..).unwrap_or_default();
        let before: usize = line.chars().take(columns).map(char::len_utf8).sum();
        Self { start: line_start + before, ..self }
    }
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self { place: spanned.referenced.into(), value: spanned.value }
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let bytes = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        Self {
            line: narrow(location.line()),
            column: narrow(location.column()),
            start: bytes(location.span().byte_offset()),
            length: bytes(location.span().byte_len()),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false, a list or a map")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(u64::try_from(value).map_or(Value::Number, Value::Whole))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            list.push(Node::from(item));
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = items.next_key::<Spanned<String>>()? {
            let node = Node::from(items.next_value::<Spanned<Value>>()?);
            map.push(Entry { key: key.value, place: key.referenced.into(), node });
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let tree = parse("# comment\n- id: eu-west\n  days: 30\n  when: 2027-01-31\n")
            .unwrap_or_else(|e| panic!("{}", e.message));
        let Value::List(items) = &tree.value else { panic!("a list") };
        let Value::Map(entries) = &items[0].value else { panic!("a map") };
        let shown: Vec<_> = entries
            .iter()
            .map(|e| (e.key.as_str(), e.place, e.node.place, e.node.value.noun()))
            .collect();
        let place = |line, column, start, length| Place { line, column, start, length };
        assert_eq!(shown[0], ("id", place(2, 3, 12, 2), place(2, 7, 16, 7), "a text"));
        assert_eq!(shown[1], ("days", place(3, 3, 26, 4), place(3, 9, 32, 2), "a number"));
        assert_eq!(shown[2], ("when", place(4, 3, 37, 4), place(4, 9, 43, 10), "a text"));
    }

    #[test]
    fn words_that_other_yaml_versions_read_as_booleans_stay_words() {
        let tree = parse("[no, NO, on, 0x10]").unwrap_or_else(|e| panic!("{}", e.message));
        let Value::List(items) = &tree.value else { panic!("a list") };
        let nouns: Vec<_> = items.iter().map(|item| item.value.noun()).collect();
        assert_eq!(nouns, ["a text", "a text", "a text", "a number"]);
    }

    #[test]
    fn broken_yaml_is_told_with_its_place() {
        let told = |text: &str| {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text}"));
            (error.message, error.place.line, error.place.column, error.place.start)
        };
        assert_eq!(told("x: 1\na: [1, 2"), ("unclosed bracket '['".to_owned(), 2, 4, 8));
        let twice = "the field `a` stands twice".to_owned();
        assert_eq!(told("a: 1\na: 2\n"), (twice, 2, 1, 5));
        for text in ["ü: b: c", "a:\n\t- x", "a: 1\n---\nb: 2\n", "a: &x [*x]", "a: \"x"] {
            let (message, line, ..) = told(text);
            println!("{message}");
            assert!(line > 0 && !message.contains("line"), "{text}: {message}");
        }
    }
}
