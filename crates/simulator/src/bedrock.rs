//! Amazon Bedrock's runtime.

pub(crate) mod frame;
