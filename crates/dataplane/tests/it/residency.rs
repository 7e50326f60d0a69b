//! P2, P3, P7: what may be processed where, and what is read before that is known.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Request;
use http_body::Frame;

use crate::lab::{Lab, broken, error_500, text};

/// A body that fails the test when somebody reads it.
struct Unread;

impl http_body::Body for Unread {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        panic!("content was read on a gateway that may not process it");
    }
}

#[tokio::test]
async fn a_gateway_outside_the_residency_refuses_before_it_reads_content_and_names_the_entry() {
    let lab = Lab::gateway("us-east", vec![]).await;
    let request = Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {}", lab.strict))
        .body(Unread)
        .unwrap();
    let answer = lab.send(request).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers()["isobar-refusal"], "gateway_outside_residency");
    assert_eq!(answer.headers()["x-should-retry"], "false");
    let body = text(answer).await.unwrap();
    assert!(body.contains("127.0.1.1") && body.contains("127.0.2.1"), "{body}");
    assert_eq!(lab.log.words(), ["refusal gateway_outside_residency"]);
}

#[tokio::test]
async fn a_stranger_is_refused_before_content_is_read() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    let request = Request::post("/v1/messages").header("x-api-key", "isb_x").body(Unread).unwrap();
    let answer = lab.send(request).await;
    assert_eq!(answer.status(), 401);
    let body = text(answer).await.unwrap();
    assert!(body.contains("authentication_error"), "{body}");
}

const EU: [&str; 4] =
    ["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"];

#[tokio::test]
async fn with_the_eu_down_the_strict_workload_never_leaves_it() {
    let lab = Lab::gateway("eu-west", broken(&EU, &error_500())).await;
    for _ in 0..20 {
        assert_ne!(lab.chat(&lab.strict, false).await.status(), 200);
    }
    let reached = lab.reached().await;
    assert!(!reached.is_empty());
    assert!(reached.iter().all(|endpoint| !endpoint.ends_with("us-east")), "{reached:?}");
}

#[tokio::test]
async fn with_the_eu_down_the_lenient_workload_crosses_by_a_recorded_mechanism() {
    let lab = Lab::gateway("eu-west", broken(&EU, &error_500())).await;
    for _ in 0..20 {
        let answer = lab.chat(&lab.lenient, false).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["isobar-region"], "us-east");
        let outcome = lab.log.outcome();
        assert_eq!(outcome.mechanism.unwrap().as_str(), "eu-us-dpf");
    }
}
