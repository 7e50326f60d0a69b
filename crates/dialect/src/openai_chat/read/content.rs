//! Content of an answer: text, or a list of parts, as Mistral and some compatible servers write it.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
use vocab::Failure;

use super::broken;
use crate::text::{Loose, Text};

/// The content of a message or of a piece of it.
#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    /// Missing or null.
    #[default]
    Absent,
    /// Plain text.
    Text(Cow<'a, str>),
    /// Parts in order.
    Parts(Vec<Part<'a>>),
    /// Anything else.
    Other,
}

/// One part.
#[derive(Debug, Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    text: Loose<'a>,
    #[serde(borrow, default)]
    thinking: Option<Vec<Thought<'a>>>,
    #[serde(borrow, default)]
    signature: Loose<'a>,
}

#[derive(Debug, Deserialize)]
struct Thought<'a> {
    #[serde(borrow, default)]
    text: Loose<'a>,
}

/// What a part is.
pub(super) enum Said<'p> {
    /// Text.
    Text(&'p str),
    /// Reasoning, and what it is sealed with.
    Reasoning(Cow<'p, str>, Option<&'p str>),
    /// Content that has no place in a reply.
    Opaque,
}

impl Part<'_> {
    pub(super) fn said(&self) -> Said<'_> {
        match (self.kind.as_str(), &self.thinking) {
            (Some("text") | None, None) => match self.text.as_str() {
                Some(text) => Said::Text(text),
                None => Said::Opaque,
            },
            (Some("thinking"), Some(thoughts)) => {
                let mut texts = thoughts.iter().filter_map(|thought| thought.text.as_str());
                let text = match (thoughts.len(), texts.next()) {
                    (1, Some(text)) => Cow::Borrowed(text),
                    (_, first) => Cow::Owned(first.into_iter().chain(texts).collect()),
                };
                Said::Reasoning(text, self.signature.as_str().filter(|seal| !seal.is_empty()))
            }
            _ => Said::Opaque,
        }
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a list of parts")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Content::Absent)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = seq.next_element()? {
            parts.push(part);
        }
        Ok(Content::Parts(parts))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Content::Other)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Content::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Content::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Content::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Content::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

/// Arguments of a call as JSON text: a string everywhere but at some compatible servers, which
/// write the object itself.
pub(super) fn arguments(raw: Option<&RawValue>) -> Result<Cow<'_, str>, Failure> {
    let Some(raw) = raw.map(RawValue::get) else { return Ok(Cow::Borrowed("")) };
    match raw.as_bytes().first() {
        Some(b'"') => match serde_json::from_str(raw) {
            Ok(Text(text)) => Ok(text),
            Err(_) => Err(broken("the arguments of a tool call are malformed")),
        },
        Some(b'{') => Ok(Cow::Borrowed(raw)),
        Some(b'n') => Ok(Cow::Borrowed("")),
        _ => Err(broken("the arguments of a tool call are neither text nor an object")),
    }
}

/// A list, or the one element that some servers write in its place; null is none.
pub(super) fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            list.push(element);
        }
        Ok(list)
    }
}
