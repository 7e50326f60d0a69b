//! Short ways to say what a test is about.

use bytes::Bytes;
use dialect::{
    Caller, ClientDialect, Outbound, ParseError, Progress, Relay, RelayOptions, Request, Target,
    Unsupported, UpstreamDialect,
};
use serde_json::Value;
use vocab::{Failure, FailureKind, RequestId};

pub(crate) use dialect::{ClientDialect as Client, UpstreamDialect as Upstream};

pub(crate) fn id() -> RequestId {
    "req_0190000000007000800000000000abcd".parse().unwrap()
}

pub(crate) fn openai(body: &str) -> Result<Request, ParseError> {
    Request::parse(Client::OpenAiChat, Caller::default(), Bytes::from(body.to_owned()))
}

pub(crate) fn anthropic(version: &str, body: &str) -> Result<Request, ParseError> {
    let caller = Caller { anthropic_version: Some(version), ..Caller::default() };
    Request::parse(Client::AnthropicMessages, caller, Bytes::from(body.to_owned()))
}

/// A request in any dialect.
pub(crate) fn read(client: Client, body: &str) -> Result<Request, ParseError> {
    Request::parse(client, Caller::default(), Bytes::from(body.to_owned()))
}

pub(crate) fn parse(client: Client, body: &str) -> Request {
    match client {
        Client::OpenAiChat => openai(body),
        _ => anthropic("2023-06-01", body),
    }
    .unwrap()
}

pub(crate) fn other(client: Client) -> Upstream {
    match client {
        ClientDialect::OpenAiChat => UpstreamDialect::AnthropicMessages,
        _ => UpstreamDialect::OpenAiChat,
    }
}

/// Where requests are sent when nothing more is said.
pub(crate) const TARGET: Target<'static> = Target::new("up", 4096);

pub(crate) fn emit(request: &Request, upstream: Upstream) -> Result<Outbound, Unsupported> {
    request.emit(upstream, &TARGET)
}

/// The translated body as a tree.
pub(crate) fn translated(client: Client, body: &str) -> Value {
    let outbound = emit(&parse(client, body), other(client)).unwrap();
    serde_json::from_slice(&outbound.body).unwrap()
}

/// The field that a translation refuses.
pub(crate) fn refused(client: Client, body: &str) -> String {
    let request = parse(client, body);
    let refused = emit(&request, other(client)).unwrap_err();
    assert_eq!(request.carried_by(other(client), &TARGET).unwrap_err(), refused);
    refused.param
}

pub(crate) fn relay(client: Client, upstream: Upstream, include_usage: bool) -> Relay {
    let model = "chat-large".to_owned();
    let upstream_model = "up".to_owned();
    let options = RelayOptions {
        client,
        upstream,
        include_usage,
        request_id: id(),
        model,
        upstream_model,
        echo: None,
        prefill: None,
    };
    Relay::new(options).unwrap()
}

/// What came of a stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Relayed {
    /// What went out before the terminator.
    pub(crate) out: String,
    pub(crate) terminal: String,
    pub(crate) progress: Progress,
    pub(crate) end: Result<(), FailureKind>,
}

pub(crate) fn run<'c>(mut relay: Relay, chunks: impl IntoIterator<Item = &'c [u8]>) -> Relayed {
    let mut out = Vec::new();
    let mut fed: Result<(), Failure> = Ok(());
    for chunk in chunks {
        fed = relay.feed(Bytes::copy_from_slice(chunk), &mut out);
        if fed.is_err() {
            break;
        }
    }
    let end = fed.and_then(|()| relay.end()).map_err(|failure| failure.kind);
    Relayed {
        out: String::from_utf8(out.concat()).unwrap(),
        terminal: String::from_utf8(relay.take_terminal().to_vec()).unwrap(),
        progress: *relay.progress(),
        end,
    }
}

/// A stream of Chat Completions chunks, with its terminator.
pub(crate) fn openai_stream(chunks: &[&str]) -> String {
    let data = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    data.chain(["data: [DONE]\n\n".to_owned()]).collect()
}

/// A stream of Messages events, each named by its type.
pub(crate) fn anthropic_stream(events: &[&str]) -> String {
    let frame = |event: &&str| {
        let value: Value = serde_json::from_str(event).unwrap();
        format!("event: {}\ndata: {event}\n\n", value["type"].as_str().unwrap())
    };
    events.iter().map(frame).collect()
}

/// The data of every frame that has data in JSON.
pub(crate) fn data(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.filter(|line| *line != "[DONE]").map(|line| serde_json::from_str(line).unwrap()).collect()
}
