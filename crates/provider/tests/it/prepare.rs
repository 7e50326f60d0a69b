//! What is sent, and what the head of a reply tells.

use dialect::{Outbound, OutputLimit};
use provider::{CallContext, Credential, Observed, Provider, Room, Settings, catalog, find};
use secrecy::SecretString;

use crate::support::{context, endpoint, head, outbound, secret, settings};

fn provider(name: &str) -> &'static dyn Provider {
    find(name).unwrap()
}

#[test]
fn every_call_is_a_json_post_that_names_the_request() {
    for provider in catalog() {
        let call =
            provider.prepare(&endpoint(*provider), outbound(*provider, Vec::new()), &context());
        assert_eq!(call.method, "POST");
        assert_eq!(call.headers["content-type"], "application/json");
        assert_eq!(call.headers["accept"], "application/json");
        assert_eq!(call.headers["accept-encoding"], "identity");
        let id = context().request_id.to_string();
        assert_eq!(call.headers["x-client-request-id"], id);
        assert_eq!(call.body, "{}");
    }
}

#[test]
fn a_call_names_its_host_without_a_port_that_the_scheme_implies() {
    let provider = provider("anthropic");
    for (base, host) in [
        ("https://api.example", "api.example"),
        ("https://api.example:443", "api.example"),
        ("http://api.example:443", "api.example:443"),
        ("http://[::1]:8080/a", "[::1]:8080"),
    ] {
        let endpoint = provider.connect(&settings(base), Some(&secret())).unwrap();
        let call = provider.prepare(&endpoint, outbound(provider, Vec::new()), &context());
        assert_eq!(call.headers["host"], host, "{base}");
    }
}

#[test]
fn a_call_copies_the_standing_headers_and_adds_none() {
    for provider in catalog() {
        let endpoint = endpoint(*provider);
        let shown = format!("{endpoint:?}");
        let call = provider.prepare(&endpoint, outbound(*provider, Vec::new()), &context());
        assert!(call.headers.keys().all(|name| shown.contains(name.as_str())), "{shown}");
    }
}

#[test]
fn a_stream_accepts_events() {
    for provider in catalog() {
        let outbound = Outbound { stream: true, ..outbound(*provider, Vec::new()) };
        let call = provider.prepare(&endpoint(*provider), outbound, &context());
        let events = match provider.name() {
            "bedrock" => "application/vnd.amazon.eventstream",
            _ => "text/event-stream",
        };
        assert_eq!(call.headers["accept"], events);
    }
}

