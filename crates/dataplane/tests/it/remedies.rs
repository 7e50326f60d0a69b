//! What a caller without an answer is told to do: come back when time cures it, and not when a
//! person must (R5).

use dataplane::Body;
use http::Response;
use simulator::{FaultKind, FaultSpec};

use crate::{
    credentials::bedrock,
    lab::{Lab, Setup, broken, error, text},
};

const EU: [&str; 4] =
    ["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"];

/// An error of this status that says when to come back, in seconds.
fn hinted(code: u16, retry_after: f64) -> FaultKind {
    FaultKind::Status {
        code,
        body: None,
        headers: Default::default(),
        retry_after: Some(retry_after),
    }
}

fn told<'r>(answer: &'r Response<Body>, header: &str) -> Option<&'r str> {
    answer.headers().get(header).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn what_only_the_operator_cures_is_not_waited_for() {
    for (code, status) in [(401, 502), (402, 429)] {
        let lab = Lab::gateway("eu-west", broken(&EU, &error(code))).await;
        let first = lab.chat(&lab.strict, false).await;
        assert_eq!(first.status(), status);
        assert_eq!(told(&first, "x-should-retry"), Some("true"), "one route was not tried");
        let last = lab.chat(&lab.strict, false).await;
        assert_eq!(last.status(), status);
        assert_eq!(told(&last, "isobar-attempts"), Some("1"));
        let shut = lab.chat(&lab.strict, false).await;
        assert_eq!((shut.status().as_u16(), told(&shut, "isobar-attempts")), (503, Some("0")));
        for answer in [last, shut] {
            assert_eq!(told(&answer, "isobar-refusal"), Some("routes_unavailable"));
            assert_eq!(told(&answer, "x-should-retry"), Some("false"));
            assert_eq!(told(&answer, "retry-after"), None);
            let said = text(answer).await.unwrap();
            assert!(said.contains("the operator must"), "{said}");
            assert!(!said.contains("try again"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_route_that_time_brings_back_is_waited_for_whatever_the_others_need() {
    let mut faults = broken(&EU[..3], &error(401));
    faults.push(FaultSpec::new(EU[3], hinted(429, 7.0)));
    let lab = Lab::gateway("eu-west", faults).await;
    for _ in 0..2 {
        lab.chat(&lab.strict, false).await;
    }
    let held = lab.chat(&lab.strict, false).await;
    assert_eq!((held.status().as_u16(), told(&held, "isobar-attempts")), (503, Some("0")));
    assert_eq!(told(&held, "x-should-retry"), Some("true"));
    assert_eq!(told(&held, "retry-after"), Some("7"));
    assert!(text(held).await.unwrap().contains("try again"));
}

#[tokio::test]
async fn a_rejected_credential_beside_a_route_that_rests_is_a_matter_of_time() {
    let lab = Lab::gateway("eu-west", broken(&EU[..3], &hinted(429, 7.0))).await;
    // Three rest from here on, one of them known by another's attempt only.
    for _ in 0..4 {
        lab.chat(&lab.strict, false).await;
    }
    lab.heal().await;
    lab.fault(&FaultSpec::new(EU[3], error(401))).await;
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!((answer.status().as_u16(), told(&answer, "isobar-attempts")), (502, Some("1")));
    assert_eq!(told(&answer, "x-should-retry"), Some("true"));
    assert_eq!(told(&answer, "retry-after"), Some("7"));
}

#[tokio::test]
async fn a_provider_that_asks_for_less_without_a_hint_has_the_gateways_own() {
    // Amazon gives none.
    let lab = bedrock(Setup { faults: broken(&EU, &error(429)), ..Setup::default() }).await;
    lab.chat(&lab.strict, false).await;
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!((answer.status().as_u16(), told(&answer, "isobar-attempts")), (429, Some("1")));
    assert_eq!(told(&answer, "x-should-retry"), Some("true"));
    assert_eq!(told(&answer, "retry-after"), Some("1"), "the first hold");
}

#[tokio::test]
async fn an_outage_of_every_route_is_not_multiplied_by_the_sdk() {
    let lab = Lab::gateway("eu-west", broken(&EU, &error(500))).await;
    // Until no route is left untried: breakers take the nearest out.
    let mut answer = lab.chat(&lab.strict, false).await;
    while told(&answer, "isobar-attempts") != Some("1") {
        answer = lab.chat(&lab.strict, false).await;
    }
    assert_eq!(answer.status(), 503);
    assert_eq!(told(&answer, "x-should-retry"), Some("false"));
}
