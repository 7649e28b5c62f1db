//! One thing that is held about a person: for programs as JSON, for people as a heading with facts below it.

use serde_json::{Value, json};
use tillid_domain::{
    Cvr, Language, Localized,
    access::AccessRecord,
    actor::ActorTrace,
    catalogue::{ConsentType, EntryVersion, Named},
    consent::{Consent, ConsentStanding, ConsentState},
    decision::Question,
    event::EndCause,
    id::PersonId,
    mandate::{Mandate, MandateStanding, MandateState},
    mandate_request::{MandateRequest, MandateRequestStanding},
    person::Person,
    request::{ConsentRequest, RequestStanding},
    task::{Task, TaskState},
    text::Name,
};

/// What authorities are called.
pub trait Names: Sync {
    /// The name of an authority, where it is known here.
    fn authority(&self, cvr: Cvr) -> Option<&Localized>;
}

/// One thing.
pub struct Entry {
    /// All of it.
    pub json: Value,
    /// What it is.
    pub heading: String,
    /// What people want to know of it: the key of a word, and the value.
    pub facts: Vec<(&'static str, String)>,
}

fn authority(names: &dyn Names, cvr: Cvr) -> Value {
    json!({ "cvr": cvr, "name": names.authority(cvr) })
}

fn called(names: &dyn Names, cvr: Cvr, language: Language) -> String {
    names.authority(cvr).map_or_else(|| cvr.to_string(), |name| name.in_language(language).to_owned())
}

fn version(of: &EntryVersion) -> Value {
    json!({ "code": of.code, "version": of.number })
}

fn list(named: &[Named], language: Language) -> String {
    named.iter().map(|n| n.name.in_language(language)).collect::<Vec<_>>().join(", ")
}

/// The person: never with a CPR number.
pub fn person(of: &Person) -> Value {
    let died_on = of.life.died_on();
    let logins = of.logins.iter().map(|(issuer, login)| json!({ "issuer": issuer, "login": login }));
    json!({
        "id": of.id,
        "name": of.name,
        "born": of.born,
        "died_on": died_on,
        "registered_at": of.registered_at,
        "logins": logins.collect::<Vec<_>>(),
    })
}

/// What an authority has to do because a consent was taken back.
pub fn task(of: &Task, names: &dyn Names) -> Value {
    let (closed_at, outcome, note) = match &of.state {
        TaskState::Open => (None, None, None),
        TaskState::Closed { at, outcome, note } => (Some(at), Some(outcome), note.as_ref()),
    };
    json!({
        "id": of.id,
        "authority": authority(names, of.work.authority),
        "consent_id": of.work.consent,
        "consent_type": version(&of.work.entry),
        "item": of.work.item,
        "case": of.work.case,
        "effects": of.work.effects,
        "due": of.work.due,
        "opened_at": of.opened_at,
        "closed_at": closed_at,
        "outcome": outcome,
        "note": note,
    })
}

/// What programs are told of the archive itself.
pub fn notes(language: Language) -> Value {
    let files = [
        "person.json",
        "tasks.json",
        "statutory.json",
        "consents.json",
        "requests.json",
        "mandates.json",
        "mandate_requests.json",
    ]
    .into_iter()
    .chain(["access_log.json", "receipts/", "documents/", "evidence/", "keys.json", "index.html"]);
    Value::Object(files.map(|file| (file.to_owned(), json!(super::page_word(file, language)))).collect())
}

/// A consent, with the words that it was given under.
pub fn consent(
    of: &Consent,
    kind: &ConsentType,
    standing: ConsentStanding,
    names: &dyn Names,
    language: Language,
) -> Entry {
    let answer = &of.answer;
    let (ended_at, cause) = match of.state {
        ConsentState::Given | ConsentState::Declined => (None, None),
        ConsentState::Withdrawn { at, .. } | ConsentState::Annulled { at, .. } => (Some(at), None),
        ConsentState::Lapsed { effective_at, cause, .. } => (Some(effective_at), Some(cause)),
    };
    let item = kind.item(&answer.item);
    let mut facts = vec![
        ("state", super::state_word(standing.code(), language).to_owned()),
        ("authority", called(names, answer.authority, language)),
        ("type", kind.title.in_language(language).to_owned()),
        ("answered", of.answered_at.local_date().to_string()),
    ];
    if let Some(to) = answer.valid.to.filter(|_| of.state != ConsentState::Declined) {
        facts.push(("until", to.local_date().to_string()));
    }
    facts.extend(ended_at.map(|at| ("ended", at.local_date().to_string())));
    facts.extend(answer.case.as_ref().map(|case| ("case", case.to_string())));
    if let Some(item) = item {
        let data: Vec<_> = item.data.iter().map(|data| data.name.in_language(language)).collect();
        facts.push(("data", data.join(", ")));
        facts.push(("recipients", list(&item.recipients, language)));
    }
    facts.push(("withdraw", kind.withdrawal.in_language(language).to_owned()));
    facts.push(("document", format!("documents/{}.json", answer.presentation)));
    Entry {
        heading: item.map_or(&kind.title, |item| &item.statement).in_language(language).to_owned(),
        json: json!({
            "id": of.id,
            "revision": of.revision,
            "state": standing.code(),
            "authority": authority(names, answer.authority),
            "consent_type": version(&answer.entry),
            "title": kind.title,
            "purpose": kind.purpose,
            "item": item,
            "polarity": answer.polarity,
            "case": answer.case,
            "collected": answer.collected,
            "declaration_id": answer.declaration,
            "request_id": answer.request,
            "presentation_id": answer.presentation,
            "answered_at": of.answered_at,
            "valid_from": answer.valid.from,
            "valid_to": answer.valid.to,
            "ended_at": ended_at,
            "end_cause": cause,
        }),
        facts,
    }
}

/// A request for consent.
pub fn request(
    of: &ConsentRequest,
    kind: &ConsentType,
    standing: RequestStanding,
    names: &dyn Names,
    language: Language,
) -> Entry {
    let mut facts = vec![
        ("state", super::state_word(standing.code(), language).to_owned()),
        ("authority", called(names, of.authority, language)),
        ("asked", of.asked_at.local_date().to_string()),
        ("deadline", of.deadline.local_date().to_string()),
    ];
    facts.extend(of.case.as_ref().map(|case| ("case", case.to_string())));
    Entry {
        heading: kind.title.in_language(language).to_owned(),
        json: json!({
            "id": of.id,
            "revision": of.revision,
            "state": standing.code(),
            "authority": authority(names, of.authority),
            "consent_type": version(&of.entry),
            "title": kind.title,
            "items": of.items,
            "case": of.case,
            "asked_at": of.asked_at,
            "deadline": of.deadline,
        }),
        facts,
    }
}

fn packages(of: &[EntryVersion], titles: &[String]) -> (Vec<Value>, String) {
    (of.iter().map(version).collect(), titles.join(", "))
}

/// A power of attorney that the person gave or holds. The titles are those of its packages; the name is what the grantor called the
/// representative.
pub fn mandate(
    of: &Mandate,
    standing: MandateStanding,
    reader: PersonId,
    titles: &[String],
    representative_name: Option<&Name>,
    language: Language,
) -> Entry {
    let (ended_at, cause) = match of.state {
        MandateState::Awaiting(_)
        | MandateState::Given
        | MandateState::Suspended { .. }
        | MandateState::Resting { .. }
        | MandateState::Disputed { .. } => (None, None),
        MandateState::Revoked { at, .. }
        | MandateState::Renounced { at, .. }
        | MandateState::Annulled { at, .. } => (Some(at), None),
        MandateState::Ended { effective_at, cause, .. } => (Some(effective_at), Some(cause)),
    };
    let by_withdrawal = of.ended_by_withdrawal(standing);
    let ended_at = ended_at.or(by_withdrawal);
    let cause = cause.or(by_withdrawal.map(|_| EndCause::PackageWithdrawn));
    let (packages, heading) = packages(&of.packages, titles);
    let side = if of.grantor == reader {
        "given_by_you"
    } else if of.representative == reader {
        "held_by_you"
    } else {
        "passed_on_by_you"
    };
    let mut facts = vec![
        ("state", super::state_word(standing.code(), language).to_owned()),
        ("side", super::page_word(side, language).to_owned()),
        ("from", of.valid.from.local_date().to_string()),
        ("until", of.valid.to.local_date().to_string()),
    ];
    facts.extend(representative_name.map(|name| ("representative", name.to_string())));
    facts.extend(ended_at.map(|at| ("ended", at.local_date().to_string())));
    facts.extend(of.case.as_ref().map(|case| ("case", case.to_string())));
    Entry {
        heading,
        json: json!({
            "id": of.id,
            "revision": of.revision,
            "state": standing.code(),
            "grantor_id": of.grantor,
            "representative_id": of.representative,
            "representative_name": representative_name,
            "packages": packages,
            "withdrawn": of.withdrawn,
            "privileges": of.privileges,
            "case": of.case,
            "valid_from": of.valid.from,
            "valid_to": of.valid.to,
            "presentation_id": of.presentation,
            "given_at": of.given_at,
            "under": of.under,
            "ended_at": ended_at,
            "end_cause": cause,
        }),
        facts,
    }
}

/// A request for a power of attorney, as whoever reads it may see it: the grantor is told by the caller, who knows to whom.
pub fn mandate_request(
    of: &MandateRequest,
    standing: MandateRequestStanding,
    grantor: Option<PersonId>,
    titles: &[String],
    names: &dyn Names,
    language: Language,
) -> Entry {
    let (packages, heading) = packages(&of.packages, titles);
    let mut facts = vec![
        ("state", super::state_word(standing.code(), language).to_owned()),
        ("asked", of.asked_at.local_date().to_string()),
        ("deadline", of.deadline.local_date().to_string()),
    ];
    facts.extend(of.authority.map(|cvr| ("authority", called(names, cvr, language))));
    Entry {
        heading,
        json: json!({
            "id": of.id,
            "revision": of.revision,
            "state": standing.code(),
            "grantor_id": grantor,
            "representative_id": of.representative,
            "authority": of.authority.map(|cvr| authority(names, cvr)),
            "packages": packages,
            "privileges": of.privileges,
            "case": of.case,
            "valid_until": of.valid_until,
            "asked_at": of.asked_at,
            "deadline": of.deadline,
        }),
        facts,
    }
}

/// A look at the person's data, as they are told of it: never an employee's name.
pub fn look(of: &AccessRecord, names: &dyn Names, language: Language) -> Entry {
    let by = match &of.actor {
        ActorTrace::Employee { authority: cvr, .. } => {
            json!({ "kind": "employee", "authority": authority(names, *cvr) })
        }
        ActorTrace::System { authority: cvr, client } => {
            json!({ "kind": "system", "authority": authority(names, *cvr), "client": client })
        }
        ActorTrace::Representative { person, client, at_work: None, .. } => {
            json!({ "kind": "representative", "person_id": person, "client": client })
        }
        ActorTrace::Representative { person, client, at_work: Some(who), .. } => {
            json!({ "kind": "representative", "person_id": person, "client": client, "at_work": who })
        }
        ActorTrace::Citizen { .. } => json!({ "kind": "citizen" }),
        ActorTrace::Operator | ActorTrace::Service => json!({ "kind": "service" }),
    };
    let privilege = of.decision.as_ref().and_then(|decision| match &decision.question {
        Question::Acting(asked) => Some(&asked.privilege),
        Question::Consent(_) => None,
    });
    let who = match &of.actor {
        ActorTrace::Employee { authority: cvr, .. } | ActorTrace::System { authority: cvr, .. } => {
            called(names, *cvr, language)
        }
        ActorTrace::Representative { .. } => super::page_word("representative", language).to_owned(),
        ActorTrace::Citizen { .. } => super::page_word("yourself", language).to_owned(),
        ActorTrace::Operator | ActorTrace::Service => "Tillid".to_owned(),
    };
    let mut facts = vec![
        ("when", of.at.to_string()),
        ("who", who),
        ("outcome", super::state_word(of.outcome.code(), language).to_owned()),
    ];
    let purpose = of.purpose.and_then(tillid_domain::actor::Purpose::words);
    facts.extend(purpose.map(|words| ("purpose", words.in_language(language).to_owned())));
    facts.extend(of.case.as_ref().map(|case| ("case", case.to_string())));
    Entry {
        heading: of.act.words().map_or(of.act.code(), |words| words.in_language(language)).to_owned(),
        json: json!({
            "id": of.id,
            "at": of.at,
            "by": by,
            "act": of.act.code(),
            "outcome": of.outcome.code(),
            "purpose": of.purpose.map(tillid_domain::actor::Purpose::code),
            "case": of.case,
            "target": of.target,
            "privilege": privilege,
        }),
        facts,
    }
}
