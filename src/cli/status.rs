//! Exit statuses, and which failure ends in which.

use std::process::ExitCode;

use crate::audit::review::ReviewError;
use crate::audit::verify::VerifyError;
use crate::audit::{AuditError, Outcome};
use crate::config::ConfigError;
use crate::demo::DemoError;
use crate::finding::Verdict;
use crate::query::QueryError;
use crate::store::StoreError;

/// What the process ends in; scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Done, with findings or without.
    Done = 0,
    /// Done, and something at or above `--fail-on` was found.
    Found = 1,
    /// Usage, configuration or query error; nothing was read.
    Refused = 2,
    /// Done, but something could not be judged and nobody has accepted that.
    Incomplete = 3,
    /// The run itself failed.
    Failed = 4,
    /// Another run holds the store (`EX_TEMPFAIL` of `sysexits.h`).
    Busy = 75,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// From which verdict on findings are told by the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailOn {
    /// Any finding.
    Any,
    /// This verdict and graver ones.
    AtLeast(Verdict),
}

impl FailOn {
    fn met(self, verdict: Verdict) -> bool {
        match self {
            Self::Any => true,
            Self::AtLeast(least) => verdict >= least,
        }
    }
}

/// The status of a run that came to its end; incomplete wins over found.
pub(super) fn of_outcome(outcome: &Outcome, fail_on: Option<FailOn>) -> Status {
    let found =
        outcome.summary.findings.iter().any(|(verdict, count)| {
            *count > 0 && fail_on.is_some_and(|fail_on| fail_on.met(*verdict))
        });
    if outcome.summary.incomplete || outcome.summary.not_saved > 0 || outcome.run.interrupted {
        Status::Incomplete
    } else if found {
        Status::Found
    } else {
        Status::Done
    }
}

/// A command that could not be done, with the status it ends in.
#[derive(Debug)]
pub(super) struct Failure {
    /// The status.
    pub(super) status: Status,
    /// What to print, with its causes.
    pub(super) error: anyhow::Error,
}

impl Failure {
    /// Something typed that cannot be meant.
    pub(super) fn usage(problem: impl Into<String>) -> Self {
        Self {
            status: Status::Refused,
            error: anyhow::Error::msg(problem.into()),
        }
    }

    /// The machine refused.
    pub(super) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self {
            status: Status::Failed,
            error: error.into(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self {
            status: Status::Refused,
            error: error.into(),
        }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self {
            status: Status::Refused,
            error: error.into(),
        }
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        Self {
            status: of_error(&error),
            error: error.into(),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Store(error) => error.into(),
            error => Self {
                status: Status::Refused,
                error: error.into(),
            },
        }
    }
}

impl From<ReviewError> for Failure {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Audit(error) => error.into(),
            ReviewError::Store(error) => AuditError::from(error).into(),
            error => Self {
                status: Status::Refused,
                error: error.into(),
            },
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Audit(error) => error.into(),
            error => Self::failed(error),
        }
    }
}

fn of_error(error: &AuditError) -> Status {
    match error {
        AuditError::Usage(_)
        | AuditError::Query(_)
        | AuditError::Unproven(_)
        | AuditError::Source(_)
        | AuditError::Unwritable(_) => Status::Refused,
        AuditError::Store(StoreError::Locked { .. }) => Status::Busy,
        AuditError::Report(_)
        | AuditError::Store(_)
        | AuditError::Threads(_)
        | AuditError::Temporary(_) => Status::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        findings: &[(Verdict, u64)],
        incomplete: bool,
        fail_on: Option<FailOn>,
        expected: Status,
    ) {
        let mut outcome = Outcome::default();
        outcome.summary.findings = findings.to_vec();
        outcome.summary.incomplete = incomplete;
        assert_eq!(of_outcome(&outcome, fail_on), expected);
    }

    #[test]
    fn outcomes() {
        let findings = [(Verdict::PersonalContact, 1), (Verdict::Solicitation, 0)];
        let at_least = |v| Some(FailOn::AtLeast(v));
        check(&findings, false, None, Status::Done);
        check(&findings, false, Some(FailOn::Any), Status::Found);
        check(&findings, false, at_least(Verdict::Handover), Status::Found);
        check(
            &findings,
            false,
            at_least(Verdict::PersonalContact),
            Status::Found,
        );
        check(
            &findings,
            false,
            at_least(Verdict::Solicitation),
            Status::Done,
        );
        check(&findings, true, Some(FailOn::Any), Status::Incomplete);
        check(&[], false, Some(FailOn::Any), Status::Done);
    }

    #[test]
    fn an_interrupted_run_is_incomplete() {
        let mut outcome = Outcome::default();
        outcome.run.interrupted = true;
        assert_eq!(of_outcome(&outcome, None), Status::Incomplete);
    }

    #[test]
    fn errors() {
        let locked = StoreError::Locked {
            path: String::new(),
            holder: String::new(),
        };
        assert_eq!(of_error(&AuditError::Store(locked)), Status::Busy);
        assert_eq!(of_error(&AuditError::Usage(String::new())), Status::Refused);
    }
}
