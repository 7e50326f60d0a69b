//! Amazon Bedrock, by its runtime API.
//!
//! `aws_region` says which host is called; the model's name says where the prompt may go from there
//! ([`Reach`]). Claude is spoken to by `invoke` first, since its body is Anthropic's own and passes
//! through whole, and by Converse for what that cannot carry; all other models by Converse. A call
//! is signed by the keys of an AWS identity, or carries a Bedrock API key as a bearer.

mod model;

use dialect::{Outbound, UpstreamDialect, read_named_error};
use http::{HeaderName, HeaderValue, Uri, header::ACCEPT};
use vocab::{Failure, HttpCall, HttpHead, HttpReply, Timestamp};

pub(crate) use model::Model;

use crate::{
    Base, CallContext, Credential, Endpoint, Observed, Provider, Reach, Setting, Settings,
    SettingsError, auth,
    base::{Shape, is_loopback},
    observed::{count, request_id, text},
    retry_hint,
};

const SERVICE: &str = "bedrock";
/// What Amazon's own hosts for it begin with.
const SERVICES: [&str; 2] = ["bedrock-runtime", "bedrock-runtime-fips"];
const SHAPE: Shape =
    Shape { example: "https://bedrock-runtime.eu-west-1.amazonaws.com", appended: &["/model"] };
pub(crate) const REGION: Setting = Setting {
    name: "aws_region",
    what: "the AWS region that is called",
    example: "eu-west-1",
    required: true,
};
const API: Setting = Setting {
    name: "api",
    what: "`invoke` or `converse`, the only API that Claude is spoken to by; both when it is left out",
    example: "converse",
    required: false,
};
static SETTINGS: [Setting; 2] = [REGION, API];

/// Streams come in Amazon's binary framing.
const EVENTS: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");
static REQUEST_IDS: [HeaderName; 1] = [HeaderName::from_static("x-amzn-requestid")];
static INPUT_TOKENS: HeaderName = HeaderName::from_static("x-amzn-bedrock-input-token-count");
static ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Amazon Bedrock.
#[derive(Debug)]
pub(crate) struct Bedrock;

impl Provider for Bedrock {
    fn name(&self) -> &'static str {
        "bedrock"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, settings: &Settings, model: &str) -> Vec<UpstreamDialect> {
        use UpstreamDialect::{
            BedrockConverse, BedrockCount, BedrockInvoke, CohereEmbeddings, NovaEmbeddings,
            TitanEmbeddings,
        };
        let id = Model::read(model).base();
        if id.starts_with("amazon.titan-embed") {
            return vec![TitanEmbeddings];
        }
        if id.starts_with("cohere.embed") {
            return vec![CohereEmbeddings];
        }
        if id.starts_with("amazon.nova") && id.contains("embed") {
            return vec![NovaEmbeddings];
        }
        match (id.starts_with("anthropic."), settings.get(API.name)) {
            (true, Some("invoke")) => vec![BedrockInvoke, BedrockCount],
            (true, None) => vec![BedrockInvoke, BedrockConverse, BedrockCount],
            _ => vec![BedrockConverse, BedrockCount],
        }
    }

    fn reach(&self, settings: &Settings, model: &str) -> Reach {
        reach(settings, model, &SERVICES)
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        let region = region(settings)?;
        if !matches!(settings.get(API.name), None | Some("invoke" | "converse")) {
            let Setting { name, what, example, .. } = API;
            return Err(SettingsError::Wrong { setting: name, what, example });
        }
        let base = match settings.base_url.trim() {
            "" => Base::parse_shape(&host(region), SHAPE)?,
            stated => Base::parse_shape(stated, SHAPE)?,
        };
        // P5: two answers to the question where are none.
        if region_of(&base, &SERVICES).is_some_and(|called| !called.eq_ignore_ascii_case(region)) {
            let Setting { name, what, example, .. } = REGION;
            return Err(SettingsError::Wrong { setting: name, what, example });
        }
        let endpoint = Endpoint::new(base, &settings.headers)?;
        match credential {
            None => Ok(endpoint),
            Some(Credential::Secret(key)) => endpoint.bearer(key),
            Some(Credential::Token(..)) => Err(SettingsError::CredentialKind {
                takes: "write a key of Bedrock's, or an AWS identity",
            }),
            Some(Credential::Aws(keys)) => {
                let signer = auth::Signer::new(keys, region, SERVICE);
                let signer =
                    signer.map_err(|_| SettingsError::ValueShape { setting: "credential" })?;
                Ok(endpoint.signed_with(signer))
            }
        }
    }

    fn prepare(
        &self,
        endpoint: &Endpoint,
        outbound: Outbound,
        context: &CallContext<'_>,
    ) -> HttpCall {
        let stream = outbound.stream;
        let uri = address(endpoint.base(), &outbound, context.model);
        let mut call = endpoint.call_at(uri, outbound, context);
        if stream {
            call.headers.insert(ACCEPT, EVENTS);
        }
        if let Some(signer) = endpoint.signer() {
            signer.sign(&mut call, context.now);
        }
        call
    }

    fn classify(&self, dialect: UpstreamDialect, reply: &HttpReply, now: Timestamp) -> Failure {
        let status = reply.head.status.as_u16();
        let name = text(&reply.head, &ERROR_TYPE);
        let mut failure = read_named_error(dialect, Some(status), name.as_deref(), &reply.body);
        failure.status = Some(status);
        // Amazon gives no hint; a proxy in front of it may.
        failure.retry_after = retry_hint(&reply.head, now);
        failure
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        Observed {
            request_id: request_id(head, &REQUEST_IDS),
            input_tokens: count(head, &INPUT_TOKENS),
            ..Observed::default()
        }
    }
}

