//! Which API a path belongs to.

use dialect::ClientDialect;
use http::{HeaderMap, Method};
use vocab::{Refusal, RefusalCode};

use crate::headers;

/// What a caller asked the gateway for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Surface {
    /// A generation, in a dialect.
    Generate(ClientDialect),
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
    let dialect = dialect_of(path, headers);
    let (surface, allowed) = match path.trim_end_matches('/') {
        "/v1/chat/completions" => (Surface::Generate(ClientDialect::OpenAiChat), Method::POST),
        "/v1/messages" => (Surface::Generate(ClientDialect::AnthropicMessages), Method::POST),
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

/// Both SDK families call `GET /v1/models`; only Anthropic's say which version they speak.
fn dialect_of(path: &str, presented: &HeaderMap) -> ClientDialect {
    if path.starts_with("/v1/messages") || presented.contains_key(&headers::ANTHROPIC_VERSION) {
        ClientDialect::AnthropicMessages
    } else {
        ClientDialect::OpenAiChat
    }
}

fn unknown_path(path: &str) -> Refusal {
    let shown: String = path.chars().take(80).collect();
    Refusal::new(
        RefusalCode::UnknownPath,
        format!("there is nothing at `{shown}`"),
        "this gateway serves /v1/chat/completions, /v1/messages and /v1/models; \
         OpenAI clients want a base URL that ends in /v1, Anthropic clients one without it",
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
        let chat = Ok(Surface::Generate(ClientDialect::OpenAiChat));
        assert_eq!(ask(Method::POST, "/v1/chat/completions"), chat);
        let messages = Ok(Surface::Generate(ClientDialect::AnthropicMessages));
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
    fn anthropic_clients_are_known_by_their_version_header() {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
        let found = find(&Method::GET, "/v1/models", &headers);
        assert_eq!(found, Ok(Surface::Models(ClientDialect::AnthropicMessages)));
    }
}
