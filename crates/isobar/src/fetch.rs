//! Small HTTP calls that the command line makes.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use transport::Client;
use vocab::{HttpCall, HttpReply};

const CONNECT_MAX: Duration = Duration::from_secs(2);
const ANSWER_MAX: Duration = Duration::from_secs(10);
const SIZE_MAX: usize = 64 * 1024 * 1024;

/// Performs one call and reads the whole reply, whatever its status.
pub(crate) async fn call(
    client: &Client,
    method: Method,
    uri: &str,
    body: Option<serde_json::Value>,
) -> anyhow::Result<HttpReply> {
    let uri = uri.parse().with_context(|| format!("`{uri}` is not a URL"))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = body.map_or_else(Bytes::new, |value| value.to_string().into());
    let call = HttpCall { method, uri, headers, body };
    let reply = client.open(call, CONNECT_MAX, ANSWER_MAX).await;
    let reply = reply.map_err(|failure| anyhow::anyhow!(failure.message))?;
    let whole = reply.whole(SIZE_MAX, ANSWER_MAX, ANSWER_MAX).await;
    whole.map_err(|failure| anyhow::anyhow!(failure.message))
}

/// Whether a URL answers 200 now.
pub(crate) async fn is_ready(client: &Client, uri: &str) -> bool {
    call(client, Method::GET, uri, None).await.is_ok_and(|reply| reply.head.status == 200)
}
