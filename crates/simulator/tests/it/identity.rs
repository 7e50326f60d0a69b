//! Token endpoints: what they want to see, and that a vendor accepts only what they issued.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::client::{Reply, World};

/// Far in the future, so that no clock is needed.
const LATER: u64 = 4_000_000_000;

async fn call(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut request = Request::builder().method(method).uri(path).header("host", "simulator");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body.to_owned()));
    world.send(request.body(body).unwrap()).await.unwrap()
}

fn jwt(header: &Value, claims: &Value, signature: usize) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(vec![7; signature]))
}

fn web_identity() -> String {
    jwt(&json!({"alg": "RS256"}), &json!({"iss": "i", "sub": "s", "aud": "a", "exp": LATER}), 256)
}

#[tokio::test]
async fn sts_gives_keys_for_a_web_identity_and_says_no_in_xml() {
    let world = World::start().await;
    let form = |token: &str| {
        format!(
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=gateway&\
             RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fgateway&WebIdentityToken={token}"
        )
    };
    let given = call(&world, "POST", "/identity/", &[], &form(&web_identity())).await;
    let text = given.text();
    assert_eq!((given.status, given.header("content-type")), (200, Some("text/xml")));
    assert!(text.contains("<AccessKeyId>ASIA") && text.contains("<SessionToken>"), "{text}");
    let refused = call(&world, "POST", "/identity", &[], &form("nonsense")).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("<Code>InvalidIdentityToken</Code>"), "{}", refused.text());
    let logged = world.last_logged(|last| last.status == 400).await;
    assert_eq!(logged.marks["Action"], "AssumeRoleWithWebIdentity");
    assert!(!logged.marks.values().any(|mark| mark.contains("nonsense")));
}

#[tokio::test]
async fn the_instance_service_wants_its_own_token_first() {
    let world = World::start().await;
    let roles = "/identity/latest/meta-data/iam/security-credentials/";
    assert_eq!(call(&world, "GET", roles, &[], "").await.status, 401);
    let ttl = [("x-aws-ec2-metadata-token-ttl-seconds", "60")];
    assert_eq!(call(&world, "GET", "/identity/latest/api/token", &ttl, "").await.status, 405);
    let token = call(&world, "PUT", "/identity/latest/api/token", &ttl, "").await.text();
    let token = [("x-aws-ec2-metadata-token", token.as_str())];
    let role = call(&world, "GET", roles, &token, "").await.text();
    let keys = call(&world, "GET", &format!("{roles}{role}"), &token, "").await.json();
    assert_eq!((&keys["Code"], &keys["Type"]), (&json!("Success"), &json!("AWS-HMAC")));
    assert!(keys["Expiration"].as_str().unwrap().ends_with('Z'));
    assert_eq!(call(&world, "GET", &format!("{roles}other"), &token, "").await.status, 404);
}

#[tokio::test]
async fn the_container_service_gives_keys() {
    let world = World::start().await;
    let keys = call(&world, "GET", "/identity/v2/credentials/task", &[], "").await.json();
    for field in ["RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"] {
        assert!(keys[field].is_string(), "{field}: {keys}");
    }
}

#[tokio::test]
async fn google_wants_an_assertion_of_the_right_shape() {
    let world = World::start().await;
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    let claims = json!({"iss": "gateway@p.iam.gserviceaccount.com", "scope": "cloud",
        "aud": "https://oauth2.googleapis.com/token", "iat": 1, "exp": LATER});
    let long = jwt(&json!({"alg": "RS256"}), &claims, 256);
    let weak = jwt(&json!({"alg": "HS256"}), &claims, 32);
    for (assertion, reason) in [(long.as_str(), "short-lived"), (&weak, "Signature"), ("x", "Bad")]
    {
        let form = format!("{grant}{assertion}");
        let refused = call(&world, "POST", "/identity/token", &[], &form).await;
        let body = refused.json();
        assert_eq!((refused.status, &body["error"]), (400, &json!("invalid_grant")));
        assert!(body["error_description"].as_str().unwrap().contains(reason), "{body}");
    }
    let refused = call(&world, "POST", "/identity/token", &[], "grant_type=other").await;
    assert_eq!(refused.json()["error"], "unsupported_grant_type");
}

async fn google_token(world: &World, endpoint: &str) -> String {
    let path = format!("/{endpoint}/computeMetadata/v1/instance/service-accounts/default/token");
    assert_eq!(call(world, "GET", &path, &[], "").await.status, 403);
    let given = call(world, "GET", &path, &[("metadata-flavor", "Google")], "").await;
    assert_eq!(given.header("metadata-flavor"), Some("Google"));
    given.json()["access_token"].as_str().unwrap().to_owned()
}

async fn azure_token(world: &World, endpoint: &str, proof: &str) -> Reply {
    let form = format!(
        "grant_type=client_credentials&client_id=gateway&\
         scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default&{proof}"
    );
    call(world, "POST", &format!("/{endpoint}/tenant/oauth2/v2.0/token"), &[], &form).await
}

#[tokio::test]
async fn azure_takes_a_secret_or_a_federated_token_and_numbers_its_reasons() {
    let world = World::start().await;
    let kind =
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let federated = format!("{kind}&client_assertion={}", web_identity());
    for proof in ["client_secret=any", &federated] {
        let given = azure_token(&world, "identity", proof).await;
        assert_eq!((given.status, &given.json()["expires_in"]), (200, &json!(3600)), "{proof}");
    }
    for (proof, number) in [("", 7_000_218), (&format!("{kind}&client_assertion=x"), 50_027)] {
        let refused = azure_token(&world, "identity", proof).await;
        assert_eq!((refused.status, &refused.json()["error_codes"][0]), (401, &json!(number)));
    }
}

#[tokio::test]
async fn a_vendor_told_so_accepts_only_what_was_issued_and_is_fresh() {
    let world = World::start().await;
    let gemini = "/vertex-issued/v1/projects/p/locations/eu/publishers/google/models/g:countTokens";
    let chat = "/azure-issued/openai/v1/chat/completions";
    let said = json!({"contents": [{"parts": [{"text": "x"}]}]}).to_string();
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]}).to_string();
    let google = google_token(&world, "identity").await;
    let stale = google_token(&world, "identity-stale").await;
    let azure = azure_token(&world, "identity", "client_secret=s").await.json();
    let azure = azure["access_token"].as_str().unwrap().to_owned();
    for (path, body, token, status) in [
        (gemini, &said, google.as_str(), 200),
        (gemini, &said, stale.as_str(), 401),
        (gemini, &said, "made-up", 401),
        // No cloud takes another's tokens.
        (gemini, &said, azure.as_str(), 401),
        (chat, &asked, azure.as_str(), 200),
        (chat, &asked, google.as_str(), 401),
    ] {
        let bearer = format!("Bearer {token}");
        let reply = call(&world, "POST", path, &[("authorization", &bearer)], body).await;
        assert_eq!(reply.status, status, "{path} {token}: {reply:?}");
    }
}
