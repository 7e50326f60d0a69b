//! Changes of a few bytes in a body that otherwise passes through (G5).

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use serde_json::value::RawValue;

/// Replace these bytes by this text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) at: Range<usize>,
    pub(crate) text: Cow<'static, str>,
}

/// Where `part`, which was borrowed from `whole`, stands in it.
pub(crate) fn span(whole: &[u8], part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start.saturating_add(part.get().len())
}

/// The body with the edits made. Edits do not overlap; one outside the body is left out. Without
/// edits the body is shared, not copied.
pub(crate) fn splice(body: &Bytes, mut edits: Vec<Edit>) -> Bytes {
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|edit| edit.at.start);
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = Vec::with_capacity(body.len().saturating_add(added));
    let mut done = 0;
    for edit in &edits {
        if let (Some(kept), true) = (body.get(done..edit.at.start), edit.at.end <= body.len()) {
            out.extend_from_slice(kept);
            out.extend_from_slice(edit.text.as_bytes());
            done = edit.at.end;
        }
    }
    out.extend_from_slice(body.get(done..).unwrap_or_default());
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_in_any_order_change_only_their_bytes() {
        let body = Bytes::from_static(b"0123456789");
        let edit = |at, text| Edit { at, text: Cow::Borrowed(text) };
        assert_eq!(splice(&body, vec![edit(7..8, "seven"), edit(1..1, "+")]), "0+123456seven89");
        assert_eq!(splice(&body, vec![]).as_ptr(), body.as_ptr());
    }
}
