//! The requests that the harness sends, whole, as bytes; the same ones to every row.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::http1::{Answer, AnswerReader};

/// The credentials of the sample caller. They open nothing but the gateway that a run starts for
/// itself on the loopback interface; their digests are in `bundle/tenants.yaml`.
const KEY_LOCAL: &str =
    "isb_bench_load_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

const KEY_BUFFERED: &str =
    "isb_bench_quick_ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

/// A prompt of the usual kind, about 500 bytes.
const MESSAGES: &str = concat!(
    r#"[{"role":"system","content":"You are the support assistant of a weather service. Answer "#,
    r#"in at most two paragraphs, in the language of the question, and never invent a figure."},"#,
    r#"{"role":"user","content":"On yesterday's map the lines around the low were much closer "#,
    r#"together in the west than in the east. What do these lines mean, why does their distance "#,
    r#"matter, and in which direction does the wind blow with respect to them?"}]"#,
);

/// How the answer should come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In one piece.
    Whole,
    /// As events, with usage at the end.
    Stream,
}

/// When the gateway's evidence has to be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Before the byte that it gates.
    Local,
    /// Soon.
    Buffered,
}

/// A chat completion request, head and body.
pub(crate) fn chat(kind: Kind, evidence: Evidence) -> Vec<u8> {
    let stream = match kind {
        Kind::Whole => "",
        Kind::Stream => r#","stream":true,"stream_options":{"include_usage":true}"#,
    };
    let body = format!(
        r#"{{"model":"bench-chat","messages":{MESSAGES},"max_tokens":400,"temperature":0.2{stream}}}"#
    );
    let key = match evidence {
        Evidence::Local => KEY_LOCAL,
        Evidence::Buffered => KEY_BUFFERED,
    };
    post("/v1/chat/completions", key, &body)
}

/// A GET request without a body.
pub(crate) fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: bench.internal\r\n\r\n").into_bytes()
}

/// Any POST request, with the headers that an SDK sends.
pub(crate) fn post(target: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nHost: bench.internal\r\nAccept: application/json\r\n\
         Accept-Encoding: identity\r\nUser-Agent: OpenAI/Python 2.8.0\r\n\
         Authorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends one request on a connection of its own and reads the whole answer.
///
/// # Errors
/// When there is no server, or no answer within a second.
pub(crate) fn exchange(target: SocketAddr, request: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(target)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(request)?;
    let mut reader = AnswerReader::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            bail!("`{target}` closed the connection");
        }
        let answer = reader.feed(buffer.get(..read).unwrap_or_default())?;
        if answer.done {
            return Ok(answer);
        }
    }
}
