//! Chat Completions and Models, in the words of OpenAI.

mod read;
mod write;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Complaint, Facts, Manners, Operation, bearer, ceil_seconds, put, put_number};

const INVALID: &str = "invalid_request_error";

#[derive(Debug)]
pub(crate) struct OpenAi;

impl Manners for OpenAi {
    fn operation(&self, method: &Method, path: &str) -> Operation {
        Operation::of(method, path, "/v1/chat/completions", None)
    }

    fn check_headers(&self, _headers: &HeaderMap) -> Result<(), Complaint> {
        Ok(())
    }

    fn check_key(&self, headers: &HeaderMap, key: &str) -> Result<(), Complaint> {
        match bearer(headers) {
            Some(presented) if presented == key => Ok(()),
            Some(_) => Err(self.status(401)),
            None => Err(Complaint::new(
                401,
                INVALID,
                "You didn't provide an API key. You need to provide your API key in an \
                 Authorization \
                 header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            )),
        }
    }

    fn read(&self, _: &Operation, _: &HeaderMap, body: &Value) -> Result<Ask, Complaint> {
        read::read(body)
    }

    fn whole(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
        write::whole(facts, ask, answer)
    }

    fn stream(&self, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
        write::stream(facts, ask, answer, out);
    }

    fn count(&self, ask: &Ask) -> Value {
        json!({ "input_tokens": ask.prompt_tokens })
    }

    fn models(&self, facts: &Facts<'_>) -> Value {
        let models: Vec<Value> =
            facts.endpoint.models.iter().map(|id| self.model(facts, id)).collect();
        json!({"object": "list", "data": models})
    }

    fn model(&self, _: &Facts<'_>, id: &str) -> Value {
        json!({"id": id, "object": "model", "created": 1_767_225_600, "owned_by": "simulator"})
    }

    fn error_body(&self, _: &Facts<'_>, complaint: &Complaint) -> Value {
        json!({"error": {
            "message": complaint.message, "type": complaint.kind,
            "param": complaint.param, "code": complaint.code,
        }})
    }

    fn error_event(&self, facts: &Facts<'_>, complaint: &Complaint) -> Bytes {
        format!("data: {}\n\n", self.error_body(facts, complaint)).into()
    }

    fn malformed_event(&self) -> &'static str {
        "data: {\"id\":\"chatcmpl-broken\",\"object\":\"chat.completion.chunk\",\
         \"choices\":[{\"ind\n\n"
    }

    fn not_json(&self) -> Complaint {
        Complaint::new(
            400,
            INVALID,
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't \
             using your HTTP library correctly. The OpenAI API expects a JSON payload.)",
        )
    }

    fn too_large(&self) -> Complaint {
        Complaint::new(413, INVALID, "Request body too large.").code("request_too_large")
    }

    fn no_such_model(&self, model: &str) -> Complaint {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        Complaint::new(404, INVALID, message).code("model_not_found")
    }

    fn no_such_path(&self, method: &Method, path: &str) -> Complaint {
        Complaint::new(404, INVALID, format!("Invalid URL ({method} {path})"))
    }

    fn wrong_method(&self, method: &Method, path: &str) -> Complaint {
        let message = format!("Not allowed to {method} on {path}.");
        Complaint::new(405, INVALID, message).code("method_not_supported")
    }

    fn status(&self, code: u16) -> Complaint {
        let new = |kind, message: &str| Complaint::new(code, kind, message);
        match code {
            400 => new(INVALID, "Invalid request."),
            401 => new(INVALID, "Incorrect API key provided.").code("invalid_api_key"),
            403 => new(INVALID, "Country, region, or territory not supported.")
                .code("unsupported_country_region_territory"),
            404 => self.no_such_model("simulated"),
            429 => new(
                "requests",
                "Rate limit reached for requests per min (RPM). Please retry later.",
            )
            .code("rate_limit_exceeded"),
            503 | 529 => new(
                "service_unavailable_error",
                "The server is currently overloaded with other requests. Sorry about that! You can \
                 retry your request, or contact us if the error persists.",
            ),
            500..=599 => new(
                "server_error",
                "The server had an error while processing your request. Sorry about that!",
            ),
            _ => new(INVALID, "The request was refused."),
        }
    }

    fn out_of_quota(&self) -> Complaint {
        Complaint::new(
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
        )
        .code("insufficient_quota")
    }

    fn in_stream(&self) -> Complaint {
        self.status(500)
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        let room = &facts.room;
        let reset = format!("{}s", room.reset_seconds);
        put(headers, "x-request-id", &facts.request_id);
        put(headers, "openai-version", "2020-10-01");
        put_number(headers, "x-ratelimit-limit-requests", room.requests_limit);
        put_number(headers, "x-ratelimit-limit-tokens", room.tokens_limit);
        put_number(headers, "x-ratelimit-remaining-requests", room.requests_left);
        put_number(headers, "x-ratelimit-remaining-tokens", room.tokens_left);
        put(headers, "x-ratelimit-reset-requests", &reset);
        put(headers, "x-ratelimit-reset-tokens", &reset);
    }

    fn retry_after(&self, seconds: f64, headers: &mut HeaderMap) {
        put(headers, "retry-after", &ceil_seconds(seconds));
        put(headers, "retry-after-ms", &ceil_seconds(seconds * 1000.0));
    }
}
