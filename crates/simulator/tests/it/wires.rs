//! What every wire format must do, asked of each in turn.

use serde_json::{Value, json};
use simulator::Outcome;

use crate::client::{End, Reply, SOON, World, request};
use crate::speech::{SPEECHES, Speech, Style};

async fn ask(world: &World, speech: &Speech, text: &str, stream: bool) -> Reply {
    world.post(&speech.path(stream), &speech.ask(text, stream)).await
}

async fn struck(speech: &Speech, fault: Value, stream: bool) -> Reply {
    let world = World::start().await;
    let mut spec = json!({"endpoint": speech.endpoint});
    spec.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    world.fault(spec).await;
    let asked = request("POST", &speech.path(stream), &speech.ask("struck", stream));
    world.send_patiently(asked, SOON).await.unwrap()
}

#[tokio::test]
async fn an_answer_is_the_same_whole_and_streamed() {
    let world = World::start().await;
    for speech in &SPEECHES {
        let whole = ask(&world, speech, "mark-77", false).await;
        assert_eq!(whole.status, 200, "{}: {whole:?}", speech.wire);
        let text = speech.text(&whole.json());
        assert!(text.contains("You said: mark-77"), "{}: {text}", speech.wire);
        let streamed = ask(&world, speech, "mark-77", true).await;
        assert_eq!((streamed.status, streamed.end), (200, End::Whole), "{}", speech.wire);
        assert_eq!(speech.streamed_text(&speech.events(&streamed)), text, "{}", speech.wire);
    }
}

#[tokio::test]
async fn the_log_names_wire_model_text_and_stream() {
    let world = World::start().await;
    for speech in &SPEECHES {
        for stream in [false, true] {
            ask(&world, speech, "who", stream).await;
            let last = world.last_logged(|last| last.outcome == Outcome::Served).await;
            assert_eq!((last.wire.as_str(), last.text.as_str()), (speech.wire, "who"));
            assert_eq!(last.stream, stream, "{}", speech.wire);
            let model = last.model.as_str();
            assert!(matches!(model, "gpt-large" | "claude-large" | "gemini"), "{model}");
        }
    }
}

#[tokio::test]
async fn two_tools_are_called_at_once_whole_and_streamed() {
    let world = World::start().await;
    for speech in &SPEECHES {
        let asked = speech.ask_tool("weather in both", false);
        let body = world.post(&speech.path(false), &asked).await.json();
        let calls = speech.calls(&body);
        let expected = ["Paris", "Oslo"].map(|city| ("get_weather".into(), json!({"city": city})));
        assert_eq!(calls, expected, "{}", speech.wire);
        let asked = speech.ask_tool("weather in both", true);
        let reply = world.post(&speech.path(true), &asked).await;
        let events = Value::from(speech.events(&reply)).to_string();
        assert!(events.matches("\"get_weather\"").count() >= 2, "{}: {events}", speech.wire);
    }
}

#[tokio::test]
async fn a_picture_is_noticed_and_a_limit_kept_and_named() {
    let world = World::start().await;
    for speech in &SPEECHES {
        let seen = world.post(&speech.path(false), &speech.ask_image()).await.json();
        assert!(speech.text(&seen).contains("saw 1 image"), "{}: {seen}", speech.wire);
        let asked = speech.limited(speech.ask("tokens=99", false));
        let cut = world.post(&speech.path(false), &asked).await.json();
        let expected = match speech.style {
            Style::Chat => "length",
            Style::Responses => "max_output_tokens",
            Style::Messages | Style::Converse => "max_tokens",
            Style::Gemini => "MAX_TOKENS",
        };
        assert_eq!(speech.ending(&cut), (expected.to_owned(), 20), "{}: {cut}", speech.wire);
    }
}

#[tokio::test]
async fn a_clean_cut_leaves_out_what_says_that_it_ended() {
    for speech in &SPEECHES {
        let fault = json!({"kind": "cut_after_tokens", "n": 4, "ending": "clean"});
        let reply = struck(speech, fault, true).await;
        assert_eq!(reply.end, End::Whole, "{}", speech.wire);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let events = speech.events(&reply);
        let all = Value::from(events.clone()).to_string();
        for end in ["[DONE]", "message_stop", "messageStop", "completed", "\"STOP\"", "\"stop\""] {
            assert!(!text.contains(end) && !all.contains(end), "{}: {end}", speech.wire);
        }
        let said = speech.streamed_text(&events);
        assert_eq!(said.split_whitespace().count(), 4, "{}: {said}", speech.wire);
    }
}

