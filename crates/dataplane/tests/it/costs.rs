//! O3: what an answer cost is on record exactly, and what is not known is never zero.

use http_body_util::BodyExt as _;
use journal::Outcome;
use serde_json::Value;
use simulator::{Ending, FaultKind};
use vocab::MicroUsd;

use crate::lab::{Lab, broken, error_500, request, text};

const EU: [&str; 4] =
    ["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"];

/// What the sample's prices come to, reckoned here in its own way: rates in ten-thousandths of a
/// dollar per million tokens.
fn expected(outcome: &Outcome) -> MicroUsd {
    let route = outcome.route.as_ref().unwrap().as_str();
    let [input, read, write, output] = match route.split('-').next().unwrap() {
        "openai" if route.contains("us-east") => [22_500, 5_625, 22_500, 90_000],
        "openai" => [25_000, 6_250, 25_000, 100_000],
        _ => [30_000, 3_000, 37_500, 150_000],
    };
    let usage = &outcome.usage;
    let parts = usage.input.unwrap() * input
        + usage.cache_read.unwrap_or(0) * read
        + usage.cache_write.unwrap_or(0) * write
        + usage.output.unwrap() * output;
    MicroUsd(i64::try_from(parts.div_ceil(10_000)).unwrap())
}

#[tokio::test]
async fn an_answer_costs_what_its_routes_price_makes_of_its_usage() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    for stream in [false, true].repeat(6) {
        let answer = lab.chat(&lab.strict, stream).await;
        assert_eq!(answer.status(), 200);
        text(answer).await.unwrap();
        let outcome = lab.log.outcome();
        let cost = outcome.cost_micro_usd.unwrap();
        assert!(cost > MicroUsd(0));
        assert_eq!(cost, expected(&outcome), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_usage_on_record_is_the_one_the_caller_was_told() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    let body = text(lab.chat(&lab.strict, false).await).await.unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    let usage = lab.log.outcome().usage;
    assert_eq!(told["usage"]["prompt_tokens"].as_u64(), usage.prompt());
    assert_eq!(told["usage"]["completion_tokens"].as_u64(), usage.output);
}

#[tokio::test]
async fn a_route_across_the_border_has_the_price_of_its_region() {
    let lab = Lab::gateway("us-east", broken(&["anthropic-us-east"], &error_500())).await;
    text(lab.chat(&lab.lenient, false).await).await.unwrap();
    let outcome = lab.log.outcome();
    assert_eq!(outcome.route.as_ref().unwrap().as_str(), "openai-us-east-large");
    assert_eq!(outcome.cost_micro_usd, Some(expected(&outcome)), "{outcome:?}");
}

#[tokio::test]
async fn failed_attempts_are_on_record_and_add_nothing() {
    let lab = Lab::gateway("eu-west", broken(&EU[..2], &error_500())).await;
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!(answer.status(), 200);
    let outcome = lab.log.outcome();
    assert!(outcome.attempts.len() > 1);
    assert_eq!(outcome.cost_micro_usd, Some(expected(&outcome)));
}

#[tokio::test]
async fn a_request_that_no_route_answers_has_no_cost_at_all() {
    let lab = Lab::gateway("eu-west", broken(&EU, &error_500())).await;
    assert_ne!(lab.chat(&lab.strict, false).await.status(), 200);
    let outcome = lab.log.outcome();
    assert!(!outcome.attempts.is_empty());
    assert_eq!(outcome.cost_micro_usd, None);
    assert_eq!(outcome.usage, vocab::Usage::default());
}

#[tokio::test]
async fn a_stream_that_is_cut_has_an_unknown_output_and_so_an_unknown_cost() {
    for ending in [Ending::Drop, Ending::Clean] {
        let fault = FaultKind::CutAfterTokens { n: 3, ending };
        let lab = Lab::gateway("eu-west", broken(&EU, &fault)).await;
        for _ in 0..6 {
            text(lab.chat(&lab.strict, true).await).await.unwrap();
            let outcome = lab.log.outcome();
            assert_eq!(outcome.usage.output, None, "{outcome:?}");
            assert_eq!(outcome.cost_micro_usd, None, "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_caller_that_leaves_a_stream_leaves_an_unknown_cost() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    for _ in 0..6 {
        let mut body = lab.send(request(&lab.strict, true)).await.into_body();
        body.frame().await.unwrap().unwrap();
        drop(body);
        let outcome = lab.log.outcome();
        assert_eq!((outcome.usage.output, outcome.cost_micro_usd), (None, None), "{outcome:?}");
    }
}
