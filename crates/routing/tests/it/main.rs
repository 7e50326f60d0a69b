//! Properties of routing over generated histories.

mod history;
mod plans;
