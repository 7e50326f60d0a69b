//! AWS: web identity, container and instance.

use http::Method;
use provider::{
    AwsKeys, Credential,
    auth::{Auth, AuthError, AwsContainer, AwsInstance, AwsWebIdentity, Granted},
};
use secrecy::{ExposeSecret, SecretString};
use vocab::Timestamp;

use super::{answered, base, body, called, ready};
use crate::support::{SECRET, now, reply};

pub(super) fn web_identity() -> AwsWebIdentity {
    AwsWebIdentity {
        role_arn: "arn:aws:iam::123456789012:role/team/gateway".to_owned(),
        token: SecretString::from(SECRET),
        session_name: "isobar-eu-west".to_owned(),
        region: "eu-west-1".to_owned(),
        sts: None,
    }
}

pub(super) fn container() -> AwsContainer {
    AwsContainer::relative("/v2/credentials/uuid", Some(SecretString::from(SECRET))).unwrap()
}

fn keys(granted: &Granted) -> &AwsKeys {
    match &granted.credential {
        Credential::Aws(keys) => keys,
        other => panic!("{other:?}"),
    }
}

fn assert_granted(granted: &Granted) {
    let keys = keys(granted);
    assert_eq!(keys.id, "ASIAIOSFODNN7EXAMPLE");
    assert_eq!(keys.secret.expose_secret(), "wJalr/XUtn+FEMI");
    assert_eq!(keys.session.as_ref().unwrap().expose_secret(), "AQoDYXdz//+==");
    let expires: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
    assert_eq!(granted.expires, Some(expires));
}

const STS: &str = r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>system:serviceaccount:ai:isobar</SubjectFromWebIdentityToken>
    <Audience>sts.amazonaws.com</Audience>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/gateway/isobar-eu-west</Arn>
      <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:isobar-eu-west</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <SessionToken>AQoDYXdz//+==</SessionToken>
      <SecretAccessKey>wJalr/XUtn+FEMI</SecretAccessKey>
      <Expiration>2026-11-20T17:00:00Z</Expiration>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
    </Credentials>
    <Provider>arn:aws:iam::123456789012:oidc-provider/oidc.eks</Provider>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>ad4156e9</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>"#;

#[test]
fn sts_of_the_region_is_asked_for_the_role() {
    let (call, _) = called(Auth::AwsWebIdentity(web_identity()).start(now()).unwrap());
    assert_eq!(call.uri, "https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(call.method, Method::POST);
    assert_eq!(call.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(
        body(&call),
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15\
         &RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2Fgateway\
         &RoleSessionName=isobar-eu-west&WebIdentityToken=sk-hunter2"
    );
}

#[test]
fn china_has_its_own_name_and_any_other_address_can_be_given() {
    let address = |identity: AwsWebIdentity| {
        called(Auth::AwsWebIdentity(identity).start(now()).unwrap()).0.uri.to_string()
    };
    let china = AwsWebIdentity { region: "cn-north-1".to_owned(), ..web_identity() };
    assert_eq!(address(china), "https://sts.cn-north-1.amazonaws.com.cn/");
    let own = AwsWebIdentity { sts: Some(base("http://127.0.0.1:9000/sts")), ..web_identity() };
    assert_eq!(address(own), "http://127.0.0.1:9000/sts/");
}

#[test]
fn sts_grants_keys_until_their_expiration() {
    let auth = Auth::AwsWebIdentity(web_identity());
    assert_granted(&ready(answered(&auth, &reply(200, &[], STS)).unwrap()));
}

#[test]
fn sts_says_no_with_a_code_and_the_remedy_for_it() {
    let auth = Auth::AwsWebIdentity(web_identity());
    let said = |code: &str| {
        let xml = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>Token expired: {SECRET}</Message></Error></ErrorResponse>"
        );
        answered(&auth, &reply(400, &[], &xml)).unwrap_err()
    };
    let error = said("ExpiredTokenException").to_string();
    assert_eq!(
        error,
        "AWS STS `AssumeRoleWithWebIdentity` was refused with status 400 `ExpiredTokenException`: \
         the token in `token_file` has expired; does the cluster still renew that file?"
    );
    assert!(said("AccessDenied").to_string().contains("trust policy"));
    assert!(said("InvalidIdentityToken").to_string().contains("OIDC provider"));
    assert!(said("IDPCommunicationError").is_passing());
    assert!(said("Throttling").is_passing());
}

#[test]
fn keys_that_have_already_ended_are_not_taken() {
    let stale = STS.replace("2026-11-20T17:00:00Z", "2026-11-20T16:00:00Z");
    let auth = Auth::AwsWebIdentity(web_identity());
    let error = answered(&auth, &reply(200, &[], &stale)).unwrap_err();
    assert!(matches!(error, AuthError::Stale { .. }) && error.to_string().contains("clock"));
}

#[test]
fn a_role_or_session_that_cannot_be_one_is_told_before_anything_is_sent() {
    for wrong in [
        AwsWebIdentity { role_arn: "a role".to_owned(), ..web_identity() },
        AwsWebIdentity { session_name: String::new(), ..web_identity() },
        AwsWebIdentity { region: "eu-west-1.evil.example/".to_owned(), ..web_identity() },
        AwsWebIdentity { token: SecretString::from("two\nlines"), ..web_identity() },
    ] {
        let error = Auth::AwsWebIdentity(wrong).start(now()).unwrap_err();
        assert!(matches!(error, AuthError::Input { .. }), "{error}");
    }
}

const KEYS: &str = r#"{"Code":"Success","LastUpdated":"2026-11-20T15:50:00Z","Type":"AWS-HMAC",
  "AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalr/XUtn+FEMI",
  "Token":"AQoDYXdz//+==","Expiration":"2026-11-20T17:00:00Z"}"#;

