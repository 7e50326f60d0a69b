//! The steps to a credential, performed.

use std::time::Duration;

use provider::auth::{Auth, AuthStep, Granted, Pending, REPLY_SIZE_MAX, Step};
use transport::{Client, Env};
use vocab::{Failure, HttpCall, HttpReply};

use super::CredentialError;

/// The limit on a new connection. Metadata services are on the machine; token endpoints answer a
/// handshake in milliseconds.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// The limit on each step.
const STEP_MAX: Duration = Duration::from_secs(5);
/// The limit on all steps together, and so on the wait at start-up.
pub(super) const ALL_MAX: Duration = Duration::from_secs(10);

/// Goes from step to step until something is granted.
///
/// Dropping the future cancels the call under way.
pub(super) async fn obtain(
    auth: &Auth,
    client: &Client,
    env: &Env,
) -> Result<Granted, CredentialError> {
    match tokio::time::timeout(ALL_MAX, walk(auth, client, env)).await {
        Ok(granted) => granted,
        Err(_elapsed) => Err(CredentialError::TooSlow { limit_ms: ALL_MAX.as_millis() }),
    }
}

async fn walk(auth: &Auth, client: &Client, env: &Env) -> Result<Granted, CredentialError> {
    let mut step = auth.start(env.now()).map_err(CredentialError::Auth)?;
    // It ends, because each step leads only to later ones.
    loop {
        match step {
            Step::Ready(granted) => return Ok(granted),
            Step::Call(call, pending) => step = answer(*call, pending, client, env).await?,
        }
    }
}

async fn answer(
    call: HttpCall,
    pending: Pending,
    client: &Client,
    env: &Env,
) -> Result<Step, CredentialError> {
    let at = pending.step();
    let reply = perform(call, client).await.map_err(|failure| no_answer(at, failure))?;
    pending.read(&reply, env.now()).map_err(CredentialError::Auth)
}

async fn perform(call: HttpCall, client: &Client) -> Result<HttpReply, Failure> {
    let reply = client.open(call, CONNECT_MAX, STEP_MAX).await?;
    reply.whole(REPLY_SIZE_MAX, STEP_MAX, STEP_MAX).await
}

/// The transport's own words name addresses and causes, and nothing that was sent.
fn no_answer(step: AuthStep, failure: Failure) -> CredentialError {
    CredentialError::Call { step, message: failure.message }
}
