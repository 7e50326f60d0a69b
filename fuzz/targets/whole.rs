#![no_main]

#[path = "../../crates/dialect/tests/it/targets.rs"]
#[allow(dead_code, reason = "each target uses one of them")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::whole(data));
