//! Microsoft Entra: client secret and federated token.

use provider::auth::{Auth, AuthError, AzureApp, AzureProof};
use secrecy::SecretString;
use vocab::Timestamp;

use super::{answered, base, bearer, called, field, ready};
use crate::support::{SECRET, now, reply};

pub(super) fn app() -> AzureApp {
    AzureApp {
        tenant: "72f988bf-86f1-41af-91ab-2d7cd011db47".to_owned(),
        client_id: "00001111-aaaa-2222-bbbb-3333cccc4444".to_owned(),
        proof: AzureProof::Secret(SecretString::from(SECRET)),
        authority: None,
        scope: None,
    }
}

const GRANTED: &str =
    r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ0.a.b"}"#;

#[test]
fn the_directory_is_asked_with_the_applications_secret() {
    let (call, _) = called(Auth::AzureApp(app()).start(now()).unwrap());
    let tenant = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47";
    assert_eq!(call.uri.to_string(), format!("{tenant}/oauth2/v2.0/token"));
    assert_eq!(field(&call, "grant_type"), Some("client_credentials"));
    assert_eq!(field(&call, "client_id"), Some("00001111-aaaa-2222-bbbb-3333cccc4444"));
    let scope = "https%3A%2F%2Fcognitiveservices.azure.com%2F.default";
    assert_eq!(field(&call, "scope"), Some(scope));
    assert_eq!(field(&call, "client_secret"), Some(SECRET));
    assert_eq!(field(&call, "client_assertion"), None);
}

#[test]
fn a_federated_token_goes_in_place_of_the_secret() {
    let proof = AzureProof::Federated(SecretString::from("eyJ.x.y"));
    let (call, _) = called(Auth::AzureApp(AzureApp { proof, ..app() }).start(now()).unwrap());
    assert_eq!(field(&call, "client_assertion"), Some("eyJ.x.y"));
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    assert_eq!(field(&call, "client_assertion_type"), Some(kind));
    assert_eq!(field(&call, "client_secret"), None);
}

#[test]
fn another_cloud_has_another_authority_and_scope() {
    let scope = Some("https://cognitiveservices.azure.us/.default".to_owned());
    let authority = Some(base("https://login.microsoftonline.us/"));
    let app = AzureApp { authority, scope, ..app() };
    let (call, _) = called(Auth::AzureApp(app).start(now()).unwrap());
    assert_eq!(call.uri.host(), Some("login.microsoftonline.us"));
    assert!(field(&call, "scope").unwrap().contains("azure.us"));
}

#[test]
fn the_token_is_good_for_as_long_as_it_is_said_to_be() {
    let granted = ready(answered(&Auth::AzureApp(app()), &reply(200, &[], GRANTED)).unwrap());
    assert_eq!(bearer(&granted), "eyJ0.a.b");
    let expires: Timestamp = "2026-11-20T16:59:59Z".parse().unwrap();
    assert_eq!(granted.expires, Some(expires));
    let text = GRANTED.replace("3599,\"ext", "\"3599\",\"ext");
    let granted = ready(answered(&Auth::AzureApp(app()), &reply(200, &[], &text)).unwrap());
    assert_eq!(granted.expires, Some(expires));
}

#[test]
fn a_wrong_secret_is_told_with_the_remedy_and_without_the_description() {
    let body = format!(
        r#"{{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. {SECRET}","error_codes":[7000215]}}"#
    );
    let error = answered(&Auth::AzureApp(app()), &reply(401, &[], &body)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the Microsoft Entra token endpoint was refused with status 401 `invalid_client`: the \
         secret or federated token is wrong or has expired; for a token, compare issuer, subject \
         and audience with the application's federated credential"
    );
}

#[test]
fn a_token_without_an_end_or_one_that_is_over_is_not_taken() {
    let auth = Auth::AzureApp(app());
    let endless = r#"{"token_type":"Bearer","access_token":"eyJ0.a.b"}"#;
    let error = answered(&auth, &reply(200, &[], endless)).unwrap_err();
    assert!(matches!(error, AuthError::Unreadable { field: "expires_in", .. }), "{error}");
    let over = GRANTED.replace("3599", "0");
    let error = answered(&auth, &reply(200, &[], &over)).unwrap_err();
    assert!(matches!(error, AuthError::Stale { .. }), "{error}");
}

#[test]
fn a_tenant_that_would_change_the_address_is_refused() {
    for tenant in ["", "a/../b", "a?b", "a b"] {
        let app = AzureApp { tenant: tenant.to_owned(), ..app() };
        let error = Auth::AzureApp(app).start(now()).unwrap_err();
        assert!(matches!(error, AuthError::Input { what: "tenant", .. }), "{tenant}: {error}");
    }
}
