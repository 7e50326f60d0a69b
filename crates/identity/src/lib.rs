//! A presented credential, a key set and a time, to a caller or a refusal.
