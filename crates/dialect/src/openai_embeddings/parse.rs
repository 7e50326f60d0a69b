//! An Embeddings body into texts, strictly.

use crate::{
    Unsupported,
    embedding::{Input, Texts},
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
    body.forgo(&["user", "safety_identifier", "metadata"], &mut texts.dropped);
    // One vector size, in OpenAI's word or in Mistral's.
    for key in ["dimensions", "output_dimension"] {
        let Some(field) = body.take(key) else { continue };
        let size = field.count()?;
        if size == 0 {
            return Err(field.refuse("must be at least 1"));
        }
        if texts.dimensions.is_some_and(|other| other != size) {
            return Err(field.refuse("is not what `dimensions` says"));
        }
        texts.dimensions = Some(size);
    }
    if let Some(field) = body.take("output_dtype")
        && field.text()? != "float"
    {
        return Err(field.refuse("asks for numbers other than `float`, which cannot be carried"));
    }
    if let Some(field) = body.take("encoding_format") {
        texts.base64 = match &*field.text()? {
            "base64" => true,
            "float" => false,
            _ => return Err(field.refuse("must be `float` or `base64`")),
        };
    }
    let input = body.require("input")?;
    body.finish()?;
    if input.is_text() {
        texts.inputs.push((input.path(), Input::Text(input.text()?.into_owned())));
        return Ok(texts);
    }
    let elements: Vec<Field<'_>> = input.list()?.collect();
    let is_token = |field: &Field<'_>| field.raw().get().starts_with(|c: char| c.is_ascii_digit());
    if elements.first().is_some_and(is_token) {
        texts.inputs.push((input.path(), tokens(&input)?));
        return Ok(texts);
    }
    for field in elements {
        let input = match field.is_text() {
            true => Input::Text(field.text()?.into_owned()),
            false => tokens(&field)?,
        };
        texts.inputs.push((field.path(), input));
    }
    Ok(texts)
}

fn tokens(field: &Field<'_>) -> Result<Input, Unsupported> {
    let tokens: Option<Vec<u32>> = serde_json::from_str(field.raw().get()).ok();
    tokens.map(Input::Tokens).ok_or_else(|| field.refuse("must be a text or a list of tokens"))
}
