//! What a request may ask of a model beyond plain text, and what a route says it can do.

use std::fmt;

/// One feature. A request needs some ([`FeatureSet`]), a route lacks some; a route that lacks what
/// the request needs is not tried for it (G4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Feature {
    /// Tools that the caller runs.
    Tools,
    /// Several tool calls in one answer, asked for in so many words.
    ParallelTools,
    /// A tool that must be called.
    ForcedTool,
    /// Images in the prompt.
    Images,
    /// Documents or files in the prompt.
    Documents,
    /// Audio in the prompt or in the answer.
    Audio,
    /// An answer that follows a JSON schema.
    JsonSchema,
    /// An answer that is any JSON object.
    JsonObject,
    /// Log probabilities.
    Logprobs,
    /// More than one answer.
    SeveralAnswers,
    /// Reasoning asked for, bounded, or replayed.
    Reasoning,
    /// Temperature, nucleus or top-k: some models refuse them.
    Sampling,
    /// An answer of the model that is to be continued.
    Prefill,
    /// Instructions after the conversation has begun.
    LateInstructions,
    /// Streamed answers.
    Streaming,
    /// Embeddings of a chosen size.
    Dimensions,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Tools,
        Self::ParallelTools,
        Self::ForcedTool,
        Self::Images,
        Self::Documents,
        Self::Audio,
        Self::JsonSchema,
        Self::JsonObject,
        Self::Logprobs,
        Self::SeveralAnswers,
        Self::Reasoning,
        Self::Sampling,
        Self::Prefill,
        Self::LateInstructions,
        Self::Streaming,
        Self::Dimensions,
    ];

    /// The name used in bundles, records and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::ParallelTools => "parallel_tools",
            Self::ForcedTool => "forced_tool",
            Self::Images => "images",
            Self::Documents => "documents",
            Self::Audio => "audio",
            Self::JsonSchema => "json_schema",
            Self::JsonObject => "json_object",
            Self::Logprobs => "logprobs",
            Self::SeveralAnswers => "several_answers",
            Self::Reasoning => "reasoning",
            Self::Sampling => "sampling",
            Self::Prefill => "prefill",
            Self::LateInstructions => "late_instructions",
            Self::Streaming => "streaming",
            Self::Dimensions => "dimensions",
        }
    }

    /// The feature of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.as_str() == name)
    }

    const fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

/// A set of features; copying and comparing cost nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FeatureSet(u32);

impl FeatureSet {
    /// No feature.
    pub const EMPTY: Self = Self(0);

    /// Adds a feature.
    pub const fn insert(&mut self, feature: Feature) {
        self.0 |= feature.bit();
    }

    /// Adds a feature if `wanted`.
    pub const fn insert_if(&mut self, feature: Feature, wanted: bool) {
        if wanted {
            self.insert(feature);
        }
    }

    /// Whether it is there.
    #[must_use]
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 & feature.bit() != 0
    }

    /// What both have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either has.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The features, in the order of [`Feature::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |feature| self.contains(*feature))
    }
}

/// What a route says of the model behind it, beside what its dialect carries (G4). The default says
/// nothing: whatever the dialect carries is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capability {
    /// What the model cannot do although its dialect has the words.
    pub lacks: FeatureSet,
    /// What the model can do where its dialect has the words for some models only.
    pub has: FeatureSet,
    /// The most tokens of prompt and answer together, where it is known.
    pub context_max: Option<u64>,
    /// The most tokens of one answer, where it is known.
    pub output_max: Option<u64>,
}

impl FromIterator<Feature> for FeatureSet {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        features.into_iter().fold(Self::default(), |mut set, feature| {
            set.insert(feature);
            set
        })
    }
}

impl fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Feature::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_feature_and_bits_do_not_collide() {
        for feature in Feature::ALL {
            assert_eq!(Feature::parse(feature.as_str()), Some(feature));
        }
        let all: FeatureSet = Feature::ALL.into_iter().collect();
        assert_eq!(all.iter().count(), Feature::ALL.len());
    }

    #[test]
    fn what_is_needed_and_lacking_is_the_intersection() {
        let needed: FeatureSet = [Feature::Tools, Feature::Images].into_iter().collect();
        let lacking: FeatureSet = [Feature::Images, Feature::Audio].into_iter().collect();
        let met: Vec<_> = needed.intersection(lacking).iter().collect();
        assert_eq!(met, [Feature::Images]);
    }
}
