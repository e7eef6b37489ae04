//! One message explained: read from a file, judged as a scan judges it, with everything that led there.

use std::path::PathBuf;

use super::again::matcher;
use super::documents::Documents;
use super::scan;
use super::{AuditError, ScanOptions};
use crate::config::Settings;
use crate::detect::explain::Explanation;
use crate::mailbox::{Custodian, Organisation, RawMessage};
use crate::message::{self, Message};
use crate::source::files;
use crate::source::imap::Extent;

/// Which message, and whose it is.
#[derive(Debug, Clone, Default)]
pub struct ExplainOptions {
    /// The file, whose only message is explained; and whose it is, as a scan is told.
    pub scan: ScanOptions,
    /// The roster's custodian whose sent mail it lies in (a glob on id or login, any case), whatever its From says.
    pub custodian: Option<String>,
}

/// A message, and what the judge makes of it.
#[derive(Debug, Clone)]
pub struct Explained {
    /// As it was read.
    pub message: Message,
    /// Whose it is.
    pub custodian: Custodian,
    /// The organisation.
    pub organisation: Organisation,
    /// What was made of it.
    pub explanation: Explanation,
}

/// Explains the message in a file.
///
/// # Errors
/// A file that cannot be read or holds several messages, an unknown custodian, a message that is not an owner's, or
/// queries that cannot be used.
pub fn explain(
    settings: Option<&Settings>,
    options: &ExplainOptions,
) -> Result<Explained, AuditError> {
    let judge = options
        .scan
        .questions
        .judge(settings.map_or(&[][..], |s| &s.queries))?;
    let octets = read(&options.scan.paths)?.octets;
    let mut message = message::parse(&octets);
    let named = options
        .custodian
        .as_deref()
        .map(|glob| named(settings, glob))
        .transpose()?;
    let judging = scan::judging(judge, &options.scan, settings);
    let custodian = named
        .or_else(|| judging.custodian(&message))
        .ok_or_else(|| {
            AuditError::Usage(
                "its From and Sender are none of --owner: a scan counts this message as not_owner"
                    .to_owned(),
            )
        })?;
    let organisation = judging.organisation_of(&message).into_owned();
    let documents = Documents::new(
        &message,
        &octets,
        Extent::Whole,
        judging.bench.documents.as_deref(),
    );
    let explanation = judging
        .bench
        .judge
        .explain(&message, &documents, &custodian, &organisation);
    documents.into_outcome().fill(&mut message);
    Ok(Explained {
        message,
        custodian,
        organisation,
        explanation,
    })
}

/// The only message there.
fn read(paths: &[PathBuf]) -> Result<RawMessage, AuditError> {
    let mailboxes = files::discover(paths)?;
    let mut messages = mailboxes.iter().flat_map(files::read_whole);
    let first = messages.next().ok_or_else(|| {
        AuditError::Usage("there is no message in this file: name another".to_owned())
    })?;
    if messages.next().is_some() {
        return Err(AuditError::Usage(
            "there is more than one message: name one .eml file, or use sent-audit scan".to_owned(),
        ));
    }
    first.map_err(|(_, error)| error.into())
}

/// The custodian of the roster that a glob names.
fn named(settings: Option<&Settings>, glob: &str) -> Result<Custodian, AuditError> {
    let Some(settings) = settings else {
        return Err(AuditError::Usage(
            "--custodian names somebody on the roster: add --config, or use --owner".to_owned(),
        ));
    };
    let matcher = matcher(glob)?;
    let known = |custodian: &&Custodian| {
        let logins = settings
            .accounts
            .iter()
            .filter(|a| a.custodian == custodian.id)
            .map(|a| &a.login);
        std::iter::once(&custodian.id)
            .chain(logins)
            .any(|name| matcher.is_match(name))
    };
    let mut found = settings.custodians.iter().filter(known);
    match (found.next(), found.next()) {
        (Some(custodian), None) => Ok(custodian.clone()),
        (Some(_), Some(_)) => Err(AuditError::Usage(format!(
            "--custodian {glob} names several on the roster: name one"
        ))),
        (None, _) => Err(AuditError::Usage(format!(
            "--custodian {glob} names nobody on the roster"
        ))),
    }
}
