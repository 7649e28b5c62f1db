//! What a refusal was.

use tillid_domain::Reason;
use tillid_service::Error;

/// The code of the one reason in an error, and what kind of refusal it is.
pub(crate) fn told<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(value) => panic!("not refused: {value:?}"),
        Err(Error::Denied(reason)) => format!("denied {}", reason.code()),
        Err(Error::Rule(reason)) => format!("rule {}", reason.code()),
        Err(Error::Invalid(flaws)) => flaws
            .iter()
            .map(|flaw| format!("invalid {} {}", flaw.pointer, flaw.reason.code()))
            .collect::<Vec<_>>()
            .join(", "),
        Err(Error::NotFound) => "not found".to_owned(),
        Err(Error::StepUp(_)) => "step up".to_owned(),
        Err(Error::LoginAgain(_)) => "log in again".to_owned(),
        Err(Error::RevisionChanged) => "revision changed".to_owned(),
        Err(Error::KeyReused) => "key reused".to_owned(),
        Err(error @ (Error::Busy(_) | Error::Broken(_))) => panic!("{error:?}"),
    }
}

/// A rule that was broken.
pub(crate) fn rule(reason: Reason) -> String {
    format!("rule {}", reason.code())
}

/// What the caller may not.
pub(crate) fn denied(reason: Reason) -> String {
    format!("denied {}", reason.code())
}

/// What was sent wrongly, and where.
pub(crate) fn invalid(pointer: &str, reason: Reason) -> String {
    format!("invalid {pointer} {}", reason.code())
}
