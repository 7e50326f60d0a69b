//! The only clock and random source. Everything else takes `now` and randomness as arguments.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use vocab::Timestamp;

/// Where time and randomness come from.
pub trait Source: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
    /// Time since an arbitrary start; never goes back.
    fn monotonic(&self) -> Duration;
    /// Fills a buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Time and randomness; cheap to clone.
#[derive(Clone)]
pub struct Env {
    source: Arc<dyn Source>,
}

impl Env {
    /// The machine's clock, and a cryptographic generator seeded by the operating system.
    #[must_use]
    pub fn real() -> Self {
        Self { source: Arc::new(Real::new()) }
    }

    /// A clock that stands at `now` until [`Source`] says otherwise, and a generator with a known
    /// seed: the same seed gives the same run.
    #[must_use]
    pub fn scripted(now: Timestamp, seed: u64) -> Self {
        let rng = Mutex::new(StdRng::seed_from_u64(seed));
        Self { source: Arc::new(Scripted { now, rng }) }
    }

    /// Any other source.
    #[must_use]
    pub fn of(source: Arc<dyn Source>) -> Self {
        Self { source }
    }

    /// Wall-clock time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.source.now()
    }

    /// Time since an arbitrary start; never goes back.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.source.monotonic()
    }

    /// 64 random bits.
    #[must_use]
    pub fn random_u64(&self) -> u64 {
        u64::from_le_bytes(self.random_bytes())
    }

    /// Random bytes, fit for keys when the source is [`Env::real`].
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.source.fill(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}

struct Real {
    start: Instant,
    rng: Mutex<StdRng>,
}

impl Real {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn new() -> Self {
        let mut seed = [0; 32];
        // The operating system's generator failing at start is not survivable: keys would be weak.
        if let Err(error) = rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed) {
            tracing::error!(%error, "the operating system gives no random bytes");
            std::process::abort();
        }
        Self { start: Instant::now(), rng: Mutex::new(StdRng::from_seed(seed)) }
    }
}

impl Source for Real {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().after(since)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

struct Scripted {
    now: Timestamp,
    rng: Mutex<StdRng>,
}

impl Source for Scripted {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn monotonic(&self) -> Duration {
        self.now.since(Timestamp::default())
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let run = |seed| {
            let env = Env::scripted(Timestamp::from_unix_micros(7), seed);
            (env.now(), env.random_u64(), env.random_bytes::<5>())
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn the_real_clock_never_goes_back() {
        let env = Env::real();
        let first = env.monotonic();
        assert!(env.monotonic() >= first);
        assert_ne!(env.random_u64(), env.random_u64());
    }
}
