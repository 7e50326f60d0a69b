//! The contract suite: settings and secrets, for every provider in the catalogue.

use dialect::UpstreamDialect;
use provider::{AwsKeys, Credential, Issuer, Provider, Reach, Settings, SettingsError, catalog};
use secrecy::SecretString;

use crate::support::{SECRET, base_url, context, endpoint, outbound, secret, settings_of};

#[test]
fn the_credential_is_in_no_debug_output() {
    for provider in catalog() {
        let endpoint = endpoint(*provider);
        let call = provider.prepare(&endpoint, outbound(*provider, Vec::new()), &context());
        let shown = format!("{endpoint:?} {call:?} {:?} {provider:?}", call.headers);
        assert!(!shown.contains("hunter2"), "AUD-4, {}: {shown}", provider.name());
    }
}

#[test]
fn the_credential_is_in_exactly_one_header_and_that_is_marked_sensitive() {
    for provider in catalog() {
        let call =
            provider.prepare(&endpoint(*provider), outbound(*provider, Vec::new()), &context());
        let secret = |value: &&http::HeaderValue| value.to_str().unwrap().contains(SECRET);
        let carriers: Vec<_> = call.headers.values().filter(secret).collect();
        assert_eq!(carriers.len(), 1, "{}", provider.name());
        assert!(carriers[0].is_sensitive(), "{}", provider.name());
        assert!(!call.uri.to_string().contains(SECRET));
    }
}

#[test]
fn keys_that_sign_are_refused_or_sign_the_call() {
    for provider in catalog() {
        let keys = Credential::Aws(AwsKeys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: SecretString::from(SECRET),
            session: None,
        });
        let settings = settings_of(*provider, base_url(*provider));
        let endpoint = match provider.connect(&settings, Some(&keys)) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                assert!(matches!(error, SettingsError::CredentialKind { .. }), "{error}");
                continue;
            }
        };
        let call = provider.prepare(&endpoint, outbound(*provider, Vec::new()), &context());
        let signature = call.headers.get("authorization").unwrap();
        assert!(signature.as_bytes().starts_with(b"AWS4-"), "{}", provider.name());
        assert!(signature.is_sensitive(), "{}", provider.name());
    }
}

#[test]
fn a_token_goes_to_whom_it_was_issued_for_and_to_nobody_else() {
    let takes = |provider: &'static dyn Provider, base: &str, issuer| {
        let token = Credential::Token(issuer, SecretString::from(SECRET));
        match provider.connect(&settings_of(provider, base), Some(&token)) {
            Ok(_) => true,
            Err(error) => {
                assert!(matches!(error, SettingsError::CredentialKind { .. }), "{error}");
                false
            }
        }
    };
    for provider in catalog() {
        let taken = [Issuer::Google, Issuer::Entra]
            .map(|issuer| takes(*provider, base_url(*provider), issuer));
        let expected = match provider.name() {
            "vertex" | "gemini" => [true, false],
            "azure-openai" => [false, true],
            _ => [false, false],
        };
        assert_eq!(taken, expected, "{}", provider.name());
    }
    let compatible = provider::find("openai-compatible").unwrap();
    for (base, expected) in [
        ("https://europe-west4-aiplatform.googleapis.com/v1beta1/x", [true, false]),
        ("https://r.services.ai.azure.com/openai", [false, true]),
        ("https://googleapis.com.evil.example", [false, false]),
        ("https://evilgoogleapis.com", [false, false]),
        ("http://127.0.0.1:8080", [true, true]),
        ("http://localhost:8080", [true, true]),
        ("http://127.0.0.1.evil.example", [false, false]),
    ] {
        let taken = [Issuer::Google, Issuer::Entra].map(|issuer| takes(compatible, base, issuer));
        assert_eq!(taken, expected, "{base}");
    }
}

#[test]
fn a_token_that_was_granted_does_not_cross_a_network_in_the_clear() {
    for (name, issuer) in
        [("vertex", Issuer::Google), ("gemini", Issuer::Google), ("azure-openai", Issuer::Entra)]
    {
        let provider = provider::find(name).unwrap();
        let token = Credential::Token(issuer, SecretString::from(SECRET));
        let connect = |base| provider.connect(&settings_of(provider, base), Some(&token)).map(drop);
        assert_eq!(connect("http://api.example"), Err(SettingsError::TokenInTheOpen), "{name}");
        assert_eq!(connect("http://[::1]:8080"), Ok(()), "{name}");
        assert_eq!(connect("https://api.example"), Ok(()), "{name}");
    }
}

