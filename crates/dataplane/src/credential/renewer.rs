//! The task that keeps every endpoint's credential valid.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{
    StreamExt as _,
    stream::{self, FuturesUnordered},
};
use provider::auth::Auth;
use transport::Client;

use super::{
    CredentialError, Secrets,
    obtain::obtain,
    resolve::{Resolved, resolve},
};
use crate::{
    gateway::Gateway,
    serving::{Serving, Upstream},
};

/// How often files are looked at, and the clock. A rotated key is in use within this time.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How many token services are asked at once.
const ASKED_MAX: usize = 16;

/// Keeps every endpoint's credential valid. One per gateway, on the thread that watches the bundle.
pub struct Renewer {
    gateway: Arc<Gateway>,
    secrets: Arc<dyn Secrets>,
    client: Client,
}

/// An endpoint whose time has come. While this lives, no other look asks for it.
struct Due {
    upstream: Arc<Upstream>,
    kind: &'static str,
    auth: Result<Auth, CredentialError>,
    read: u64,
}

impl Renewer {
    /// For the endpoints of a gateway.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, secrets: Arc<dyn Secrets>, client: Client) -> Self {
        Self { gateway, secrets, client }
    }

    /// Looks at the endpoints in force for ever. A token service that does not answer delays nobody
    /// else's credential.
    pub async fn run(&self) {
        let mut under_way = FuturesUnordered::new();
        loop {
            let tick = tokio::time::sleep(LOOK_EVERY);
            tokio::pin!(tick);
            while !tick.is_elapsed() {
                tokio::select! {
                    () = &mut tick => {}
                    Some(()) = under_way.next() => {}
                }
            }
            let serving = self.gateway.serving();
            let room = ASKED_MAX.saturating_sub(under_way.len());
            for due in self.due(&serving).take(room) {
                let serving = Arc::clone(&serving);
                under_way.push(async move { self.renew(&serving, due).await });
            }
            self.tell(&serving);
        }
    }

    /// Obtains every credential that is missing, changed or near its end; takes ten seconds at most
    /// for each 16 of them. Call it before `serving` is put in force, so that its routes can be used
    /// at once. Failures are told in the log and tried again by the next look that they are due at.
    ///
    /// Dropping the future cancels the calls under way and changes nothing.
    pub async fn look(&self, serving: &Serving) {
        let due: Vec<Due> = self.due(serving).collect();
        stream::iter(due).for_each_concurrent(ASKED_MAX, |due| self.renew(serving, due)).await;
        self.tell(serving);
    }

    fn due(&self, serving: &Serving) -> impl Iterator<Item = Due> {
        serving.upstreams().filter_map(|upstream| {
            let source = upstream.source()?;
            let found = resolve(&upstream.id, upstream.settings(), source, &*self.secrets);
            let Resolved { auth, fingerprint: read } = found;
            let due = upstream.upkeep().is_due(read, self.gateway.now()) && upstream.ask();
            due.then(|| Due { upstream: Arc::clone(upstream), kind: source.kind(), auth, read })
        })
    }

    async fn renew(&self, serving: &Serving, due: Due) {
        let (endpoint, kind) = (&due.upstream.id, due.kind);
        match self.install(&due).await {
            Ok(()) => {
                tracing::info!(%endpoint, kind, "a credential is in use");
                let lanes = serving.lanes().filter(|lane| lane.upstream.id == *endpoint);
                lanes.for_each(|lane| lane.health().credential_changed());
            }
            Err(error) => self.failed(&due, &error),
        }
    }

    async fn install(&self, due: &Due) -> Result<(), CredentialError> {
        let env = &self.gateway.env;
        let auth = due.auth.as_ref().map_err(Clone::clone)?;
        let granted = obtain(auth, &self.client, env).await?;
        due.upstream.install(&granted).map_err(CredentialError::Settings)?;
        due.upstream.upkeep().succeeded(granted, due.read, env.now(), env.random_u64());
        Ok(())
    }

    fn failed(&self, due: &Due, error: &CredentialError) {
        let (endpoint, kind, env) = (&due.upstream.id, due.kind, &self.gateway.env);
        let wait = due.upstream.upkeep().failed(due.read, env.now(), env.random_u64());
        let wait_ms = wait.as_millis();
        self.gateway.metrics.credential_failed(endpoint);
        if due.upstream.has_credential(env.now()) {
            tracing::warn!(%endpoint, kind, %error, wait_ms, "a credential was not renewed; the last one stays in use until it ends");
        } else {
            tracing::error!(%endpoint, kind, %error, wait_ms, "an endpoint has no valid credential; its routes are out");
        }
    }

    fn tell(&self, serving: &Serving) {
        let now = self.gateway.now();
        let left = serving
            .upstreams()
            .filter_map(|upstream| Some((&upstream.id, upstream.credential_left(now)?)));
        self.gateway.metrics.credentials(left);
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        self.upstream.asked();
    }
}

impl fmt::Debug for Renewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewer")
    }
}