#[test]
fn openai_gets_a_bearer_and_its_organisation_and_project() {
    let provider = provider("openai");
    let settings = Settings {
        values: [("organization", "org-1"), ("project", "proj-1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..settings("https://eu.api.openai.com/v1/")
    };
    let endpoint = provider.connect(&settings, Some(&secret())).unwrap();
    let call = provider.prepare(&endpoint, outbound(provider, Vec::new()), &context());
    assert_eq!(call.uri, "https://eu.api.openai.com/v1/chat/completions");
    assert_eq!(call.headers["authorization"], "Bearer sk-hunter2");
    assert_eq!(call.headers["openai-organization"], "org-1");
    assert_eq!(call.headers["openai-project"], "proj-1");
}

#[test]
fn anthropic_gets_its_key_and_version_and_no_bearer() {
    let provider = provider("anthropic");
    let call = provider.prepare(&endpoint(provider), outbound(provider, Vec::new()), &context());
    assert_eq!(call.uri, "https://api.example/v1/messages");
    assert_eq!(call.headers["x-api-key"], "sk-hunter2");
    assert_eq!(call.headers["anthropic-version"], "2023-06-01");
    assert!(!call.headers.contains_key("authorization"));
}

#[test]
fn the_version_a_body_was_written_for_wins() {
    let provider = provider("anthropic");
    let written = vec![
        ("anthropic-version", "2026-10-21".to_owned()),
        ("anthropic-beta", "files-api-2025-04-14".to_owned()),
    ];
    let call = provider.prepare(&endpoint(provider), outbound(provider, written), &context());
    let versions: Vec<_> = call.headers.get_all("anthropic-version").iter().collect();
    assert_eq!(versions, ["2026-10-21"]);
    assert_eq!(call.headers["anthropic-beta"], "files-api-2025-04-14");
}

#[test]
fn no_header_of_a_body_replaces_the_credential_or_the_framing() {
    for provider in catalog() {
        let hostile = vec![
            ("authorization", "Bearer other".to_owned()),
            ("x-api-key", "other".to_owned()),
            ("x-goog-api-key", "other".to_owned()),
            ("content-length", "9".to_owned()),
            ("host", "elsewhere".to_owned()),
        ];
        let plain =
            provider.prepare(&endpoint(*provider), outbound(*provider, Vec::new()), &context());
        let call = provider.prepare(&endpoint(*provider), outbound(*provider, hostile), &context());
        assert_eq!(call.headers, plain.headers);
        assert_eq!(call.uri.host(), Some("api.example"));
    }
}

#[test]
fn openai_heads_tell_id_room_and_azure_region() {
    let head = head(
        200,
        &[
            ("x-request-id", "req_1"),
            ("x-ms-region", "East US 2"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-remaining-tokens", "-1"),
        ],
    );
    let expected = Observed {
        request_id: Some("req_1".to_owned()),
        region: Some("East US 2".to_owned()),
        room: Room { requests: Some(499), tokens: None },
        ..Observed::default()
    };
    assert_eq!(provider("openai-compatible").observe(&head), expected);
}

#[test]
fn anthropic_heads_tell_id_and_room() {
    let head = head(
        200,
        &[
            ("request-id", "req_2"),
            ("anthropic-ratelimit-requests-remaining", "3"),
            ("anthropic-ratelimit-tokens-remaining", "90000"),
        ],
    );
    let expected = Observed {
        request_id: Some("req_2".to_owned()),
        room: Room { requests: Some(3), tokens: Some(90_000) },
        ..Observed::default()
    };
    assert_eq!(provider("anthropic").observe(&head), expected);
}

#[test]
fn a_bare_head_tells_nothing() {
    for provider in catalog() {
        assert_eq!(provider.observe(&head(200, &[])), Observed::default());
    }
}

/// The address that Azure is called at for each API.
fn azure(values: &[(&str, &str)], model: &str) -> Vec<String> {
    let provider = provider("azure-openai");
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = Settings { values: values.collect(), ..settings("") };
    let endpoint = provider.connect(&settings, Some(&secret())).unwrap();
    let context = CallContext { model, ..context() };
    let call = |dialect| {
        let outbound = Outbound { dialect, ..outbound(provider, Vec::new()) };
        let call = provider.prepare(&endpoint, outbound, &context);
        assert_eq!(call.headers["api-key"], "sk-hunter2");
        assert!(!call.headers.contains_key("authorization"));
        call.uri.to_string()
    };
    provider.speaks(&settings, model).into_iter().map(call).collect()
}

#[test]
fn azure_without_a_date_is_called_at_its_newer_paths() {
    assert_eq!(
        azure(&[("resource", "r")], "gpt-eu"),
        [
            "https://r.openai.azure.com/openai/v1/chat/completions",
            "https://r.openai.azure.com/openai/v1/responses",
            "https://r.openai.azure.com/openai/v1/embeddings",
        ]
    );
}

#[test]
fn azure_with_a_date_names_the_deployment_in_the_address() {
    assert_eq!(
        azure(&[("resource", "r"), ("api_version", "2024-10-21")], "gpt/eu?x"),
        [
            "https://r.openai.azure.com/openai/deployments/gpt%2Feu%3Fx/chat/completions?api-version=2024-10-21",
            "https://r.openai.azure.com/openai/responses?api-version=2024-10-21",
            "https://r.openai.azure.com/openai/deployments/gpt%2Feu%3Fx/embeddings?api-version=2024-10-21",
        ]
    );
}

#[test]
fn azure_takes_a_token_as_a_bearer() {
    let provider = provider("azure-openai");
    let token = Credential::Token(provider::Issuer::Entra, SecretString::from("t"));
    let endpoint = provider.connect(&settings("https://r.example"), Some(&token)).unwrap();
    let call = provider.prepare(&endpoint, outbound(provider, Vec::new()), &context());
    assert_eq!(call.headers["authorization"], "Bearer t");
    assert!(!call.headers.contains_key("api-key"));
}

#[test]
fn the_output_limit_has_the_name_that_the_server_knows() {
    let compatible = provider("openai-compatible");
    let limit = |base_url: &str, named: Option<&str>| {
        let mut settings = settings(base_url);
        settings.values.extend(named.map(|name| ("output_limit".to_owned(), name.to_owned())));
        compatible.connect(&settings, None).map(|_| compatible.output_limit(&settings))
    };
    let (older, newer) = (OutputLimit::MaxTokens, OutputLimit::MaxCompletionTokens);
    assert_eq!(limit("http://127.0.0.1:11434/v1", None), Ok(older));
    assert_eq!(limit("http://127.0.0.1:11434/v1", Some("max_completion_tokens")), Ok(newer));
    assert_eq!(limit("https://eu.api.openai.com/v1", None), Ok(newer));
    assert_eq!(limit("https://eu.api.openai.com/v1", Some("max_tokens")), Ok(older));
    assert!(limit("http://127.0.0.1:11434/v1", Some("n_predict")).is_err());
    assert_eq!(provider("anthropic").output_limit(&settings("https://x")), newer);
}
