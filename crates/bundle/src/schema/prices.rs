//! `prices.yaml`: what tokens cost.

use vocab::{EndpointId, LongContext, Multiplier, Price, Rate, Rates, RegionId, Timestamp};

use crate::{
    node::{Node, Value},
    read::{At, Fields, Notes, id, list, parsed, text, time, whole, word},
};

/// The longest prompt that a threshold may name, in tokens.
const ABOVE_MAX: u64 = 1_000_000_000;

/// One entry, its multiplier not yet applied.
pub(crate) struct RawPrice {
    /// The provider's name for the model.
    pub(crate) model: At<String>,
    /// For one endpoint only.
    pub(crate) endpoint: Option<At<EndpointId>>,
    /// For one region only.
    pub(crate) region: Option<At<RegionId>>,
    /// For one vendor only.
    pub(crate) vendor: Option<At<String>>,
    /// For one provider kind only.
    pub(crate) provider: Option<At<String>>,
    /// What tokens cost.
    pub(crate) price: Price,
    /// A surcharge or discount on all of it.
    pub(crate) multiplier: Option<At<Multiplier>>,
    /// Where the figures are from.
    pub(crate) source: At<String>,
    /// The day on which they held.
    pub(crate) as_of: At<Timestamp>,
}

/// Reads `prices.yaml`.
pub(crate) fn prices(node: &Node, notes: &Notes) -> Option<Vec<RawPrice>> {
    list(node, notes, price)
}

fn price(node: &Node, notes: &Notes) -> Option<RawPrice> {
    let mut fields = Fields::open(node, notes, "a price")?;
    let model = fields.required("model", text);
    let endpoint = fields.optional("endpoint", id);
    let region = fields.optional("region", id);
    let vendor = fields.optional("vendor", text);
    let provider = fields.optional("provider", text);
    // One currency, so that sums mean something; stated only by those who like to see it.
    let _dollars = fields.optional("currency", |node, notes| word(node, notes, &[("USD", ())]));
    let base = rates(&mut fields);
    let long = fields.optional("long_context", long_context);
    let multiplier = fields.optional("multiplier", |node, notes| {
        parsed(node, notes, "write a decimal number in quotes")
    });
    let source = fields.required("source", text);
    let as_of = fields.required("as_of", time);
    fields.finish();
    Some(RawPrice {
        model: model?,
        endpoint,
        region,
        vendor,
        provider,
        price: Price { base: base?, long },
        multiplier,
        source: source?,
        as_of: as_of?,
    })
}

fn long_context(node: &Node, notes: &Notes) -> Option<LongContext> {
    let mut fields = Fields::open(node, notes, "a price for long prompts")?;
    let above = fields.required("above", |node, notes| whole(node, notes, ABOVE_MAX));
    let rates = rates(&mut fields);
    fields.finish();
    Some(LongContext { above: above?.value, rates: rates? })
}

/// The five rates. A cache without a price of its own costs what the prompt costs, and reasoning
/// what the answer costs.
fn rates(fields: &mut Fields<'_>) -> Option<Rates> {
    let input = fields.required("input", rate);
    let cache_read = fields.optional("cache_read", rate);
    let cache_write = fields.optional("cache_write", rate);
    let output = fields.required("output", rate);
    let reasoning = fields.optional("reasoning", rate);
    let plain = Rates::plain(input?, output?);
    Some(Rates {
        cache_read: cache_read.unwrap_or(plain.cache_read),
        cache_write: cache_write.unwrap_or(plain.cache_write),
        reasoning: reasoning.unwrap_or(plain.reasoning),
        ..plain
    })
}

/// Dollars per million tokens, exactly.
fn rate(node: &Node, notes: &Notes) -> Option<Rate> {
    match &node.value {
        Value::Whole(dollars) => match Rate::from_usd_per_million(&dollars.to_string()) {
            Ok(rate) => Some(rate),
            Err(error) => {
                let message = error.to_string();
                let (message, remedy) =
                    message.split_once(": ").unwrap_or((&message, "correct it"));
                notes.error(node.place, message, remedy);
                None
            }
        },
        Value::Number => {
            notes.error(
                node.place,
                "a price with a fraction is written as a text, so that it is read exactly",
                "put it in quotes, e.g. `\"0.15\"`, in dollars per million tokens",
            );
            None
        }
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            parsed(node, notes, "write dollars per million tokens in quotes").map(|at| at.value)
        }
    }
}