/// The region, which is part of a host name and of signatures.
pub(crate) fn region(settings: &Settings) -> Result<&str, SettingsError> {
    let Setting { name, what, example, .. } = REGION;
    let Some(region) = settings.get(name) else {
        return Err(SettingsError::Missing { setting: name, what, example });
    };
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=32).contains(&region.len()) && region.bytes().all(plain) {
        Ok(region)
    } else {
        Err(SettingsError::Wrong { setting: name, what, example })
    }
}

/// The region that an address calls, if it is a host of Amazon's, by any of its names.
pub(crate) fn region_of<'b>(base: &'b Base, services: &[&str]) -> Option<&'b str> {
    let mut labels = base.host().split('.');
    labels.find(|label| services.iter().any(|service| label.eq_ignore_ascii_case(service)))?;
    labels.next()
}

/// Where a prompt may be processed. A region is claimed for Amazon's hosts and for this machine,
/// where a simulator stands for them; a proxy does not tell which it calls.
pub(crate) fn reach(settings: &Settings, model: &str, services: &[&str]) -> Reach {
    let reach = Model::read(model).reach(settings.get(REGION.name).unwrap_or_default());
    let stated = settings.base_url.trim();
    let base = Base::parse_shape(stated, SHAPE).ok();
    let tells = |base: Base| region_of(&base, services).is_some() || is_loopback(base.host());
    match reach {
        Reach::Region(_) if !stated.is_empty() && !base.is_some_and(tells) => Reach::Unstated,
        reach => reach,
    }
}

/// The usual host of a region.
fn host(region: &str) -> String {
    let end = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://bedrock-runtime.{region}.{end}")
}

/// The address of a call: the model is one segment of the path, whatever is in its name.
fn address(base: &Base, outbound: &Outbound, model: &str) -> Uri {
    let action = match (outbound.dialect, outbound.stream) {
        (UpstreamDialect::BedrockConverse, false) => "converse",
        (UpstreamDialect::BedrockConverse, true) => "converse-stream",
        (UpstreamDialect::BedrockCount, _) => "count-tokens",
        (UpstreamDialect::BedrockInvoke, true) => "invoke-with-response-stream",
        // Claude and embeddings; only APIs that the provider `speaks` are asked for.
        _ => "invoke",
    };
    let mut path = String::with_capacity(model.len() + 48);
    path.push_str("/model/");
    auth::percent_into(&mut path, model.bytes(), &[]);
    path.push('/');
    path.push_str(action);
    // What is encoded always parses.
    base.join(&path).unwrap_or_else(|_| base.uri().clone())
}
