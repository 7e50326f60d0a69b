//! Azure OpenAI: OpenAI's formats behind Azure's paths, keys, content filter and words.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::access::{Cloud, Verdict, Visitor};
use crate::config::EndpointSpec;
use crate::form;
use crate::openai::{self, Chat, Embeddings, House, INVALID, Responses};
use crate::vendor::{
    Complaint, Facts, InPath, Line, Manners, Operation, bearer, ceil_seconds, put, put_number, text,
};

const CATEGORIES: [&str; 4] = ["hate", "self_harm", "sexual", "violence"];

#[derive(Debug)]
pub(crate) struct Azure;

impl Manners for Azure {
    fn operation(&self, line: &Line<'_>) -> Operation {
        if let Some(rest) = line.path.strip_prefix("/openai/deployments/") {
            let (deployment, format) = rest.split_once('/').unwrap_or((rest, ""));
            return format_of(line, format, &InPath::model(form::decode(deployment)));
        }
        match line.path.strip_prefix("/openai/v1/") {
            Some(format) if !format.starts_with("models") => {
                format_of(line, format, &InPath::default())
            }
            Some(_) => line.models("/openai/v1/models"),
            None if line.path == "/openai/responses" => {
                format_of(line, "responses", &InPath::default())
            }
            None => Operation::Unknown,
        }
    }

    /// Dated paths need a version; the newer ones have it in the path.
    fn check_head(
        &self,
        _: &EndpointSpec,
        line: &Line<'_>,
        _: &HeaderMap,
    ) -> Result<(), Complaint> {
        let dated = !line.path.starts_with("/openai/v1/");
        if dated && form::field(line.query, "api-version").is_none_or(|version| version.is_empty())
        {
            return Err(Complaint::new(404, "", "Resource not found").code("404"));
        }
        Ok(())
    }

    /// A key in either place, or a token of Entra.
    fn check_caller(&self, visitor: &Visitor<'_>) -> Result<(), Complaint> {
        let presented = text(visitor.headers, "api-key").or_else(|| bearer(visitor.headers));
        match presented.map(|presented| visitor.token(presented, Cloud::Azure)) {
            Some(Verdict::Good) => Ok(()),
            Some(Verdict::Expired) => {
                Err(Complaint::new(401, "", "Access token has expired.").code("401"))
            }
            Some(Verdict::Unknown) => Err(self.status(401)),
            None => Err(Complaint::new(
                401,
                "",
                "Access denied due to missing subscription key. Make sure to include subscription \
                 key when making requests to an API.",
            )
            .code("401")),
        }
    }

    fn models(&self, facts: &Facts<'_>) -> Value {
        openai::OpenAi.models(facts)
    }

    fn model(&self, facts: &Facts<'_>, id: &str) -> Value {
        openai::OpenAi.model(facts, id)
    }

    /// The gateway in front speaks without `type` and `param`; the models behind it as at home.
    fn error_body(&self, _: &Facts<'_>, complaint: &Complaint) -> Value {
        if complaint.kind.is_empty() {
            return json!({"error": {"code": complaint.code, "message": complaint.message}});
        }
        openai::error_body(complaint)
    }

    fn not_json(&self) -> Complaint {
        openai::OpenAi.not_json()
    }

    fn too_large(&self) -> Complaint {
        openai::OpenAi.too_large()
    }

    fn no_such_model(&self, _: &Facts<'_>, _: &str) -> Complaint {
        let text = "The API deployment for this resource does not exist. If you created the \
                    deployment within the last 5 minutes, please wait a moment and try again.";
        Complaint::new(404, INVALID, text).code("DeploymentNotFound")
    }

    fn no_such_path(&self, _: &Line<'_>) -> Complaint {
        Complaint::new(404, "", "Resource not found").code("404")
    }

    fn wrong_method(&self, line: &Line<'_>) -> Complaint {
        openai::OpenAi.wrong_method(line)
    }

    fn status(&self, code: u16) -> Complaint {
        match code {
            401 => Complaint::new(
                401,
                "",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure \
                 to provide a valid key for an active subscription and use a correct regional API \
                 endpoint for your resource.",
            )
            .code("401"),
            403 => Complaint::new(403, "", "Access denied due to Virtual Network/Firewall rules.")
                .code("AccessDenied"),
            404 => Complaint::new(404, "", "Resource not found").code("404"),
            429 => Complaint::new(
                429,
                "",
                "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have \
                 exceeded call rate limit of your current OpenAI pricing tier. Please retry after \
                 1 second.",
            )
            .code("429"),
            _ => openai::status(code),
        }
    }

    fn out_of_quota(&self) -> Complaint {
        openai::out_of_quota()
    }

    fn headers(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        let region = facts.endpoint.location.as_deref().unwrap_or(&facts.endpoint.region);
        put(headers, "x-ms-region", region);
        put(headers, "x-request-id", &facts.request_id);
        put(headers, "apim-request-id", &facts.request_id);
        put(headers, "x-ms-rai-invoked", "true");
        put_number(headers, "x-ratelimit-remaining-requests", facts.room.requests_left);
        put_number(headers, "x-ratelimit-remaining-tokens", facts.room.tokens_left);
    }

    fn retry_after(&self, seconds: f64, headers: &mut HeaderMap) {
        put(headers, "retry-after", &ceil_seconds(seconds));
        put(headers, "retry-after-ms", &ceil_seconds(seconds * 1000.0));
    }
}

fn format_of(line: &Line<'_>, format: &str, path: &InPath) -> Operation {
    match format {
        "chat/completions" => line.posts(Operation::Complete(&Chat(House::Azure), path.clone())),
        "responses" => line.posts(Operation::Complete(&Responses(House::Azure), path.clone())),
        "embeddings" => line.posts(Operation::Embed(&Embeddings(House::Azure), path.clone())),
        _ => Operation::Unknown,
    }
}

/// The filter's verdict on one text; `filtered` makes it hate of high severity.
pub(crate) fn filter_results(filtered: bool) -> Value {
    let verdict = |category: &str| {
        let hit = filtered && category == "hate";
        let severity = if hit { "high" } else { "safe" };
        (category.to_owned(), json!({"filtered": hit, "severity": severity}))
    };
    Value::Object(CATEGORIES.iter().map(|category| verdict(category)).collect())
}

pub(crate) fn prompt_filter_results() -> Value {
    json!([{"prompt_index": 0, "content_filter_results": filter_results(false)}])
}

/// The first chunk of a stream has no choice, no id and no model.
pub(crate) fn first_chunk() -> String {
    let chunk = json!({"choices": [], "created": 0, "id": "", "model": "", "object": "",
        "prompt_filter_results": prompt_filter_results()});
    format!("data: {chunk}\n\n")
}

/// The filter does not let the prompt through.
pub(crate) fn prompt_blocked() -> Complaint {
    let message = "The response was filtered due to the prompt triggering Azure OpenAI's content \
                   management policy. Please modify your prompt and retry.";
    let body = json!({"error": {
        "message": message, "type": null, "param": "prompt", "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation",
            "content_filter_result": filter_results(true)},
    }});
    Complaint::new(400, INVALID, message).code("content_filter").body(body)
}
