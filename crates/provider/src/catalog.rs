//! The list of providers.

use crate::Provider;

/// One line per provider.
static CATALOG: &[&dyn Provider] = &[
    &crate::openai_compatible::OpenAiCompatible,
    &crate::openai::OpenAi,
    &crate::azure_openai::AzureOpenAi,
    &crate::anthropic::Anthropic,
    &crate::bedrock::Bedrock,
    &crate::bedrock_mantle::BedrockMantle,
    &crate::vertex::Vertex,
    &crate::gemini::Gemini,
    &crate::mistral::Mistral,
];

/// Every provider there is.
#[must_use]
pub fn catalog() -> &'static [&'static dyn Provider] {
    CATALOG
}

/// The provider called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Provider> {
    catalog().iter().copied().find(|provider| provider.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_found_by_its_name_and_only_by_that() {
        for provider in catalog() {
            assert_eq!(find(provider.name()).map(Provider::name), Some(provider.name()));
        }
        assert!(find("OpenAI").is_none());
        assert!(find("").is_none());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = catalog().iter().map(|provider| provider.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), catalog().len());
    }
}
