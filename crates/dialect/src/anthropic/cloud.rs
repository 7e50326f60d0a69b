//! Messages on a cloud: the same body in the cloud's own envelope.
//!
//! The address says which model and whether the answer is a stream, so these fields go; the body
//! says which version it is written for, so `anthropic_version` comes. All else passes through byte
//! for byte (G5).

use std::{borrow::Cow, ops::Range};

use vocab::{Failure, Usage};

use super::{
    emit::{Body, emit, emit_count},
    read,
};
use crate::{
    Finish, Reply, Target, Unsupported, UpstreamDialect,
    errors::read_named_error,
    events::Frame,
    eventstream::{Payload, exception},
    prompt::{Block, BlockKind, Document, DocumentSource, Image, Prompt},
    scan::Peek,
    splice::{Edit, member, member_with_comma},
    sse::Event,
    text,
    upstream::{Emitted, Framing, GenerateUpstream, ReadStream, Sink, Source},
};

/// What a cloud wants changed about a Messages body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cloud {
    /// `anthropic_version` of the body.
    version: &'static str,
    model: Place,
    stream: Place,
    betas: Place,
    framing: Framing,
}

/// Where a cloud is told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the body.
    Body,
    /// In the address or a header.
    Outside,
}

impl Cloud {
    /// Bedrock's `invoke` and `invoke-with-response-stream`.
    pub(crate) const BEDROCK: Self = Self {
        version: "bedrock-2023-05-31",
        model: Place::Outside,
        stream: Place::Outside,
        betas: Place::Body,
        framing: Framing::Binary(Payload::Chunk),
    };
    /// Vertex's `rawPredict` and `streamRawPredict`.
    pub(crate) const VERTEX: Self = Self {
        version: "vertex-2023-10-16",
        model: Place::Outside,
        stream: Place::Body,
        betas: Place::Outside,
        framing: Framing::Events,
    };
    /// Vertex's `count-tokens:rawPredict`, one address for all models.
    pub(crate) const VERTEX_COUNT: Self = Self { model: Place::Body, ..Self::VERTEX };

    /// The edits that put a body which passes through into the envelope; `beta` is the caller's
    /// `anthropic-beta`.
    pub(crate) fn edits(
        self,
        body: &[u8],
        peek: &Peek,
        target: &Target<'_>,
        beta: Option<&str>,
    ) -> Vec<Edit> {
        let mut head = format!(r#""anthropic_version":"{}""#, self.version);
        if let (Place::Body, Some(beta)) = (self.betas, beta) {
            head.push_str(r#","anthropic_beta":"#);
            head.push_str(&betas(beta).to_string());
        }
        if self.model == Place::Body {
            head.push_str(r#","model":"#);
            head.push_str(&serde_json::Value::from(target.model).to_string());
        }
        // Every body has a model, so its place is where the envelope is put.
        let mut edits = vec![edit(member(body, &peek.model_at), head)];
        if let (Place::Outside, Some(at)) = (self.stream, &peek.stream_at) {
            edits.push(edit(member_with_comma(body, at), String::new()));
        }
        edits
    }

    /// A prompt of another dialect in the envelope, not yet text.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot go.
    pub(crate) fn body<'p>(
        self,
        prompt: &'p Prompt,
        target: &Target<'p>,
    ) -> Result<Body<'p>, Unsupported> {
        refuse_addresses(prompt.turns.iter().flat_map(|turn| &turn.blocks))?;
        emit(prompt, target).map(|body| self.envelop(body))
    }

    /// The same for a count of the prompt.
    ///
    /// # Errors
    /// [`Unsupported`] naming the field that cannot go.
    pub(super) fn count_body<'p>(
        self,
        prompt: &'p Prompt,
        target: &Target<'p>,
    ) -> Result<Body<'p>, Unsupported> {
        refuse_addresses(prompt.turns.iter().flat_map(|turn| &turn.blocks))?;
        emit_count(prompt, target).map(|body| self.envelop(body))
    }

    fn envelop(self, mut body: Body<'_>) -> Body<'_> {
        body.anthropic_version = Some(self.version);
        if self.model == Place::Outside {
            body.model = None;
        }
        if self.stream == Place::Outside {
            body.stream = None;
        }
        body
    }
}

impl GenerateUpstream for Cloud {
    fn check(&self, prompt: &Prompt) -> Result<(), Unsupported> {
        self.body(prompt, &Target::ANY).map(drop)
    }

    fn emit(&self, prompt: &Prompt, target: &Target<'_>) -> Result<Emitted, Unsupported> {
        let body = self.body(prompt, target)?;
        Ok(Emitted { body: text::json(&body).into(), dropped: body.dropped })
    }

    fn read(&self, body: &[u8], source: &Source) -> Result<Reply, Failure> {
        read::read(body, source)
    }

