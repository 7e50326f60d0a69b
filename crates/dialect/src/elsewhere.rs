//! Top-level fields of servers and routers behind OpenAI's APIs that would move data elsewhere.
//!
//! A body passes through with fields that this gateway does not know (G5). These it must know: they
//! have the prompt searched for, retrieved by, or answered at another place than the route says, and
//! where that may be is policy's to decide (P2).

use serde::de::MapAccess;

use crate::{Unsupported, scan::Peek, text::Skip};

/// What a field does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Has the provider search or retrieve: a tool that the provider runs, by the field's name.
    Retrieves,
    /// Names what shall serve.
    Names(&'static str),
}

const ANOTHER_MODEL: &str = "names other models";
const ANOTHER_VENDOR: &str = "names who shall serve";
const ANOTHER_ADDRESS: &str = "names another address";

/// The fields and who reads them.
const FIELDS: [(&str, Does); 13] = [
    // Azure OpenAI: indexes, searched at an address of the caller's choice.
    ("data_sources", Does::Retrieves),
    // xAI.
    ("search_parameters", Does::Retrieves),
    // Qwen.
    ("enable_search", Does::Retrieves),
    ("search_options", Does::Retrieves),
    // Servers behind routers, under several names.
    ("search", Does::Retrieves),
    // OpenRouter: web search and file parsing.
    ("plugins", Does::Retrieves),
    // OpenRouter.
    ("models", Does::Names(ANOTHER_MODEL)),
    ("route", Does::Names(ANOTHER_VENDOR)),
    ("provider", Does::Names(ANOTHER_VENDOR)),
    // LiteLLM.
    ("fallbacks", Does::Names(ANOTHER_MODEL)),
    ("api_base", Does::Names(ANOTHER_ADDRESS)),
    ("base_url", Does::Names(ANOTHER_ADDRESS)),
    // vLLM: the host that the state of the prompt is read from or left at.
    ("kv_transfer_params", Does::Names(ANOTHER_ADDRESS)),
];

/// The names of all of them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().map(|(name, _)| name)
}

/// Reads the value of a field that no arm of the dialect's own knows.
///
/// # Errors
/// Those of the parser.
pub(crate) fn field<'de, A: MapAccess<'de>>(
    peek: &mut Peek,
    key: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    let Some((name, does)) = FIELDS.into_iter().find(|(name, _)| *name == key) else {
        map.next_value::<Skip>()?;
        return Ok(());
    };
    match does {
        Does::Retrieves => {
            if map.next_value::<Skip>()?.on {
                peek.needs.hosted(name);
            }
        }
        Does::Names(what) => {
            if map.next_value::<Skip>()?.some {
                peek.refused.get_or_insert_with(|| refusal(name, what));
            }
        }
    }
    Ok(())
}

fn refusal(name: &str, what: &str) -> Unsupported {
    let message = format!(
        "`{name}` {what}: which model serves, and where, is policy's to decide; leave it out"
    );
    Unsupported::about(name, message)
}
