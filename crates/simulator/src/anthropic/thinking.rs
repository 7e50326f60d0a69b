//! Thinking: when it is on, and that what was thought comes back unchanged.

use serde_json::Value;

use super::invalid;
use super::messages::Host;
use super::turns::blocks;
use crate::ask::{Thought, kind, role};
use crate::signature;
use crate::vendor::Complaint;

const BUDGET_LEAST: u64 = 1024;

pub(super) fn read(host: Host, body: &Value, messages: &[Value]) -> Result<Thought, Complaint> {
    check_signatures(host, messages)?;
    let Some(thinking) = body.get("thinking").filter(|value| !value.is_null()) else {
        return Ok(Thought::Absent);
    };
    match kind(thinking) {
        "disabled" => return Ok(Thought::Absent),
        "adaptive" | "between_tools" => {}
        "enabled" => check_budget(thinking, body)?,
        _ => {
            return Err(invalid(
                "thinking: Input tag does not match any of the expected tags: 'adaptive', \
                 'between_tools', 'disabled', 'enabled'",
            ));
        }
    }
    let forced = body.get("tool_choice").map(kind);
    if matches!(forced, Some("any" | "tool")) {
        return Err(invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
    let temperature = body.get("temperature").and_then(Value::as_f64);
    if temperature.is_some_and(|temperature| temperature < 1.0) {
        return Err(invalid("`temperature` may only be set to 1 when thinking is enabled."));
    }
    if kind(thinking) == "enabled" {
        check_tool_loop(messages)?;
    }
    Ok(Thought::Shown)
}

fn check_budget(thinking: &Value, body: &Value) -> Result<(), Complaint> {
    let budget = thinking.get("budget_tokens");
    let Some(budget) = budget.and_then(Value::as_u64) else {
        return Err(invalid("thinking.enabled.budget_tokens: Field required"));
    };
    if budget < BUDGET_LEAST {
        return Err(invalid(format!(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to \
             {BUDGET_LEAST}"
        )));
    }
    if body.get("max_tokens").and_then(Value::as_u64).is_some_and(|most| most <= budget) {
        return Err(invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    Ok(())
}

fn check_signatures(host: Host, messages: &[Value]) -> Result<(), Complaint> {
    for (place, message) in messages.iter().enumerate() {
        let content = message.get("content").and_then(Value::as_array);
        for (index, block) in content.into_iter().flatten().enumerate() {
            if kind(block) != "thinking" {
                continue;
            }
            let text = |name| block.get(name).and_then(Value::as_str).unwrap_or_default();
            if !signature::is_valid(host.name(), text("thinking"), text("signature")) {
                return Err(invalid(format!(
                    "messages.{place}.content.{index}: Invalid `signature` in `thinking` block"
                )));
            }
        }
    }
    Ok(())
}

/// While tools are being answered, the turn that called them begins with its thoughts.
fn check_tool_loop(messages: &[Value]) -> Result<(), Complaint> {
    let in_loop = messages.last().is_some_and(|last| blocks(last, "tool_result").next().is_some());
    let place = messages.iter().rposition(|message| role(message) == "assistant");
    let Some((place, turn)) = place.and_then(|place| Some((place, messages.get(place)?))) else {
        return Ok(());
    };
    let first = turn.pointer("/content/0").map(kind).unwrap_or_default();
    if in_loop && !matches!(first, "thinking" | "redacted_thinking") {
        return Err(invalid(format!(
            "messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but \
             found `{first}`. When `thinking` is enabled, a final `assistant` message must start \
             with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` \
             blocks)."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(signature: &str, thinking: &Value) -> Result<Thought, Complaint> {
        let turns = [
            json!({"role": "user", "content": "weather?"}),
            json!({"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": signature},
                {"type": "tool_use", "id": "t", "name": "w", "input": {}}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}),
        ];
        read(Host::Own, &json!({"max_tokens": 5000, "thinking": thinking}), &turns)
    }

    #[test]
    fn a_signature_of_another_house_is_refused() {
        let on = json!({"type": "enabled", "budget_tokens": 1024});
        assert_eq!(asked(&signature::sign("anthropic", "hm"), &on), Ok(Thought::Shown));
        assert!(asked(&signature::sign("bedrock", "hm"), &on).is_err());
        assert!(asked("", &json!({"type": "disabled"})).is_err());
    }

    #[test]
    fn thoughts_left_out_of_a_tool_loop_are_missed() {
        let turns = [
            json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t"}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}),
        ];
        let on = json!({"thinking": {"type": "enabled", "budget_tokens": 1024}});
        assert!(read(Host::Own, &on, &turns).unwrap_err().message.contains("found `tool_use`"));
        let adaptive = json!({"thinking": {"type": "adaptive"}});
        assert_eq!(read(Host::Own, &adaptive, &turns), Ok(Thought::Shown));
    }
}
