//! A relay on loopback that makes a long, thin and breaking line of it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What a line is like.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    /// One way.
    pub(crate) delay: Duration,
    /// From the server.
    pub(crate) octets_per_second: u32,
    /// So many connections are cut …
    pub(crate) cuts: usize,
    /// … after so many octets from the server each, and more for each later one.
    pub(crate) cut_after: usize,
}

/// The longest that a sleep may take too long, on a machine with other things to do.
const OVERSLEPT: Duration = Duration::from_millis(20);

impl Weather {
    /// Relays every connection to `port` on 127.0.0.1; gives the port to connect to.
    pub(crate) fn before(self, port: u16) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let number = connections.fetch_add(1, Ordering::Relaxed);
                let limit = if number < self.cuts {
                    self.cut_after * (number + 1)
                } else {
                    usize::MAX
                };
                let (to_server, from_client) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || self.relay(from_client, to_server, usize::MAX, u32::MAX));
                thread::spawn(move || self.relay(server, client, limit, self.octets_per_second));
            }
        });
        ours
    }

    /// What is read now is written after the delay, so that a delay costs no bandwidth.
    fn relay(self, mut from: TcpStream, mut to: TcpStream, limit: usize, rate: u32) {
        let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(1_000);
        let back = to.try_clone().unwrap();
        thread::spawn(move || {
            for (due, octets) in receiver {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if to.write_all(&octets).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
        let mut buffer = [0; 16 << 10];
        let (mut relayed, mut free) = (0, Instant::now());
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let length = length.min(limit - relayed);
            relayed += length;
            let takes = Duration::from_secs(1) * u32::try_from(length).unwrap() / rate;
            // What a sleep takes too long is made up for, or the line would be thinner than it says.
            let earliest = Instant::now().checked_sub(OVERSLEPT).unwrap();
            free = free.max(earliest) + takes;
            thread::sleep(free.saturating_duration_since(Instant::now()));
            let due = Instant::now() + self.delay;
            if sender.send((due, buffer[..length].to_vec())).is_err() {
                break;
            }
            if relayed == limit {
                thread::sleep(self.delay);
                let _ = back.shutdown(Shutdown::Both);
                let _ = from.shutdown(Shutdown::Both);
                break;
            }
        }
    }
}
