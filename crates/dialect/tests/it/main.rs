//! The dialects from the outside: requests, whole answers, streams; own samples, and the recorded
//! fixtures where they are present.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod bedrock;
#[cfg(test)]
mod bedrock_requests;
#[cfg(test)]
mod compatible;
#[cfg(test)]
mod count;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod embeddings;
#[cfg(test)]
mod features;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod gemini;
#[cfg(test)]
mod gemini_answers;
#[cfg(test)]
mod gemini_fixtures;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod mistral;
#[cfg(test)]
mod mistral_answers;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod reasoning;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod requests_foreign;
#[cfg(test)]
mod responses_fixtures;
#[cfg(test)]
mod responses_reasoning;
#[cfg(test)]
mod responses_requests;
#[cfg(test)]
mod responses_streams;
#[cfg(test)]
mod roundtrip;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod streams_foreign;
#[cfg(test)]
mod support;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod twice;
