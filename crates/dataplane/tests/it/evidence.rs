//! AUD-1: durable before egress; durable before the byte it gates.

use http_body_util::BodyExt as _;

use crate::lab::{Disk, Lab, text};

#[tokio::test]
async fn a_prompt_leaves_only_after_its_admission_is_durable() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    lab.log.set(Disk::Slow);
    let answer = lab.chat(&lab.strict, false);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        _ = &mut answer => panic!("answered before the admission was durable"),
        () = lab.log.waited_for.notified() => {}
    }
    assert_eq!(lab.log.words(), ["admission"]);
    assert!(lab.reached().await.is_empty());
    lab.log.set(Disk::Good);
    assert_eq!(answer.await.status(), 200);
    assert_eq!(lab.log.words(), ["admission", "outcome served"]);
    assert_eq!(lab.reached().await.len(), 1);
}

#[tokio::test]
async fn without_evidence_nothing_is_sent_and_the_caller_is_told_to_come_back() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    lab.log.set(Disk::Broken);
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["isobar-refusal"], "evidence_unavailable");
    assert_eq!(answer.headers()["isobar-evidence"], "none");
    assert!(lab.reached().await.is_empty());
}

#[tokio::test]
async fn an_answer_whose_outcome_is_not_durable_is_withheld() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    lab.log.break_after(1);
    let answer = lab.chat(&lab.strict, false).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(lab.reached().await.len(), 1);
    let body = text(answer).await.unwrap();
    assert!(body.contains("evidence_unavailable") && !body.contains("You said"), "{body}");
}

#[tokio::test]
async fn a_stream_whose_outcome_is_not_durable_ends_in_an_error_and_has_no_terminator() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    lab.log.break_after(1);
    let answer = lab.chat(&lab.strict, true).await;
    assert_eq!(answer.status(), 200);
    let body = text(answer).await.unwrap();
    assert!(body.contains("evidence_unavailable"), "{body}");
    assert!(!body.contains("[DONE]"), "{body}");
}

#[tokio::test]
async fn the_terminator_of_a_stream_waits_for_the_outcome() {
    let lab = Lab::gateway("eu-west", vec![]).await;
    let answer = lab.chat(&lab.strict, true).await;
    let mut body = answer.into_body();
    lab.log.set(Disk::Slow);
    let mut seen = Vec::new();
    loop {
        tokio::select! {
            frame = body.frame() => seen.extend(frame.unwrap().unwrap().into_data().unwrap()),
            // The first permit is the admission's.
            () = lab.log.waited_for.notified() => if lab.log.words().len() == 2 { break },
        }
    }
    assert!(!String::from_utf8(seen).unwrap().contains("[DONE]"));
    lab.log.set(Disk::Good);
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(String::from_utf8(rest.to_vec()).unwrap().contains("[DONE]"));
}

#[tokio::test]
async fn a_certificate_that_expires_after_admission_stops_the_attempt() {
    // P1, EQV-1: asked again before every attempt.
    let lab = Lab::gateway("eu-west", vec![]).await;
    lab.log.set(Disk::Slow);
    let answer = lab.chat(&lab.strict, false);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        _ = &mut answer => panic!("answered before the admission was durable"),
        () = lab.log.waited_for.notified() => {}
    }
    lab.clock.set("2099-01-01");
    lab.log.set(Disk::Good);
    assert_ne!(answer.await.status(), 200);
    assert!(lab.reached().await.is_empty());
    assert_eq!(lab.log.words(), ["admission", "outcome failed"]);
}