#[test]
fn an_address_that_contradicts_the_place_is_refused_and_a_proxy_claims_none() {
    let region = |name: &str| Reach::Region(name.to_owned());
    let vertex = ("vertex", "location", "europe-west4");
    let bedrock = ("bedrock", "aws_region", "eu-west-1");
    for ((name, setting, place), base, expected) in [
        (vertex, "", Some(region("europe-west4"))),
        (vertex, "https://Europe-West4-aiplatform.googleapis.com", Some(region("europe-west4"))),
        (vertex, "https://us-central1-aiplatform.googleapis.com", None),
        (vertex, "https://us-central1-aiplatform.mtls.googleapis.com", None),
        (vertex, "https://aiplatform.googleapis.com", None),
        (vertex, "https://aiplatform.us.rep.googleapis.com", None),
        (vertex, "https://vertex.proxy.example", Some(Reach::Unstated)),
        (vertex, "http://127.0.0.1:8080", Some(region("europe-west4"))),
        (bedrock, "", Some(region("eu-west-1"))),
        (
            bedrock,
            "https://bedrock-runtime-fips.eu-west-1.amazonaws.com",
            Some(region("eu-west-1")),
        ),
        (bedrock, "https://bedrock-runtime.us-east-1.amazonaws.com", None),
        (bedrock, "https://bedrock-runtime-fips.us-east-1.amazonaws.com", None),
        (bedrock, "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", None),
        (bedrock, "https://bedrock.proxy.example", Some(Reach::Unstated)),
        (bedrock, "http://localhost:8080", Some(region("eu-west-1"))),
    ] {
        let provider = provider::find(name).unwrap();
        let mut settings = settings_of(provider, base);
        settings.values.insert(setting.to_owned(), place.to_owned());
        let model = "amazon.nova-lite-v1:0";
        let reach = provider.connect(&settings, None).map(|_| provider.reach(&settings, model));
        match expected {
            Some(expected) => assert_eq!(reach, Ok(expected), "{base}"),
            None => assert!(
                matches!(&reach, Err(SettingsError::Wrong { setting: of, .. }) if *of == setting),
                "{base}: {reach:?}"
            ),
        }
    }
}

#[test]
fn a_server_of_ones_own_needs_no_credential() {
    for provider in catalog() {
        let endpoint =
            provider.connect(&settings_of(*provider, base_url(*provider)), None).unwrap();
        let call = provider.prepare(&endpoint, outbound(*provider, Vec::new()), &context());
        assert!(!call.headers.contains_key("authorization"));
        assert!(!call.headers.contains_key("x-api-key"));
        assert!(!call.headers.contains_key("api-key"));
    }
}

#[test]
fn wrong_addresses_are_refused_with_the_remedy() {
    let cases = [
        ("", "write the address"),
        ("api.example/v1", "write it in full"),
        ("ftp://api.example/v1", "write it in full"),
        ("https://user:hunter2@api.example", "remove it"),
        ("https://api.example?key=hunter2", "remove it"),
        ("https://api.example#hunter2", "remove it"),
    ];
    for provider in catalog() {
        for (url, remedy) in cases {
            let error = match provider.connect(&settings_of(*provider, url), None) {
                // Some providers know their address.
                Ok(_) if url.is_empty() => continue,
                connected => connected.unwrap_err().to_string(),
            };
            assert!(error.contains("base_url") && error.contains(remedy), "{url}: {error}");
            assert!(!error.contains("hunter2"), "AUD-4: {error}");
        }
    }
}

#[test]
fn an_address_that_contains_what_is_appended_is_refused() {
    for (name, url) in [
        ("openai-compatible", "https://api.example/v1/chat/completions"),
        ("openai", "https://api.openai.com/v1/responses"),
        ("azure-openai", "https://r.openai.azure.com/openai/v1/"),
        ("anthropic", "https://api.example/v1"),
        ("anthropic", "https://api.example/v1/messages/"),
        ("vertex", "https://api.example/v1"),
        ("gemini", "https://api.example/v1beta/"),
    ] {
        let provider = provider::find(name).unwrap();
        let error = provider.connect(&settings_of(provider, url), None).unwrap_err();
        assert!(matches!(error, SettingsError::BaseUrlSuffix { .. }), "{url}: {error}");
    }
}

