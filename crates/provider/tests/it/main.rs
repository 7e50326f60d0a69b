//! What every provider keeps, and what each makes of replies.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod bedrock;
#[cfg(test)]
mod classify;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod google;
#[cfg(test)]
mod mistral;
#[cfg(test)]
mod prepare;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod support;
