//! The trial before a run: every account's TLS, login and sent mailboxes, opened read-only, no message read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use globset::GlobBuilder;

use super::AuditError;
use crate::config::Settings;
use crate::finding::Stage;
use crate::mailbox::Account;
use crate::source::SourceError;
use crate::source::imap::{Examined, SentMailbox, ServerSettings, Session};

/// How one account came out.
#[derive(Debug)]
pub struct Probe {
    /// Which account.
    pub account: Account,
    /// Its sent mailboxes by name, at least one; or why there are none.
    pub mailboxes: Result<Vec<ProbedMailbox>, SourceError>,
}

/// How one sent mailbox came out.
#[derive(Debug)]
pub struct ProbedMailbox {
    /// Which mailbox.
    pub mailbox: SentMailbox,
    /// What EXAMINE said.
    pub examined: Result<Examined, SourceError>,
}

impl Probe {
    /// Whether a run would read everything here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.mailboxes
            .as_ref()
            .is_ok_and(|mailboxes| mailboxes.iter().all(|m| m.examined.is_ok()))
    }
}

/// Tries the accounts of the custodians that `globs` name (on id or login, any case; none means all), at most
/// [`ServerSettings::connections`] at a time on each server. The result is in the roster's order.
///
/// # Errors
/// A glob that is none, or that names nobody; what an account refuses is in its [`Probe`].
pub fn check(settings: &Settings, globs: &[String]) -> Result<Vec<Probe>, AuditError> {
    check_with(settings, globs, probe)
}

fn check_with(
    settings: &Settings,
    globs: &[String],
    probe: impl Fn(&ServerSettings, &Account, &[String]) -> Probe + Sync,
) -> Result<Vec<Probe>, AuditError> {
    let accounts = chosen(&settings.accounts, globs)?;
    let done = Mutex::new(Vec::with_capacity(accounts.len()));
    std::thread::scope(|scope| {
        for server in &settings.servers {
            let waiting: Vec<(usize, &Account)> = accounts
                .iter()
                .enumerate()
                .filter(|(_, a)| a.server == server.name)
                .map(|(place, account)| (place, *account))
                .collect();
            let next = std::sync::Arc::new(AtomicUsize::new(0));
            let waiting = std::sync::Arc::new(waiting);
            for _ in 0..server.connections.min(waiting.len()) {
                let (next, waiting) = (next.clone(), waiting.clone());
                let (done, probe) = (&done, &probe);
                scope.spawn(move || {
                    while let Some((place, account)) =
                        waiting.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let probed =
                            guarded(account, || probe(server, account, &settings.mailboxes));
                        done.lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .push((*place, probed));
                    }
                });
            }
        }
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, probe)| probe).collect())
}

/// One account that makes the program stumble costs that account.
fn guarded(account: &Account, probe: impl FnOnce() -> Probe) -> Probe {
    catch_unwind(AssertUnwindSafe(probe)).unwrap_or_else(|_| Probe {
        account: account.clone(),
        mailboxes: Err(SourceError {
            stage: Stage::Connect,
            code: "panic",
            detail: "the program stumbled over an answer of the server".to_owned(),
            retryable: false,
            what_to_do: "report it, with the log of the same command with -vv".to_owned(),
        }),
    })
}

fn probe(server: &ServerSettings, account: &Account, patterns: &[String]) -> Probe {
    Probe {
        account: account.clone(),
        mailboxes: probe_mailboxes(server, account, patterns),
    }
}

fn probe_mailboxes(
    server: &ServerSettings,
    account: &Account,
    patterns: &[String],
) -> Result<Vec<ProbedMailbox>, SourceError> {
    tracing::info!(
        custodian = account.custodian,
        login = account.login,
        server = server.name,
        "trying"
    );
    let mut session = Session::open(server, &account.login)?;
    let mailboxes = session.sent_mailboxes(patterns)?;
    let mut probed = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes {
        let examined = session.examine(&mailbox).and_then(confirmed_read_only);
        probed.push(ProbedMailbox { mailbox, examined });
    }
    session.close();
    Ok(probed)
}

