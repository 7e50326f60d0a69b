//! The task that keeps every endpoint's credential valid.

use std::{fmt, sync::Arc, time::Duration};

use bundle::CredentialSource;
use futures_util::{StreamExt as _, stream};
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

/// An endpoint whose time has come.
struct Due {
    upstream: Arc<Upstream>,
    kind: &'static str,
    resolved: Resolved,
}

impl Renewer {
    /// For the endpoints of a gateway.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, secrets: Arc<dyn Secrets>, client: Client) -> Self {
        Self { gateway, secrets, client }
    }

    /// Looks at the endpoints in force for ever.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look(&self.gateway.serving()).await;
        }
    }

    /// Obtains every credential that is missing, changed or near its end; takes ten seconds at most
    /// for each 16 of them. Call it before `serving` is put in force, so that its routes can be used
    /// at once. Failures are told in the log and tried again by the next look that they are due at.
    ///
    /// Dropping the future cancels the calls under way and changes nothing.
    pub async fn look(&self, serving: &Serving) {
        let due: Vec<Due> = serving.upstreams().filter_map(|upstream| self.due(upstream)).collect();
        stream::iter(due).for_each_concurrent(ASKED_MAX, |due| self.renew(serving, due)).await;
        let now = self.gateway.now();
        let left = serving
            .upstreams()
            .filter_map(|upstream| Some((&upstream.id, upstream.credential_left(now)?)));
        self.gateway.metrics.credentials(left);
    }

    fn due(&self, upstream: &Arc<Upstream>) -> Option<Due> {
        let source: &CredentialSource = upstream.source()?;
        let resolved = resolve(&upstream.id, upstream.settings(), source, &*self.secrets);
        let due = upstream.upkeep().is_due(resolved.fingerprint, self.gateway.now());
        due.then(|| Due { upstream: Arc::clone(upstream), kind: source.kind(), resolved })
    }

    async fn renew(&self, serving: &Serving, due: Due) {
        let Due { upstream, kind, resolved } = due;
        let installed = self.install(&upstream, resolved.auth, resolved.fingerprint).await;
        let endpoint = &upstream.id;
        match installed {
            Ok(()) => {
                tracing::info!(%endpoint, kind, "a credential is in use");
                let lanes = serving.lanes().filter(|lane| lane.upstream.id == *endpoint);
                lanes.for_each(|lane| lane.health().credential_changed());
            }
            Err(error) => {
                let env = &self.gateway.env;
                let jitter = env.random_u64();
                let wait = upstream.upkeep().failed(resolved.fingerprint, env.now(), jitter);
                self.gateway.metrics.credential_failed(endpoint);
                let wait_ms = wait.as_millis();
                if upstream.has_credential(env.now()) {
                    tracing::warn!(%endpoint, kind, %error, wait_ms, "a credential was not renewed; the last one stays in use until it ends");
                } else {
                    tracing::error!(%endpoint, kind, %error, wait_ms, "an endpoint has no valid credential; its routes are out");
                }
            }
        }
    }

    async fn install(
        &self,
        upstream: &Upstream,
        auth: Result<Auth, CredentialError>,
        read: u64,
    ) -> Result<(), CredentialError> {
        let env = &self.gateway.env;
        let granted = obtain(&auth?, &self.client, env).await?;
        upstream.install(&granted).map_err(CredentialError::Settings)?;
        upstream.upkeep().succeeded(granted, read, env.now(), env.random_u64());
        Ok(())
    }
}

impl fmt::Debug for Renewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewer")
    }
}
