//! Fields of OpenAI's APIs by which a caller would decide what is policy's to decide: how long a
//! provider keeps a prompt, and on which machines it is processed.
//!
//! They are taken out of a body that passes through, by name (R3). Another value would not do in
//! their place, for models differ in those they take. Without the field the provider does what it
//! does by default, and that is a fact for the route's certificate.

use std::ops::Range;

use serde::{Deserialize, de::MapAccess};
use serde_json::value::RawValue;

use crate::{
    scan::Peek,
    splice::{span, without},
    text::Skip,
};

type MayGo = fn(&str) -> bool;

/// The fields, and which of their values may go.
const FIELDS: [(&str, MayGo); 3] = [
    ("prompt_cache_retention", |raw| matches!(raw, "null" | "\"in_memory\"")),
    ("prompt_cache_options", |raw| {
        serde_json::from_str::<Option<CacheOptions>>(raw)
            .is_ok_and(|options| options.is_none_or(|options| options.ttl.is_none()))
    }),
    // A tier other than the usual one may be other machines in another place.
    ("service_tier", |raw| {
        matches!(raw, "null" | "\"auto\"" | "\"default\"" | "\"standard_only\"")
    }),
];

#[derive(Deserialize)]
struct CacheOptions {
    #[serde(default)]
    ttl: Option<Skip>,
}

/// The members that are taken out.
#[derive(Debug, Default)]
pub(crate) struct TakenOut {
    names: Vec<&'static str>,
    values: Vec<Range<usize>>,
}

impl TakenOut {
    /// The field of this name, if it is one of these.
    pub(crate) fn known(key: &str) -> bool {
        FIELDS.iter().any(|(name, _)| *name == key)
    }

    /// Reads the value of a field that is [known](Self::known).
    ///
    /// # Errors
    /// Those of the parser.
    pub(crate) fn field<'de, A: MapAccess<'de>>(
        &mut self,
        whole: &[u8],
        key: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let raw: &'de RawValue = map.next_value()?;
        let known = FIELDS.iter().find(|(name, _)| *name == key);
        if let Some((name, _)) = known.filter(|(_, may_go)| !may_go(raw.get())) {
            self.names.push(name);
            self.values.push(span(whole, raw));
        }
        Ok(())
    }

    /// Adds the edits, with their names.
    pub(crate) fn finish(self, whole: &[u8], peek: &mut Peek) {
        let mut edits = without(whole, &self.values);
        edits.reverse();
        peek.retention.extend(self.names.into_iter().zip(edits));
    }
}
