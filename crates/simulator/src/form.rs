//! Percent-encoded text: paths, query strings and forms.

/// Decodes `%XX`; `+` stays. What is not UTF-8 afterwards is replaced.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        let pair = rest.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                left = rest.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                left = rest;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Encodes everything but unreserved characters, as `SigV4` wants it.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The first value of a field of a query string or form, decoded.
pub(crate) fn field(form: &str, name: &str) -> Option<String> {
    form.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name).then(|| decode(&value.replace('+', " ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let text = "arn:aws/x y+é~";
        assert_eq!(decode(&encode(text)), text);
        assert_eq!(encode("a:b/c"), "a%3Ab%2Fc");
        assert_eq!(decode("50%"), "50%");
    }

    #[test]
    fn a_field_is_found_and_decoded() {
        assert_eq!(field("a=1&scope=x+y%2Fz", "scope").as_deref(), Some("x y/z"));
        assert_eq!(field("a=1", "b"), None);
    }
}
