//! Policy by its rules, and against a checker written from the specification's words alone.

mod agreement;
mod rules;
mod world;
