//! AUD-2: every admitted request ends in exactly one outcome, whatever happens to it.

use http_body_util::BodyExt as _;
use simulator::{Ending, FaultKind};

use crate::lab::{self, Lab, broken, error_500, request, text};

const FIRST: [&str; 3] = ["openai-eu-west", "anthropic-eu-west", "openai-eu-central"];

#[tokio::test]
async fn a_failing_route_is_left_and_both_attempts_are_on_record() {
    let lab = Lab::gateway("eu-west", broken(&FIRST[..1], &error_500())).await;
    for _ in 0..10 {
        let answer = lab.chat(&lab.strict, false).await;
        assert_eq!(answer.status(), 200);
        let route = answer.headers()["isobar-route"].to_str().unwrap().to_owned();
        let outcome = lab.log.outcome();
        assert_eq!(outcome.route.unwrap().as_str(), route);
        let attempts = answer.headers()["isobar-attempts"].to_str().unwrap().parse::<usize>();
        assert_eq!(attempts, Ok(outcome.attempts.len()));
    }
    let reached = lab.reached().await;
    assert!(reached.iter().any(|endpoint| endpoint == "openai-eu-west"), "{reached:?}");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_one_cancelled_outcome_with_what_it_got() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    let mut body = lab.chat(&lab.strict, true).await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    drop(body);
    assert_eq!(lab.log.words(), ["admission", "outcome cancelled"]);
    assert_eq!(lab.log.outcome().bytes, first.len() as u64);
}

#[tokio::test]
async fn a_caller_that_goes_away_before_an_answer_leaves_one_cancelled_outcome() {
    let faults = broken(
        &["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"],
        &FaultKind::HangBeforeHeaders,
    );
    let lab = Lab::gateway("eu-west", faults).await;
    {
        let answer = lab.send(request(&lab.strict, false));
        let mut answer = std::pin::pin!(answer);
        while lab.reached().await.is_empty() {
            tokio::select! {
                biased;
                _ = &mut answer => panic!("a silent upstream answered"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    assert_eq!(lab.log.words(), ["admission", "outcome cancelled"]);
    let attempts = lab.log.outcome().attempts;
    assert_eq!(attempts.len(), 1, "the record says where the prompt went");
    assert_eq!(attempts[0].route.as_str().replace("-large", ""), lab.reached().await[0]);
}

#[tokio::test]
async fn a_caller_in_a_hurry_opens_nobodys_breaker() {
    let endpoints =
        ["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"];
    let slow = FaultKind::SlowFirstToken { ms: 400 };
    let lab = Lab::gateway("eu-west", broken(&endpoints, &slow)).await;
    for _ in 0..12 {
        let mut hurried = request(&lab.strict, false);
        hurried.headers_mut().insert("isobar-deadline-ms", "20".parse().unwrap());
        let answer = lab.send(hurried).await;
        assert_eq!(answer.status(), 504);
        assert_eq!(answer.headers()["x-should-retry"], "false");
    }
    let patient = lab.chat(&lab.strict, false).await;
    assert_eq!(patient.status(), 200);
    assert_eq!(patient.headers()["isobar-region"], "eu-west");
    assert_eq!(patient.headers()["isobar-attempts"], "1");
}

#[tokio::test]
async fn a_stream_cut_after_its_first_token_ends_in_an_error_and_is_recorded_as_interrupted() {
    for ending in [Ending::Drop, Ending::Reset, Ending::Clean] {
        let fault = FaultKind::CutAfterTokens { n: 3, ending };
        let endpoints =
            ["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"];
        let lab = Lab::gateway("eu-west", broken(&endpoints, &fault)).await;
        let answer = lab.chat(&lab.strict, true).await;
        assert_eq!(answer.status(), 200);
        let body = text(answer).await.unwrap();
        assert!(body.contains("\"error\"") && !body.contains("[DONE]"), "{ending:?}: {body}");
        assert_eq!(lab.log.words(), ["admission", "outcome interrupted"]);
    }
}

#[tokio::test]
async fn a_stream_cut_before_its_first_token_is_served_by_another_route() {
    let fault = FaultKind::CutAfterTokens { n: 0, ending: Ending::Clean };
    let lab = Lab::gateway("eu-west", broken(&FIRST[..2], &fault)).await;
    let answer = lab.chat(&lab.strict, true).await;
    assert_eq!(answer.headers()["isobar-region"], "eu-central");
    let body = text(answer).await.unwrap();
    assert!(body.contains("[DONE]"), "{body}");
    assert_eq!(lab.log.words(), ["admission", "outcome served"]);
    let kinds: Vec<_> = lab.log.outcome().attempts.iter().map(|attempt| attempt.kind).collect();
    assert_eq!(kinds.len(), 3);
    assert!(kinds[2].is_none());
}

#[tokio::test]
async fn the_callers_own_mistake_is_told_and_never_tried_elsewhere() {
    let fault =
        FaultKind::Status { code: 400, body: None, headers: Default::default(), retry_after: None };
    let endpoints =
        ["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"];
    let lab = Lab::gateway("eu-west", broken(&endpoints, &fault)).await;
    assert_eq!(lab.chat(&lab.strict, false).await.status(), 400);
    assert_eq!(lab.reached().await.len(), 1);
    assert_eq!(lab.log.words(), ["admission", "outcome failed"]);
}

#[tokio::test]
async fn when_every_route_is_throttled_the_caller_is_and_otherwise_it_is_an_outage() {
    let everywhere =
        ["openai-eu-west", "anthropic-eu-west", "openai-eu-central", "anthropic-eu-central"];
    let throttled = lab::error(429);
    let lab = Lab::gateway("eu-west", broken(&everywhere, &throttled)).await;
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["isobar-refusal"], "routes_unavailable");
    assert!(text(answer).await.unwrap().contains("rate_limit_exceeded"));
    let mut faults = broken(&everywhere[..2], &throttled);
    faults.extend(broken(&everywhere[2..], &error_500()));
    let lab = Lab::gateway("eu-west", faults).await;
    assert_eq!(lab.chat(&lab.strict, false).await.status(), 503);
}
