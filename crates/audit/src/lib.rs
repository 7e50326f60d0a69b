//! Appends journal entries durably, recovers them, and answers questions about them.
