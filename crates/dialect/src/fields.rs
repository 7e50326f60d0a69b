//! Reading a body for translation: every field is taken by name, and one that nobody took is an
//! error that names it. That is how nothing is dropped in silence (G4).
//!
//! Values stay raw JSON text until they are asked for, so schemas and tool arguments keep their key
//! order and the text of their numbers.

use std::{borrow::Cow, collections::VecDeque, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{Unsupported, text::Text};

/// The place of a value in a body, e.g. `messages[2].content[0].type`; cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Path(Option<Arc<Node>>);

#[derive(PartialEq, Eq)]
struct Node {
    parent: Path,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Key(&'static str),
    Index(usize),
}

impl Path {
    /// The path of a field of this value.
    pub(crate) fn key(&self, key: &'static str) -> Self {
        Self(Some(Arc::new(Node { parent: self.clone(), step: Step::Key(key) })))
    }

    /// A refusal that names this place.
    pub(crate) fn refuse(&self, why: &str) -> Unsupported {
        Unsupported::about(self.to_string(), format!("`{self}` {why}"))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(node) = &self.0 else { return Ok(()) };
        node.parent.fmt(f)?;
        match node.step {
            Step::Key(key) if node.parent.0.is_none() => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    parent: Path,
    step: Step,
    raw: &'a RawValue,
}

impl<'a> Field<'a> {
    pub(crate) fn path(&self) -> Path {
        Path(Some(Arc::new(Node { parent: self.parent.clone(), step: self.step })))
    }

    pub(crate) fn refuse(&self, why: &str) -> Unsupported {
        self.path().refuse(why)
    }

    fn read<T: Deserialize<'a>>(&self, what: &str) -> Result<T, Unsupported> {
        serde_json::from_str(self.raw.get()).map_err(|_| self.refuse(&format!("must be {what}")))
    }

    pub(crate) fn is_text(&self) -> bool {
        self.raw.get().starts_with('"')
    }

    pub(crate) fn text(&self) -> Result<Cow<'a, str>, Unsupported> {
        self.read::<Text<'a>>("a string").map(|text| text.0)
    }

    pub(crate) fn flag(&self) -> Result<bool, Unsupported> {
        self.read("true or false")
    }

    pub(crate) fn count(&self) -> Result<u64, Unsupported> {
        self.read("a whole number")
    }

    /// A number, with its own text kept.
    pub(crate) fn number(&self) -> Result<Number, Unsupported> {
        let value: f64 = self.read("a number")?;
        Ok(Number { value, text: self.raw.to_owned() })
    }

    pub(crate) fn raw(&self) -> &'a RawValue {
        self.raw
    }

    /// An object kept as it is written.
    pub(crate) fn raw_object(&self) -> Result<Box<RawValue>, Unsupported> {
        if self.raw.get().starts_with('{') {
            Ok(self.raw.to_owned())
        } else {
            Err(self.refuse("must be an object"))
        }
    }

    pub(crate) fn list(&self) -> Result<impl Iterator<Item = Field<'a>> + use<'a>, Unsupported> {
        let values: VecDeque<&'a RawValue> = self.read("a list")?;
        let parent = self.path();
        Ok(values.into_iter().enumerate().map(move |(index, raw)| Field {
            parent: parent.clone(),
            step: Step::Index(index),
            raw,
        }))
    }

    pub(crate) fn object(&self) -> Result<Fields<'a>, Unsupported> {
        let entries: Entries<'a> = self.read("an object")?;
        Ok(Fields { path: self.path(), entries: entries.0 })
    }
}

/// A number and the text it was written with.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    /// The value, for comparing.
    pub(crate) value: f64,
    /// The text, for sending.
    pub(crate) text: Box<RawValue>,
}

/// The fields of an object that nobody took yet.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    path: Path,
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// The fields of a whole body.
    pub(crate) fn body(body: &'a [u8]) -> Result<Self, Unsupported> {
        let entries: Entries<'a> = serde_json::from_slice(body)
            .map_err(|_| Unsupported::about("", "the body must be a JSON object"))?;
        Ok(Self { path: Path::default(), entries: entries.0 })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a field. One that is null counts as absent.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Field<'a>> {
        let at = self.entries.iter().position(|(name, _)| name == key)?;
        let (_, raw) = self.entries.swap_remove(at);
        (raw.get() != "null").then(|| Field {
            parent: self.path.clone(),
            step: Step::Key(key),
            raw,
        })
    }

    /// Takes a field that must be there.
    pub(crate) fn require(&mut self, key: &'static str) -> Result<Field<'a>, Unsupported> {
        self.take(key).ok_or_else(|| self.path.key(key).refuse("is missing"))
    }

    /// Takes fields that mean nothing to the answer, and notes which of them were there.
    pub(crate) fn forgo(&mut self, keys: &[&'static str], dropped: &mut Vec<&'static str>) {
        for key in keys {
            if self.take(key).is_some() && !dropped.contains(key) {
                dropped.push(key);
            }
        }
    }

    /// Every field must have been taken.
    pub(crate) fn finish(self) -> Result<(), Unsupported> {
        match self.entries.iter().find(|(_, raw)| raw.get() != "null") {
            None => Ok(()),
            Some((name, _)) => {
                // A caller's own key may be anything; its first part is enough to find it.
                let name: String = name.chars().take(64).collect();
                let path = match self.path.0 {
                    None => name,
                    Some(_) => format!("{}.{name}", self.path),
                };
                let message = format!("`{path}` cannot be carried to this provider");
                Err(Unsupported::about(path, message))
            }
        }
    }
}

struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(8);
        while let Some((Text(key), raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            entries.push((key, raw));
        }
        Ok(Entries(entries))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_nobody_takes_is_named_with_its_place() {
        let mut body = Fields::body(br#"{"a":[{"b":1,"c":null,"d":{}}],"e":null}"#).unwrap();
        let list = body.take("a").unwrap();
        let mut inner = list.list().unwrap().next().unwrap().object().unwrap();
        assert_eq!(inner.take("b").unwrap().path().to_string(), "a[0].b");
        assert!(inner.take("c").is_none());
        assert_eq!(inner.finish().unwrap_err().param, "a[0].d");
        body.finish().unwrap();
    }

    #[test]
    fn a_number_keeps_its_text() {
        let mut body = Fields::body(br#"{"n":0.10000000000000000001}"#).unwrap();
        let number = body.take("n").unwrap().number().unwrap();
        assert_eq!(number.text.get(), "0.10000000000000000001");
    }

    #[test]
    fn a_message_quotes_no_value() {
        let mut body = Fields::body(br#"{"n":"secret"}"#).unwrap();
        let error = body.take("n").unwrap().count().unwrap_err();
        assert_eq!(error.message, "`n` must be a whole number");
    }
}
