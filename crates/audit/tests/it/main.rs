//! The journal on a real disk: written, crashed, tampered with, asked.

mod crash;
mod entries;
mod errors;
mod load;
mod queries;
mod tamper;
