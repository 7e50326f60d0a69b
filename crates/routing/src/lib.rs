//! Terms and health to ordered attempts: tiers, breaker, budgets, and what to do next.
