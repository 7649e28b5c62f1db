//! A consent together with the version of the type that it was given under.

use crate::times::Then;
use tillid_domain::{
    Instant,
    access::Subject,
    catalogue::ConsentType,
    consent::{Consent, ConsentStanding},
};

/// A consent, with what the person was told that it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedConsent {
    /// The consent.
    pub consent: Consent,
    /// The version of the type that it was given under, within the terms of what was asked and given.
    pub of: ConsentType,
    /// Where it stands at the moment of the answer.
    pub standing: ConsentStanding,
}

impl TypedConsent {
    pub(crate) fn new(consent: Consent, of: &ConsentType, now: Instant) -> Self {
        Self::then(consent, of, &Then::now(now))
    }

    /// Of the type as it is within the consent's own terms.
    pub(crate) fn then(consent: Consent, of: &ConsentType, then: &Then) -> Self {
        let of = consent.answer.terms.of(of);
        let standing = then.of_consent(&consent);
        Self { consent, of, standing }
    }

    /// What the right to see or change it depends on.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { person: Some(self.consent.answer.person), ..type_subject(&self.of) }
    }
}

/// What the right to act under a type depends on, before it is known for whom.
pub(crate) fn type_subject(of: &ConsentType) -> Subject<'_> {
    Subject {
        authority: Some(of.authority),
        kle: Some(&of.kle),
        sensitivity: Some(of.sensitivity),
        ..Subject::default()
    }
}
