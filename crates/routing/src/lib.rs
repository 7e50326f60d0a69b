//! Terms and health to ordered attempts: tiers, breaker, budgets, and what to do next (R1, R3–R6,
//! R8 first half).
//!
//! Policy says which routes *may* serve a request; this crate says in which order, and what follows
//! an attempt. It never sees a prompt, a tenant or a certificate, and every function takes `now`,
//! so each choice can be replayed. All figures are in [`Defaults`].
//!
//! - Per route there is one [`RouteHealth`]: what happened lately, its breaker, its hold, its
//!   latency. The data plane calls [`RouteHealth::begin`] before an attempt and
//!   [`RouteHealth::observe`] after it, exactly once each.
//! - Per request: [`RouteHealth::view`] of each permitted route → [`plan`] → [`next`] in a loop,
//!   starting with [`Outcome::Start`], until it says [`Next::Deliver`] or [`Next::GiveUp`].
//!
//! Invariants kept here:
//! - RES-1 (relied upon): a plan holds only indexes of its candidates; no health rule adds one.
//! - RTE-2: attempts, regions and time stay within the plan; retries within the budget.
//! - RTE-3: at most one probe in a half-open breaker; a 429 never closes it.
//! - R1: no route of a farther tier comes before a nearer one that is fit; nothing but unfitness
//!   moves a request across a border.
//! - No breaker, hold or ramp lasts for ever, even when the clock is set back.

mod breaker;
mod budget;
mod defaults;
mod health;
mod hold;
mod latency;
mod mark;
mod next;
mod noise;
mod passed_over;
mod pause;
mod pick;
mod plan;
mod timeouts;
mod window;

pub use breaker::{BreakerChange, OpenCause};
pub use budget::RetryBudget;
pub use defaults::Defaults;
pub use health::{Admit, Gate, HealthView, Observation, RouteHealth};
pub use next::{Commit, Cursor, GiveUp, Next, Outcome, next};
pub use passed_over::PassedOver;
pub use plan::{
    Candidate, OnContentRejection, Plan, PlanLimits, TIER_CROSS_BORDER, TIER_SAME_JURISDICTION,
    TIER_SAME_REGION, plan,
};
pub use timeouts::{Delivery, Overrides, Timeouts};
