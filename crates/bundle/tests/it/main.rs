//! Bundles as people write them: the samples, every kind of mistake, and what cannot be read.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod files;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod pricelist;
#[cfg(test)]
mod prices;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod scale;
#[cfg(test)]
mod tree;
