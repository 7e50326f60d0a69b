//! The wish to stop: raised by Ctrl-C, SIGTERM or SIGHUP, seen by everything that waits.
//!
//! Whoever sees it returns an error, so that destructors end the child processes and remove the
//! temporary directories.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Shared by the signal thread, which raises it, and the harness, which looks at it.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    raised: Arc<AtomicBool>,
    wake: Arc<(Mutex<()>, Condvar)>,
}

impl Stop {
    /// A stop that signals raise, from a thread of its own that ends with the process.
    pub(crate) fn on_signals() -> Result<Self> {
        let stop = Self::default();
        let raiser = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _inside = runtime.enter();
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
                .into_iter()
                .map(signal)
                .collect::<Result<Vec<_>, _>>()
                .context("cannot listen for signals")?
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                let waits = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
                first_of(waits.collect()).await;
            });
            raiser.raise();
        })?;
        Ok(stop)
    }

    fn raise(&self) {
        let _guard = self.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.raised.store(true, Ordering::Release);
        self.wake.1.notify_all();
    }

    /// An error once somebody asked to stop.
    pub(crate) fn check(&self) -> Result<()> {
        if self.raised.load(Ordering::Acquire) {
            bail!("interrupted");
        }
        Ok(())
    }

    /// Waits for `pause`, or less if somebody asks to stop.
    ///
    /// # Errors
    /// When somebody asked to stop.
    pub(crate) fn pause(&self, pause: Duration) -> Result<()> {
        let guard = self.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calm = |_: &mut ()| !self.raised.load(Ordering::Acquire);
        drop(self.wake.1.wait_timeout_while(guard, pause, calm));
        self.check()
    }
}

async fn first_of<F: Future + Unpin>(mut waits: Vec<F>) {
    std::future::poll_fn(|context| {
        let ready = waits.iter_mut().any(|wait| Pin::new(wait).poll(context).is_ready());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
