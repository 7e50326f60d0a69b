//! Side-by-side measurements of the gateway, a plain proxy and no proxy.
fn main() {}
