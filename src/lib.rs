//! sent-audit finds the farewell notices that departed employees sent to clients: over IMAP, strictly read-only, or in
//! files; and writes a workbook that people review, a page that they read, and the same rows as CSV files.
//!
//! This page is the architecture. The commands, files and columns are explained to their users in `README.md`,
//! `queries/README.md` and `reports/README.md`.
//!
//! # The house
//!
//! The modules are the data flow. Ground floor first; a module uses only those above it in this list, which a test
//! holds.
//!
//! | module | what it is |
//! |---|---|
//! | [`mailbox`] | names of things: organisation, custodian, account, mailbox, message locator |
//! | [`finding`] | conclusions: verdict, contact, evidence, finding, exception |
//! | [`message`] | bytes to a message: headers, displayed text by zones, attachments; never fails as a whole |
//! | [`document`] | text of office files and PDF, taken out in a child process with limits |
//! | [`query`] | query files: syntax, phrases, model weights, checked and compiled |
//! | [`detect`] | a message and queries to conclusions; pure |
//! | [`source`] | where mail comes from: IMAP, Maildir, mbox, single messages |
//! | [`store`] | `SQLite`: what was judged, findings, exceptions, decisions |
//! | [`report`] | the store to files |
//! | [`config`] | `audit.toml`, roster and client list, validated |
//! | [`audit`] | the run: accounts, connections, judges, one writer, accounting |
//! | [`demo`] | the main job on sample mailboxes, over IMAPS on loopback |
//! | [`cli`] | what was typed, and the exit status |
//!
//! # One message's walk
//!
//! A [`source`] lists locators and yields raw messages. [`message::parse`] divides each into the author's own words,
//! quoted and forwarded text, signature and disclaimer. [`detect::Judge`] folds the own words, runs one automaton of all
//! phrases over them ([`query::phrase`]), weighs frames of signals and a linear model sentence by sentence
//! ([`query::model`]), reads contact data and tells whose they are (for a message that is found also those in its
//! [`document`]s, which are opened only then), and climbs the query's ladder of patterns to one verdict with one reason.
//! [`store::Store::commit`] writes that it was judged and what was found in one transaction.
//! [`report::write`] reads the store, computes what depends on lists that people edit (recipient status, audience,
//! campaigns, follow-up), and writes the directory whole or not at all.
//!
//! # Threads
//!
//! Three kinds: a bounded number of connection threads wait on servers; a rayon pool judges; the calling thread alone
//! writes the store. Between them lie bounded channels, budgeted in bytes, so that a slow judge holds back the network
//! and not the memory. A panic in one message becomes that message's exception.
//!
//! # What always holds
//!
//! 1. It only reads: EXAMINE and `BODY.PEEK`; the server's `[READ-ONLY]` is checked; `clippy.toml` bans every IMAP call
//!    that writes.
//! 2. Everything is accounted for: per mailbox `in_window = judged + judged_before + exceptions`, and a run that is not
//!    complete ends in status 3.
//! 3. The same messages, queries, roster and program give the same report, byte for byte, whatever the number of
//!    connections, threads or batches.
//! 4. Every finding explains itself: sentence, phrases, place, query version, reason.
//! 5. A reviewer's work is never lost: decisions are kept beside the findings, whose ids do not depend on UIDs.
//! 6. Nothing leaks: TLS is verified, secrets have a type without `Debug`, message text is never logged, a cell cannot
//!    run as a formula and a terminal cannot be driven by a subject line.
//! 7. Memory does not grow with the mailbox.

pub mod audit;
pub mod cli;
pub mod config;
pub mod demo;
pub mod detect;
pub mod document;
pub mod finding;
pub mod mailbox;
pub mod message;
pub mod query;
pub mod report;
pub mod source;
pub mod store;
