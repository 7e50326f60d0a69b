//! Turns and parts: roles, one datum per part, calls answered at once, signatures in place.

use serde_json::Value;

use super::super::invalid;
use super::super::write::HOUSE;
use super::{check_known, field};
use crate::ask::{role, text_of};
use crate::signature;
use crate::vendor::Complaint;

const DATA: [&str; 7] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
];

const ABOUT: [&str; 11] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "thought",
    "thoughtSignature",
    "videoMetadata",
    "mediaResolution",
];

/// From the third generation on, a call without its signature is refused.
pub(super) fn must_sign(model: &str) -> bool {
    model.starts_with("gemini-3")
}

fn parts(turn: &Value) -> &[Value] {
    turn.get("parts").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn members<'a>(turn: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    parts(turn).iter().filter_map(move |part| field(part, name))
}

fn name(value: &Value) -> &str {
    value.get("name").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn images(turns: &[Value]) -> usize {
    let pictures = |turn| members(turn, "inlineData").chain(members(turn, "fileData"));
    let is_image = |data: &&Value| {
        let kind = field(data, "mimeType").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.starts_with("image/"))
    };
    turns.iter().flat_map(pictures).filter(is_image).count()
}

/// Responses that end the conversation: their text if they have one, else their JSON.
pub(super) fn results(turns: &[Value]) -> Vec<String> {
    let last = turns.last().into_iter().flat_map(|turn| members(turn, "functionResponse"));
    last.map(|response| {
        let body = response.get("response").unwrap_or(&Value::Null);
        let text = ["result", "output", "content", "error"].iter().find_map(|name| body.get(name));
        match text {
            Some(Value::String(text)) => text.clone(),
            Some(list @ Value::Array(_)) if !text_of(list).is_empty() => text_of(list),
            _ => body.to_string(),
        }
    })
    .collect()
}

pub(super) fn check(model: &str, turns: &[Value]) -> Result<(), Complaint> {
    for (place, turn) in turns.iter().enumerate() {
        check_known(&format!("contents[{place}]"), turn, &["role", "parts"])?;
        if !matches!(role(turn), "user" | "model" | "function") {
            return Err(invalid("Please use a valid role: user, model."));
        }
        if parts(turn).is_empty() {
            return Err(invalid(
                "Unable to submit request because it must include at least one parts field, which \
                 describes the prompt input.",
            ));
        }
        for (index, part) in parts(turn).iter().enumerate() {
            check_part(&format!("contents[{place}].parts[{index}]"), part)?;
        }
    }
    if turns.last().is_some_and(|turn| role(turn) == "model") && turns.len() == 1 {
        return Err(invalid("Please ensure that the conversation begins with a user turn."));
    }
    check_calls(turns)?;
    if must_sign(model) { check_signed(turns) } else { Ok(()) }
}

fn check_part(place: &str, part: &Value) -> Result<(), Complaint> {
    check_known(place, part, &ABOUT)?;
    let held: Vec<&str> = DATA.iter().copied().filter(|name| field(part, name).is_some()).collect();
    let [kind] = held.as_slice() else {
        return Err(invalid(format!(
            "Unable to submit request because {place} must have one initialized field, and has {}.",
            held.len()
        )));
    };
    let datum = field(part, kind).unwrap_or(&Value::Null);
    let bad = |what: &str| Err(invalid(format!("Invalid value at '{place}': {what}.")));
    match *kind {
        "functionCall" | "functionResponse" if name(datum).is_empty() => {
            bad("the name of a function must not be empty")
        }
        "functionCall" if datum.get("args").is_some_and(|args| !args.is_object()) => {
            bad("args must be a struct")
        }
        "functionResponse" if !datum.get("response").is_some_and(Value::is_object) => {
            bad("response must be a struct")
        }
        "inlineData" | "fileData" if field(datum, "mimeType").is_none() => {
            bad("mime_type is required")
        }
        _ => check_signature(part, kind, datum),
    }
}

