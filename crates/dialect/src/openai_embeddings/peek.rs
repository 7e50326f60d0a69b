//! The cheap pass over an Embeddings body.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::INPUTS_MAX;
use crate::{
    ParseError, elsewhere,
    scan::{Peek, Place, Top, scan},
    splice::span,
    text::{Skip, Text},
};

/// Reads what routing and policy need to know; `size` is the field that chooses the size of the
/// vectors.
///
/// # Errors
/// [`ParseError`] naming the field at fault.
pub(crate) fn peek(body: &[u8], size: &'static str) -> Result<Peek, ParseError> {
    let mut top = Body { whole: body, size, peek: Peek::default(), input: false };
    scan(body, &mut top)?;
    let missing = |field: &str| ParseError::about(field, format!("`{field}` is missing"));
    if top.peek.model.is_none() {
        return Err(missing("model"));
    }
    if !top.input {
        return Err(missing("input"));
    }
    Ok(top.peek)
}

struct Body<'b> {
    whole: &'b [u8],
    size: &'static str,
    peek: Peek,
    input: bool,
}

impl<'de> Top<'de> for Body<'de> {
    fn field<A: MapAccess<'de>>(
        &mut self,
        key: &str,
        place: &mut Place,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match key {
            "model" => {
                let raw: &'de RawValue = map.next_value()?;
                let Ok(Text(model)) = serde_json::from_str(raw.get()) else {
                    return Err(place.fault("model", "`model` must be a string"));
                };
                self.peek.model = Some(model.into_owned());
                self.peek.model_at = span(self.whole, raw);
            }
            "input" => {
                let Inputs(count) = map.next_value()?;
                if count == 0 {
                    return Err(place.fault("input", "`input` is empty"));
                }
                if count > INPUTS_MAX {
                    return Err(place.fault("input", "`input` has more than 2048 inputs"));
                }
                self.input = true;
            }
            key if key == self.size => {
                self.peek.needs.dimensions |= map.next_value::<Skip>()?.some;
            }
            _ => elsewhere::field(&mut self.peek, key, map)?,
        }
        Ok(())
    }
}

/// How many inputs there are: one text or one list of tokens is one.
struct Inputs(usize);

struct InputsVisitor;

impl<'de> Visitor<'de> for InputsVisitor {
    type Value = Inputs;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list of texts, a list of tokens, or a list of those")
    }
    fn visit_str<E>(self, _: &str) -> Result<Inputs, E> {
        Ok(Inputs(1))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Inputs, A::Error> {
        let mut tokens = false;
        let mut count = 0;
        while let Some(element) = seq.next_element::<Element>()? {
            tokens |= element == Element::Token;
            count += 1;
        }
        Ok(Inputs(if tokens { 1 } else { count }))
    }
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputsVisitor)
    }
}

#[derive(PartialEq)]
enum Element {
    Token,
    Whole,
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a token, or a list of tokens")
    }
    fn visit_str<E>(self, _: &str) -> Result<Element, E> {
        Ok(Element::Whole)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Element, E> {
        Ok(Element::Token)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Element, A::Error> {
        while seq.next_element::<u64>()?.is_some() {}
        Ok(Element::Whole)
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor)
    }
}
