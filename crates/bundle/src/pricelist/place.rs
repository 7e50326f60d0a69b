//! Under which keys a public list has the price of a model at an endpoint, and what its place adds.
//!
//! A list names one model many times: bare for the vendor's own API, with a prefix for clouds, with
//! a region or a profile where the price depends on it. The most specific name comes first.

use provider::Reach;
use url::Url;
use vocab::Multiplier;

use super::Listed;
use crate::load::EndpointConfig;

/// Whose list entries an endpoint's prices are among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seller {
    OpenAi,
    Azure,
    Anthropic,
    Bedrock,
    BedrockMantle,
    Vertex,
    Gemini,
    Mistral,
    /// Any other vendor, whose name is the prefix of its keys.
    Other,
}

/// Hosts and words that tell a seller; the first that fits decides.
const HOSTS: [(&str, Seller); 11] = [
    ("api.openai.com", Seller::OpenAi),
    ("openai.azure.com", Seller::Azure),
    ("cognitiveservices.azure.com", Seller::Azure),
    ("services.ai.azure.com", Seller::Azure),
    ("api.anthropic.com", Seller::Anthropic),
    ("generativelanguage.googleapis.com", Seller::Gemini),
    ("googleapis.com", Seller::Vertex),
    ("api.mistral.ai", Seller::Mistral),
    ("api.eu.mistral.ai", Seller::Mistral),
    ("api.us.mistral.ai", Seller::Mistral),
    ("amazonaws.com", Seller::Bedrock),
];

const WORDS: [(&str, Seller); 8] = [
    ("azure", Seller::Azure),
    ("mantle", Seller::BedrockMantle),
    ("bedrock", Seller::Bedrock),
    ("vertex", Seller::Vertex),
    ("gemini", Seller::Gemini),
    ("mistral", Seller::Mistral),
    ("anthropic", Seller::Anthropic),
    ("openai", Seller::OpenAi),
];

/// OpenAI asks a tenth more in its residency regions for models released since this day (its price
/// page; WIRE.md §1). A list says so of some regions only.
const OPENAI_RESIDENCY_SINCE: &str = "2026-03-05";

/// Where a model of an endpoint is sold.
#[derive(Debug)]
pub(super) struct Place<'a> {
    seller: Seller,
    vendor: &'a str,
    model: &'a str,
    reach: Reach,
}

