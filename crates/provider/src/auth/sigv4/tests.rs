//! The signature against AWS's own test suite (aws-c-auth, `aws-signing-test-suite/v4`), and what
//! the suite does not cover.

use bytes::Bytes;
use http::Uri;
use proptest::prelude::*;
use secrecy::SecretString;

use super::*;

type Headers = &'static [(&'static str, &'static str)];

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SUITE_TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

fn signer(region: &str, service: &str, token: Option<&str>) -> Signer {
    let keys = AwsKeys {
        id: "AKIDEXAMPLE".to_owned(),
        secret: SecretString::from(SECRET),
        session: token.map(SecretString::from),
    };
    Signer::new(&keys, region, service).unwrap()
}

/// The signature that the suite's request gets: every header it has is signed.
fn suite(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut map = HeaderMap::new();
    map.insert(HOST, HeaderValue::from_static("example.amazonaws.com"));
    map.insert(DATE, HeaderValue::from_static("20150830T123600Z"));
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    let payload = map.get(PAYLOAD).map_or(EMPTY, |value| value.to_str().unwrap()).to_owned();
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request { method: &method, path, query, headers: &map, payload: &payload };
    let signer = signer("us-east-1", "service", None);
    let text = signer.authorization(&request, &request.signed(|_| true), "20150830T123600Z");
    text.rsplit_once("Signature=").unwrap().1.to_owned()
}

