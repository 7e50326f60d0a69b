//! An Embeddings body into texts, strictly.

use crate::{
    Unsupported,
    embedding::{Input, Path, Texts},
    fields::{Field, Fields},
};

/// Reads a whole body.
///
/// # Errors
/// [`Unsupported`] naming the field that is malformed or that no other dialect has.
pub(crate) fn parse(body: &[u8]) -> Result<Texts, Unsupported> {
    let mut body = Fields::body(body)?;
    let mut texts = Texts::default();
    body.take("model");
    body.forgo(&["user", "safety_identifier"], &mut texts.dropped);
    texts.dimensions = size(&mut body, "dimensions")?;
    texts.base64 = is_packed(&mut body)?;
    let input = body.require("input")?;
    body.finish()?;
    texts.inputs = inputs(&input)?;
    Ok(texts)
}

/// The size of the vectors, if the caller chose one.
pub(crate) fn size(body: &mut Fields<'_>, key: &'static str) -> Result<Option<u64>, Unsupported> {
    let Some(field) = body.take(key) else { return Ok(None) };
    match field.count()? {
        0 => Err(field.refuse("must be at least 1")),
        size => Ok(Some(size)),
    }
}

/// Whether the caller reads vectors as base64.
pub(crate) fn is_packed(body: &mut Fields<'_>) -> Result<bool, Unsupported> {
    let Some(field) = body.take("encoding_format") else { return Ok(false) };
    match &*field.text()? {
        "base64" => Ok(true),
        "float" => Ok(false),
        _ => Err(field.refuse("must be `float` or `base64`")),
    }
}

/// The inputs, each with its place.
pub(crate) fn inputs(input: &Field<'_>) -> Result<Vec<(Path, Input)>, Unsupported> {
    if input.is_text() {
        return Ok(vec![(input.path(), Input::Text(input.text()?.into_owned()))]);
    }
    let elements: Vec<Field<'_>> = input.list()?.collect();
    let is_token = |field: &Field<'_>| field.raw().get().starts_with(|c: char| c.is_ascii_digit());
    if elements.first().is_some_and(is_token) {
        return Ok(vec![(input.path(), tokens(input)?)]);
    }
    let one = |field: &Field<'_>| match field.is_text() {
        true => Ok(Input::Text(field.text()?.into_owned())),
        false => tokens(field),
    };
    elements.iter().map(|field| Ok((field.path(), one(field)?))).collect()
}

fn tokens(field: &Field<'_>) -> Result<Input, Unsupported> {
    let tokens: Option<Vec<u32>> = serde_json::from_str(field.raw().get()).ok();
    tokens.map(Input::Tokens).ok_or_else(|| field.refuse("must be a text or a list of tokens"))
}
