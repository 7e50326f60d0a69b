//! Performs outside calls and holds the only clock, random source and spawner.
