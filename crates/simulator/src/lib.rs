//! Provider servers that speak real wire formats, with scripted latency and faults.
