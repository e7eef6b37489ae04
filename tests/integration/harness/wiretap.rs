//! A relay on loopback that keeps what the client said.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub(crate) struct Wiretap {
    port: u16,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Wiretap {
    /// Relays every connection to `port` on 127.0.0.1.
    pub(crate) fn on(port: u16) -> Self {
        Self::relaying(port, Duration::ZERO)
    }

    /// The same over a line of some 400 kB/s.
    pub(crate) fn slow(port: u16) -> Self {
        Self::relaying(port, Duration::from_millis(10))
    }

    fn relaying(port: u16, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tap = Self {
            port: listener.local_addr().unwrap().port(),
            said: Arc::default(),
        };
        let said = Arc::clone(&tap.said);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let answers = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || relay(answers.0, answers.1, |_| thread::sleep(pause)));
                let said = Arc::clone(&said);
                thread::spawn(move || {
                    relay(client, server, |octets| said.lock().unwrap().extend(octets));
                });
            }
        });
        tap
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Everything that clients have said, in upper case.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).to_uppercase()
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, seen: impl Fn(&[u8])) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        seen(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
