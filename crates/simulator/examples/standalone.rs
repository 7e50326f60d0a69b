//! Runs a simulator by itself: `cargo run -p simulator --example standalone -- 127.0.0.1:9100`.
//!
//! A second argument is the scale of time: 0 answers at once, 1 (the default) like a vendor. A
//! third one, `keys`, makes every endpoint ask for the key `sim-key`.

use std::net::SocketAddr;

use simulator::{Config, EndpointSpec, Simulator, Timing, Vendor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments.next().unwrap_or("127.0.0.1:9100".into()).parse()?;
    let scale: f64 = arguments.next().unwrap_or("1".into()).parse()?;
    let key = arguments.next().map(|_keys| "sim-key".to_owned());
    let mut endpoints = Vec::new();
    for region in ["eu-west", "eu-central", "us-east"] {
        for vendor in Vendor::ALL {
            let spec = EndpointSpec::new(format!("{}-{region}", vendor.as_str()), region, vendor);
            endpoints.push(EndpointSpec { key: key.clone(), ..spec });
        }
    }
    let timing = Timing { scale, ..Timing::default() };
    let simulator = Simulator::bind(address, Config { endpoints, timing, ..Config::default() })?;
    tokio::runtime::Runtime::new()?.block_on(simulator.run(async {
        let _signal = tokio::signal::ctrl_c().await;
    }))?;
    Ok(())
}
