//! Which API a path belongs to.

use dialect::{ClientDialect, Family};
use http::{HeaderMap, Method};
use vocab::{Refusal, RefusalCode};

use crate::headers;

/// How Mistral's SDKs name themselves.
const MISTRAL_AGENT: &str = "mistral-client";

/// What a caller asked the gateway for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Surface {
    /// A request that goes through the pipeline, in a dialect.
    Call(ClientDialect),
    /// The list of logical models.
    Models(ClientDialect),
    /// One logical model.
    Model(ClientDialect, String),
    /// Is the process alive?
    Live,
    /// Should callers be sent here?
    Ready,
}

/// A request line that leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Astray {
    /// The dialect to answer in.
    pub(crate) dialect: ClientDialect,
    pub(crate) refusal: Refusal,
    /// The method that the path takes, if the path is right.
    pub(crate) allow: Option<Method>,
}

/// Finds the surface of a request line, or says why there is none.
pub(crate) fn find(method: &Method, path: &str, headers: &HeaderMap) -> Result<Surface, Astray> {
    let (family, inner) = family_of(path, headers);
    let dialect = representative(family);
    let call = |dialect| (Surface::Call(dialect), Method::POST);
    let (surface, allowed) = match inner.trim_end_matches('/') {
        "/v1/chat/completions" if family == Family::Mistral => call(ClientDialect::MistralChat),
        "/v1/chat/completions" => call(ClientDialect::OpenAiChat),
        "/v1/responses" => call(ClientDialect::OpenAiResponses),
        "/v1/embeddings" if family == Family::Mistral => call(ClientDialect::MistralEmbeddings),
        "/v1/embeddings" => call(ClientDialect::OpenAiEmbeddings),
        "/v1/messages" => call(ClientDialect::AnthropicMessages),
        "/v1/messages/count_tokens" => call(ClientDialect::AnthropicCount),
        "/v1/models" => (Surface::Models(dialect), Method::GET),
        "/live" => (Surface::Live, Method::GET),
        "/ready" => (Surface::Ready, Method::GET),
        other => match other.strip_prefix("/v1/models/") {
            Some(model) => (Surface::Model(dialect, model.to_owned()), Method::GET),
            None => return Err(Astray { dialect, refusal: unknown_path(path), allow: None }),
        },
    };
    if *method == allowed || (*method == Method::HEAD && allowed == Method::GET) {
        return Ok(surface);
    }
    let message = format!("`{path}` does not take {method}");
    let refusal =
        Refusal::new(RefusalCode::MethodNotAllowed, message, format!("send it as {allowed}"));
    Err(Astray { dialect, refusal, allow: Some(allowed) })
}

/// Whose SDK calls, and the path without the prefix that says so. Some families share paths:
/// `GET /v1/models` is called by all, and only Anthropic's SDKs say which version they speak;
/// `POST /v1/chat/completions` and `/v1/embeddings` are OpenAI's and Mistral's, and Mistral's SDK is
/// known by its name (`user-agent`), or by a base URL that ends in `/mistral`.
fn family_of<'p>(path: &'p str, presented: &HeaderMap) -> (Family, &'p str) {
    if let Some(inner) = path.strip_prefix("/mistral").filter(|inner| inner.starts_with('/')) {
        return (Family::Mistral, inner);
    }
    let agent = headers::read(presented, &http::header::USER_AGENT).unwrap_or_default();
    let family = if path.starts_with("/v1/messages")
        || presented.contains_key(&headers::ANTHROPIC_VERSION)
    {
        Family::Anthropic
    } else if agent.starts_with(MISTRAL_AGENT) {
        Family::Mistral
    } else {
        Family::OpenAi
    };
    (family, path)
}

/// The dialect whose errors and lists a family reads.
const fn representative(family: Family) -> ClientDialect {
    match family {
        Family::OpenAi => ClientDialect::OpenAiChat,
        Family::Anthropic => ClientDialect::AnthropicMessages,
        Family::Mistral => ClientDialect::MistralChat,
    }
}

fn unknown_path(path: &str) -> Refusal {
    let shown: String = path.chars().take(80).collect();
    Refusal::new(
        RefusalCode::UnknownPath,
        format!("there is nothing at `{shown}`"),
        "this gateway serves /v1/chat/completions, /v1/responses, /v1/embeddings, /v1/messages, \
         /v1/messages/count_tokens and /v1/models; OpenAI clients want a base URL that ends in /v1, Anthropic clients one without it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, path: &str) -> Result<Surface, Astray> {
        find(&method, path, &HeaderMap::new())
    }

    #[test]
    fn each_api_is_found_by_its_path() {
        let chat = Ok(Surface::Call(ClientDialect::OpenAiChat));
        assert_eq!(ask(Method::POST, "/v1/chat/completions"), chat);
        let messages = Ok(Surface::Call(ClientDialect::AnthropicMessages));
        assert_eq!(ask(Method::POST, "/v1/messages"), messages);
        let model = Ok(Surface::Model(ClientDialect::OpenAiChat, "chat-large".to_owned()));
        assert_eq!(ask(Method::GET, "/v1/models/chat-large"), model);
    }

    #[test]
    fn a_wrong_method_or_path_is_refused_with_the_right_one() {
        let astray = ask(Method::GET, "/v1/chat/completions").unwrap_err();
        assert_eq!(astray.refusal.code, RefusalCode::MethodNotAllowed);
        assert_eq!(astray.allow, Some(Method::POST));
        assert!(astray.refusal.remedy.contains("POST"));
        let Astray { refusal, .. } = ask(Method::POST, "/chat/completions").unwrap_err();
        assert_eq!(refusal.code, RefusalCode::UnknownPath);
        assert!(refusal.remedy.contains("/v1"));
    }

    #[test]
    fn mistral_clients_are_known_by_their_name_or_their_base_url() {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", "mistral-client-python/3.7.0".parse().unwrap());
        let mistral = Ok(Surface::Call(ClientDialect::MistralChat));
        assert_eq!(find(&Method::POST, "/v1/chat/completions", &headers), mistral);
        assert_eq!(ask(Method::POST, "/mistral/v1/chat/completions"), mistral);
        let vectors = Ok(Surface::Call(ClientDialect::MistralEmbeddings));
        assert_eq!(find(&Method::POST, "/v1/embeddings", &headers), vectors);
        assert_eq!(ask(Method::POST, "/mistral/v1/embeddings"), vectors);
        assert!(ask(Method::POST, "/mistralx/v1/chat/completions").is_err());
    }

    #[test]
    fn anthropic_clients_are_known_by_their_version_header() {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
        let found = find(&Method::GET, "/v1/models", &headers);
        assert_eq!(found, Ok(Surface::Models(ClientDialect::AnthropicMessages)));
    }
}
