//! Every wire format for conversations as a row of one table: how to ask, and where the answer is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::Reply;

pub(crate) struct Speech {
    /// As the log names it.
    pub(crate) wire: &'static str,
    pub(crate) endpoint: &'static str,
    whole: &'static str,
    stream: &'static str,
    pub(crate) style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Chat,
    Responses,
    Messages,
    Converse,
    Gemini,
}

pub(crate) const SPEECHES: [Speech; 11] = [
    Speech {
        wire: "openai.chat",
        endpoint: "openai-eu",
        whole: "/v1/chat/completions",
        stream: "/v1/chat/completions",
        style: Style::Chat,
    },
    Speech {
        wire: "openai.responses",
        endpoint: "openai-eu",
        whole: "/v1/responses",
        stream: "/v1/responses",
        style: Style::Responses,
    },
    Speech {
        wire: "azure.chat",
        endpoint: "azure",
        whole: "/openai/deployments/gpt-large/chat/completions?api-version=2024-10-21",
        stream: "/openai/v1/chat/completions",
        style: Style::Chat,
    },
    Speech {
        wire: "azure.responses",
        endpoint: "azure",
        whole: "/openai/v1/responses",
        stream: "/openai/responses?api-version=2025-04-01-preview",
        style: Style::Responses,
    },
    Speech {
        wire: "anthropic.messages",
        endpoint: "anthropic-us",
        whole: "/v1/messages",
        stream: "/v1/messages",
        style: Style::Messages,
    },
    Speech {
        wire: "bedrock.converse",
        endpoint: "bedrock",
        whole: "/model/claude-large/converse",
        stream: "/model/claude-large/converse-stream",
        style: Style::Converse,
    },
    Speech {
        wire: "bedrock.invoke.anthropic",
        endpoint: "bedrock",
        whole: "/model/claude-large/invoke",
        stream: "/model/claude-large/invoke-with-response-stream",
        style: Style::Messages,
    },
    Speech {
        wire: "vertex.anthropic",
        endpoint: "vertex",
        whole: "/v1/projects/p/locations/eu/publishers/anthropic/models/claude-large:rawPredict",
        stream: "/v1/projects/p/locations/eu/publishers/anthropic/models/claude-large:streamRawPredict",
        style: Style::Messages,
    },
    Speech {
        wire: "vertex.gemini",
        endpoint: "vertex",
        whole: "/v1/projects/p/locations/eu/publishers/google/models/gemini:generateContent",
        stream: "/v1/projects/p/locations/eu/publishers/google/models/gemini:streamGenerateContent?alt=sse",
        style: Style::Gemini,
    },
    Speech {
        wire: "vertex.gemini",
        endpoint: "vertex",
        whole: "/v1beta/models/gemini:generateContent",
        stream: "/v1beta/models/gemini:streamGenerateContent",
        style: Style::Gemini,
    },
    Speech {
        wire: "mistral.chat",
        endpoint: "mistral",
        whole: "/v1/chat/completions",
        stream: "/v1/chat/completions",
        style: Style::Chat,
    },
];

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}})
}

impl Speech {
    pub(crate) fn path(&self, stream: bool) -> String {
        format!("/{}{}", self.endpoint, if stream { self.stream } else { self.whole })
    }

    /// One user turn, as this wire and this path want it.
    pub(crate) fn ask(&self, text: &str, stream: bool) -> Value {
        let turn = json!([{"role": "user", "content": text}]);
        let mut body = match self.style {
            Style::Chat => json!({"model": "gpt-large", "messages": turn}),
            Style::Responses => json!({"model": "gpt-large", "input": text}),
            Style::Messages => json!({"max_tokens": 500, "messages": turn}),
            Style::Converse => {
                return json!({"messages": [{"role": "user", "content": [{"text": text}]}]});
            }
            Style::Gemini => {
                return json!({"contents": [{"role": "user", "parts": [{"text": text}]}]});
            }
        };
        match self.wire {
            "anthropic.messages" => body["model"] = "claude-large".into(),
            "bedrock.invoke.anthropic" => {
                body["anthropic_version"] = "bedrock-2023-05-31".into();
                return body;
            }
            "vertex.anthropic" => body["anthropic_version"] = "vertex-2023-10-16".into(),
            _ => {}
        }
        if stream {
            body["stream"] = true.into();
        }
        body
    }