#[tokio::test]
async fn a_dropped_and_a_reset_stream_are_told_from_a_clean_one() {
    for speech in &SPEECHES {
        for (ending, expected) in [("drop", End::Cut), ("reset", End::Reset)] {
            let fault = json!({"kind": "cut_after_tokens", "ending": ending});
            assert_eq!(struck(speech, fault, true).await.end, expected, "{}", speech.wire);
        }
    }
}

#[tokio::test]
async fn an_error_in_a_stream_is_its_last_event() {
    for speech in &SPEECHES {
        let fault = json!({"kind": "in_stream_error", "n": 2});
        let reply = struck(speech, fault, true).await;
        assert_eq!((reply.status, reply.end), (200, End::Whole), "{}", speech.wire);
        let events = speech.events(&reply);
        let last = events.last().unwrap();
        let told = match (speech.style, speech.wire) {
            (_, "bedrock.converse" | "bedrock.invoke.anthropic") => {
                last.get("modelStreamErrorException").is_some()
            }
            (Style::Responses, _) => last["type"] == "response.failed",
            (Style::Messages, _) => last["type"] == "error" && last["error"]["type"].is_string(),
            (Style::Gemini, _) => last["error"]["status"] == "UNAVAILABLE",
            (Style::Chat, "mistral.chat") => last["object"] == "error",
            (Style::Chat | Style::Converse, _) => last["error"]["message"].is_string(),
        };
        assert!(told, "{}: {last}", speech.wire);
    }
}

#[tokio::test]
async fn a_malformed_event_is_framed_well_and_says_nothing() {
    for speech in &SPEECHES {
        let reply = struck(speech, json!({"kind": "malformed_event", "n": 2}), true).await;
        assert_eq!(reply.end, End::Whole, "{}", speech.wire);
        let broken = match reply.header("content-type").unwrap() {
            "application/vnd.amazon.eventstream" => {
                crate::speech::frames(&reply.body).iter().any(|(name, body)| body[name].is_null())
            }
            "application/json; charset=UTF-8" => {
                serde_json::from_slice::<Value>(&reply.body).is_err()
            }
            _ => {
                let data = reply.data();
                let lines = data.iter().filter(|line| *line != "[DONE]").count();
                lines == reply.events().len() + 1
            }
        };
        assert!(broken, "{}", speech.wire);
    }
}

#[tokio::test]
async fn each_status_is_answered_in_the_words_of_the_vendor() {
    for speech in &SPEECHES {
        for code in [400, 401, 403, 404, 429, 500, 503, 504, 529] {
            let reply = struck(speech, json!({"kind": "status", "code": code}), false).await;
            let body = reply.json();
            assert_eq!(reply.status, code);
            let told = match speech.endpoint {
                "bedrock" => {
                    body["message"].is_string() && reply.header("x-amzn-errortype").is_some()
                }
                "vertex" => body["error"]["code"] == code && body["error"]["status"].is_string(),
                "mistral" => body["message"].is_string() || body["detail"].is_string(),
                _ => body["error"]["message"].is_string(),
            };
            assert!(told, "{} {code}: {body}", speech.wire);
        }
    }
}

#[tokio::test]
async fn a_given_body_and_headers_replace_the_vendors_own() {
    for speech in &SPEECHES {
        let fault = json!({"kind": "status", "code": 418, "body": {"mine": true},
            "headers": {"x-mine": "yes"}});
        let reply = struck(speech, fault, true).await;
        assert_eq!((reply.status, reply.json()), (418, json!({"mine": true})));
        assert_eq!(reply.header("x-mine"), Some("yes"));
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_by_each() {
    let world = World::start().await;
    for speech in &SPEECHES {
        let mut nonsense = request("POST", &speech.path(false), &json!("x"));
        *nonsense.body_mut() = http_body_util::Full::new("{".into());
        let refused = world.send(nonsense).await.unwrap();
        let expected = if speech.endpoint == "mistral" { 422 } else { 400 };
        assert_eq!(refused.status, expected, "{}", speech.wire);
    }
}

#[tokio::test]
async fn google_says_in_the_body_when_to_come_back() {
    let speech = SPEECHES.iter().find(|speech| speech.endpoint == "vertex").unwrap();
    let fault = json!({"kind": "status", "code": 429, "retry_after": 34.4});
    let reply = struck(speech, fault, false).await;
    assert_eq!(reply.json()["error"]["details"][0]["retryDelay"], "34.4s");
    assert_eq!(reply.header("retry-after"), None);
}