impl<'a> Place<'a> {
    pub(super) fn of(endpoint: &'a EndpointConfig, model: &'a str) -> Self {
        let url = Url::parse(&endpoint.settings.base_url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let stated = provider::find(&endpoint.provider)
            .map_or(Reach::Unstated, |provider| provider.reach(&endpoint.settings, model));
        let seller = seller(host, &endpoint.provider, &endpoint.vendor);
        let reach = match stated {
            Reach::Unstated => told_by_host(seller, host),
            stated => stated,
        };
        // A name may be the end of a longer one, e.g. of an inference profile's.
        let model = match seller {
            Seller::Bedrock | Seller::BedrockMantle => model.rsplit('/').next().unwrap_or(model),
            Seller::OpenAi
            | Seller::Azure
            | Seller::Anthropic
            | Seller::Vertex
            | Seller::Gemini
            | Seller::Mistral
            | Seller::Other => model,
        };
        Self { seller, vendor: &endpoint.vendor, model, reach }
    }

    /// The keys to try, in order.
    pub(super) fn keys(&self) -> Vec<String> {
        let model = self.model;
        match self.seller {
            Seller::OpenAi | Seller::Anthropic => vec![model.to_owned()],
            Seller::Azure => {
                let zones: &[&str] = match &self.reach {
                    Reach::Geography(zone) if zone == "eu" => &["eu/"],
                    Reach::Geography(zone) if zone == "us" => &["us/"],
                    Reach::Global => &["global/", "global-standard/"],
                    Reach::Geography(_) | Reach::Region(_) | Reach::Unstated => &[],
                };
                let zoned = zones.iter().map(|zone| format!("azure/{zone}{model}"));
                zoned.chain([format!("azure/{model}")]).collect()
            }
            Seller::Bedrock => {
                let regional = match &self.reach {
                    Reach::Region(region) => Some(format!("bedrock/{region}/{model}")),
                    Reach::Geography(_) | Reach::Global | Reach::Unstated => None,
                };
                let plain = [model.to_owned(), format!("bedrock/{model}")];
                regional.into_iter().chain(plain).collect()
            }
            Seller::BedrockMantle => vec![format!("bedrock_mantle/{model}")],
            Seller::Vertex => vec![format!("vertex_ai/{model}"), model.to_owned()],
            Seller::Gemini => vec![format!("gemini/{model}")],
            Seller::Mistral => vec![format!("mistral/{model}")],
            Seller::Other => vec![format!("{}/{model}", self.vendor)],
        }
    }

    /// Whether an entry is of this seller, and not of another that sells a model of the same name.
    pub(super) fn sells(&self, listed: &Listed<'_>) -> bool {
        let provider = listed.text("litellm_provider").unwrap_or_default();
        match self.seller {
            Seller::OpenAi => provider == "openai",
            Seller::Anthropic => provider == "anthropic",
            Seller::Azure => provider.starts_with("azure"),
            Seller::Bedrock | Seller::BedrockMantle => provider.starts_with("bedrock"),
            Seller::Vertex => provider.starts_with("vertex_ai"),
            Seller::Gemini => provider == "gemini",
            Seller::Mistral => provider == "mistral",
            Seller::Other => true,
        }
    }

    /// What the place adds to the price: what the list says of it, else what is known besides.
    pub(super) fn uplift(&self, listed: &Listed<'_>) -> Option<Multiplier> {
        match (self.seller, &self.reach) {
            (Seller::OpenAi, Reach::Geography(zone)) => {
                let of = |zone: &str| {
                    listed.multiplier(&format!("regional_processing_uplift_multiplier_{zone}"))
                };
                // A list that names two zones means the same of the others.
                let newer = of("eu").or(of("us")).or_else(|| {
                    (dated(self.model)? >= OPENAI_RESIDENCY_SINCE)
                        .then_some(Multiplier::TEN_PERCENT_MORE)
                });
                of(zone).or(newer)
            }
            // Anthropic asks a tenth more for `inference_geo: us`, which older models do not take.
            (Seller::Anthropic, Reach::Geography(zone)) if zone == "us" => {
                Some(listed.specific("us").unwrap_or(Multiplier::TEN_PERCENT_MORE))
            }
            (Seller::Vertex, Reach::Region(_) | Reach::Geography(_)) => {
                listed.multiplier("regional_endpoint_uplift_multiplier")
            }
            // Clouds have an entry for each place, so nothing comes on top.
            (
                Seller::OpenAi
                | Seller::Anthropic
                | Seller::Vertex
                | Seller::Azure
                | Seller::Bedrock
                | Seller::BedrockMantle
                | Seller::Gemini
                | Seller::Mistral
                | Seller::Other,
                _,
            ) => None,
        }
    }
}

fn seller(host: &str, provider: &str, vendor: &str) -> Seller {
    if host.starts_with("bedrock-mantle.") {
        return Seller::BedrockMantle;
    }
    let under = |name: &str| {
        host.strip_suffix(name).is_some_and(|rest| {
            // `eu-west1-aiplatform` is one label.
            rest.is_empty() || rest.ends_with('.') || rest.ends_with('-')
        })
    };
    let by_host = HOSTS.iter().find(|(name, _)| under(name));
    // A kind that fits every vendor says nothing about whose the prices are.
    let kind = if provider == "openai-compatible" { "" } else { provider };
    let by_word = || {
        [kind, vendor].into_iter().find_map(|text| {
            let lower = text.to_ascii_lowercase();
            WORDS.iter().find(|(word, _)| lower.contains(word))
        })
    };
    by_host.or_else(by_word).map_or(Seller::Other, |(_, seller)| *seller)
}

/// What a cloud's address tells of a place where the provider kind does not say.
fn told_by_host(seller: Seller, host: &str) -> Reach {
    let told = match seller {
        Seller::Bedrock => {
            let region = host.strip_prefix("bedrock-runtime.");
            region
                .and_then(|rest| rest.split('.').next())
                .map(|name| Reach::Region(name.to_owned()))
        }
        Seller::Vertex => vertex_host(host),
        Seller::OpenAi
        | Seller::Azure
        | Seller::Anthropic
        | Seller::BedrockMantle
        | Seller::Gemini
        | Seller::Mistral
        | Seller::Other => None,
    };
    told.unwrap_or(Reach::Unstated)
}

/// `europe-west4-aiplatform.…`, `aiplatform.eu.rep.…`, `aiplatform.…`
fn vertex_host(host: &str) -> Option<Reach> {
    let rest = host.strip_suffix(".googleapis.com")?;
    if rest == "aiplatform" {
        return Some(Reach::Global);
    }
    let geography = rest.strip_prefix("aiplatform.").and_then(|rest| rest.strip_suffix(".rep"));
    let region = rest.strip_suffix("-aiplatform");
    let geography = geography.map(|name| Reach::Geography(name.to_owned()));
    geography.or_else(|| region.map(|name| Reach::Region(name.to_owned())))
}

/// The date at the end of a model's name, `2026-03-05`, if it has one.
fn dated(model: &str) -> Option<&str> {
    let start = model.len().checked_sub(OPENAI_RESIDENCY_SINCE.len())?;
    let date = model.get(start..)?;
    let fits = date
        .bytes()
        .zip(OPENAI_RESIDENCY_SINCE.bytes())
        .all(|(byte, like)| if like == b'-' { byte == b'-' } else { byte.is_ascii_digit() });
    fits.then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_prices_they_are_is_told_by_host_then_kind_then_vendor() {
        for (host, provider, vendor, expected) in [
            ("eu.api.openai.com", "openai-compatible", "me", Seller::OpenAi),
            ("x.openai.azure.com", "openai-compatible", "openai", Seller::Azure),
            ("bedrock-runtime.eu-west-1.amazonaws.com", "bedrock", "aws", Seller::Bedrock),
            ("bedrock-mantle.eu-west-1.api.aws", "openai-compatible", "aws", Seller::BedrockMantle),
            ("eu-west1-aiplatform.googleapis.com", "vertex", "google", Seller::Vertex),
            ("aiplatform.eu.rep.googleapis.com", "vertex", "google", Seller::Vertex),
            ("generativelanguage.googleapis.com", "gemini", "google", Seller::Gemini),
            ("127.0.0.1", "anthropic", "openai", Seller::Anthropic),
            ("127.0.0.1", "openai-compatible", "OpenAI", Seller::OpenAi),
            ("127.0.0.1", "openai-compatible", "own", Seller::Other),
            ("api.openai.com.example.net", "openai-compatible", "own", Seller::Other),
        ] {
            assert_eq!(seller(host, provider, vendor), expected, "{host} {provider} {vendor}");
        }
    }

    #[test]
    fn a_clouds_address_tells_its_place() {
        let region = |name: &str| Reach::Region(name.to_owned());
        for (seller, host, expected) in [
            (Seller::Bedrock, "bedrock-runtime.eu-west-1.amazonaws.com", region("eu-west-1")),
            (Seller::Vertex, "europe-west4-aiplatform.googleapis.com", region("europe-west4")),
            (Seller::Vertex, "aiplatform.eu.rep.googleapis.com", Reach::Geography("eu".into())),
            (Seller::Vertex, "aiplatform.googleapis.com", Reach::Global),
            (Seller::Vertex, "127.0.0.1", Reach::Unstated),
            (Seller::Other, "eu.example.com", Reach::Unstated),
        ] {
            assert_eq!(told_by_host(seller, host), expected, "{host}");
        }
    }

    #[test]
    fn a_date_is_the_end_of_a_name() {
        assert_eq!(dated("gpt-5.4-2026-03-05"), Some("2026-03-05"));
        for none in ["gpt-5.4", "gpt-4o-20240806", "", "ü2026-03-0"] {
            assert_eq!(dated(none), None, "{none}");
        }
    }
}
