//! Ways to a credential: what is asked, what is made of the answers, and what never shows.
//!
//! Replies are written after the vendors' documentation.

mod aws;
mod azure;
mod google;

use http::Uri;
use proptest::prelude::*;
use provider::{
    Base, Credential,
    auth::{
        Auth, AuthError, AuthStep, AwsInstance, GoogleMetadata, Granted, Pending, STEPS_MAX, Step,
    },
};
use secrecy::{ExposeSecret, SecretString};
use vocab::{HttpCall, HttpReply};

use crate::support::{SECRET, now, reply};

pub(crate) fn base(url: &str) -> Base {
    Base::parse(url, "").unwrap()
}

pub(crate) fn called(step: Step) -> (HttpCall, Pending) {
    match step {
        Step::Call(call, pending) => (*call, pending),
        Step::Ready(granted) => panic!("{granted:?}"),
    }
}

pub(crate) fn ready(step: Step) -> Granted {
    match step {
        Step::Ready(granted) => granted,
        Step::Call(call, _) => panic!("{call:?}"),
    }
}

pub(crate) fn body(call: &HttpCall) -> &str {
    std::str::from_utf8(&call.body).unwrap()
}

/// The value of one field of a form, as it is sent.
pub(crate) fn field<'a>(call: &'a HttpCall, name: &str) -> Option<&'a str> {
    body(call)
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name))
        .map(|(_, value)| value)
}

pub(crate) fn bearer(granted: &Granted) -> &str {
    match &granted.credential {
        Credential::Token(_, token) => token.expose_secret(),
        other => panic!("{other:?}"),
    }
}

/// What a first call's reply comes to.
pub(crate) fn answered(auth: &Auth, reply: &HttpReply) -> Result<Step, AuthError> {
    called(auth.start(now()).unwrap()).1.read(reply, now())
}

/// One of each kind that makes calls.
fn callers() -> Vec<Auth> {
    vec![
        Auth::AwsWebIdentity(aws::web_identity()),
        Auth::AwsContainer(aws::container()),
        Auth::AwsInstance(AwsInstance::default()),
        Auth::GoogleAccount(Box::new(google::account())),
        Auth::GoogleMetadata(GoogleMetadata::default()),
        Auth::AzureApp(azure::app()),
    ]
}

#[test]
fn a_static_key_is_ready_at_once_and_does_not_end() {
    let granted = ready(Auth::Static(SecretString::from(SECRET)).start(now()).unwrap());
    let Credential::Secret(key) = &granted.credential else { panic!("{granted:?}") };
    assert_eq!(key.expose_secret(), SECRET);
    assert_eq!(granted.expires, None);
}

#[test]
fn a_static_key_that_cannot_be_sent_is_refused() {
    for wrong in ["", "a\n", "é"] {
        let error = Auth::Static(SecretString::from(wrong)).start(now()).unwrap_err();
        assert!(matches!(error, AuthError::Input { .. }), "{error}");
        assert!(error.to_string().contains("line break"), "{error}");
    }
}

#[test]
fn a_server_that_is_busy_or_broken_is_asked_again_later() {
    for auth in callers() {
        for status in [408, 429, 500, 503] {
            let error = answered(&auth, &reply(status, &[], "<html>")).unwrap_err();
            assert!(error.is_passing(), "{auth:?} {status}: {error}");
        }
        let error = answered(&auth, &reply(403, &[], "")).unwrap_err();
        assert!(!error.is_passing(), "{auth:?}: {error}");
    }
}

#[test]
fn a_page_instead_of_an_answer_is_told_with_its_step() {
    for auth in callers() {
        let (_, pending) = called(auth.start(now()).unwrap());
        // The instance service's session is a bare text, so any text is one.
        let page = if pending.step() == AuthStep::InstanceSession { "" } else { "<html></html>" };
        let step = pending.step();
        let error = pending.read(&reply(200, &[], page), now()).unwrap_err();
        assert!(matches!(error, AuthError::Unreadable { step: at, .. } if at == step), "{error}");
    }
}

#[test]
fn no_secret_shows_whatever_the_server_echoes() {
    // A server that answers with what it was sent, wherever it can put it.
    let echo =
        format!(r#"{{"error":"{SECRET}","code":"{SECRET}","error_description":"{SECRET}"}}"#);
    let xml = format!("<ErrorResponse><Error><Code>{SECRET}</Code></Error></ErrorResponse>");
    for auth in callers() {
        for (status, body) in [(400, &echo), (400, &xml), (503, &echo), (200, &echo)] {
            let (call, pending) = called(auth.start(now()).unwrap());
            let shown = format!("{auth:?} {call:?} {pending:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            if let Err(error) = pending.read(&reply(status, &[], body), now()) {
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains("hunter2"), "{shown}");
            }
        }
    }
}

#[test]
fn a_server_of_ones_own_is_asked_at_its_address() {
    let metadata = Some(base("http://127.0.0.1:9100/gcp"));
    let (call, _) = called(Auth::GoogleMetadata(GoogleMetadata { metadata }).start(now()).unwrap());
    let path = "/gcp/computeMetadata/v1/instance/service-accounts/default/token";
    let expected: Uri = format!("http://127.0.0.1:9100{path}").parse().unwrap();
    assert_eq!(call.uri, expected);
}

proptest! {
    #[test]
    fn no_reply_panics_and_every_way_ends(
        replies in prop::collection::vec(("(\\PC{0,60}|[{\"a-zA-Z_:,}]{0,40})", 100_u16..600), 8),
    ) {
        for auth in callers() {
            let mut step = auth.start(now()).unwrap();
            let mut calls = 0;
            for (body, status) in &replies {
                let Step::Call(_, pending) = step else { break };
                calls += 1;
                match pending.read(&reply(*status, &[], body), now()) {
                    Ok(next) => step = next,
                    Err(_) => break,
                }
            }
            prop_assert!(calls <= STEPS_MAX);
        }
    }
}
