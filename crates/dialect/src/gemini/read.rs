//! Reading `generateContent` answers, whole and streamed: a stream is a sequence of bodies, each of
//! which says more of the same answer.

mod answer;
mod partial;
mod stream;
mod whole;
mod wire;

pub(crate) use stream::StreamReader;
use vocab::{Failure, FailureKind};
pub(crate) use whole::read;

use super::broken;
use crate::Finish;

/// Names of the finish reasons that have numbers where enumerations are numbered.
const NUMBERED: [(&str, &str); 10] = [
    ("0", "FINISH_REASON_UNSPECIFIED"),
    ("1", "STOP"),
    ("2", "MAX_TOKENS"),
    ("3", "SAFETY"),
    ("4", "RECITATION"),
    ("5", "OTHER"),
    ("6", "BLOCKLIST"),
    ("7", "PROHIBITED_CONTENT"),
    ("8", "SPII"),
    ("9", "MALFORMED_FUNCTION_CALL"),
];

/// A finish reason of the wire, a JSON string or number; nothing for the one that says nothing.
///
/// # Errors
/// Reasons by which the model says that what it wrote is no answer.
fn finish(raw: &str) -> Result<Option<Finish>, Failure> {
    let numbered = NUMBERED.iter().find(|(number, _)| *number == raw).map(|(_, name)| *name);
    let reason = numbered.unwrap_or_else(|| raw.trim_matches('"'));
    match reason {
        "null" | "FINISH_REASON_UNSPECIFIED" => Ok(None),
        "STOP" => Ok(Some(Finish::Stop)),
        "MAX_TOKENS" => Ok(Some(Finish::Length)),
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Ok(Some(Finish::ContentFilter)),
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE" => {
            let message = format!("the model wrote what is no answer ({reason})");
            Err(Failure {
                code: Some(reason.to_owned()),
                ..Failure::new(FailureKind::Broken, message)
            })
        }
        _ => Ok(Some(Finish::Other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_names_or_numbers_and_new_ones_are_other() {
        assert_eq!(finish("\"STOP\""), Ok(Some(Finish::Stop)));
        assert_eq!(finish("1"), Ok(Some(Finish::Stop)));
        assert_eq!(finish("3"), Ok(Some(Finish::ContentFilter)));
        assert_eq!(finish("\"FINISH_REASON_UNSPECIFIED\""), Ok(None));
        assert_eq!(finish("\"CONTINUATION\""), Ok(Some(Finish::Other)));
        assert_eq!(finish("99"), Ok(Some(Finish::Other)));
        let failure = finish("\"MALFORMED_FUNCTION_CALL\"").unwrap_err();
        assert_eq!(failure.code.as_deref(), Some("MALFORMED_FUNCTION_CALL"));
    }
}