#[test]
fn an_instance_is_asked_for_a_session_its_role_and_the_keys() {
    let (call, pending) = called(Auth::AwsInstance(AwsInstance::default()).start(now()).unwrap());
    assert_eq!(
        (call.method, call.uri.to_string()),
        (Method::PUT, "http://169.254.169.254/latest/api/token".to_owned())
    );
    assert_eq!(call.headers["x-aws-ec2-metadata-token-ttl-seconds"], "300");

    let (call, pending) = called(pending.read(&reply(200, &[], SECRET), now()).unwrap());
    let roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    assert_eq!((call.method, call.uri.to_string()), (Method::GET, roles.to_owned()));
    assert_eq!(call.headers["x-aws-ec2-metadata-token"], SECRET);
    assert!(call.headers["x-aws-ec2-metadata-token"].is_sensitive());
    assert!(!format!("{pending:?}").contains(SECRET));

    let (call, pending) = called(pending.read(&reply(200, &[], "gateway\n"), now()).unwrap());
    assert_eq!(call.uri.to_string(), format!("{roles}gateway"));
    assert_granted(&ready(pending.read(&reply(200, &[], KEYS), now()).unwrap()));
}

#[test]
fn an_instance_without_a_role_is_told_what_to_attach() {
    let (_, pending) = called(Auth::AwsInstance(AwsInstance::default()).start(now()).unwrap());
    let (_, pending) = called(pending.read(&reply(200, &[], "session"), now()).unwrap());
    let error = pending.read(&reply(404, &[], "<html>"), now()).unwrap_err().to_string();
    assert!(error.contains("attach an instance profile"), "{error}");
}

#[test]
fn a_role_that_would_change_the_address_is_not_followed() {
    for role in ["../../api/token", "a?b", "", "a b"] {
        let (_, pending) = called(Auth::AwsInstance(AwsInstance::default()).start(now()).unwrap());
        let (_, pending) = called(pending.read(&reply(200, &[], "session"), now()).unwrap());
        let error = pending.read(&reply(200, &[], role), now()).unwrap_err();
        assert!(matches!(error, AuthError::Unreadable { field: "role", .. }), "{role}: {error}");
    }
}

#[test]
fn a_container_sends_its_authorization_token_as_it_is() {
    let (call, pending) = called(Auth::AwsContainer(container()).start(now()).unwrap());
    assert_eq!(call.uri, "http://169.254.170.2/v2/credentials/uuid");
    assert_eq!(call.headers["authorization"], SECRET);
    assert!(call.headers["authorization"].is_sensitive());
    let keys = KEYS.replace(r#""Code":"Success","#, "");
    assert_granted(&ready(pending.read(&reply(200, &[], &keys), now()).unwrap()));
}

#[test]
fn a_containers_token_goes_to_no_stranger() {
    for good in [
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "http://127.0.1.1:9000/credentials",
        "http://localhost/credentials",
        "https://credentials.example/",
    ] {
        assert!(AwsContainer::full(good, None).is_ok(), "{good}");
    }
    for wrong in ["http://credentials.example/", "http://169.254.169.254/", "ftp://127.0.0.1/", "x"]
    {
        assert!(AwsContainer::full(wrong, None).is_err(), "{wrong}");
    }
    assert!(AwsContainer::relative("@evil.example/", None).is_err());
}
