//! Client and upstream wire formats, to and from one prompt and reply model.
//!
//! A caller speaks a [`ClientDialect`], a provider an [`UpstreamDialect`]. When both are the same
//! the bytes pass through: only what must change is changed (G5). When they differ, requests go
//! through a `Prompt` and answers through `ReplyEvent`s (G4), and what the target cannot carry is
//! refused by the name of its field, never dropped in silence.
//!
//! Everything here is a pure function from bytes to bytes: no clock, no socket, and no knowledge
//! of tenants, budgets or policy. What a body may contain is text of a person, so no error of
//! this crate quotes it (AUD-4), except the provider's own words to the caller.

mod address;
mod answer;
mod anthropic;
mod arguments;
mod bedrock_converse;
mod bedrock_embeddings;
mod caller_error;
mod calls;
mod client;
mod elsewhere;
mod embedding;
mod errors;
mod events;
mod eventstream;
mod fields;
mod gemini;
mod keys;
mod kind;
mod mistral_chat;
mod mistral_embeddings;
mod models;
mod needs;
mod openai_chat;
mod openai_embeddings;
mod openai_responses;
mod places;
mod prompt;
mod reasoning;
mod relay;
mod request;
mod retention;
mod scan;
mod splice;
mod sse;
mod text;
mod tools;
mod upstream;
mod vertex_embeddings;

pub use answer::{Answer, WholeReply, answer};
pub use caller_error::{CallerError, ErrorKind, Retry};
pub use errors::{ParseError, Unsupported, names_credential, read_error, read_named_error};
pub use events::{Finish, Progress};
pub(crate) use events::{Reply, ReplyBlock, ReplyEvent};
pub use kind::{ClientDialect, Family, Operation, UpstreamDialect};
pub use models::ModelEntry;
pub use needs::Needs;
pub use relay::{Relay, RelayOptions};
pub use request::{Caller, Outbound, OutputLimit, Request, Target};