#[test]
fn methods_paths_and_queries_of_the_suite_are_signed_alike() {
    let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let cases = [
        ("GET", "/".to_owned(), vanilla),
        ("GET", "/example/..".to_owned(), vanilla),
        ("GET", "/example1/example2/../..".to_owned(), vanilla),
        ("GET", "/./".to_owned(), vanilla),
        ("GET", "//".to_owned(), vanilla),
        (
            "GET",
            "/./example".to_owned(),
            "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        ),
        (
            "GET",
            "//example//".to_owned(),
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
        (
            "GET",
            "/example space/".to_owned(),
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        ),
        (
            "GET",
            format!("/{unreserved}"),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (
            "GET",
            "/ሴ".to_owned(),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
        (
            "GET",
            "/?Param1=value1".to_owned(),
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ),
        (
            "GET",
            "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1".to_owned(),
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        (
            "GET",
            "/?Param2=value2&Param1=value1".to_owned(),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            format!("/?{unreserved}={unreserved}"),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        (
            "GET",
            "/?ሴ=bar".to_owned(),
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ),
        (
            "POST",
            "/".to_owned(),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "POST",
            "/?Param1=value1".to_owned(),
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        ),
    ];
    for (method, target, signature) in cases {
        assert_eq!(suite(method, &target, &[]), signature, "{method} {target}");
    }
}

#[test]
fn headers_and_bodies_of_the_suite_are_signed_alike() {
    const BODY: &str = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
    const FORM: &str = "application/x-www-form-urlencoded";
    const FORM_UTF8: &str = "application/x-www-form-urlencoded; charset=utf-8";
    let cases: [(&str, Headers, &str); 8] = [
        (
            "GET",
            &[("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        (
            "GET",
            &[
                ("My-Header1", "value4"),
                ("My-Header1", "value1"),
                ("My-Header1", "value3"),
                ("My-Header1", "value2"),
            ],
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
        ),
        (
            "GET",
            &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "POST",
            &[("My-Header1", "value1")],
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "POST",
            &[("My-Header1", "VALUE1")],
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        ),
        (
            "POST",
            &[("X-Amz-Security-Token", SUITE_TOKEN)],
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ),
        (
            "POST",
            &[("Content-Type", FORM), ("Content-Length", "13"), ("X-Amz-Content-Sha256", BODY)],
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ),
        (
            "POST",
            &[
                ("Content-Type", FORM_UTF8),
                ("Content-Length", "13"),
                ("X-Amz-Content-Sha256", BODY),
            ],
            "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        ),
    ];
    for (method, headers, signature) in cases {
        assert_eq!(suite(method, "/", headers), signature, "{headers:?}");
    }
}

fn call(uri: &'static str, body: &'static str) -> HttpCall {
    let uri = Uri::from_static(uri);
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(uri.host().unwrap()).unwrap());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    HttpCall { method: Method::POST, uri, headers, body: Bytes::from_static(body.as_bytes()) }
}

fn authorization(call: &HttpCall) -> &str {
    call.headers[AUTHORIZATION].to_str().unwrap()
}

#[test]
fn a_colon_and_a_slash_in_a_model_id_are_encoded_once_more_than_they_are_sent() {
    let path =
        "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.a-v1%3A0/converse";
    let signed = canonical_path(path);
    assert_eq!(
        signed,
        "/model/arn%253Aaws%253Abedrock%253Aeu-west-1%253A1%253Ainference-profile%252Feu.a-v1%253A0/converse"
    );
}

#[test]
fn what_proxies_change_is_not_signed() {
    let signer = signer("eu-west-1", "bedrock", None);
    let now = "2026-11-20T16:00:00Z".parse().unwrap();
    let mut plain = call("https://bedrock-runtime.eu-west-1.amazonaws.com/model/a/converse", "{}");
    let mut proxied = plain.clone();
    for name in ["user-agent", "accept", "accept-encoding", "x-client-request-id", "via"] {
        proxied.headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
    }
    signer.sign(&mut plain, now);
    signer.sign(&mut proxied, now);
    assert_eq!(authorization(&plain), authorization(&proxied));
    let names = "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date,";
    assert!(authorization(&plain).contains(names), "{}", authorization(&plain));
}

#[test]
fn the_body_the_key_and_what_addresses_the_request_are_all_signed() {
    let signer_of = |service: &str, token| signer("eu-west-1", service, token);
    let now: Timestamp = "2026-11-20T16:00:00Z".parse().unwrap();
    let later: Timestamp = "2026-11-20T16:00:01Z".parse().unwrap();
    let uri = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a/converse";
    let sign = |signer: &Signer, mut call: HttpCall, now| {
        signer.sign(&mut call, now);
        authorization(&call).rsplit_once('=').unwrap().1.to_owned()
    };
    let bedrock = signer_of("bedrock", None);
    let mut workspace = call(uri, "{}");
    workspace.headers.insert("anthropic-workspace-id", HeaderValue::from_static("w"));
    let other_host = "https://bedrock-runtime.eu-west-2.amazonaws.com/model/a/converse";
    let mut seen = vec![
        sign(&bedrock, call(uri, "{}"), now),
        sign(&bedrock, call(uri, "{ }"), now),
        sign(&bedrock, call(uri, "{}"), later),
        sign(&bedrock, call(other_host, "{}"), now),
        sign(&bedrock, workspace, now),
        sign(&signer_of("bedrock-mantle", None), call(uri, "{}"), now),
        sign(&signer_of("bedrock", Some("t")), call(uri, "{}"), now),
    ];
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn a_call_that_is_signed_again_is_as_if_signed_once() {
    let signer = signer("eu-west-1", "bedrock", Some("token"));
    let now = "2026-11-20T16:00:00Z".parse().unwrap();
    let mut once = call("https://h/model/a/converse", "{}");
    signer.sign(&mut once, now);
    let mut twice = once.clone();
    signer.sign(&mut twice, now);
    assert_eq!(once.headers, twice.headers);
}

#[test]
fn secrets_are_marked_and_not_in_debug() {
    let signer = signer("eu-west-1", "bedrock", Some("hunter2"));
    let mut call = call("https://h/model/a/converse", "{}");
    signer.sign(&mut call, Timestamp::default());
    assert!(call.headers[AUTHORIZATION].is_sensitive() && call.headers[SESSION].is_sensitive());
    let shown = format!("{signer:?} {call:?} {:?}", call.headers);
    assert!(!shown.contains("hunter2") && !shown.contains(SECRET), "{shown}");
}

proptest! {
    #[test]
    fn no_path_or_query_panics_and_what_is_encoded_stays_in_the_alphabet(text in "\\PC{0,40}") {
        let fit = |s: &str, also: &str| {
            s.bytes().all(|b| b.is_ascii_alphanumeric() || also.as_bytes().contains(&b))
        };
        prop_assert!(fit(&canonical_path(&text), "-._~%/"));
        prop_assert!(fit(&canonical_query(&text), "-._~%=&"));
    }
}
