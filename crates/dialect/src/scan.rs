//! The cheap pass over a request body: one walk, no tree, nothing copied that has no escapes.
//!
//! Both dialects put everything that matters into one JSON object; each names the fields it wants
//! ([`Top`]) and this walk refuses what two parsers could read differently: bytes that are not
//! UTF-8, a field that appears twice or in another spelling ([`crate::keys`]), nesting past the parser's recursion limit.

use std::{fmt, marker::PhantomData, ops::Range};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::error::Category;

use crate::{
    Needs, ParseError, Unsupported, address,
    keys::{FAULTS, Keys},
    splice::Edit,
    text::{Skip, Text},
};

/// What the pass found.
#[derive(Debug, Default)]
pub(crate) struct Peek {
    /// The model as the caller names it.
    pub(crate) model: Option<String>,
    /// Where the model's JSON string stands.
    pub(crate) model_at: Range<usize>,
    /// Whether the answer is a stream.
    pub(crate) stream: bool,
    /// Where the value of `stream` stands, in dialects that some upstreams want without it.
    pub(crate) stream_at: Option<Range<usize>>,
    /// Whether the caller asked for a usage chunk.
    pub(crate) include_usage: bool,
    /// What to change so that the upstream reports usage.
    pub(crate) usage_edit: Option<Edit>,
    /// What to change so that the upstream keeps nothing, by field.
    pub(crate) retention: Vec<(&'static str, Edit)>,
    /// What to change besides, so that reasoning which would have been kept comes sealed.
    pub(crate) sealing_edit: Option<Edit>,
    /// What no upstream can serve, whatever its dialect.
    pub(crate) refused: Option<Unsupported>,
    /// The output limit.
    pub(crate) output_max: Option<u64>,
    /// What it asks for beyond text.
    pub(crate) needs: Needs,
    /// Where the caller asks Anthropic to process it.
    pub(crate) inference_geo: Option<String>,
    /// Where a null stands in its place: the endpoint's value goes there and nowhere else, for a
    /// null behind it would cancel it (RES-1).
    pub(crate) inference_geo_null_at: Option<Range<usize>>,
}

/// Where the walk is, and what is wrong there if it knows.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) field: String,
    pub(crate) fault: Option<ParseError>,
}

impl Place {
    /// Notes a fault and gives the error that stops the walk.
    pub(crate) fn fault<E: Error>(&mut self, param: impl Into<String>, message: &str) -> E {
        self.fault = Some(ParseError::about(param, message));
        E::custom("refused")
    }
}

/// A dialect's reading of its own top-level fields.
pub(crate) trait Top<'de> {
    /// Reads the value of `key`, whatever it is.
    fn field<A: MapAccess<'de>>(
        &mut self,
        key: &str,
        place: &mut Place,
        map: &mut A,
    ) -> Result<(), A::Error>;
}

/// Walks the body.
///
/// # Errors
/// [`ParseError`] naming the field at fault; it quotes nothing from the body.
pub(crate) fn scan<'de, T: Top<'de>>(body: &'de [u8], top: &mut T) -> Result<(), ParseError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ParseError { param: None, message: "the body is not UTF-8".into() })?;
    let mut place = Place::default();
    let mut parser = serde_json::Deserializer::from_str(text);
    let walk = Walk { top, place: &mut place }.deserialize(&mut parser);
    walk.and_then(|()| parser.end()).map_err(|error| explain(&error, place))
}

fn explain(error: &serde_json::Error, place: Place) -> ParseError {
    if let Some(fault) = place.fault {
        return fault;
    }
    match error.classify() {
        Category::Data if place.field.is_empty() => {
            ParseError { param: None, message: "the body is not a JSON object".into() }
        }
        Category::Data => {
            // What the walk itself found in an object below the top level.
            let said = error.to_string();
            if let Some(why) = FAULTS.iter().find(|why| said.starts_with(**why)) {
                let message = format!("in `{}` {why}", place.field);
                return ParseError::about(place.field, message);
            }
            let message =
                format!("`{}` does not have the type that this API gives it", place.field);
            ParseError::about(place.field, message)
        }
        Category::Syntax | Category::Eof | Category::Io => ParseError {
            param: None,
            message: format!(
                "the body is not valid JSON, or nested too deeply, at line {} column {}",
                error.line(),
                error.column()
            ),
        },
    }
}

