//! Bundles as people write them: the samples, every kind of mistake, and what cannot be read.

mod files;
mod mistakes;
mod samples;
mod scale;
mod tree;
