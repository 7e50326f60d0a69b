//! What a version and a host allow: fields, and where model, version and stream are said.

use serde_json::{Map, Value};

use super::messages::Host;
use super::read::required;
use super::turns::blocks;
use super::{generation, invalid};
use crate::ask::role;
use crate::vendor::{Complaint, text};
use crate::wire::Heard;

/// From this version on, sampling parameters are refused even at their defaults.
const NEW_RULES_FROM: &str = "2026-10-21";

/// Fields of the format, those of its betas included.
const KNOWN: [&str; 30] = [
    "billing_policy",
    "cache_control",
    "compaction",
    "container",
    "context_management",
    "diagnostics",
    "fallback_credit_token",
    "fallbacks",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "thread",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
    "workspace_id",
];

/// What the clouds have in the body and Anthropic in headers.
const KNOWN_TO_CLOUDS: [&str; 2] = ["anthropic_version", "anthropic_beta"];

pub(super) fn check_known(host: Host, body: &Value) -> Result<(), Complaint> {
    let unknown = |name: &&String| {
        let on_cloud = host != Host::Own && KNOWN_TO_CLOUDS.contains(&name.as_str());
        !KNOWN.contains(&name.as_str()) && !on_cloud
    };
    let mut names = body.as_object().into_iter().flat_map(Map::keys);
    names.find(unknown).map_or(Ok(()), |name| Err(extra(name)))
}

/// In a header at home, in the body elsewhere. Every date is valid, and so are the clouds' own.
pub(super) fn version<'a>(host: Host, heard: &Heard<'a>) -> Result<&'a str, Complaint> {
    if host == Host::Own {
        return Ok(text(heard.headers, "anthropic-version").unwrap_or_default());
    }
    match heard.body.get("anthropic_version") {
        None | Some(Value::Null) => Err(required("anthropic_version")),
        Some(Value::String(version)) if version == host.version() || is_date(version) => {
            Ok(version)
        }
        Some(other) => {
            Err(invalid(format!("anthropic_version: \"{other}\" is not a valid version")))
        }
    }
}

pub(super) fn model(host: Host, heard: &Heard<'_>) -> Result<String, Complaint> {
    match (&heard.path.model, heard.body.get("model")) {
        (Some(_), Some(_)) => Err(extra("model")),
        (Some(model), None) => Ok(model.clone()),
        (None, None | Some(Value::Null)) => Err(required("model")),
        (None, Some(Value::String(model))) if !model.is_empty() => Ok(model.clone()),
        (None, Some(_)) if host == Host::Bedrock => Err(extra("model")),
        (None, Some(_)) => Err(invalid("model: Input should be a valid string")),
    }
}

pub(super) fn stream(host: Host, heard: &Heard<'_>) -> Result<bool, Complaint> {
    let asked = match heard.body.get("stream") {
        None | Some(Value::Null) => false,
        Some(_) if host == Host::Bedrock => return Err(extra("stream")),
        Some(Value::Bool(stream)) => *stream,
        Some(_) => return Err(invalid("stream: Input should be a valid boolean")),
    };
    Ok(heard.path.stream.unwrap_or(asked))
}

/// Where the answer may be computed; the clouds decide that by their hosts.
pub(super) fn geo(host: Host, body: &Value) -> Result<Option<&str>, Complaint> {
    match body.get("inference_geo") {
        None | Some(Value::Null) => Ok(None),
        Some(_) if host != Host::Own => Err(extra("inference_geo")),
        Some(geo) => match geo.as_str() {
            Some(geo @ ("us" | "global")) => Ok(Some(geo)),
            _ => Err(invalid("inference_geo: Input should be 'us' or 'global'")),
        },
    }
}

fn extra(field: &str) -> Complaint {
    invalid(format!("{field}: Extra inputs are not permitted"))
}

/// `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let shape = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

pub(super) fn check_sampling(version: &str, model: &str, body: &Value) -> Result<(), Complaint> {
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = body.get(name).filter(|value| !value.is_null()) else { continue };
        // Dates in this form compare as text.
        if is_date(version) && version >= NEW_RULES_FROM {
            return Err(invalid(format!(
                "{name}: sampling parameters are not supported from anthropic-version \
                 {NEW_RULES_FROM} on"
            )));
        }
        if !generation::takes_sampling(model) {
            return Err(invalid(format!("`{name}` is deprecated for this model.")));
        }
        let Some(number) = value.as_f64() else {
            return Err(invalid(format!("{name}: Input should be a valid number")));
        };
        if number < 0.0 || (name != "top_k" && number > 1.0) {
            return Err(invalid(format!("{name}: range: 0..1")));
        }
    }
    Ok(())
}

/// What the newer version refuses besides.
pub(super) fn check_new_rules(version: &str, messages: &[Value]) -> Result<(), Complaint> {
    if version < NEW_RULES_FROM || !is_date(version) {
        return Ok(());
    }
    for (place, message) in messages.iter().enumerate() {
        if role(message) == "assistant" && blocks(message, "document").next().is_some() {
            return Err(invalid(format!(
                "messages.{place}: `document` blocks are not supported in assistant messages"
            )));
        }
        let cites = |block: &Value| {
            block.get("citations").and_then(Value::as_array).is_some_and(|all| !all.is_empty())
        };
        if role(message) == "user" && blocks(message, "text").any(cites) {
            return Err(invalid(format!(
                "messages.{place}: `citations` are not supported on user text blocks"
            )));
        }
    }
    Ok(())
}
