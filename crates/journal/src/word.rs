//! Closed words that `vocab` writes but does not read back.

use serde::{Deserialize, Deserializer, de};
use vocab::{FailureKind, failure::Limit};

/// Every failure kind, so that a record's word finds its kind again.
const FAILURE_KINDS: [FailureKind; 19] = [
    FailureKind::BadRequest,
    FailureKind::ContextTooLong,
    FailureKind::ContentBlocked,
    FailureKind::TooLarge,
    FailureKind::CredentialRejected,
    FailureKind::QuotaSpent,
    FailureKind::ModelMissing,
    FailureKind::RateLimited,
    FailureKind::Overloaded,
    FailureKind::TimedOut(Limit::Connect),
    FailureKind::TimedOut(Limit::Headers),
    FailureKind::TimedOut(Limit::FirstToken),
    FailureKind::TimedOut(Limit::Gap),
    FailureKind::TimedOut(Limit::Total),
    FailureKind::Unreachable,
    FailureKind::Reset,
    FailureKind::Broken,
    FailureKind::Cut,
    FailureKind::Cancelled,
];

pub(crate) fn failure_kind<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<FailureKind>, D::Error> {
    let Some(word) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let known = FAILURE_KINDS.into_iter().find(|kind| kind.as_str() == word);
    known.map(Some).ok_or_else(|| de::Error::custom(format!("`{word}` is not a failure kind")))
}
