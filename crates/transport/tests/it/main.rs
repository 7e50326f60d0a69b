//! The client against servers that behave, and servers that do not.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod server;
