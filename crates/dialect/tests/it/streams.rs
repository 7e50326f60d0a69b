//! Streams that pass through.

use bytes::Bytes;
use dialect::{CallerError, Finish};
use proptest::prelude::*;
use vocab::{Failure, FailureKind};

use crate::support::*;

const HELLO: [&str; 4] = [
    r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"Hé\n"},"finish_reason":null}],"obfuscation":"x"}"#,
    r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
    r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#,
];

const MESSAGE: [&str; 7] = [
    r#"{"type":"message_start","message":{"usage":{"input_tokens":43,"output_tokens":1}}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"pong"}}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":61,"output_tokens":2}}"#,
    r#"{"type":"message_stop"}"#,
];

fn chat(include_usage: bool) -> dialect::Relay {
    relay(Client::OpenAiChat, Upstream::OpenAiChat, include_usage)
}

fn messages() -> dialect::Relay {
    relay(Client::AnthropicMessages, Upstream::AnthropicMessages, false)
}

#[test]
fn bytes_leave_as_they_came_and_the_terminator_waits() {
    let stream = openai_stream(&HELLO);
    let relayed = run(chat(true), [stream.as_bytes()]);
    assert_eq!(relayed.out, stream.replace("data: [DONE]\n\n", ""));
    assert_eq!(relayed.terminal, "data: [DONE]\n\n");
    assert_eq!(relayed.end, Ok(()));
    assert_eq!(relayed.progress.finish, Some(Finish::Stop));
    assert_eq!((relayed.progress.content, relayed.progress.content_events), (true, 1));
    assert_eq!(relayed.progress.usage.input, Some(9));

    let stream = anthropic_stream(&MESSAGE);
    let relayed = run(messages(), [stream.as_bytes()]);
    let (before, stop) = stream.split_at(stream.find("event: message_stop").unwrap());
    assert_eq!((&*relayed.out, &*relayed.terminal), (before, stop));
    assert_eq!(relayed.end, Ok(()));
    assert_eq!(relayed.progress.usage.input, Some(61));
}

#[test]
fn whole_frames_are_slices_of_the_chunk_and_leave_together() {
    let chunk = Bytes::from(openai_stream(&HELLO));
    let mut out = Vec::new();
    chat(true).feed(chunk.clone(), &mut out).unwrap();
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].as_ptr(), chunk.as_ptr());
}

#[test]
fn usage_that_the_caller_did_not_ask_for_is_withheld_and_known() {
    let relayed = run(chat(false), [openai_stream(&HELLO).as_bytes()]);
    assert_eq!(data(&relayed.out).len(), 3);
    assert_eq!(relayed.progress.usage.output, Some(2));
    assert_eq!(relayed.terminal, "data: [DONE]\n\n");
}

#[test]
fn nothing_is_content_before_the_first_token() {
    let relayed = run(chat(true), [openai_stream(&HELLO[..1]).as_bytes()]);
    assert!(!relayed.progress.content);
    let relayed = run(messages(), [anthropic_stream(&MESSAGE[..3]).as_bytes()]);
    assert!(!relayed.progress.content);
    assert_eq!(relayed.end, Err(FailureKind::Cut));
}

#[test]
fn reasoning_and_tool_calls_are_content() {
    for delta in [
        r#"{"reasoning_content":"hm"}"#,
        r#"{"reasoning":"hm"}"#,
        r#"{"refusal":"no"}"#,
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"#,
        r#"{"content":[{"type":"thinking"}]}"#,
    ] {
        let chunk = format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
        let relayed = run(chat(true), [openai_stream(&[&chunk]).as_bytes()]);
        assert!(relayed.progress.content, "{delta}");
    }
}

#[test]
fn a_stream_without_done_is_whole_only_if_every_choice_said_why_it_ended() {
    let stream = openai_stream(&HELLO).replace("data: [DONE]\n\n", "");
    let relayed = run(chat(true), [stream.as_bytes()]);
    assert_eq!((relayed.end, &*relayed.terminal), (Ok(()), "data: [DONE]\n\n"));
    let relayed = run(chat(true), [openai_stream(&HELLO).trim_end().as_bytes()]);
    assert_eq!((relayed.end, &*relayed.terminal), (Ok(()), "data: [DONE]\n\n"));

    let second = r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#;
    let stream = openai_stream(&[HELLO[0], second, HELLO[2]]).replace("data: [DONE]\n\n", "");
    let relayed = run(chat(true), [stream.as_bytes()]);
    assert_eq!((relayed.end, &*relayed.terminal), (Err(FailureKind::Cut), ""));
}