    /// The same, with a tool on offer.
    pub(crate) fn ask_tool(&self, text: &str, stream: bool) -> Value {
        let mut body = self.ask(text, stream);
        let (name, schema) = ("get_weather", schema());
        match self.style {
            Style::Chat => {
                let function = json!({"name": name, "parameters": schema});
                body["tools"] = json!([{"type": "function", "function": function}]);
            }
            Style::Responses => {
                body["tools"] = json!([{"type": "function", "name": name, "parameters": schema}]);
            }
            Style::Messages => body["tools"] = json!([{"name": name, "input_schema": schema}]),
            Style::Converse => {
                let spec = json!({"name": name, "inputSchema": {"json": schema}});
                body["toolConfig"] = json!({"tools": [{"toolSpec": spec}]});
            }
            Style::Gemini => {
                let function = json!({"name": name, "parametersJsonSchema": schema});
                body["tools"] = json!([{"functionDeclarations": [function]}]);
            }
        }
        body
    }

    /// A picture and a question about it.
    pub(crate) fn ask_image(&self) -> Value {
        let mut body = self.ask("look", false);
        let data = "AAAA";
        let (text, url) = (json!({"type": "text", "text": "look"}), "data:image/png;base64,AAAA");
        match self.style {
            Style::Chat => {
                let image = json!({"type": "image_url", "image_url": {"url": url}});
                body["messages"][0]["content"] = json!([text, image]);
            }
            Style::Responses => {
                let parts = json!([{"type": "input_text", "text": "look"},
                    {"type": "input_image", "image_url": url}]);
                body["input"] = json!([{"role": "user", "content": parts}]);
            }
            Style::Messages => {
                let source = json!({"type": "base64", "media_type": "image/png", "data": data});
                let image = json!({"type": "image", "source": source});
                body["messages"][0]["content"] = json!([image, text]);
            }
            Style::Converse => {
                let image = json!({"image": {"format": "png", "source": {"bytes": data}}});
                body["messages"][0]["content"] = json!([image, {"text": "look"}]);
            }
            Style::Gemini => {
                let image = json!({"inlineData": {"mimeType": "image/png", "data": data}});
                body["contents"][0]["parts"] = json!([image, {"text": "look"}]);
            }
        }
        body
    }

    /// A limit of twenty tokens on the answer.
    pub(crate) fn limited(&self, mut body: Value) -> Value {
        match self.style {
            Style::Chat | Style::Messages => body["max_tokens"] = 20.into(),
            Style::Responses => body["max_output_tokens"] = 20.into(),
            Style::Converse => body["inferenceConfig"] = json!({"maxTokens": 20}),
            Style::Gemini => body["generationConfig"] = json!({"maxOutputTokens": 20}),
        }
        body
    }

    /// Why the answer ended, and the tokens it had.
    pub(crate) fn ending(&self, body: &Value) -> (String, u64) {
        let (why, tokens) = match self.style {
            Style::Chat => ("/choices/0/finish_reason", "/usage/completion_tokens"),
            Style::Responses => ("/incomplete_details/reason", "/usage/output_tokens"),
            Style::Messages => ("/stop_reason", "/usage/output_tokens"),
            Style::Converse => ("/stopReason", "/usage/outputTokens"),
            Style::Gemini => ("/candidates/0/finishReason", "/usageMetadata/candidatesTokenCount"),
        };
        let why = body.pointer(why).and_then(Value::as_str).unwrap_or_default().to_owned();
        (why, body.pointer(tokens).and_then(Value::as_u64).unwrap_or_default())
    }

