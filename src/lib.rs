//! sent-audit finds the farewell notices that departed employees sent to clients.

pub mod audit;
pub mod cli;
pub mod config;
pub mod demo;
pub mod detect;
pub mod finding;
pub mod mailbox;
pub mod message;
pub mod query;
pub mod report;
pub mod source;
pub mod store;