struct Walk<'t, T> {
    top: &'t mut T,
    place: &'t mut Place,
}

impl<'de, T: Top<'de>> DeserializeSeed<'de> for Walk<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Top<'de>> Visitor<'de> for Walk<'_, T> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            self.place.field.clear();
            self.place.field.push_str(&key);
            keys.add(&key).map_err(|why| self.place.fault(&*key, why))?;
            self.top.field(&key, self.place, &mut map)?;
        }
        Ok(())
    }
}

/// An object below the top level, of which some fields matter.
pub(crate) trait Object<'de>: Default {
    /// Reads the value of `key`, whatever it is.
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// An object that was walked.
pub(crate) struct Walked<T>(pub(crate) T);

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Walked<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = T::default();
        let mut keys = Keys::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            keys.add(&key).map_err(A::Error::custom)?;
            object.field(&key, &mut map)?;
        }
        Ok(Walked(object))
    }
}

impl<'de, T: Object<'de>> Deserialize<'de> for Walked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// An object that was walked where anything else may stand too.
#[derive(Default)]
pub(crate) struct Maybe<T> {
    /// The value is not null.
    pub(crate) some: bool,
    /// What the object says.
    pub(crate) object: T,
}

struct MaybeVisitor<T>(PhantomData<T>);

impl<T: Default> Maybe<T> {
    fn other<E>() -> Result<Self, E> {
        Ok(Self { some: true, object: T::default() })
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for MaybeVisitor<T> {
    type Value = Maybe<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let Walked(object) = ObjectVisitor(PhantomData).visit_map(map)?;
        Ok(Maybe { some: true, object })
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Maybe::default())
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Maybe::other()
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Maybe::other()
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Maybe::other()
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Maybe::other()
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Maybe::other()
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<Skip>()?.is_some() {}
        Maybe::other()
    }
}

impl<'de, T: Object<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaybeVisitor(PhantomData))
    }
}

/// An object that may name what a provider keeps.
#[derive(Default)]
pub(crate) struct Named {
    /// Under which key it does.
    pub(crate) key: Option<&'static str>,
}

impl<'de> Object<'de> for Named {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let some = map.next_value::<Skip>()?.some;
        let names = ["id", "file_id"].into_iter().find(|name| *name == key);
        self.key = self.key.or(names.filter(|_| some));
        Ok(())
    }
}

/// That a field names what a provider keeps: nothing that is kept can be referred to, for it would
/// have been processed and stored where nobody decided. Of an address: that no provider is to
/// fetch it.
pub(crate) fn kept(param: String) -> Unsupported {
    if let Some(refused) = address::refused(&param) {
        return refused;
    }
    let message = format!(
        "`{param}` refers to what a provider keeps, and nothing is kept: send the content itself"
    );
    Unsupported::about(param, message)
}

/// What is left of a list when its elements are summed up one by one.
pub(crate) trait Sum<T>: Default {
    /// Adds one element.
    fn add(&mut self, index: usize, element: T);
}

/// A list that was summed up. Null and text count as empty: a content may be plain text.
pub(crate) struct Summed<S, T>(pub(crate) S, PhantomData<T>);

struct SumVisitor<S, T>(PhantomData<(S, T)>);

impl<'de, S: Sum<T>, T: Deserialize<'de>> Visitor<'de> for SumVisitor<S, T> {
    type Value = Summed<S, T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or text")
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Summed(S::default(), PhantomData))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Summed(S::default(), PhantomData))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut sum = S::default();
        let mut index = 0;
        while let Some(element) = seq.next_element()? {
            sum.add(index, element);
            index += 1;
        }
        Ok(Summed(sum, PhantomData))
    }
}

impl<'de, S: Sum<T>, T: Deserialize<'de>> Deserialize<'de> for Summed<S, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SumVisitor(PhantomData))
    }
}
