//! Mistral's errors: a message that is text, or a list of what is wrong with which field.
//!
//! `{"object":"error","message":…,"type","param","code","raw_status_code"}`, where `message` is text
//! or `{"detail":[…]}`; and from the edge of the API a bare `{"detail":…}` or `{"message":…}`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text::{Loose, Text};

/// The most faults that are told.
const FAULTS_MAX: usize = 4;

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow)]
    detail: &'a RawValue,
}

/// One thing that is wrong. Its `input` quotes the body, so it is not read (AUD-4).
#[derive(Deserialize)]
struct Fault<'a> {
    #[serde(borrow, default)]
    loc: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    msg: Loose<'a>,
}

/// What a list of faults says: a sentence, and the first field. Nothing for anything else.
pub(super) fn faults(raw: &RawValue) -> Option<(String, String)> {
    // A list would be read as the fields of the object in order.
    let list = match raw.get().starts_with('{') {
        true => serde_json::from_str::<Detail<'_>>(raw.get()).ok()?.detail,
        false => raw,
    };
    let faults: Vec<Fault<'_>> = serde_json::from_str(list.get()).ok()?;
    let told = |fault: &Fault<'_>| {
        let message = fault.msg.as_str().unwrap_or("is wrong");
        match path(&fault.loc) {
            path if path.is_empty() => message.to_owned(),
            path => format!("`{path}`: {message}"),
        }
    };
    let sentence = faults.iter().take(FAULTS_MAX).map(told).collect::<Vec<_>>().join("; ");
    let param = faults.first().map(|fault| path(&fault.loc)).unwrap_or_default();
    (!sentence.is_empty()).then_some((sentence, param))
}

/// `["body","messages",0,"content"]` → `messages[0].content`.
fn path(steps: &[&RawValue]) -> String {
    let mut path = String::new();
    for (number, step) in steps.iter().enumerate() {
        match serde_json::from_str::<Text<'_>>(step.get()) {
            Ok(Text(key)) if number == 0 && key == "body" => {}
            Ok(Text(key)) if path.is_empty() => path.push_str(&key),
            Ok(Text(key)) => {
                path.push('.');
                path.push_str(&key);
            }
            Err(_) => path.push_str(&format!("[{}]", step.get())),
        }
    }
    path
}
