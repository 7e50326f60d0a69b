//! The public price list, in the format that LiteLLM publishes: one JSON object with an entry per
//! model, prices in dollars per token.
//!
//! Numbers are read from their own text and never through a float, so `1.5e-07` is exactly 0.15
//! dollars per million tokens. What a list says beyond tokens (batches, priority tiers, images,
//! seconds, searches) is not read: requests of those kinds have no cost here.

mod import;
mod place;
mod write;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use vocab::{LongContext, Multiplier, Price, Rate, RateError, Rates};

pub use import::{Change, Found, Import, Kept, Missing, Wish, look_up};
pub use write::{MARK, NotOneByOne, written};

/// The first key of a public list explains the others.
const EXPLANATION: &str = "sample_spec";

/// A public price list. Entries are read when they are asked for.
#[derive(Debug)]
pub struct PriceList<'a> {
    entries: BTreeMap<String, &'a RawValue>,
}

/// One entry of a list, its fields as they are written.
struct Listed<'a> {
    fields: BTreeMap<String, &'a RawValue>,
}

/// A list that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "it is not a price list, which is one JSON object with an entry per model: {0}; fetch `model_prices_and_context_window.json` of LiteLLM"
)]
pub struct PriceListError(String);

/// Why an entry of a list is of no use here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not an object of fields.
    #[error("its entry cannot be read")]
    Shape,
    /// It is sold by the image, the second, the page …
    #[error("it is not sold by the token")]
    NotPerToken,
    /// A number in it is not a price.
    #[error("`{field}`: {why}")]
    Number {
        /// The field.
        field: String,
        /// What is wrong with it.
        why: RateError,
    },
}

impl<'a> PriceList<'a> {
    /// Reads a list.
    ///
    /// # Errors
    /// [`PriceListError`] when it is not one JSON object, or an empty one.
    pub fn parse(text: &'a str) -> Result<Self, PriceListError> {
        let mut entries: BTreeMap<String, &'a RawValue> =
            serde_json::from_str(text).map_err(|error| PriceListError(error.to_string()))?;
        entries.remove(EXPLANATION);
        if entries.is_empty() {
            return Err(PriceListError("it is empty".to_owned()));
        }
        Ok(Self { entries })
    }

    /// How many models it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never so: an empty list is an error.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entry(&self, key: &str) -> Option<Result<Listed<'a>, Unusable>> {
        let raw = self.entries.get(key)?;
        let fields = serde_json::from_str(raw.get()).map_err(|_| Unusable::Shape);
        Some(fields.map(|fields| Listed { fields }))
    }
}

impl Listed<'_> {
    /// A text field.
    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.fields.get(name)?.get()).ok()
    }

    /// A number that is a factor, e.g. a regional surcharge.
    fn multiplier(&self, name: &str) -> Option<Multiplier> {
        self.fields.get(name)?.get().parse().ok()
    }

    /// A factor of the field that holds what only one provider has.
    fn specific(&self, name: &str) -> Option<Multiplier> {
        let raw = self.fields.get("provider_specific_entry")?.get();
        let factors: BTreeMap<String, &RawValue> = serde_json::from_str(raw).ok()?;
        factors.get(name)?.get().parse().ok()
    }

    /// What tokens cost.
    fn price(&self) -> Result<Price, Unusable> {
        let kinds = Kinds::read(self, "")?;
        // An embedding has no output, and lists differ in whether they say that it costs nothing.
        let embeds = || self.text("mode").is_some_and(|mode| mode == "embedding");
        let output = kinds.output.or_else(|| embeds().then_some(Rate::ZERO));
        let (Some(input), Some(output)) = (kinds.input, output) else {
            return Err(Unusable::NotPerToken);
        };
        let base = kinds.over(&Rates::plain(input, output));
        let long = match self.threshold() {
            Some((suffix, above)) => {
                let dear = Kinds::read(self, &suffix)?;
                // A kind without a price for long prompts costs what it costs otherwise.
                let input = dear.input.unwrap_or(input);
                let output = dear.output.unwrap_or(output);
                let rates = dear.over(&kinds.over(&Rates::plain(input, output)));
                Some(LongContext { above, rates: Rates { input, output, ..rates } })
            }
            None => None,
        };
        Ok(Price { base, long })
    }

    /// The threshold of a long prompt, and the ending of the fields that speak of it.
    fn threshold(&self) -> Option<(String, u64)> {
        self.fields.keys().find_map(|name| {
            let suffix = name.strip_prefix("input_cost_per_token")?;
            let thousands = suffix.strip_prefix("_above_")?.strip_suffix("k_tokens")?;
            let above = thousands.parse::<u64>().ok()?.checked_mul(1_000)?;
            Some((suffix.to_owned(), above))
        })
    }
}

