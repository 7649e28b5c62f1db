//! Views of what is to come.

use super::Text;
use serde::Serialize;
use tillid_domain::{
    Instant, LocalDate,
    birthday::BirthdayRule,
    id::PersonId,
    text::{Code, Name},
};
use tillid_service::{Coming, ComingTo};
use utoipa::ToSchema;

/// What something happens to.
#[derive(Serialize, ToSchema)]
struct AboutView {
    /// `consent`, `consent_request`, `mandate`, `mandate_request` or `statutory_power`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its id.
    id: uuid::Uuid,
}

/// A rule of law that comes with a birthday.
#[derive(Serialize, ToSchema)]
struct RuleView {
    /// Its code.
    code: &'static str,
    /// The version of the rules here.
    version: u32,
    /// At how many completed years.
    age: u8,
    /// The law.
    law: &'static str,
    /// What changes.
    words: Text,
    /// The packages of privileges that those who have custody no longer have from then on.
    #[schema(value_type = Vec<String>)]
    packages: Vec<Code>,
}

/// Something that happens by itself, if nobody does anything.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpcomingView {
    /// The first moment when it is so.
    #[schema(value_type = String, format = "date-time")]
    at: Instant,
    /// `consent_begins`, `consent_ends`, `consent_request_closes`, `mandate_begins`, `mandate_ends`, `mandate_request_closes`,
    /// `representation_changes`, `custody_ends` or `birthday`.
    what: &'static str,
    /// Whom it concerns: the grantor of a mandate, whoever is represented, the child; `null` where you asked for a mandate by a number.
    #[schema(value_type = Option<uuid::Uuid>)]
    person_id: Option<PersonId>,
    /// Their name, where it is told.
    #[schema(value_type = Option<String>)]
    person_name: Option<Name>,
    /// What it happens to; `null` for a birthday.
    about: Option<AboutView>,
    /// The state that it has from then on; of a birthday, the code of the rule.
    then: &'static str,
    /// The rule of law, for a birthday.
    rule: Option<RuleView>,
    /// The days on which those whom it concerns are told of it, from today on.
    #[schema(value_type = Vec<String>)]
    told_on: Vec<LocalDate>,
}

impl From<Coming> for UpcomingView {
    fn from(Coming { upcoming, to }: Coming) -> Self {
        let kind = match &to {
            ComingTo::Consent(_) => "consent",
            ComingTo::Request(_) => "consent_request",
            ComingTo::Mandate(_) => "mandate",
            ComingTo::MandateRequest(_) => "mandate_request",
            ComingTo::Statutory(_) | ComingTo::Birthday { .. } => "statutory_power",
        };
        let person_id = match &to {
            ComingTo::MandateRequest(seen) => seen.grantor(),
            _ => Some(upcoming.person),
        };
        let (person_name, rule) = match to {
            ComingTo::Statutory(seen) => (seen.person_name, None),
            ComingTo::Birthday { person, rule, ends } => (person.name, Some(RuleView::new(rule, ends))),
            _ => (None, None),
        };
        Self {
            at: upcoming.at,
            what: upcoming.what.code(),
            person_id,
            person_name,
            about: upcoming.what.about().map(|id| AboutView { kind, id }),
            then: upcoming.then,
            rule,
            told_on: upcoming.told_on,
        }
    }
}

impl RuleView {
    fn new(rule: &'static BirthdayRule, packages: Vec<Code>) -> Self {
        let words = Text { da: rule.words.da.clone(), en: rule.words.en.clone() };
        Self {
            code: &rule.code,
            version: BirthdayRule::version(),
            age: rule.age,
            law: &rule.law,
            words,
            packages,
        }
    }
}
