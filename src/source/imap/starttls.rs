//! The greeting, and the unprotected beginning of a STARTTLS connection.

use std::io;
use std::net::TcpStream;

use super::ServerSettings;
use super::dialogue::{Dialogue, Pace};
use super::framing::{Limits, read_response};
use super::grammar::{Kind, Status, kind};
use super::refusal;
use super::stream::{Wire, failed};
use crate::finding::Stage;
use crate::source::SourceError;

/// Speaks the plain beginning of a STARTTLS connection (RFC 9051, 6.2.1).
///
/// Nothing said here can be trusted: it only decides whether TLS begins. PREAUTH would make the client skip TLS, and
/// octets behind the OK would be taken for protected ones.
pub(super) fn start_tls(server: &ServerSettings, tcp: TcpStream) -> Result<TcpStream, SourceError> {
    let mut wire = Wire::plain(tcp);
    let greeting = read_response(&mut wire, &Limits::default())
        .map_err(|e| refusal::framing(Stage::Connect, &e))?;
    check_greeting(&greeting.text)?;
    let mut pace = Pace::default();
    let mut dialogue = Dialogue {
        connection: &mut wire,
        pace: &mut pace,
        stage: Stage::Connect,
    };
    let none = |why: &str| {
        let what = format!(
            "set tls = \"implicit\" (port 993) in [servers.{}]; no password was sent",
            server.name
        );
        failed(server, "no-starttls", why, what)
    };
    if !dialogue.capabilities()?.iter().any(|c| c == "STARTTLS") {
        return Err(none("the server does not offer STARTTLS"));
    }
    let outcome = dialogue.run("STARTTLS", &mut |_| ())?;
    if !outcome.ok {
        let said = refusal::quoted(&outcome.text);
        return Err(none(&format!("the server refused STARTTLS: {said}")));
    }
    let untouched = wire.into_untouched();
    match untouched.map(|tcp| Ok((more_is_waiting(&tcp)?, tcp))) {
        Some(Ok((false, tcp))) => Ok(tcp),
        Some(Err(e)) => Err(refusal::io(Stage::Connect, &e)),
        Some(Ok((true, _))) | None => Err(failed(
            server,
            "starttls-injection",
            "there was text between the OK to STARTTLS and the handshake",
            "somebody may be tampering with the connection: use tls = \"implicit\" and tell the network's administrator",
        )),
    }
}

fn more_is_waiting(tcp: &TcpStream) -> io::Result<bool> {
    tcp.set_nonblocking(true)?;
    let waiting = match tcp.peek(&mut [0]) {
        Ok(count) => count > 0,
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => false,
        Err(e) => return Err(e),
    };
    tcp.set_nonblocking(false)?;
    Ok(waiting)
}

/// Accepts an `* OK` greeting alone.
pub(super) fn check_greeting(line: &[u8]) -> Result<(), SourceError> {
    let stage = Stage::Connect;
    match kind(line.trim_ascii_end()) {
        Kind::Untagged {
            status: Status::Ok, ..
        } => Ok(()),
        Kind::Untagged {
            status: Status::Bye,
            text,
        } => Err(refusal::bye(stage, text)),
        Kind::Untagged {
            status: Status::Preauth,
            ..
        } => Err(SourceError::new(
            stage,
            "preauth",
            "the server says that somebody is logged in already",
            "use a port on which the server asks for a login: whose mail this would be is unknown",
        )),
        _ => Err(refusal::protocol(
            stage,
            format!("no IMAP greeting: {}", refusal::quoted(line)),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::source::imap::{Accepted, Auth, Secret, Tls};

    #[test]
    fn greetings() {
        let check = |line: &str, code: Option<&str>| {
            let found = check_greeting(line.as_bytes()).err().map(|e| e.code);
            assert_eq!(found, code, "{line}");
        };
        check("* OK [CAPABILITY IMAP4rev1] ready\r\n", None);
        check("* PREAUTH welcome\r\n", Some("preauth"));
        check("* BYE too many connections\r\n", Some("connection-limit"));
        check("* BYE\r\n", Some("bye"));
        check("220 mail.example ESMTP\r\n", Some("protocol"));
        check("", Some("protocol"));
    }

    fn settings(port: u16) -> ServerSettings {
        ServerSettings {
            name: "default".to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            tls: Tls::StartTls,
            ca_file: None,
            timeout: Duration::from_secs(5),
            auth: Auth::Login {
                user: String::new(),
                password: Secret::Env(String::new()),
            },
            connections: 1,
            accepted: Accepted::default(),
        }
    }

    /// Speaks with a server that sends each of `answers` for a line it hears, the first at once; gives the outcome and what
    /// the server heard.
    fn speak(answers: &'static [&'static str]) -> (Result<(), &'static str>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = thread::spawn(move || {
            let (mut tcp, _) = listener.accept().expect("a client");
            let mut lines = BufReader::new(tcp.try_clone().expect("a clone"));
            let mut heard = String::new();
            for answer in answers {
                tcp.write_all(answer.as_bytes()).expect("sent");
                lines.read_line(&mut heard).expect("heard");
            }
            heard
        });
        let tcp = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let result = start_tls(&settings(port), tcp)
            .map(drop)
            .map_err(|e| e.code);
        (result, server.join().expect("a server"))
    }

    const OFFER: &str = "* CAPABILITY IMAP4rev1 starttls\r\ns1 OK\r\n";

    #[test]
    fn starttls_goes_on_only_when_all_is_clean() {
        let check = |answers, code: Result<(), &str>, heard: &str| {
            assert_eq!(speak(answers), (code, heard.to_owned()), "{answers:?}");
        };
        let both = "s1 CAPABILITY\r\ns2 STARTTLS\r\n";
        check(&["* OK hi\r\n", OFFER, "s2 OK go\r\n"], Ok(()), both);
        check(&["* PREAUTH hi\r\n"], Err("preauth"), "");
        check(&["* BYE busy\r\n"], Err("bye"), "");
        let capability = "s1 CAPABILITY\r\n";
        check(
            &["* OK hi\r\n", "s1 OK\r\n"],
            Err("no-starttls"),
            capability,
        );
        check(
            &["* OK hi\r\n", OFFER, "s2 BAD no\r\n"],
            Err("no-starttls"),
            both,
        );
        check(
            &[
                "* OK hi\r\n",
                OFFER,
                "s2 OK go\r\n* CAPABILITY IMAP4rev1\r\n",
            ],
            Err("starttls-injection"),
            both,
        );
    }
}