    fn summary(&self, body: &[u8]) -> Result<(Usage, Option<Finish>), Failure> {
        read::summary(body)
    }

    fn stream(&self, source: Source) -> Box<dyn ReadStream> {
        match self.framing {
            Framing::Events => Box::new(read::StreamReader::new(source)),
            Framing::Binary(_) => Box::new(Chunks(read::StreamReader::new(source))),
        }
    }

    fn framing(&self) -> Framing {
        self.framing
    }
}

/// A stream of Bedrock's `invoke`: events of Messages, or an exception of Bedrock's own.
struct Chunks(read::StreamReader);

impl ReadStream for Chunks {
    fn read(&mut self, event: &Event<'_>, sink: &mut Sink<'_>) -> Result<Frame, Failure> {
        if let Some(name) = exception(event) {
            let data = event.data.as_deref().unwrap_or_default();
            return Err(read_named_error(UpstreamDialect::BedrockInvoke, None, Some(name), data));
        }
        self.0.read(event, sink)
    }

    fn is_terminator(&self, event: &Event<'_>) -> bool {
        self.0.is_terminator(event)
    }
}

/// On clouds nothing is read from an address.
fn refuse_addresses<'p>(blocks: impl Iterator<Item = &'p Block>) -> Result<(), Unsupported> {
    for block in blocks {
        match &block.kind {
            BlockKind::Image(Image::Url(_)) => {
                let why = "is the address of an image, and this provider reads none";
                return Err(block.at.refuse(why));
            }
            BlockKind::Document(Document { source: DocumentSource::Url(_), .. }) => {
                let why = "is the address of a document, and this provider reads none";
                return Err(block.at.refuse(why));
            }
            BlockKind::ToolResult { content, .. } => {
                for inner in content {
                    refuse_addresses(std::iter::once(inner))?;
                }
            }
            BlockKind::Text(_)
            | BlockKind::Image(Image::Data { .. })
            | BlockKind::Document(_)
            | BlockKind::Reasoning(_)
            | BlockKind::ToolCall { .. } => {}
        }
    }
    Ok(())
}

fn edit(at: Range<usize>, text: String) -> Edit {
    Edit { at, text: Cow::Owned(text) }
}

/// The names of a header as a list.
fn betas(header: &str) -> serde_json::Value {
    header.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{anthropic::Version, splice::splice};

    fn put(cloud: Cloud, body: &str, beta: Option<&str>) -> String {
        let body = Bytes::from(body.to_owned());
        let peek = super::super::peek::peek(Version::default(), &body).unwrap();
        let target = Target::new("up", 1);
        let put = splice(&body, cloud.edits(&body, &peek, &target, beta));
        String::from_utf8(put.to_vec()).unwrap()
    }

    #[test]
    fn only_the_envelope_of_a_body_changes() {
        for (body, bedrock) in [
            (
                r#"{"model":"m", "stream" : true ,"max_tokens":1,"messages":[],"new":1.0}"#,
                r#"{"anthropic_version":"bedrock-2023-05-31", "max_tokens":1,"messages":[],"new":1.0}"#,
            ),
            (
                r#"{"max_tokens":1,"messages":[],"mod\u0065l":"m","stream":false}"#,
                r#"{"max_tokens":1,"messages":[],"anthropic_version":"bedrock-2023-05-31"}"#,
            ),
            (
                "{\n \"stream\": true,\n \"model\" : \"a\\\"b\",\n \"max_tokens\":1,\"messages\":[]}",
                "{\n \n \"anthropic_version\":\"bedrock-2023-05-31\",\n \"max_tokens\":1,\"messages\":[]}",
            ),
        ] {
            assert_eq!(put(Cloud::BEDROCK, body, None), bedrock);
        }
    }

    #[test]
    fn betas_go_into_the_body_where_the_cloud_reads_them_there() {
        let body = r#"{"model":"m","max_tokens":1,"messages":[]}"#;
        assert_eq!(
            put(Cloud::BEDROCK, body, Some("a-1, b-2")),
            r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a-1","b-2"],"max_tokens":1,"messages":[]}"#
        );
        assert_eq!(
            put(Cloud::VERTEX, body, Some("a-1")),
            r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":1,"messages":[]}"#
        );
    }

    #[test]
    fn vertex_keeps_the_stream_flag_and_its_count_the_model() {
        let body = r#"{"stream":true,"model":"m","max_tokens":1,"messages":[]}"#;
        assert_eq!(
            put(Cloud::VERTEX, body, None),
            r#"{"stream":true,"anthropic_version":"vertex-2023-10-16","max_tokens":1,"messages":[]}"#
        );
        assert_eq!(
            put(Cloud::VERTEX_COUNT, body, None),
            r#"{"stream":true,"anthropic_version":"vertex-2023-10-16","model":"up","max_tokens":1,"messages":[]}"#
        );
    }
}