#[test]
fn a_terminator_after_half_an_answer_is_a_cut() {
    let stream = openai_stream(&HELLO[..2]);
    let second = r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#;
    let two = openai_stream(&[HELLO[0], second, HELLO[2]]);
    for client in [Client::OpenAiChat, Client::AnthropicMessages, Client::OpenAiResponses] {
        for stream in [&*stream, stream.trim_end()] {
            let relayed = run(relay(client, Upstream::OpenAiChat, true), [stream.as_bytes()]);
            assert_eq!((relayed.end, &*relayed.terminal), (Err(FailureKind::Cut), ""), "{client}");
        }
        let none = openai_stream(&[r#"{"choices":[],"usage":{"prompt_tokens":1}}"#]);
        let relayed = run(relay(client, Upstream::OpenAiChat, true), [none.as_bytes()]);
        assert_eq!(relayed.end, Err(FailureKind::Broken), "{client}");
    }
    let relayed = run(chat(true), [two.as_bytes()]);
    assert_eq!((relayed.end, &*relayed.terminal), (Err(FailureKind::Cut), ""));
    let start = r#"{"type":"message_start","message":{}}"#;
    let text =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"half"}}"#;
    let nothing = r#"{"type":"message_delta","delta":{"stop_reason":null}}"#;
    let stream = anthropic_stream(&[start, text, nothing, r#"{"type":"message_stop"}"#]);
    for client in [Client::OpenAiChat, Client::AnthropicMessages, Client::OpenAiResponses] {
        for stream in [&*stream, stream.trim_end()] {
            let relay = relay(client, Upstream::AnthropicMessages, true);
            let relayed = run(relay, [stream.as_bytes()]);
            assert_eq!((relayed.end, &*relayed.terminal), (Err(FailureKind::Cut), ""), "{client}");
        }
    }
}

#[test]
fn a_partial_frame_after_the_finish_is_a_cut() {
    let stream = openai_stream(&HELLO[..3]).replace("data: [DONE]\n\n", "data: {\"cho");
    assert_eq!(run(chat(true), [stream.as_bytes()]).end, Err(FailureKind::Cut));
}

#[test]
fn an_answer_that_goes_on_after_its_end_is_broken() {
    let again = openai_stream(&HELLO).repeat(2);
    let relayed = run(chat(true), [again.as_bytes()]);
    assert_eq!((relayed.end, &*relayed.terminal), (Err(FailureKind::Broken), ""));
    let again = anthropic_stream(&MESSAGE).repeat(2);
    let relayed = run(messages(), [again.as_bytes()]);
    assert_eq!((relayed.end, &*relayed.terminal), (Err(FailureKind::Broken), ""));
}

#[test]
fn comments_and_pings_after_the_end_follow_the_terminator() {
    let stream = openai_stream(&HELLO) + ": bye\n\n";
    let relayed = run(chat(true), [stream.as_bytes()]);
    assert_eq!((relayed.end, &*relayed.terminal), (Ok(()), "data: [DONE]\n\n: bye\n\n"));
    let stream = anthropic_stream(&MESSAGE) + &anthropic_stream(&[r#"{"type":"ping"}"#]);
    assert_eq!(run(messages(), [stream.as_bytes()]).end, Ok(()));
}

#[test]
fn a_second_beginning_is_another_generation_and_broken() {
    let stream = anthropic_stream(&[MESSAGE[0], MESSAGE[1], MESSAGE[3], MESSAGE[0], MESSAGE[3]]);
    let relayed = run(messages(), [stream.as_bytes()]);
    assert_eq!(relayed.end, Err(FailureKind::Broken));
    assert_eq!(relayed.out, anthropic_stream(&[MESSAGE[0], MESSAGE[1], MESSAGE[3]]));
}

#[test]
fn a_stream_that_does_not_begin_is_broken() {
    assert_eq!(run(chat(true), [&b"data: [DONE]\n\n"[..]]).end, Err(FailureKind::Broken));
    let stream = anthropic_stream(&MESSAGE[6..]);
    assert_eq!(run(messages(), [stream.as_bytes()]).end, Err(FailureKind::Broken));
    assert_eq!(run(chat(true), []).end, Err(FailureKind::Cut));
    assert_eq!(run(messages(), []).end, Err(FailureKind::Cut));
}

#[test]
fn errors_in_the_stream_are_classified() {
    for (error, kind) in [
        (r#"{"type":"overloaded_error","message":"Overloaded"}"#, FailureKind::Overloaded),
        (r#"{"type":"rate_limit_error","message":"m"}"#, FailureKind::RateLimited),
        (r#"{"type":"api_error","message":"m"}"#, FailureKind::Broken),
        (r#"{"type":"billing_error","message":"m"}"#, FailureKind::QuotaSpent),
    ] {
        let event = format!(r#"{{"type":"error","error":{error}}}"#);
        let stream = anthropic_stream(&[MESSAGE[0], &event]);
        assert_eq!(run(messages(), [stream.as_bytes()]).end, Err(kind));
    }
    for (error, kind) in [
        (r#"{"type":"server_error","message":"m"}"#, FailureKind::Broken),
        (r#"{"code":"rate_limit_exceeded","message":"m"}"#, FailureKind::RateLimited),
        (r#"{"code":"insufficient_quota","message":"m"}"#, FailureKind::QuotaSpent),
        (r#"{"code":503,"message":"m"}"#, FailureKind::Overloaded),
    ] {
        let event = format!(r#"{{"error":{error}}}"#);
        let stream = openai_stream(&[HELLO[0], HELLO[1], &event]);
        let relayed = run(chat(true), [stream.as_bytes()]);
        assert_eq!((relayed.end, &*relayed.terminal), (Err(kind), ""));
        assert_eq!(data(&relayed.out).len(), 2);
    }
}

#[test]
fn a_finish_that_is_an_error_is_no_answer() {
    let error = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#;
    let relayed = run(chat(true), [openai_stream(&[HELLO[0], error]).as_bytes()]);
    assert_eq!(relayed.end, Err(FailureKind::Broken));
}

#[test]
fn malformed_events_are_broken() {
    for event in ["{\"choices\":", "nonsense", "{}}", "{\"choices\":[{\"index\":0,\"delta\":7}]}"] {
        let stream = openai_stream(&[HELLO[0], event]);
        assert_eq!(run(chat(true), [stream.as_bytes()]).end, Err(FailureKind::Broken), "{event}");
    }
    let stream = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\"}}]}\n\n";
    assert_eq!(run(chat(true), [&stream[..]]).end, Err(FailureKind::Broken));
}

#[test]
fn a_failed_stream_ends_with_the_callers_error_and_never_with_success() {
    let failure = Failure::new(FailureKind::Overloaded, "m");
    let error = CallerError::from_failure(&failure);
    let mut relay = chat(true);
    let mut out = Vec::new();
    relay.feed(Bytes::from(openai_stream(&HELLO)), &mut out).unwrap();
    let event = String::from_utf8(relay.error_event(&error).to_vec()).unwrap();
    assert!(event.starts_with("data: {\"error\":{"), "{event}");
    assert!(event.ends_with("}\n\n"));
    assert_eq!(relay.take_terminal(), "");
    assert!(relay.end().is_err());
    let event = String::from_utf8(messages().error_event(&error).to_vec()).unwrap();
    assert!(event.starts_with("event: error\ndata: {\"type\":\"error\""), "{event}");
}

#[test]
fn a_heartbeat_is_a_whole_frame_that_says_nothing() {
    let beat = chat(true).heartbeat();
    let beat = std::str::from_utf8(&beat).unwrap();
    assert!(beat.starts_with(':') && beat.ends_with("\n\n"));
    assert!(messages().heartbeat().starts_with(b"event: ping\ndata: "));
}

#[test]
fn debug_shows_no_text_of_the_answer() {
    let mut relay = chat(true);
    relay.feed(Bytes::from_static(b"data: secret"), &mut Vec::new()).unwrap();
    assert!(!format!("{relay:?}").contains("secret"));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), split in 0_usize..300) {
        for client in [Client::OpenAiChat, Client::AnthropicMessages] {
            for upstream in [Upstream::OpenAiChat, Upstream::AnthropicMessages] {
                let mut relay = relay(client, upstream, true);
                let (a, b) = bytes.split_at(split.min(bytes.len()));
                let _ = relay.feed(Bytes::copy_from_slice(a), &mut Vec::new());
                let _ = relay.feed(Bytes::copy_from_slice(b), &mut Vec::new());
                let _ = relay.end();
                relay.take_terminal();
            }
        }
    }

    #[test]
    fn no_broken_stream_panics_or_succeeds_in_part(at in 0_usize..2000, insert in any::<u8>()) {
        for (upstream, stream) in [
            (Upstream::OpenAiChat, openai_stream(&HELLO)),
            (Upstream::AnthropicMessages, anthropic_stream(&MESSAGE)),
        ] {
            let mut bytes = stream.into_bytes();
            let at = at % bytes.len();
            bytes[at] = insert;
            for client in [Client::OpenAiChat, Client::AnthropicMessages] {
                let mut relay = relay(client, upstream, true);
                let fed = relay.feed(Bytes::from(bytes.clone()), &mut Vec::new());
                let ended = fed.and_then(|()| relay.end());
                prop_assert_eq!(relay.take_terminal().is_empty(), ended.is_err());
            }
        }
    }
}
