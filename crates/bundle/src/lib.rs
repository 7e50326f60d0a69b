//! Configuration and policy as plain files: schema, checks that explain, compilation.
//!
//! A bundle is a directory of YAML under version control, readable and diffable (C1). [`load`]
//! reads it, names *every* mistake with file, line, column and remedy, and compiles what is left
//! without mistakes into the answers a gateway needs. Nothing is half loaded: with one error there
//! is no bundle.
//!
//! - [`Report`]: the mistakes and the warnings, drawn for people or one line each for scripts.
//! - [`Bundle`]: policy, keys, endpoints, routes and prices of one generation.
//! - [`pricelist`]: what a public price list says about the models that a bundle uses.
//!
//! The bundle knows no clock: `now` is an argument, so that a past check can be repeated.

mod check;
mod credential;
mod load;
mod node;
pub mod pricelist;
mod prices;
mod read;
mod render;
mod report;
mod schema;
mod source;
mod suggest;

pub use credential::{AzureSource, CredentialSource, SecretSource};
pub use load::{Bundle, EndpointConfig, load};
pub use prices::{PriceEntry, Prices, Scope};
pub use render::Style;
pub use report::{Problem, Report, Severity};
