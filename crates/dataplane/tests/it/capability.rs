//! G4: a route that cannot do what a request needs is passed over, and a request that no route can
//! serve is refused by its field.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use journal::Entry;

use crate::lab::{Lab, Setup, text};

/// The sample with its routes changed.
async fn told(region: &str, change: impl Fn(String) -> String + 'static) -> Lab {
    Lab::with(region, Setup { routes: Some(Box::new(change)), ..Setup::default() }).await
}

/// The sample with `line` on every route of a vendor.
async fn lab(vendor: &str, line: &str) -> Lab {
    let start = format!("endpoint: {vendor}-");
    let line = line.to_owned();
    told("eu-west", move |text| {
        let told = text.lines().map(|written| {
            let indent: String = written.chars().take_while(|c| *c == ' ').collect();
            let own = written.trim_start().starts_with(&start);
            if own { format!("{written}\n{indent}{line}\n") } else { format!("{written}\n") }
        });
        told.collect()
    })
    .await
}

fn ask(key: &str, rest: &str) -> Request<Full<Bytes>> {
    let body = format!(
        r#"{{"model":"chat-large","messages":[{{"role":"user","content":"Hello"}}]{rest}}}"#
    );
    Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {key}"))
        .body(Full::new(Bytes::from(body)))
        .unwrap()
}

#[tokio::test]
async fn what_the_provider_was_not_told_is_said_in_the_answers_head() {
    let lab = lab("openai", "lacks: [json_schema]").await;
    let rest = format!(r#"{SCHEMA},"user":"u","metadata":{{}}"#);
    let answer = lab.send(ask(&lab.strict, &rest)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["isobar-dropped"], "user, metadata");
    let nothing = lab.send(ask(&lab.strict, "")).await;
    assert!(!nothing.headers().contains_key("isobar-dropped"));
}

const SCHEMA: &str = r#","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{},"additionalProperties":false}}}"#;

#[tokio::test]
async fn a_route_that_lacks_a_feature_is_passed_over_and_the_record_names_it() {
    let lab = lab("openai", "lacks: [json_schema]").await;
    let answer = lab.send(ask(&lab.strict, SCHEMA)).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["isobar-route"].to_str().unwrap().contains("anthropic"));
    text(answer).await.unwrap();
    let entries = lab.log.entries.lock().unwrap().clone();
    let passed_over = entries.iter().find_map(|entry| match entry {
        Entry::Admission(admission) => Some(admission.passed_over.clone()),
        _ => None,
    });
    let passed_over = passed_over.unwrap();
    assert!(!passed_over.is_empty());
    assert!(passed_over.iter().all(|passed| passed.reason == "cannot_carry:json_schema"));
}

#[tokio::test]
async fn a_request_that_no_permitted_route_can_serve_is_refused_by_its_field() {
    for (line, rest, param) in [
        ("lacks: [json_schema, images]", SCHEMA, "response_format"),
        ("lacks: [sampling]", r#","top_p":0.5"#, "top_p"),
        ("lacks: [streaming]", r#","stream":true"#, "stream"),
        ("output_max: 100", r#","max_completion_tokens":101"#, "max_completion_tokens"),
    ] {
        let line = format!(
            "
  {line}
  upstream_model:"
        );
        let lab = told("eu-west", move |text| {
            text.replace(
                "
  upstream_model:",
                &line,
            )
        })
        .await;
        let answer = lab.send(ask(&lab.strict, rest)).await;
        assert_eq!(answer.status(), 400, "{rest}");
        assert_eq!(answer.headers()["isobar-refusal"], "unsupported_field");
        let body: serde_json::Value = serde_json::from_str(&text(answer).await.unwrap()).unwrap();
        assert_eq!(body["error"]["param"], param, "{body}");
        assert!(lab.reached().await.is_empty());
    }
}

#[tokio::test]
async fn a_prompt_that_is_certainly_too_long_goes_to_the_route_that_takes_it() {
    let lab = lab("openai", "context_max: 100").await;
    let long = "word ".repeat(1_000);
    let body =
        format!(r#"{{"model":"chat-large","messages":[{{"role":"user","content":"{long}"}}]}}"#);
    let request = Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {}", lab.strict))
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let answer = lab.send(request).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["isobar-route"].to_str().unwrap().contains("anthropic"));
}
