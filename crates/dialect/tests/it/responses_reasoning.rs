//! Reasoning travels with a caller of Responses: out sealed in a carrier, back to the model that
//! sealed it.

use bytes::Bytes;
use dialect::answer;
use serde_json::{Value, json};

use crate::{responses_streams::checked, support::*};

const GEMINI: &str = r#"{"candidates":[{"content":{"role":"model","parts":[
    {"text":"let me see","thought":true},
    {"functionCall":{"name":"f","args":{"b":1,"a":2}},"thoughtSignature":"U0VBTA=="}]},
    "finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5,"thoughtsTokenCount":2}}"#;

fn asked(input: &Value) -> String {
    json!({"model": "m", "store": false, "input": input,
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]})
    .to_string()
}

/// What a caller sends next: what was said before, the answer's output as it came, and a result.
fn next_turn(response: &Value) -> dialect::Request {
    let mut input = vec![json!({"role": "user", "content": "go"})];
    input.extend(response["output"].as_array().unwrap().iter().cloned());
    let call = input.last().unwrap()["call_id"].clone();
    input.push(json!({"type": "function_call_output", "call_id": call, "output": "done"}));
    read(Client::OpenAiResponses, &asked(&json!(input))).unwrap()
}

fn sent(request: &dialect::Request, upstream: Upstream) -> (String, Vec<&'static str>) {
    let outbound = emit(request, upstream).unwrap();
    (String::from_utf8(outbound.body.to_vec()).unwrap(), outbound.dropped)
}

fn check_both_ways(response: &Value) {
    let kinds: Vec<_> = response["output"].as_array().unwrap().iter().map(|i| &i["type"]).collect();
    assert_eq!(kinds, ["reasoning", "function_call"]);
    let carrier = response["output"][0]["encrypted_content"].as_str().unwrap();
    assert!(carrier.starts_with("isobar1.gemini."), "{carrier}");
    assert_eq!(response["output"][0]["summary"][0]["text"], "let me see");
    assert_eq!(response["usage"]["output_tokens_details"]["reasoning_tokens"], 2);

    let next = next_turn(response);
    let (back, dropped) = sent(&next, Upstream::Gemini);
    assert!(back.contains(r#""thoughtSignature":"U0VBTA==""#), "{back}");
    assert!(!dropped.contains(&"reasoning"), "{dropped:?}");
    for elsewhere in [Upstream::OpenAiResponses, Upstream::OpenAiChat, Upstream::AnthropicMessages]
    {
        let (elsewhere, _) = sent(&next, elsewhere);
        assert!(!elsewhere.contains("U0VBTA==") && !elsewhere.contains("isobar1."), "{elsewhere}");
        assert!(!elsewhere.contains("let me see"), "{elsewhere}");
    }
    let (_, dropped) = sent(&next, Upstream::OpenAiResponses);
    assert!(dropped.contains(&"reasoning"), "{dropped:?}");
}

#[test]
fn a_whole_answers_seal_goes_back_where_it_came_from_and_nowhere_else() {
    let request = read(Client::OpenAiResponses, &asked(&json!("go"))).unwrap();
    let body = Bytes::from_static(GEMINI.as_bytes());
    let answered = answer(&request, Upstream::Gemini, "up", id(), &body).unwrap();
    check_both_ways(&serde_json::from_slice(&answered.body).unwrap());
}

#[test]
fn a_streamed_answers_seal_goes_back_where_it_came_from_and_nowhere_else() {
    let request = read(Client::OpenAiResponses, &asked(&json!("go"))).unwrap();
    let relay = request.relay(Upstream::Gemini, "up", id()).unwrap();
    let frame = format!("data: {}\r\n\r\n", GEMINI.replace('\n', ""));
    let relayed = run(relay, [frame.as_bytes()]);
    assert_eq!(relayed.end, Ok(()));
    let response = checked(&format!("{}{}", relayed.out, relayed.terminal));
    assert_eq!(response["tools"][0]["name"], "f", "the answer repeats its request");
    check_both_ways(&response);
}

#[test]
fn a_whole_and_a_streamed_answer_have_the_same_names() {
    let request = read(Client::OpenAiResponses, &asked(&json!("go"))).unwrap();
    let body = Bytes::from_static(GEMINI.as_bytes());
    let whole = answer(&request, Upstream::Gemini, "up", id(), &body).unwrap();
    let whole: Value = serde_json::from_slice(&whole.body).unwrap();
    let relay = request.relay(Upstream::Gemini, "up", id()).unwrap();
    let frame = format!("data: {}\r\n\r\n", GEMINI.replace('\n', ""));
    let relayed = run(relay, [frame.as_bytes()]);
    assert_eq!(checked(&format!("{}{}", relayed.out, relayed.terminal)), whole);
}

#[test]
fn reasoning_of_responses_is_sealed_for_other_callers_too() {
    let body = json!({"object": "response", "status": "completed", "output": [
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "BLOB", "summary": []},
        {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]});
    let request =
        read(Client::MistralChat, r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#);
    let body = Bytes::from(body.to_string());
    let answered = answer(&request.unwrap(), Upstream::OpenAiResponses, "up", id(), &body).unwrap();
    let carrier = format!("isobar1.openai.r.{}.BLOB", hex::encode("up"));
    let text = std::str::from_utf8(&answered.body).unwrap();
    assert!(text.contains(&carrier), "{text}");
}
