//! Every figure of routing, with its unit and its reason. Nothing else in this crate holds one.
//!
//! "Design" below is the table of failover defaults that these come from. Two things bound what
//! an operator may change: the limits of a workload ([`crate::Overrides`]) and of a plan
//! ([`crate::PlanLimits`]).

use std::time::Duration;

/// The table. A type without values, so that figures read as `Defaults::CONNECT`.
#[derive(Debug, Clone, Copy)]
pub enum Defaults {}

impl Defaults {
    // -- health window, per route ---------------------------------------------------------------

    /// Length of one slot. Short enough that a burst of failures is seen within two slots.
    pub const SLOT: Duration = Duration::from_secs(2);
    /// Slots of the narrow window, 20 s: exact counts, because time-weighted averages hide bursts.
    pub const SLOTS_NARROW: i64 = 10;
    /// Slots of the wide window, 60 s: rates of model calls are low, so few samples need more time.
    pub const SLOTS_WIDE: i64 = 30;
    /// Samples under which the window is widened, and under which a success rate says nothing.
    pub const SAMPLES_MIN: u32 = 10;

    // -- breaker --------------------------------------------------------------------------------

    /// Hard failures in a row that open a breaker. Fewer would open on the noise of any provider.
    pub const FAILURES_IN_ROW: u32 = 5;
    /// Success below this opens a breaker, as a fraction. At one half, a route fails more requests
    /// than it serves.
    pub const SUCCESS_MIN: f64 = 0.5;
    /// First time a breaker stays open; doubles with each failed probe.
    pub const OPEN_FIRST: Duration = Duration::from_secs(5);
    /// Longest time a breaker stays open: the price of noticing a recovery late.
    pub const OPEN_MAX: Duration = Duration::from_secs(60);
    /// First time after the provider rejected our credential or account: a person has to act, and
    /// every try in between may count against the account.
    pub const ACCOUNT_FIRST: Duration = Duration::from_secs(60);
    /// Longest such time. An hour at most passes between the repair and its notice.
    pub const ACCOUNT_MAX: Duration = Duration::from_secs(3_600);
    /// Spread of open times, in thousandths either way, so that gateways do not probe in step.
    pub const JITTER_MILLI: u64 = 200;
    /// Good probes in a row that close a breaker: one may be luck.
    pub const PROBES_TO_CLOSE: u32 = 3;
    /// Time after which a probe without a verdict is given up, so that no route is lost for good
    /// with it. As long as a request may take, so that two probes never run together (RTE-3).
    pub const PROBE_LEASE: Duration = Self::TOTAL;
    /// A clock that is this much behind the start of a wait was set back; the wait is then over,
    /// because waiting for the clock to catch up could take for ever. Less is the ordinary
    /// disorder of threads.
    pub const CLOCK_SLACK: Duration = Duration::from_secs(1);

    // -- throttled ------------------------------------------------------------------------------

    /// A hint up to this is waited for on the route: a failover costs more than that.
    pub const WAIT_ON_ROUTE: Duration = Duration::from_millis(500);
    /// First hold of a throttled or overloaded route that gave no hint; doubles while it goes on.
    pub const HOLD_FIRST: Duration = Duration::from_secs(1);
    /// Longest hold without a hint.
    pub const HOLD_MAX: Duration = Duration::from_secs(30);
    /// Longest hint that is followed. A provider that is away for longer is found by its breaker.
    pub const HINT_MAX: Duration = Duration::from_secs(300);

    // -- choice inside a tier -------------------------------------------------------------------

    /// Decay of peaks, and memory of the average, of first-token times.
    pub const LATENCY_DECAY: Duration = Duration::from_secs(10);
    /// Time in which an average is forgotten that no call renews, so that a route that was slow
    /// once is tried again.
    pub const LATENCY_FORGOTTEN: Duration = Duration::from_secs(600);
    /// Longest first-token time assumed of a route that was not used yet: an ordinary one. If its
    /// rival is quicker it is taken to be as quick, or it would never be tried.
    pub const FIRST_TOKEN_ASSUMED: Duration = Duration::from_millis(500);
    /// What a failed reply counts as first-token time, unless its hint is longer: much worse than
    /// any slow answer, and forgotten within half a minute.
    pub const FAILURE_PENALTY: Duration = Duration::from_secs(5);
    /// Least health in a cost, as a fraction: a bad route costs at most this much more.
    pub const HEALTH_FLOOR: f64 = 0.05;
    /// Two equally busy routes whose costs differ less than this factor are alike; configured weight then
    /// decides the share alone.
    pub const ALIKE: f64 = 1.5;

    // -- return and trickle ---------------------------------------------------------------------

    /// Time over which a route that comes back takes its full share again: caches are cold and
    /// autoscalers late.
    pub const SLOW_START: Duration = Duration::from_secs(60);
    /// Share at the start of it, as a fraction.
    pub const SLOW_START_FIRST: f64 = 0.1;
    /// When every route is open, one request in this many goes to the least bad eligible one.
    /// Between panic (all) and paralysis (none).
    pub const TRICKLE_ONE_IN: u64 = 10;

    // -- attempts -------------------------------------------------------------------------------

    /// Attempts of one request, the first among them.
    pub const ATTEMPTS_MAX: u32 = 3;
    /// Regions that one request's attempts may touch.
    pub const REGIONS_MAX: u32 = 2;
    /// Retries that a full budget holds. Naive retries never recover once attempts × load > 1.
    pub const RETRIES_MAX: u32 = 50;
    /// Successes that earn one retry: retries are at most a tenth of traffic over time.
    pub const SUCCESSES_PER_RETRY: u32 = 10;

    // -- time limits of one request -------------------------------------------------------------

    /// Opening a connection, TLS included.
    pub const CONNECT: Duration = Duration::from_secs(2);
    /// First token of a stream, and so the head of its reply: a ping is liveness, not progress.
    pub const FIRST_TOKEN: Duration = Duration::from_secs(10);
    /// Head of an answer that is not streamed: it comes when the whole answer is made, which takes
    /// as long as a reasoning model takes to its first token.
    pub const WHOLE_ANSWER: Duration = Duration::from_secs(60);
    /// Gap between two tokens.
    pub const GAP: Duration = Duration::from_secs(10);
    /// The whole request, unless the caller says less: what the official SDKs wait.
    pub const TOTAL: Duration = Duration::from_secs(600);
}
