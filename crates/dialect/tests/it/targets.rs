//! What the fuzzers feed, shared by `fuzz/` (long runs) and by a property test (every run): outside
//! bytes never panic, and cutting a stream elsewhere never changes what comes out of it.

use bytes::Bytes;
use dialect::{Caller, ClientDialect, Request, Target, UpstreamDialect, answer, read_error};

/// Splits off a choice among `all`.
fn choose<'d, T: Copy>(all: &[T], data: &'d [u8]) -> Option<(T, &'d [u8])> {
    let (first, rest) = data.split_first()?;
    Some((*all.get(usize::from(*first) % all.len())?, rest))
}

/// A request of any client dialect, put into every upstream dialect that takes it.
pub(crate) fn request(data: &[u8]) {
    let Some((client, rest)) = choose(&ClientDialect::ALL, data) else { return };
    let versions = [None, Some("2023-06-01"), Some("2026-10-21")];
    let Some((version, body)) = choose(&versions, rest) else { return };
    let caller = Caller { anthropic_version: version, anthropic_beta: None };
    let Ok(request) = Request::parse(client, caller, Bytes::copy_from_slice(body)) else { return };
    let target = Target::new("m", 64);
    for upstream in UpstreamDialect::ALL {
        let carried = request.carried_by(upstream, &target);
        let emitted = request.emit(upstream, &target);
        assert_eq!(carried.is_ok(), emitted.is_ok(), "{client} to {upstream}");
    }
    request.choose(&UpstreamDialect::ALL, &target).ok();
}

/// A whole answer of any upstream to any caller.
pub(crate) fn whole(data: &[u8]) {
    let Some((client, rest)) = choose(&ClientDialect::ALL, data) else { return };
    let Some((upstream, body)) = choose(&UpstreamDialect::ALL, rest) else { return };
    let Some(asked) = asked(client) else { return };
    let id = "req_0190000000007000800000000000abcd".parse().unwrap();
    answer(&asked, upstream, "m", id, &Bytes::copy_from_slice(body)).ok();
    for status in [None, Some(400), Some(429), Some(503)] {
        let _failure = read_error(upstream, status, body);
    }
}

/// A streamed answer of any upstream to any caller, whole and in pieces.
pub(crate) fn stream(data: &[u8]) {
    let Some((client, rest)) = choose(&ClientDialect::ALL, data) else { return };
    let Some((upstream, rest)) = choose(&UpstreamDialect::ALL, rest) else { return };
    let Some((seed, body)) = rest.split_first() else { return };
    let Some(asked) = asked(client) else { return };
    let at_once = relayed(&asked, upstream, [body]);
    let mut step = usize::from(*seed);
    let mut pieces = Vec::new();
    let mut left = body;
    while !left.is_empty() {
        step = (step * 31 + 7) % 61;
        let (piece, rest) = left.split_at(left.len().min(step + 1));
        pieces.push(piece);
        left = rest;
    }
    assert_eq!(at_once, relayed(&asked, upstream, pieces), "{upstream} to {client}");
}

/// A request of this dialect that any upstream could answer.
fn asked(client: ClientDialect) -> Option<Request> {
    let body: &'static str = match client.as_str() {
        "openai-responses" => r#"{"model":"m","input":"q","stream":true}"#,
        "openai-embeddings" | "mistral-embeddings" => r#"{"model":"m","input":"q"}"#,
        _ => {
            r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"q"}]}"#
        }
    };
    Request::parse(client, Caller::default(), Bytes::from_static(body.as_bytes())).ok()
}

/// What came out, the terminator, and how it ended.
fn relayed<'p>(
    asked: &Request,
    upstream: UpstreamDialect,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Option<(Vec<u8>, Bytes, Option<String>)> {
    let id = "req_0190000000007000800000000000abcd".parse().unwrap();
    let mut relay = asked.relay(upstream, "m", id)?;
    let mut out = Vec::new();
    let mut fed = Ok(());
    for piece in pieces {
        fed = relay.feed(Bytes::copy_from_slice(piece), &mut out);
        if fed.is_err() {
            break;
        }
    }
    let end = fed.and_then(|()| relay.end()).err().map(|failure| failure.message);
    Some((out.concat(), relay.take_terminal(), end))
}
