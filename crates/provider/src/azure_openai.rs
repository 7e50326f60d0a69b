//! Azure OpenAI.
//!
//! `resource` gives the address, or `base_url` does, without a path: a model is a deployment of the
//! resource. Without `api_version` the newer paths are called (`/openai/v1/…`), which name the
//! deployment in the body; with one, the dated paths, which name it in the address.
//!
//! The resource's region says where it is, not where a prompt is processed: that is up to the type
//! of the deployment, which no address tells and the operator must state.

use std::borrow::Cow;

use dialect::UpstreamDialect;
use http::HeaderName;
use secrecy::ExposeSecret;
use vocab::HttpHead;

use crate::{
    Credential, Endpoint, Issuer, Observed, Provider, Reach, Setting, Settings, SettingsError,
    base::{Base, Shape},
    openai_api::{APIS, APIS_ALL, APIS_SETTING, check_apis, observe, speaks},
};

const SHAPE: Shape = Shape {
    example: "https://my-resource.openai.azure.com",
    appended: &["/openai/v1", "/openai/deployments", "/openai", "/v1"],
};
const API_KEY: HeaderName = HeaderName::from_static("api-key");

const RESOURCE: Setting = Setting {
    name: "resource",
    what: "the name of the Azure OpenAI resource, letters, digits and `-`; not beside a `base_url`",
    example: "my-resource",
    required: false,
};
const API_VERSION: Setting = Setting {
    name: "api_version",
    what: "the date of the API, for resources that do not serve `/openai/v1`",
    example: "2024-10-21",
    required: false,
};
const DEPLOYMENT_TYPE: Setting = Setting {
    name: "deployment_type",
    what: "where the endpoint's deployments process prompts, one of `standard` (the resource's region), `datazone` and `global`",
    example: "standard",
    required: false,
};
const LOCATION: Setting = Setting {
    name: "location",
    what: "the Azure region of the resource, by Azure's short name",
    example: "swedencentral",
    required: false,
};
static SETTINGS: [Setting; 5] = [RESOURCE, API_VERSION, DEPLOYMENT_TYPE, LOCATION, APIS_SETTING];

/// Regions of the data zones. A region that is in neither has a zone that is not known here.
const ZONES: [(&str, &[&str]); 2] = [
    (
        "us",
        &[
            "eastus",
            "eastus2",
            "westus",
            "westus3",
            "centralus",
            "northcentralus",
            "southcentralus",
        ],
    ),
    (
        "eu",
        &[
            "francecentral",
            "germanywestcentral",
            "italynorth",
            "northeurope",
            "polandcentral",
            "spaincentral",
            "swedencentral",
            "westeurope",
        ],
    ),
];

/// A resource of Azure OpenAI.
#[derive(Debug)]
pub(crate) struct AzureOpenAi;

impl Provider for AzureOpenAi {
    fn name(&self) -> &'static str {
        "azure-openai"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, settings: &Settings, _model: &str) -> Vec<UpstreamDialect> {
        speaks(settings, APIS_ALL)
    }

    fn reach(&self, settings: &Settings, _model: &str) -> Reach {
        let location = settings.get(LOCATION.name);
        match (settings.get(DEPLOYMENT_TYPE.name), location) {
            (Some("standard"), Some(location)) => Reach::Region(location.to_owned()),
            (Some("datazone"), Some(location)) => {
                let zone = ZONES.iter().find(|(_, regions)| regions.contains(&location));
                zone.map_or(Reach::Unstated, |(zone, _)| Reach::Geography((*zone).to_owned()))
            }
            (Some("global"), _) => Reach::Global,
            _ => Reach::Unstated,
        }
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        check_apis(settings)?;
        check_reach(settings)?;
        let base = Base::parse_shape(&base_url(settings)?, SHAPE)?;
        let mut endpoint = Endpoint::new(base, &settings.headers)?;
        for api in &APIS {
            endpoint = match (settings.get(API_VERSION.name), api.is) {
                (None, _) => endpoint.at(api.is, &format!("/openai/v1{}", api.path))?,
                (Some(date), is) => {
                    if !is_plain(date) {
                        return Err(wrong(API_VERSION));
                    }
                    let query = format!("{}?api-version={date}", api.path);
                    match is {
                        // The only one of them that names the deployment in the body.
                        UpstreamDialect::OpenAiResponses => {
                            endpoint.at(is, &format!("/openai{query}"))?
                        }
                        _ => endpoint.at_model(is, "/openai/deployments/", &query)?,
                    }
                }
            };
        }
        match credential {
            None => Ok(endpoint),
            Some(Credential::Secret(key)) => endpoint.credential(API_KEY, key.expose_secret()),
            Some(Credential::Token(Issuer::Entra, token)) => endpoint.granted(token),
            Some(Credential::Token(Issuer::Google, _) | Credential::Aws(_)) => {
                Err(SettingsError::CredentialKind {
                    takes: "write a key, or an application of Microsoft Entra",
                })
            }
        }
    }

    /// A reply names the region as people do (`East US 2`), settings as Azure's own tools do.
    fn observe(&self, head: &HttpHead) -> Observed {
        let observed = observe(head);
        let region = observed.region.map(|region| region.replace(' ', "").to_ascii_lowercase());
        Observed { region, ..observed }
    }
}

