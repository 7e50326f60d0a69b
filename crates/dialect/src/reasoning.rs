//! Reasoning that travels with a conversation.
//!
//! Providers seal a model's reasoning (a signature, an encrypted blob) and want it back unchanged in
//! the next turn; a seal means nothing to any other issuer or model. When an answer is translated
//! its seals go to the caller inside a *carrier*, text that names issuer and model, so that any
//! gateway of any region can tell in the next turn where the seal is valid (no memory between turns
//! is needed). Elsewhere the reasoning is left out, with its name among what was dropped: a seal is
//! never forged, moved or shown as content.

use std::borrow::Cow;

/// Every carrier begins so; nothing that a provider seals does.
pub(crate) const PREFIX: &str = "isobar1.";

/// The carrier of reasoning without a seal, for dialects whose own reasoning always has one.
pub(crate) const UNSEALED: &str = "isobar1.nobody.s..";

/// Who can read a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Issuer {
    /// Anthropic Messages, by Anthropic or on Vertex or Bedrock's `invoke`.
    Anthropic,
    /// Bedrock Converse.
    Bedrock,
    /// OpenAI Responses.
    OpenAi,
    /// Gemini.
    Gemini,
    /// Mistral.
    Mistral,
    /// Nobody: the reasoning came without a seal, and where a dialect's own would have one this
    /// says that it is foreign.
    Nobody,
}

impl Issuer {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Anthropic, "anthropic"),
        (Self::Bedrock, "bedrock"),
        (Self::OpenAi, "openai"),
        (Self::Gemini, "gemini"),
        (Self::Mistral, "mistral"),
        (Self::Nobody, "nobody"),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(issuer, _)| *issuer == self).map_or("", |(_, name)| name)
    }
}

/// What a provider sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal<'a> {
    /// Who can read it.
    pub(crate) issuer: Issuer,
    /// The model that made it, as its provider names it; empty for one that came to the caller
    /// without a carrier, in the issuer's own dialect.
    pub(crate) model: Cow<'a, str>,
    /// Whether the reasoning itself is in the blob, and not shown.
    pub(crate) redacted: bool,
    /// The blob as the provider gave it.
    pub(crate) data: Cow<'a, str>,
}

impl<'a> Seal<'a> {
    /// The text that travels with the caller: `isobar1.<issuer>.<s or r>.<model in hex>.<blob>`.
    #[must_use]
    pub(crate) fn carrier(&self) -> String {
        let model = hex::encode(self.model.as_bytes());
        let form = if self.redacted { 'r' } else { 's' };
        format!("{PREFIX}{}.{form}.{model}.{}", self.issuer.as_str(), self.data)
    }

    /// Reads a carrier; nothing for text that is none.
    #[must_use]
    pub(crate) fn from_carrier(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.splitn(4, '.');
        let (issuer, form, model, data) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (issuer, _) = Issuer::ALL.iter().find(|(_, name)| *name == issuer)?;
        let redacted = match form {
            "s" => false,
            "r" => true,
            _ => return None,
        };
        let model = Cow::Owned(String::from_utf8(hex::decode(model).ok()?).ok()?);
        Some(Self { issuer: *issuer, model, redacted, data: Cow::Borrowed(data) })
    }

    /// Whether `issuer` takes it back for `model`.
    #[must_use]
    pub(crate) fn is_valid_for(&self, issuer: Issuer, model: &str) -> bool {
        self.issuer == issuer && (self.model.is_empty() || self.model == model)
    }

    /// The same, owning its text.
    #[must_use]
    pub(crate) fn into_owned(self) -> Seal<'static> {
        Seal {
            issuer: self.issuer,
            model: Cow::Owned(self.model.into_owned()),
            redacted: self.redacted,
            data: Cow::Owned(self.data.into_owned()),
        }
    }
}

/// Reasoning of the model in the conversation or in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reasoning {
    /// What may be shown; empty when the provider hides it.
    pub(crate) text: String,
    /// The seal, if there is one. A seal of Gemini belongs to the block that follows.
    pub(crate) seal: Option<Seal<'static>>,
}

impl Reasoning {
    /// Reasoning in plain text, without a seal.
    pub(crate) fn unsealed(text: String) -> Self {
        Self { text, seal: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_gives_back_the_seal_whatever_its_blob_is() {
        for data in ["", "Ev.+/=.x", "isobar1.openai..y"] {
            let seal = Seal {
                issuer: Issuer::Bedrock,
                model: "eu.anthropic.claude:0".into(),
                redacted: data.is_empty(),
                data: data.into(),
            };
            let carrier = seal.carrier();
            assert_eq!(Seal::from_carrier(&carrier), Some(seal));
        }
        for text in ["", "Ev.x", "isobar1.", "isobar1.somebody.s.00.x", "isobar1.openai.s.zz.x"] {
            assert_eq!(Seal::from_carrier(text), None, "{text}");
        }
    }

    #[test]
    fn unsealed_reasoning_is_valid_for_no_provider() {
        let seal = Seal::from_carrier(UNSEALED).unwrap();
        assert_eq!(seal.carrier(), UNSEALED);
        assert!(!seal.is_valid_for(Issuer::OpenAi, ""));
    }

    #[test]
    fn a_seal_is_valid_for_its_issuer_and_model_alone() {
        let seal = Seal {
            issuer: Issuer::OpenAi,
            model: "gpt-5".into(),
            redacted: false,
            data: "x".into(),
        };
        assert!(seal.is_valid_for(Issuer::OpenAi, "gpt-5"));
        assert!(!seal.is_valid_for(Issuer::OpenAi, "gpt-6"));
        assert!(!seal.is_valid_for(Issuer::Anthropic, "gpt-5"));
    }
}
