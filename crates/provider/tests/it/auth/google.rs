//! Google: a service account's key, and the metadata server.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::{self, KeyPair as _, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use http::Method;
use provider::auth::{Auth, AuthError, GoogleAccount, GoogleMetadata};
use serde_json::{Value, json};
use vocab::Timestamp;

use super::{answered, base, bearer, called, field, ready};
use crate::support::{now, reply};

/// One key for all tests, since making one takes a while.
fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn pem() -> String {
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(key()).unwrap();
    let base64 = BASE64_STANDARD.encode(der.as_ref());
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

fn key_file() -> Value {
    json!({
        "type": "service_account",
        "project_id": "acme-ai",
        "private_key_id": "0123abcd",
        "private_key": pem(),
        "client_email": "gateway@acme-ai.iam.gserviceaccount.com",
        "client_id": "1234",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com"
    })
}

pub(super) fn account() -> GoogleAccount {
    GoogleAccount::from_json(&key_file().to_string(), None).unwrap()
}

fn parsed(part: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn the_assertion_is_signed_with_the_key_and_says_who_for_what_and_until_when() {
    let (call, _) = called(Auth::GoogleAccount(Box::new(account())).start(now()).unwrap());
    assert_eq!(call.uri, "https://oauth2.googleapis.com/token");
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    assert_eq!(field(&call, "grant_type"), Some(grant));
    let assertion = field(&call, "assertion").unwrap();
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    assert_eq!(parsed(header), json!({"alg": "RS256", "typ": "JWT", "kid": "0123abcd"}));
    let at = now().unix_micros() / 1_000_000;
    assert_eq!(
        parsed(claims),
        json!({
            "iss": "gateway@acme-ai.iam.gserviceaccount.com",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": "https://oauth2.googleapis.com/token",
            "iat": at,
            "exp": at + 3_600,
        })
    );
    let public = UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key().public_key());
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(public.verify(signed.as_bytes(), &signature).is_ok());
}

#[test]
fn the_token_is_taken_with_its_end() {
    let auth = Auth::GoogleAccount(Box::new(account()));
    let body = r#"{"access_token":"ya29.c.x","expires_in":3599,"token_type":"Bearer"}"#;
    let granted = ready(answered(&auth, &reply(200, &[], body)).unwrap());
    assert_eq!(bearer(&granted), "ya29.c.x");
    let expires: Timestamp = "2026-11-20T16:59:59Z".parse().unwrap();
    assert_eq!(granted.expires, Some(expires));
}

#[test]
fn a_deleted_key_is_told_with_the_remedy() {
    let auth = Auth::GoogleAccount(Box::new(account()));
    let body = r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
    let error = answered(&auth, &reply(400, &[], body)).unwrap_err().to_string();
    assert!(error.contains("`invalid_grant`") && error.contains("create a new key"), "{error}");
}

#[test]
fn another_token_endpoint_is_asked_but_the_audience_stays() {
    let endpoint = Some(base("http://127.0.0.1:9000/token"));
    let account = GoogleAccount::from_json(&key_file().to_string(), endpoint).unwrap();
    let (call, _) = called(Auth::GoogleAccount(Box::new(account)).start(now()).unwrap());
    assert_eq!(call.uri, "http://127.0.0.1:9000/token");
    let claims = field(&call, "assertion").unwrap().split('.').nth(1).unwrap();
    assert_eq!(parsed(claims)["aud"], "https://oauth2.googleapis.com/token");
}

#[test]
fn a_key_file_with_a_mistake_is_told_which_and_never_quoted() {
    let with = |name: &str, value: Value| {
        let mut file = key_file();
        file[name] = value;
        GoogleAccount::from_json(&file.to_string(), None).unwrap_err()
    };
    let cases = [
        (with("type", json!("authorized_user")), "`type`"),
        (with("client_email", json!(null)), "`client_email`"),
        (with("token_uri", json!(null)), "`token_uri`"),
        (with("token_uri", json!("http://tokens.example/")), "https"),
        (with("private_key", json!("hunter2")), "`private_key`"),
        (GoogleAccount::from_json("hunter2", None).unwrap_err(), "JSON"),
    ];
    for (error, names) in cases {
        assert!(matches!(error, AuthError::Input { .. }));
        let shown = error.to_string();
        assert!(shown.contains(names) && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn debug_shows_whose_key_it_is_and_nothing_of_it() {
    let shown = format!("{:?}", account());
    assert!(shown.contains("gateway@acme-ai") && !shown.contains("PRIVATE"), "{shown}");
}

#[test]
fn the_metadata_server_is_asked_with_its_flavor() {
    let auth = Auth::GoogleMetadata(GoogleMetadata::default());
    let (call, pending) = called(auth.start(now()).unwrap());
    assert_eq!(call.method, Method::GET);
    assert_eq!(
        call.uri,
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
    );
    assert_eq!(call.headers["metadata-flavor"], "Google");
    let body = r#"{"access_token":"ya29.m","expires_in":1200,"token_type":"Bearer"}"#;
    assert_eq!(bearer(&ready(pending.read(&reply(200, &[], body), now()).unwrap())), "ya29.m");
}
