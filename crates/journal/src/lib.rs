//! Tamper-evident record: leaf, Merkle log, signed checkpoint, proof, verification.
