//! A private Dovecot, mailboxes with mail in them, and a builder that runs the program on them.

mod audit;
mod certificates;
mod cyrus;
mod desk;
mod dovecot;
mod mail;
mod poison;
mod provider;
mod settings;
mod upheaval;
mod weather;
mod wiretap;

pub(crate) use audit::{Audit, Ran, Row};
pub(crate) use certificates::Certificates;
pub(crate) use cyrus::Cyrus;
pub(crate) use desk::Desk;
pub(crate) use dovecot::{Dovecot, MASTER, PASSWORD};
pub(crate) use mail::{farewell, ordinary, with_attachments};
pub(crate) use poison::{FAULTS, LITERAL_FAULTS, OCTET_FAULTS, Poisoner, STEPS};
pub(crate) use provider::{CLIENT, Habits, Provider};
pub(crate) use weather::Weather;
pub(crate) use wiretap::Wiretap;