    /// Every JSON document of a stream, whatever its framing.
    pub(crate) fn events(&self, reply: &Reply) -> Vec<Value> {
        if reply.header("content-type") == Some("application/vnd.amazon.eventstream") {
            return frames(&reply.body).into_iter().map(|(_, body)| opened(body)).collect();
        }
        if self.style == Style::Gemini && !self.stream.ends_with("alt=sse") {
            let text = reply.text();
            // A cut array lacks its end.
            let whole =
                serde_json::from_str(&text).or_else(|_| serde_json::from_str(&(text + "]")));
            return whole.unwrap_or_default();
        }
        reply.events()
    }

    /// The text of a whole answer.
    pub(crate) fn text(&self, body: &Value) -> String {
        let place = match self.style {
            Style::Chat => "/choices/0/message/content",
            Style::Responses => "/output/0/content/0/text",
            Style::Messages => "/content/0/text",
            Style::Converse => "/output/message/content/0/text",
            Style::Gemini => "/candidates/0/content/parts/0/text",
        };
        body.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The text of a streamed answer.
    pub(crate) fn streamed_text(&self, events: &[Value]) -> String {
        let place = match self.style {
            Style::Chat => "/choices/0/delta/content",
            Style::Responses => "/delta",
            Style::Messages => "/delta/text",
            Style::Converse => "/contentBlockDelta/delta/text",
            Style::Gemini => "/candidates/0/content/parts/0/text",
        };
        events.iter().filter_map(|event| event.pointer(place)?.as_str()).collect()
    }

    /// Names and arguments of the calls of a whole answer.
    pub(crate) fn calls(&self, body: &Value) -> Vec<(String, Value)> {
        let list = |place: &str| body.pointer(place).and_then(Value::as_array).unwrap().clone();
        let parsed = |text: &Value| serde_json::from_str(text.as_str().unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        match self.style {
            Style::Chat => list("/choices/0/message/tool_calls")
                .iter()
                .map(|call| &call["function"])
                .map(|call| (text(&call["name"]), parsed(&call["arguments"])))
                .collect(),
            Style::Responses => list("/output")
                .iter()
                .filter(|item| item["type"] == "function_call")
                .map(|item| (text(&item["name"]), parsed(&item["arguments"])))
                .collect(),
            Style::Messages => list("/content")
                .iter()
                .filter(|block| block["type"] == "tool_use")
                .map(|block| (text(&block["name"]), block["input"].clone()))
                .collect(),
            Style::Converse => list("/output/message/content")
                .iter()
                .filter_map(|block| block.get("toolUse"))
                .map(|call| (text(&call["name"]), call["input"].clone()))
                .collect(),
            Style::Gemini => list("/candidates/0/content/parts")
                .iter()
                .filter_map(|part| part.get("functionCall"))
                .map(|call| (text(&call["name"]), call["args"].clone()))
                .collect(),
        }
    }
}

/// Name and payload of every frame; the checksums are botocore's business.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(String, Value)> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()) as usize;
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (total, head) = (number(&bytes[..4]), number(&bytes[4..8]));
        let (mut headers, payload) = (&bytes[12..12 + head], &bytes[12 + head..total - 4]);
        let mut name = String::new();
        while !headers.is_empty() {
            let key = usize::from(headers[0]);
            let size = usize::from(u16::from_be_bytes([headers[key + 2], headers[key + 3]]));
            let value = &headers[key + 4..key + 4 + size];
            if headers[1..=key].ends_with(b"-type") && headers[1..=key].starts_with(b":e") {
                name = String::from_utf8(value.to_vec()).unwrap();
            }
            headers = &headers[key + 4 + size..];
        }
        let payload = serde_json::from_slice(payload).unwrap_or(Value::Null);
        frames.push((name.clone(), json!({ name: payload })));
        bytes = &bytes[total..];
    }
    frames
}

/// A chunk of `InvokeModel` opened; any other frame as it is.
fn opened(frame: Value) -> Value {
    let packed = frame.pointer("/chunk/bytes").and_then(Value::as_str);
    packed.map_or(frame.clone(), |packed| {
        serde_json::from_slice(&STANDARD.decode(packed).unwrap()).unwrap()
    })
}