#[test]
fn headers_of_the_gateway_cannot_be_set() {
    for provider in catalog() {
        for name in [
            "Authorization",
            "x-api-key",
            "x-goog-api-key",
            "api-key",
            "Host",
            "content-length",
            "transfer-encoding",
        ] {
            let headers = vec![(name.to_owned(), SECRET.to_owned())];
            let settings = Settings { headers, ..settings_of(*provider, base_url(*provider)) };
            let error = provider.connect(&settings, None).unwrap_err();
            assert!(matches!(error, SettingsError::HeaderReserved { .. }), "{name}: {error}");
            assert!(!error.to_string().contains("hunter2"), "AUD-4: {error}");
        }
    }
}

#[test]
fn headers_that_would_split_the_message_are_refused() {
    for provider in catalog() {
        for (name, value) in [("x-a", "b\r\nx-c: d"), ("x a", "b"), ("", "b"), ("x-a\r\n", "b")] {
            let headers = vec![(name.to_owned(), value.to_owned())];
            let settings = Settings { headers, ..settings_of(*provider, base_url(*provider)) };
            let error = provider.connect(&settings, None).unwrap_err();
            assert!(matches!(error, SettingsError::HeaderShape { .. }), "{name:?}: {error}");
        }
    }
}

#[test]
fn a_credential_that_cannot_be_sent_is_refused_and_not_quoted() {
    for provider in catalog() {
        for text in ["", "sk-hunter2\n", "sk-hunter2\r\nx-admin: 1", "sk-hunter2é"] {
            let credential = Credential::Secret(SecretString::from(text));
            let error =
                provider.connect(&settings_of(*provider, base_url(*provider)), Some(&credential));
            let error = error.unwrap_err();
            assert_eq!(error, SettingsError::ValueShape { setting: "credential" });
            assert!(!error.to_string().contains("hunter2"), "AUD-4: {error}");
        }
    }
}

#[test]
fn the_operators_headers_are_sent_and_shown_by_name_only() {
    for provider in catalog() {
        let headers = vec![("X-Proxy-Key".to_owned(), "hunter3".to_owned())];
        let settings = Settings { headers, ..settings_of(*provider, base_url(*provider)) };
        let endpoint = provider.connect(&settings, Some(&secret())).unwrap();
        let call = provider.prepare(&endpoint, outbound(*provider, Vec::new()), &context());
        assert_eq!(call.headers["x-proxy-key"], "hunter3");
        let shown = format!("{endpoint:?} {:?}", call.headers);
        assert!(shown.contains("x-proxy-key") && !shown.contains("hunter3"), "{shown}");
    }
}

#[test]
fn no_setting_is_called_like_a_field_that_every_endpoint_has() {
    let taken = ["id", "vendor", "provider", "region", "base_url", "credential", "headers"];
    for provider in catalog() {
        for setting in provider.settings() {
            assert!(!taken.contains(&setting.name), "{}: {}", provider.name(), setting.name);
        }
    }
}

#[test]
fn where_anthropic_processes_is_the_endpoints_to_say() {
    let anthropic = provider::find("anthropic").unwrap();
    let settings =
        Settings { base_url: "https://api.anthropic.com".to_owned(), ..Settings::default() };
    let said = |geo: &str| {
        let mut settings = settings.clone();
        settings.values.insert("inference_geo".to_owned(), geo.to_owned());
        settings
    };
    assert_eq!(anthropic.reach(&said("us"), "m"), Reach::Geography("us".to_owned()));
    assert_eq!(anthropic.reach(&said("global"), "m"), Reach::Global);
    assert_eq!(anthropic.reach(&settings, "m"), Reach::Unstated);
    assert!(anthropic.connect(&said("us"), None).is_ok());
    let counts = |settings: &Settings| {
        anthropic.speaks(settings, "m").contains(&UpstreamDialect::AnthropicCount)
    };
    // Counting has no field for the place.
    assert!(counts(&settings) && counts(&said("global")) && !counts(&said("us")));
    let error = anthropic.connect(&said("eu"), None).unwrap_err().to_string();
    assert!(error.starts_with("`inference_geo` is not `us` or `global`"), "{error}");
}