fn base_url(settings: &Settings) -> Result<Cow<'_, str>, SettingsError> {
    let given = !settings.base_url.trim().is_empty();
    match settings.get(RESOURCE.name) {
        None => Ok(Cow::Borrowed(&settings.base_url)),
        Some(name) if !given && is_plain(name) && !name.contains('.') => {
            Ok(Cow::Owned(format!("https://{name}.openai.azure.com")))
        }
        Some(_) => Err(wrong(RESOURCE)),
    }
}

/// What the reach hangs on must be said in words that mean something.
fn check_reach(settings: &Settings) -> Result<(), SettingsError> {
    let location = settings.get(LOCATION.name);
    if location
        .is_some_and(|name| !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
    {
        return Err(wrong(LOCATION));
    }
    match settings.get(DEPLOYMENT_TYPE.name) {
        None | Some("global") => Ok(()),
        Some("standard" | "datazone") if location.is_some() => Ok(()),
        Some("standard" | "datazone") => {
            let Setting { name, what, example, .. } = LOCATION;
            Err(SettingsError::Missing { setting: name, what, example })
        }
        Some(_) => Err(wrong(DEPLOYMENT_TYPE)),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}

const fn wrong(setting: Setting) -> SettingsError {
    let Setting { name, what, example, .. } = setting;
    SettingsError::Wrong { setting: name, what, example }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[(&str, &str)]) -> Settings {
        let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings { values, ..Settings::default() }
    }

    #[test]
    fn the_type_of_the_deployment_decides_the_reach_and_not_the_address() {
        for (values, reach) in [
            (
                &[("deployment_type", "standard"), ("location", "swedencentral")][..],
                Reach::Region("swedencentral".into()),
            ),
            (
                &[("deployment_type", "datazone"), ("location", "swedencentral")],
                Reach::Geography("eu".into()),
            ),
            (
                &[("deployment_type", "datazone"), ("location", "eastus2")],
                Reach::Geography("us".into()),
            ),
            (&[("deployment_type", "datazone"), ("location", "japaneast")], Reach::Unstated),
            (&[("deployment_type", "global"), ("location", "swedencentral")], Reach::Global),
            (&[("location", "swedencentral")], Reach::Unstated),
        ] {
            assert_eq!(AzureOpenAi.reach(&with(values), "d"), reach, "{values:?}");
        }
    }

    #[test]
    fn the_region_of_a_reply_has_the_name_that_settings_use() {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-ms-region", http::HeaderValue::from_static("East US 2"));
        let head = HttpHead { status: http::StatusCode::OK, headers };
        assert_eq!(AzureOpenAi.observe(&head).region.as_deref(), Some("eastus2"));
    }

    #[test]
    fn settings_that_cannot_be_are_refused_by_name() {
        for (values, setting) in [
            (&[("resource", "r/evil")][..], "resource"),
            (&[("resource", "evil.example/")], "resource"),
            (&[("resource", "r"), ("api_version", "x&y")], "api_version"),
            (&[("resource", "r"), ("deployment_type", "best")], "deployment_type"),
            (&[("resource", "r"), ("deployment_type", "standard")], "location"),
            (&[("resource", "r"), ("location", "Sweden Central")], "location"),
            (&[("resource", "r"), ("apis", "chat, images")], "apis"),
        ] {
            let error = AzureOpenAi.connect(&with(values), None).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{setting}`")), "{values:?}: {error}");
        }
        let both = Settings { base_url: "https://a.example".into(), ..with(&[("resource", "r")]) };
        assert!(AzureOpenAi.connect(&both, None).is_err());
    }
}