/// A server that does not confirm the read-only state may have opened the mailbox for writing.
fn confirmed_read_only(examined: Examined) -> Result<Examined, SourceError> {
    if examined.read_only {
        return Ok(examined);
    }
    Err(SourceError {
        stage: Stage::List,
        code: "not-read-only",
        detail: "the server did not confirm that the mailbox is open read-only".to_owned(),
        retryable: false,
        what_to_do: "ask the server's administrator whether it supports EXAMINE (RFC 9051, 6.3.3); no mail was read"
            .to_owned(),
    })
}

/// The accounts whose custodian or login one of the globs names, in the roster's order.
pub(super) fn chosen<'a>(
    accounts: &'a [Account],
    globs: &[String],
) -> Result<Vec<&'a Account>, AuditError> {
    let mut chosen = vec![globs.is_empty(); accounts.len()];
    for glob in globs {
        let matcher = GlobBuilder::new(glob)
            .case_insensitive(true)
            .build()
            .map_err(|error| AuditError::Usage(format!("--custodian {glob}: {}", error.kind())))?
            .compile_matcher();
        let mut found = false;
        for (account, chosen) in accounts.iter().zip(&mut chosen) {
            let named = matcher.is_match(&account.custodian) || matcher.is_match(&account.login);
            *chosen |= named;
            found |= named;
        }
        if !found {
            return Err(AuditError::Usage(format!(
                "--custodian {glob} names nobody on the roster"
            )));
        }
    }
    let pairs = accounts.iter().zip(chosen);
    Ok(pairs
        .filter(|(_, chosen)| *chosen)
        .map(|(a, _)| a)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> Account {
        Account {
            custodian: format!("{name}@acme.example"),
            login: format!("login-{name}"),
            server: "default".to_owned(),
        }
    }

    fn settings(names: &[&str]) -> Settings {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.toml");
        let text = "[organisation]\ndomains = [\"acme.example\"]\n[servers.default]\nhost = \"localhost\"\n\
                    connections = 2\nauth = { password_env = \"P\" }\n";
        std::fs::write(&path, text).unwrap();
        let mut settings = Settings::load(&path).unwrap();
        settings.accounts = names.iter().map(|n| account(n)).collect();
        settings
    }

    #[track_caller]
    fn check_globs(globs: &[&str], expected: Result<&[&str], &str>) {
        let accounts = [account("ana"), account("bob"), account("bea")];
        let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
        match (chosen(&accounts, &globs), expected) {
            (Ok(chosen), Ok(expected)) => {
                let logins: Vec<&str> = chosen.iter().map(|a| a.login.as_str()).collect();
                assert_eq!(logins, expected);
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (actual, _) => panic!("{actual:?}"),
        }
    }

    #[test]
    fn globs() {
        check_globs(&[], Ok(&["login-ana", "login-bob", "login-bea"]));
        check_globs(&["B*"], Ok(&["login-bob", "login-bea"]));
        check_globs(
            &["login-bea", "ana@acme.example"],
            Ok(&["login-ana", "login-bea"]),
        );
        check_globs(&["ana*", "zoe*"], Err("--custodian zoe* names nobody"));
        check_globs(&["["], Err("--custodian [: "));
    }

    #[test]
    fn everybody_is_tried_once_in_order_and_never_more_at_a_time_than_allowed() {
        let settings = settings(&["a", "b", "c", "d", "e", "f"]);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let probes = check_with(&settings, &[], |_, account, _| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(5));
            now.fetch_sub(1, Ordering::SeqCst);
            assert!(!account.login.ends_with('c'), "a bug on the way");
            Probe {
                account: account.clone(),
                mailboxes: Ok(Vec::new()),
            }
        })
        .unwrap();
        let tried: Vec<(&str, bool)> = probes
            .iter()
            .map(|p| (p.account.login.as_str(), p.is_ready()))
            .collect();
        let expected = [
            ("login-a", true),
            ("login-b", true),
            ("login-c", false),
            ("login-d", true),
            ("login-e", true),
            ("login-f", true),
        ];
        assert_eq!(tried, expected);
        assert_eq!(most.into_inner(), 2);
    }
}
