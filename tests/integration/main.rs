//! The program as people run it: the compiled binary against a real server, and rules that the whole source tree keeps.
//!
//! Tests that need Dovecot say so and pass where it is not installed, unless `SENT_AUDIT_REQUIRE_ALL=1` is set; `./test` sets it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that panics has failed, and one that is skipped says so"
)]

mod accounts;
mod again;
mod attachments;
mod beside;
mod changed;
mod cli;
mod cyrus;
mod determinism;
mod disk;
mod evidence;
mod guide;
mod guides;
mod harness;
mod hostile;
mod killed;
mod layering;
mod lean;
mod login;
mod long;
mod nightly;
mod page;
mod poison;
mod read_only;
mod readme;
mod review;
mod sample_mail;
mod sample_report;
mod spreadsheet;
mod summary_json;
mod tokens;
mod trail;
mod weather;
mod workbook;
