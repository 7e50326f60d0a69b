//! A presented credential, a key set and a time, to a caller or a refusal.
//!
//! Pure: no clock, no file, no socket. The bundle holds only the hash of each secret; a key is
//! shown once, when [`mint`] makes it. Invariants kept here:
//!
//! - IDN-1: a caller is what the credential proves. Tenant, workloads, models and origin come from
//!   the key's record and from nothing the request says.
//! - I1: one hash look-up whatever the number of keys, one SHA-256, one comparison in constant
//!   time; an unknown key costs the same. Nothing is said about a key (revoked, expired) to a
//!   caller who does not hold its secret.

mod caller;
mod key;
mod keyset;

pub use caller::{Caller, ModelGrant};
pub use key::{KEY_PREFIX, SecretHash, SecretHashError, mint};
pub use keyset::{KeyRecord, KeySet, KeySetError};
