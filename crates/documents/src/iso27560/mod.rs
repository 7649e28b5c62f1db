//! The receipt of a consent in the shape of ISO/IEC TS 27560, as the Data Privacy Vocabulary writes it (DPV-27560).
//!
//! Facts in, JSON out: the members stand in a receipt's payload beside the event and its commitment, so that what checks receipts goes
//! on to work, and whoever reads consent receipts of others reads ours too.

mod context;
mod parties;
mod process;
mod status;
mod words;

pub use context::{CONTEXT_PATH, context};
pub use parties::Pseudonym;

use serde_json::{Map, Value, json};
use tillid_domain::{
    Cvr, Digest, Instant, Language,
    catalogue::{ConsentType, Item},
    event::{ConsentAnswer, Fact, Recorded},
    id::{ConsentId, MandateId, PresentationId},
};

/// Everything that the receipt of a consent tells besides its event.
pub struct ConsentFacts<'a> {
    /// The address of the service, which publishes the receipt.
    pub issuer: &'a str,
    /// What happened to the consent, from the answer up to the event that the receipt is of.
    pub history: &'a [Step],
    /// The version of the type that was answered.
    pub of: &'a ConsentType,
    /// Whose type it is.
    pub controller: Controller<'a>,
    /// What the person is called in this controller's receipts.
    pub subject: Pseudonym,
    /// What had been shown.
    pub notice: Notice,
}

/// Something that happened to a consent.
pub struct Step {
    /// What.
    pub recorded: Recorded,
    /// Who did it for the person, if somebody did.
    pub representative: Option<Agent>,
}

/// Somebody who acted for the person.
pub struct Agent {
    /// What they are called in this controller's receipts.
    pub name: Pseudonym,
    /// The mandate that let them, where there was one.
    pub mandate: Option<MandateId>,
}

/// The controller.
pub struct Controller<'a> {
    /// Its CVR number.
    pub cvr: Cvr,
    /// Its name in the receipt's language.
    pub name: &'a str,
    /// How to reach its data-protection officer.
    pub dpo_contact: &'a str,
}

/// What the person was shown before the answer.
#[derive(Clone, Copy)]
pub struct Notice {
    /// The presentation.
    pub id: PresentationId,
    /// In which language; the receipt is in it too.
    pub language: Language,
    /// When.
    pub shown_at: Instant,
    /// The fingerprint of the exact document.
    pub document: Digest,
}

/// The facts that hold together: a history that begins with an answer to a specific consent of the type.
struct Case<'a> {
    facts: &'a ConsentFacts<'a>,
    id: ConsentId,
    answer: &'a ConsentAnswer,
    item: &'a Item,
    /// The event that the receipt is of.
    newest: &'a Recorded,
}

impl<'a> Case<'a> {
    fn of(facts: &'a ConsentFacts<'a>) -> Option<Self> {
        let first = &facts.history.first()?.recorded;
        let (Fact::ConsentGiven(answer) | Fact::ConsentDeclined(answer)) = &first.fact else { return None };
        let item = facts.of.item(&answer.item)?;
        let newest = &facts.history.last()?.recorded;
        Some(Self { facts, id: ConsentId::from_uuid(first.aggregate), answer, item, newest })
    }

    const fn language(&self) -> Language {
        self.facts.notice.language
    }

    fn say<'t>(&self, text: &'t tillid_domain::Localized) -> &'t str {
        text.in_language(self.language())
    }

    /// The address of a page of the service.
    fn page(&self, path: &str) -> String {
        format!("{}{path}", self.facts.issuer)
    }
}

/// The members of the receipt of the newest event; `None` when the history is not that of an answer under this type.
pub fn consent_members(facts: &ConsentFacts<'_>) -> Option<Map<String, Value>> {
    let case = Case::of(facts)?;
    let receipt = json!({
        "@context": [case.page(CONTEXT_PATH)],
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": ["https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"],
        "dct:identifier": case.newest.id,
        "dpv:hasIdentifier": [case.newest.id],
        "dct:created": case.newest.recorded_at,
        "dct:language": case.language(),
        "dct:publisher": case.facts.issuer,
        "dct:replaces": replaced(&case),
        "schema:recipient": "dpv:DataSubject",
        "dpv:hasRecordOfActivity": [record(&case)?],
    });
    match receipt {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// The receipt of what happened before, which this one takes the place of.
fn replaced(case: &Case<'_>) -> Option<String> {
    let before = case.facts.history.iter().rev().nth(1)?;
    Some(case.page(&format!("/v1/receipts/{}", before.recorded.id)))
}

fn record(case: &Case<'_>) -> Option<Value> {
    Some(json!({
        "@id": format!("urn:uuid:{}", case.id),
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": ["https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"],
        "dct:identifier": case.id,
        "dpv:hasIdentifier": [case.id],
        "dct:language": case.language(),
        "tillid:revision": case.newest.revision,
        "tillid:declaration": case.answer.declaration,
        "tillid:polarity": case.answer.polarity,
        "dpv:hasDataSubject": parties::data_subject(case),
        "dpv:hasDataController": [parties::controller_name(case)],
        "dpv:hasEntity": parties::entities(case),
        "dpv:hasNotice": [notice(case)],
        "dpv:hasProcess": [process::process(case)],
        "dpv:hasConsentStatus": status::statuses(case)?,
    }))
}

fn notice(case: &Case<'_>) -> Value {
    let Notice { id, language, shown_at, document } = case.facts.notice;
    json!({
        "@id": case.page(&format!("/v1/presentations/{id}")),
        "@type": "dpv:ConsentNotice",
        "dct:identifier": id,
        "dct:date": shown_at,
        "dct:language": language,
        "tillid:consent_type": case.answer.entry.code,
        "tillid:version": case.answer.entry.number,
        "tillid:sha256": document,
    })
}

#[cfg(test)]
mod tests;
