//! A relay on loopback that makes a long and thin line of it, to measure behind: prints its port and relays until it is ended.
//!
//! `cargo run --release --example weather -- PORT DELAY_MS MBIT`, the delay one way, the bandwidth from the server.
#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "an example prints what is asked of it, and the relay is the tests'"
)]

use std::time::Duration;

use anyhow::bail;

#[path = "../tests/integration/harness/weather.rs"]
mod line;

fn main() -> anyhow::Result<()> {
    let numbers = std::env::args().skip(1).map(|word| word.parse());
    let numbers = numbers.collect::<Result<Vec<u32>, _>>()?;
    let &[port, delay, mbit] = numbers.as_slice() else {
        bail!("usage: weather PORT DELAY_MS MBIT");
    };
    let weather = line::Weather {
        delay: Duration::from_millis(delay.into()),
        octets_per_second: mbit * 125_000,
        cuts: 0,
        cut_after: 0,
    };
    println!("{}", weather.before(port.try_into()?));
    loop {
        std::thread::park();
    }
}