/// The rates that an entry names.
struct Kinds {
    input: Option<Rate>,
    cache_read: Option<Rate>,
    cache_write: Option<Rate>,
    output: Option<Rate>,
    reasoning: Option<Rate>,
}

impl Kinds {
    fn read(listed: &Listed<'_>, suffix: &str) -> Result<Self, Unusable> {
        let rate = |name: &str| {
            let field = format!("{name}{suffix}");
            let text = listed.fields.get(&field).map(|raw| raw.get().trim_matches('"'));
            match text {
                None | Some("null") => Ok(None),
                Some(text) => Rate::from_usd_per_token(text)
                    .map(Some)
                    .map_err(|why| Unusable::Number { field, why }),
            }
        };
        Ok(Self {
            input: rate("input_cost_per_token")?,
            cache_read: rate("cache_read_input_token_cost")?,
            cache_write: rate("cache_creation_input_token_cost")?,
            output: rate("output_cost_per_token")?,
            reasoning: rate("output_cost_per_reasoning_token")?,
        })
    }

    /// These rates where they are named, and those of `rest` where not.
    fn over(&self, rest: &Rates) -> Rates {
        Rates {
            input: self.input.unwrap_or(rest.input),
            cache_read: self.cache_read.unwrap_or(rest.cache_read),
            cache_write: self.cache_write.unwrap_or(rest.cache_write),
            output: self.output.unwrap_or(rest.output),
            reasoning: self.reasoning.unwrap_or(rest.reasoning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(entry: &str) -> Result<Price, Unusable> {
        let text = format!(r#"{{"sample_spec":{{}},"m":{entry}}}"#);
        let list = PriceList::parse(&text).unwrap();
        assert_eq!(list.len(), 1);
        list.entry("m").unwrap().and_then(|listed| listed.price())
    }

    fn rates(input: &str, read: &str, write: &str, output: &str, reasoning: &str) -> Rates {
        let [input, cache_read, cache_write, output, reasoning] =
            [input, read, write, output, reasoning].map(|text| text.parse().unwrap());
        Rates { input, cache_read, cache_write, output, reasoning }
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let entry = r#"{"input_cost_per_token":1.5e-07,"output_cost_per_token":0.0000006,
            "cache_read_input_token_cost":7.5e-8,"output_cost_per_token_batches":9}"#;
        let base = rates("0.15", "0.075", "0.15", "0.6", "0.6");
        assert_eq!(price(entry), Ok(Price { base, long: None }));
    }

    #[test]
    fn a_long_prompt_takes_the_rates_it_names_and_the_others_as_they_are() {
        let entry = r#"{"input_cost_per_token":3e-06,"output_cost_per_token":15e-06,
            "cache_read_input_token_cost":3e-07,"cache_creation_input_token_cost":3.75e-06,
            "input_cost_per_token_above_200k_tokens":6e-06,
            "input_cost_per_token_above_200k_tokens_priority":1,
            "output_cost_per_token_above_200k_tokens":2.25e-05,
            "cache_read_input_token_cost_above_200k_tokens":6e-07}"#;
        let long = price(entry).unwrap().long.unwrap();
        assert_eq!(long.above, 200_000);
        assert_eq!(long.rates, rates("6", "0.6", "3.75", "22.5", "22.5"));
    }

    #[test]
    fn an_embedding_has_no_output_and_an_image_no_price_by_the_token() {
        let embedding = r#"{"input_cost_per_token":2e-08,"mode":"embedding"}"#;
        assert_eq!(price(embedding).unwrap().base.output, Rate::ZERO);
        assert_eq!(price(r#"{"output_cost_per_image":0.04}"#), Err(Unusable::NotPerToken));
        assert_eq!(price(r#"{"input_cost_per_token":1e-06}"#), Err(Unusable::NotPerToken));
        assert_eq!(price("3"), Err(Unusable::Shape));
    }

    #[test]
    fn a_number_that_does_not_come_out_even_is_named() {
        let entry = r#"{"input_cost_per_token":0.000015000020000000002,"output_cost_per_token":0}"#;
        let error = price(entry).unwrap_err().to_string();
        assert!(error.starts_with("`input_cost_per_token`: `0.0000150"), "{error}");
    }

    #[test]
    fn what_is_no_list_is_told() {
        for text in ["", "[]", "{}", r#"{"sample_spec":{}}"#, "{"] {
            let error = PriceList::parse(text).unwrap_err().to_string();
            assert!(error.contains("not a price list"), "{error}");
        }
    }
}
