//! The simulator over real sockets, spoken to by a small raw client.

mod client;
mod control;
mod faults;
mod shapes;
mod streams;
