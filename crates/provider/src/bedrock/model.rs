//! What a model's name on Bedrock says: who made it, and where a prompt for it may be processed.
//!
//! A bare id stays in the region of the address. The id of an inference profile has a prefix, which
//! names a geography or says `global`. An ARN names either, or something opaque.

use crate::Reach;

/// Prefixes of profiles that stay in a geography.
const GEOGRAPHIES: [&str; 7] = ["us", "eu", "apac", "jp", "au", "ca", "us-gov"];
/// The prefix of profiles that go anywhere.
const GLOBAL: &str = "global";
/// Who makes the models: what an id begins with that has no prefix. An id that begins otherwise is
/// not understood, and then nothing is claimed about it.
const MAKERS: [&str; 19] = [
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "zai",
];

/// A name that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model<'m> {
    /// The region of an ARN.
    region: Option<&'m str>,
    /// The id; empty where an ARN does not tell.
    id: &'m str,
    place: Place,
}

/// What decides where a prompt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The id, and its prefix if it has one.
    Id,
    /// The region alone: capacity of one's own is in one place.
    Region,
    /// Something behind the ARN that only AWS can look up.
    Hidden,
}

impl<'m> Model<'m> {
    pub(crate) fn read(name: &'m str) -> Self {
        let bare = Self { region: None, id: name, place: Place::Id };
        if !name.starts_with("arn:") {
            return bare;
        }
        // arn:partition:bedrock:region:account:resource
        let mut parts = name.splitn(6, ':').skip(3);
        let (Some(region), Some(_account), Some(resource)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Self { region: None, id: "", place: Place::Hidden };
        };
        let region = (!region.is_empty()).then_some(region);
        let (kind, id) = resource.split_once('/').unwrap_or((resource, ""));
        match kind {
            "foundation-model" | "inference-profile" => Self { region, id, place: Place::Id },
            "provisioned-model" | "custom-model" | "custom-model-deployment" | "imported-model" => {
                Self { region, id: "", place: Place::Region }
            }
            // Profiles of one's own, prompt routers and whatever comes.
            _ => Self { region, id: "", place: Place::Hidden },
        }
    }

    /// The id without the prefix of a profile, e.g. `anthropic.claude-sonnet-4-6`.
    pub(crate) fn base(&self) -> &'m str {
        match self.prefix() {
            Some(prefix) => self.id.get(prefix.len() + 1..).unwrap_or_default(),
            None => self.id,
        }
    }

    fn prefix(&self) -> Option<&'m str> {
        let (first, rest) = self.id.split_once('.')?;
        let next = rest.split('.').next().unwrap_or_default();
        let known = first == GLOBAL || GEOGRAPHIES.contains(&first);
        // A geography to come shows itself by the maker's name behind it.
        let shown = !MAKERS.contains(&first) && MAKERS.contains(&next);
        (known || shown).then_some(first)
    }

    /// Where a prompt may be processed; `region` is that of the address.
    pub(crate) fn reach(&self, region: &str) -> Reach {
        let region = self.region.unwrap_or(region);
        let here = || match region {
            "" => Reach::Unstated,
            region => Reach::Region(region.to_owned()),
        };
        match (self.place, self.prefix()) {
            (Place::Id, Some(GLOBAL)) => Reach::Global,
            (Place::Id, Some(geography)) => Reach::Geography(geography.to_owned()),
            (Place::Id, None) => match self.id.split('.').next() {
                Some(maker) if MAKERS.contains(&maker) => here(),
                _ => Reach::Unstated,
            },
            (Place::Region, _) => here(),
            (Place::Hidden, _) => Reach::Unstated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Reach {
        Reach::Region(name.to_owned())
    }

    fn geography(name: &str) -> Reach {
        Reach::Geography(name.to_owned())
    }

    #[test]
    fn a_name_tells_where_a_prompt_may_be_processed() {
        for (name, reach) in [
            ("anthropic.claude-3-haiku-20240307-v1:0", region("eu-west-1")),
            ("zai.glm-4.7", region("eu-west-1")),
            ("eu.anthropic.claude-sonnet-4-6", geography("eu")),
            ("us-gov.amazon.nova-pro-v1:0", geography("us-gov")),
            ("mars.anthropic.claude-9", geography("mars")),
            ("global.anthropic.claude-sonnet-4-6", Reach::Global),
            ("my-model", Reach::Unstated),
            ("who.knows-v1:0", Reach::Unstated),
            (
                "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0",
                region("eu-central-1"),
            ),
            (
                "arn:aws:bedrock:eu-central-1:1:inference-profile/eu.amazon.nova-lite-v1:0",
                geography("eu"),
            ),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-x",
                Reach::Global,
            ),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2", Reach::Unstated),
            ("arn:aws:bedrock:us-east-1:1:provisioned-model/a1b2", region("us-east-1")),
            ("arn:aws:bedrock:us-east-1:1:prompt-router/x", Reach::Unstated),
            ("arn:aws:bedrock", Reach::Unstated),
            ("", Reach::Unstated),
        ] {
            assert_eq!(Model::read(name).reach("eu-west-1"), reach, "{name}");
        }
        assert_eq!(Model::read("amazon.nova").reach(""), Reach::Unstated);
    }

    #[test]
    fn a_name_tells_the_model_whatever_its_profile() {
        for name in [
            "anthropic.claude-x-v1:0",
            "jp.anthropic.claude-x-v1:0",
            "global.anthropic.claude-x-v1:0",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x-v1:0",
        ] {
            assert_eq!(Model::read(name).base(), "anthropic.claude-x-v1:0");
        }
        assert_eq!(Model::read("arn:aws:bedrock:us-east-1:1:provisioned-model/a").base(), "");
    }
}
