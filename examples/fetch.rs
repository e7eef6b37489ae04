//! Reads a mailbox as a run does, and judges nothing: how fast the source alone is.
//!
//! `cargo run --release --example fetch -- PORT CA_FILE USER MAILBOX [whole]`, with the password in `SENT_AUDIT_LAB_PASSWORD`.
#![allow(clippy::print_stdout, reason = "an example prints what it measured")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use sent_audit::mailbox::Window;
use sent_audit::source::imap::{Accepted, Auth, Secret, ServerSettings, Session, Tls};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, ca_file, user, mailbox, how @ ..] = arguments.as_slice() else {
        bail!("usage: fetch PORT CA_FILE USER MAILBOX [whole]");
    };
    let server = ServerSettings {
        name: "default".into(),
        host: "localhost".into(),
        port: port.parse().context("PORT is a number")?,
        tls: Tls::Implicit,
        ca_file: Some(PathBuf::from(ca_file)),
        timeout: Duration::from_secs(60),
        auth: Auth::Login {
            user: user.clone(),
            password: Secret::Env("SENT_AUDIT_LAB_PASSWORD".into()),
        },
        connections: 1,
        accepted: Accepted::default(),
    };
    let mut session = Session::open(&server, user)?;
    let chosen = session.sent_mailboxes(std::slice::from_ref(mailbox))?;
    let chosen = chosen.first().context("there is no such mailbox")?;
    session.examine(chosen)?;
    let before = session.bytes_received();
    let since = Instant::now();
    let listed = session.list(&Window::default())?;
    let listing = since.elapsed();
    let (mut messages, mut octets, mut missing) = (0, 0, 0);
    let mut count = |delivery: Result<sent_audit::source::imap::Fetched, _>| {
        match delivery {
            Ok(fetched) => {
                messages += 1;
                octets += fetched.octets.len();
            }
            Err(_) => missing += 1,
        }
        true
    };
    if how.is_empty() {
        session.fetch_read(&listed, &mut count)?;
    } else {
        session.fetch(&listed, &mut count)?;
    }
    println!(
        "{messages} messages, {missing} missing, {octets} octets of {} received, listed in {:.3} s, all in {:.3} s",
        session.bytes_received() - before,
        listing.as_secs_f64(),
        since.elapsed().as_secs_f64()
    );
    session.close();
    Ok(())
}
