//! OpenAI itself.
//!
//! Where a prompt is processed is decided by the host: `eu.api.openai.com` for Europe, and so on;
//! `api.openai.com` promises no place. A key belongs to a project, and a project of another
//! residency than the host answers `data_residency_mismatch`.

use std::borrow::Cow;

use dialect::UpstreamDialect;
use vocab::HttpHead;

use crate::{
    Credential, Endpoint, Observed, Provider, Reach, Setting, Settings, SettingsError,
    base::{Base, Shape},
    openai_api::{
        APIS, APIS_ALL, APIS_SETTING, APPENDED, HOST, ORGANIZATION, PROJECT, bearer, billed,
        check_apis, observe, reach, speaks,
    },
};

const SHAPE: Shape = Shape { example: "https://eu.api.openai.com/v1", appended: &APPENDED };
/// The geographies that have a host of their own.
const RESIDENCIES: [&str; 6] = ["us", "eu", "ae", "au", "in", "jp"];

const RESIDENCY: Setting = Setting {
    name: "residency",
    what: "the geography whose host is called, one of `us`, `eu`, `ae`, `au`, `in` and `jp`; not beside a `base_url`, which has a host of its own",
    example: "eu",
    required: false,
};
static SETTINGS: [Setting; 4] = [RESIDENCY, APIS_SETTING, ORGANIZATION, PROJECT];

/// OpenAI, or a proxy in front of it.
#[derive(Debug)]
pub(crate) struct OpenAi;

/// The address that the settings give.
fn base_url(settings: &Settings) -> Cow<'_, str> {
    if !settings.base_url.trim().is_empty() {
        return Cow::Borrowed(&settings.base_url);
    }
    match settings.get(RESIDENCY.name) {
        Some(place) => Cow::Owned(format!("https://{place}.{HOST}/v1")),
        None => Cow::Owned(format!("https://{HOST}/v1")),
    }
}

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, settings: &Settings, _model: &str) -> Vec<UpstreamDialect> {
        speaks(settings, APIS_ALL)
    }

    fn reach(&self, settings: &Settings, _model: &str) -> Reach {
        reach(&base_url(settings))
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        check_apis(settings)?;
        if let Some(place) = settings.get(RESIDENCY.name)
            && (!RESIDENCIES.contains(&place) || !settings.base_url.trim().is_empty())
        {
            let Setting { name, what, example, .. } = RESIDENCY;
            return Err(SettingsError::Wrong { setting: name, what, example });
        }
        let base = Base::parse_shape(&base_url(settings), SHAPE)?;
        let mut endpoint = Endpoint::new(base, &settings.headers)?;
        for api in &APIS {
            endpoint = endpoint.at(api.is, api.path)?;
        }
        bearer(billed(endpoint, settings)?, credential)
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        observe(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(base_url: &str, values: &[(&str, &str)]) -> Settings {
        let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings { base_url: base_url.to_owned(), values, ..Settings::default() }
    }

    fn address(settings: &Settings) -> String {
        OpenAi.connect(settings, None).unwrap().base().uri().to_string()
    }

    #[test]
    fn the_residency_decides_host_and_reach() {
        let eu = with("", &[("residency", "eu")]);
        assert_eq!(address(&eu), "https://eu.api.openai.com/v1");
        assert_eq!(OpenAi.reach(&eu, "gpt-5"), Reach::Geography("eu".into()));
        let nowhere = with("", &[]);
        assert_eq!(address(&nowhere), "https://api.openai.com/v1");
        assert_eq!(OpenAi.reach(&nowhere, "gpt-5"), Reach::Global);
    }

    #[test]
    fn the_reach_of_an_address_is_that_of_its_host() {
        for (url, reach) in [
            ("https://EU.api.openai.com/v1", Reach::Geography("eu".into())),
            ("https://api.openai.com:443/v1", Reach::Global),
            ("https://proxy.example/v1", Reach::Unstated),
            ("https://evil-api.openai.com/v1", Reach::Unstated),
            ("https://eu.api.openai.com.evil.example/v1", Reach::Unstated),
        ] {
            assert_eq!(OpenAi.reach(&with(url, &[]), "m"), reach, "{url}");
        }
    }

    #[test]
    fn an_unknown_residency_or_one_beside_an_address_is_refused() {
        for settings in [
            with("", &[("residency", "mars")]),
            with("https://eu.api.openai.com/v1", &[("residency", "eu")]),
        ] {
            let error = OpenAi.connect(&settings, None).unwrap_err();
            assert!(matches!(error, SettingsError::Wrong { setting: "residency", .. }), "{error}");
        }
    }
}
