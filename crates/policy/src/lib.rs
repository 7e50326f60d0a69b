//! Residency, certification and equivalence: which routes may serve a request.
