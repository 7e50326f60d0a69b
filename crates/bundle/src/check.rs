//! Whether the parts of a bundle fit together, and putting them together.
//!
//! Every check runs whatever the others found, so that all mistakes are named at once. A name
//! counts as known when any entry of its file carries it, even one with mistakes of its own, so
//! that one mistake does not show up as ten.

mod assemble;
mod certificates;
mod chains;
mod known;
mod prices;
mod reach;
mod tenants;
mod when;
mod wiring;
mod workloads;

pub(crate) use assemble::assemble;