/// What Google documents for a call that the model did not make itself: its signature is not checked.
const UNSIGNED: &str = "skip_thought_signature_validator";

/// A signature belongs to the call it was given for.
fn check_signature(part: &Value, kind: &str, datum: &Value) -> Result<(), Complaint> {
    let Some(signature) = field(part, "thoughtSignature") else { return Ok(()) };
    let signature = signature.as_str().unwrap_or_default();
    let signed = if kind == "functionCall" { name(datum) } else { "" };
    if signature == UNSIGNED || signature::is_valid(HOUSE, signed, signature) {
        return Ok(());
    }
    Err(invalid("Thought signature is not valid."))
}

fn check_calls(turns: &[Value]) -> Result<(), Complaint> {
    let mut called: Vec<&str> = Vec::new();
    for turn in turns {
        let answered: Vec<&str> = members(turn, "functionResponse").map(name).collect();
        if called.is_empty() && !answered.is_empty() {
            return Err(invalid(
                "Please ensure that function response turn comes immediately after a function \
                 call turn.",
            ));
        }
        if answered.len() != called.len() {
            return Err(invalid(
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn.",
            ));
        }
        let (mut left, mut right) = (called, answered);
        left.sort_unstable();
        right.sort_unstable();
        if left != right {
            return Err(invalid(
                "Please ensure that the function response names match the function call names.",
            ));
        }
        called = members(turn, "functionCall").map(name).collect();
    }
    Ok(())
}

/// The first call of each turn since the user last spoke bears a signature.
fn check_signed(turns: &[Value]) -> Result<(), Complaint> {
    let spoke = |turn: &Value| role(turn) == "user" && members(turn, "text").next().is_some();
    let since = turns.iter().rposition(spoke).unwrap_or(0);
    for turn in turns.iter().skip(since) {
        let first = parts(turn).iter().find(|part| field(part, "functionCall").is_some());
        if let Some(call) = first.filter(|call| field(call, "thoughtSignature").is_none()) {
            let name = field(call, "functionCall").map(name).unwrap_or_default();
            return Err(invalid(format!(
                "Function call is missing a thought_signature in functionCall parts. This is \
                 required for tools to work correctly, and missing thought_signature may lead to \
                 degraded model performance. Additional data, function call `{name}`."
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn turns(signature: Option<&str>) -> Vec<Value> {
        let mut call = json!({"functionCall": {"name": "w", "args": {}}});
        if let Some(signature) = signature {
            call["thoughtSignature"] = signature.into();
        }
        let response = json!({"functionResponse": {"name": "w", "response": {"result": "sun"}}});
        vec![
            json!({"role": "user", "parts": [{"text": "weather?"}]}),
            json!({"role": "model", "parts": [call]}),
            json!({"role": "user", "parts": [response]}),
        ]
    }

    #[test]
    fn signatures_are_wanted_by_the_third_generation_only() {
        assert!(check("gemini-2.5-pro", &turns(None)).is_ok());
        assert!(check("gemini-3-pro", &turns(None)).is_err());
        assert!(check("gemini-3-pro", &turns(Some(&signature::sign(HOUSE, "w")))).is_ok());
        assert!(check("gemini-2.5-pro", &turns(Some("forged"))).is_err());
        assert!(check("gemini-3-pro", &turns(Some(UNSIGNED))).is_ok());
    }

    #[test]
    fn a_response_is_read_and_must_have_its_call() {
        assert_eq!(results(&turns(None)), ["sun"]);
        let stray = &turns(None)[2..];
        assert!(check("g", stray).unwrap_err().message.contains("immediately after"));
    }

    #[test]
    fn two_roles_exist() {
        let system = [json!({"role": "system", "parts": [{"text": "x"}]})];
        let message = check("g", &system).unwrap_err().message;
        assert_eq!(message, "Please use a valid role: user, model.");
    }
}
