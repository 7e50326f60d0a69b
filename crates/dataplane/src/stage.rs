//! The stages of one generation, in the only order that compiles.

mod admit;
mod attempt;
mod attest;
mod call;
mod exchange;
mod identify;
mod models;
mod outlook;
mod parse;
mod plan;
mod receive;
mod relay;
mod settle;

use bytes::Bytes;
use http::{HeaderMap, Response};
use transport::Client;
use vocab::{Failure, Refusal};

use crate::{body::Body, trail::Trail};
pub(crate) use models::models;

/// Why there is no answer.
pub(crate) enum NoAnswer {
    /// A governed "no".
    Refused(Refusal),
    /// Routes were tried, and this is what the last one came to.
    Failed(Box<Failed>),
}

/// The end of a request whose routes all failed.
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) why: routing::GiveUp,
    /// Permitted routes were left untried, because one request may not try them all.
    pub(crate) untried: bool,
    /// What brings the permitted routes back.
    pub(crate) outlook: outlook::Outlook,
}

impl From<Refusal> for NoAnswer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Runs a generation from its head to the response.
pub(crate) async fn generate<B>(
    mut trail: Trail,
    client: &Client,
    headers: HeaderMap,
    body: B,
) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin,
    B::Error: Send,
{
    match run(&mut trail, client, headers, body).await {
        Ok(answered) => settle::deliver(trail, answered).await,
        Err(no_answer) => settle::no_answer(trail, no_answer).await,
    }
}

async fn run<B>(
    trail: &mut Trail,
    client: &Client,
    headers: HeaderMap,
    body: B,
) -> Result<attempt::Answered, NoAnswer>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin,
    B::Error: Send,
{
    trail.enter()?;
    let identified = identify::identify(trail, headers)?;
    let received = receive::receive(trail, identified, body).await?;
    let parsed = parse::parse(trail, received)?;
    let admitted = admit::admit(trail, parsed)?;
    let planned = plan::plan(trail, admitted)?;
    let attested = attest::attest(trail, planned).await?;
    attempt::attempt(trail, attested, client).await
}
