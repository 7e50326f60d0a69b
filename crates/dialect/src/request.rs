//! One request: its bytes, what a cheap pass found in them, and the body for an upstream.

use bytes::Bytes;
use vocab::RequestId;

use crate::{ClientDialect, Needs, ParseError, Relay, RelayOptions, Unsupported, UpstreamDialect};

/// Headers of the caller that change what the body means.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller<'a> {
    /// `anthropic-version`.
    pub anthropic_version: Option<&'a str>,
    /// `anthropic-beta`.
    pub anthropic_beta: Option<&'a str>,
}

/// Where a request is sent.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The upstream's own name of the model.
    pub model: &'a str,
    /// The output limit where the upstream requires one and the caller gave none.
    pub output_max_default: u64,
}

/// What is sent upstream.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// The body.
    pub body: Bytes,
    /// Headers of the dialect.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the answer is a stream.
    pub stream: bool,
    /// Harmless fields that were not carried.
    pub dropped: Vec<&'static str>,
}

/// A parsed request.
#[derive(Debug)]
pub struct Request {
    client: ClientDialect,
    body: Bytes,
    needs: Needs,
}

impl Request {
    /// One cheap pass over the bytes.
    ///
    /// # Errors
    /// [`ParseError`] when the body is not valid.
    pub fn parse(
        client: ClientDialect,
        caller: Caller<'_>,
        body: Bytes,
    ) -> Result<Self, ParseError> {
        let _ = caller;
        Ok(Self { client, body, needs: Needs::default() })
    }

    /// The caller's dialect.
    #[must_use]
    pub fn client(&self) -> ClientDialect {
        self.client
    }

    /// The model as the caller names it.
    #[must_use]
    pub fn model(&self) -> &str {
        ""
    }

    /// Whether the answer is a stream.
    #[must_use]
    pub fn stream(&self) -> bool {
        false
    }

    /// What it asks for beyond text.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// The output limit, if the caller gave one.
    #[must_use]
    pub fn output_max(&self) -> Option<u64> {
        None
    }

    /// Whether `upstream` can carry this request.
    ///
    /// # Errors
    /// [`Unsupported`] names the field that cannot go.
    pub fn carried_by(&self, upstream: UpstreamDialect) -> Result<(), Unsupported> {
        let _ = upstream;
        Ok(())
    }

    /// The body and dialect headers for `upstream`.
    ///
    /// # Errors
    /// [`Unsupported`] names the field that cannot go.
    pub fn emit(
        &self,
        upstream: UpstreamDialect,
        target: &Target<'_>,
    ) -> Result<Outbound, Unsupported> {
        let _ = (upstream, target);
        Ok(Outbound {
            body: self.body.clone(),
            headers: Vec::new(),
            stream: false,
            dropped: Vec::new(),
        })
    }

    /// The relay for a streamed answer of `upstream`.
    #[must_use]
    pub fn relay(&self, upstream: UpstreamDialect, request_id: RequestId) -> Relay {
        Relay::new(RelayOptions {
            client: self.client,
            upstream,
            include_usage: false,
            request_id,
            model: self.model().to_owned(),
        })
    }
}
