//! The server as a client sees it that trusts the demonstration's authority alone.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use native_tls::{Certificate, TlsConnector};

use super::*;

#[test]
fn serves_over_verified_tls() {
    let directory = tempfile::tempdir().unwrap();
    let (server, configuration) = set_up(directory.path()).unwrap();
    let authority = fs::read(directory.path().join("ca.pem")).unwrap();
    let trusting = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(Certificate::from_pem(&authority).unwrap())
        .build()
        .unwrap();
    let tcp = || TcpStream::connect((HOST, server.port())).unwrap();
    let mut greeting = String::new();
    let stream = trusting.connect(HOST, tcp()).unwrap();
    BufReader::new(stream).read_line(&mut greeting).unwrap();
    assert!(greeting.starts_with("* OK "), "{greeting}");

    let distrusting = TlsConnector::new().unwrap();
    assert!(distrusting.connect(HOST, tcp()).is_err());
    assert!(trusting.connect("localhost", tcp()).is_err());
    assert!(configuration.starts_with(directory.path()));
}

#[test]
fn the_server_is_gone_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let (server, _) = set_up(directory.path()).unwrap();
    let port = server.port();
    drop(server);
    assert!(TcpStream::connect((HOST, port)).is_err());
}
