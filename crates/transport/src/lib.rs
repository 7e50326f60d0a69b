//! Performs outside calls, listens, and holds the only clock and random source.
//!
//! Cores describe an exchange as data ([`vocab::HttpCall`]); [`Client`] performs it and names what
//! went wrong as a [`vocab::Failure`]. [`serve`] is the accept loop of every listener in the
//! process. [`Env`] is how time and randomness reach the rest of the code.
//!
//! Transport knows nothing about providers, policy or journals.
//!
//! Each worker thread runs a single-threaded runtime of its own with its own listener
//! (`SO_REUSEPORT`) and its own connection pool, so a request never changes core.

mod client;
mod connect;
mod env;
mod link;
mod listen;
mod pool;
mod reply;

pub use client::{Client, ClientOptions};
pub use connect::ClientSetupError;
pub use env::{Env, Source};
pub use listen::{Drain, Draining, ListenError, ListenOptions, bind, serve};
pub use reply::{Reply, ReplyBody};
