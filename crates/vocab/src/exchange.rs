//! One HTTP exchange as data: cores describe a call and read its reply; `transport` performs it.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};

/// A call to be made.
#[derive(Clone)]
pub struct HttpCall {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub uri: Uri,
    /// Headers, the credential among them; shown by name only.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// The head of a reply.
#[derive(Clone)]
pub struct HttpHead {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
}

/// A whole reply.
#[derive(Clone)]
pub struct HttpReply {
    /// Status and headers.
    pub head: HttpHead,
    /// The whole body.
    pub body: Bytes,
}

// AUD-4: values of headers and bodies may be credentials or prompts, so `Debug` shows neither.
impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        write!(f, "{} {} {names:?} ({} bytes)", self.method, self.uri, self.body.len())
    }
}

impl fmt::Debug for HttpHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        write!(f, "{} {names:?}", self.status)
    }
}

impl fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({} bytes)", self.head, self.body.len())
    }
}
