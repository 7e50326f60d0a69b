//! One file per upstream API: prepare a call, classify a failure.
