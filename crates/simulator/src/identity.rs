//! Token endpoints of the clouds.

use bytes::Bytes;

use crate::access::Visitor;
use crate::vendor::{Complaint, Facts};

/// One way of issuing credentials.
pub(crate) trait Surface: Sync + std::fmt::Debug {
    /// `identity.name`, for the log.
    fn name(&self) -> &'static str;
    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint>;
}

/// What is handed out.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) kind: &'static str,
    pub(crate) body: Bytes,
}
