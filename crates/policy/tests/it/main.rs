//! Policy by its rules, and against a checker written from the specification's words alone.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod world;
