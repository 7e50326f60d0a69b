//! Addresses of images and documents, which a provider fetches.
//!
//! It fetches with rights of its own and, on clouds, with those of the gateway's account: an address
//! in a store (`gs://`, `s3://`) or on a disk (`file://`) would let a caller read what the gateway
//! may read. So a prompt may name the web and hold `data:`, whatever the upstream.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{
    Unsupported,
    scan::{Object, Walked},
    text::{Loose, Skip},
};

/// Whether it is an address of the web.
pub(crate) fn is_web(address: &str) -> bool {
    begins_with(address, "https://") || begins_with(address, "http://")
}

/// Whether no provider is to fetch it. One that is empty names nothing.
fn is_foreign(address: &str) -> bool {
    !address.is_empty() && !is_web(address) && !begins_with(address, "data:")
}

fn begins_with(address: &str, scheme: &str) -> bool {
    address.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
}

/// The refusal of a place that names an address, which its last field tells.
pub(crate) fn refused(param: &str) -> Option<Unsupported> {
    if !param.ends_with("url") {
        return None;
    }
    let message = format!("`{param}` must be an http, https or base64 data address");
    Some(Unsupported::about(param, message))
}

/// The value of a field that names an address: itself, or an object with a `url`.
pub(crate) struct Address {
    /// Where in the field an address stands that no provider is to fetch.
    pub(crate) foreign: Option<&'static str>,
}

/// An object that may hold an address.
#[derive(Default)]
struct Holder {
    is_foreign: bool,
}

impl<'de> Object<'de> for Holder {
    fn field<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        if key == "url" {
            self.is_foreign = map.next_value::<Loose<'de>>()?.as_str().is_some_and(is_foreign);
        } else {
            map.next_value::<Skip>()?;
        }
        Ok(())
    }
}

struct AddressVisitor;

impl<'de> Visitor<'de> for AddressVisitor {
    type Value = Address;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_str<E>(self, text: &str) -> Result<Address, E> {
        Ok(Address { foreign: is_foreign(text).then_some("") })
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Address, A::Error> {
        let Walked(holder) = Walked::<Holder>::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Address { foreign: holder.is_foreign.then_some(".url") })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Address, A::Error> {
        while seq.next_element::<Skip>()?.is_some() {}
        Ok(Address { foreign: None })
    }
    fn visit_unit<E>(self) -> Result<Address, E> {
        Ok(Address { foreign: None })
    }
    fn visit_bool<E>(self, _: bool) -> Result<Address, E> {
        Ok(Address { foreign: None })
    }
    fn visit_u64<E>(self, _: u64) -> Result<Address, E> {
        Ok(Address { foreign: None })
    }
    fn visit_i64<E>(self, _: i64) -> Result<Address, E> {
        Ok(Address { foreign: None })
    }
    fn visit_f64<E>(self, _: f64) -> Result<Address, E> {
        Ok(Address { foreign: None })
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AddressVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_and_data_are_all_that_may_be_named() {
        for address in ["https://h/a", "HTTP://h", "data:image/png;base64,AA==", ""] {
            assert!(!is_foreign(address), "{address}");
        }
        for address in [
            "gs://b/o",
            "s3://b/o",
            "file:///etc/passwd",
            "/etc/passwd",
            "ftp://h",
            " https://h",
            "é",
        ] {
            assert!(is_foreign(address), "{address}");
        }
    }

    #[test]
    fn an_address_stands_alone_or_in_an_object() {
        let at = |text: &str| serde_json::from_str::<Address>(text).unwrap().foreign;
        assert_eq!(at(r#""gs://b""#), Some(""));
        assert_eq!(at(r#"{"detail":{"url":"gs://b"},"url":"gs:\/\/b"}"#), Some(".url"));
        for fine in [r#"{"url":"https://h"}"#, r#"{"url":7}"#, "null", "[\"gs://b\"]", "1", "{}"] {
            assert_eq!(at(fine), None, "{fine}");
        }
    }
}
