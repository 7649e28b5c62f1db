//! The states of a consent, one for each thing that happened to it, in the words of the Data Privacy Vocabulary.

use super::{Case, Step, parties};
use serde_json::{Value, json};
use tillid_domain::{
    Instant, Period,
    actor::ActorTrace,
    catalogue::{Channel, Polarity},
    consent::{Consent, ConsentState},
    event::{Entity, Fact},
};

/// Every state, the oldest first; `None` if something in the history cannot follow what came before.
pub(super) fn statuses(case: &Case<'_>) -> Option<Vec<Value>> {
    let mut before = None;
    let mut statuses = Vec::with_capacity(case.facts.history.len());
    for step in case.facts.history {
        let consent = Consent::replay(before, &step.recorded)?;
        statuses.push(status(case, step, &consent));
        before = Some(consent);
    }
    Some(statuses)
}

fn status(case: &Case<'_>, step: &Step, consent: &Consent) -> Value {
    let recorded = &step.recorded;
    let valid = (consent.state == ConsentState::Given).then_some(consent.answer.valid);
    let mut status = json!({
        "@type": states(consent),
        "tillid:event": recorded.id,
        "dpv:isIndicatedAtTime": since(consent),
        "dpv:isIndicatedBy": indicated_by(case, step),
        "dpv:hasIndicationMethod": method(case, step),
        "dpv:hasDuration": duration(case, valid),
    });
    if let Some(members) = status.as_object_mut() {
        if let Some(valid) = valid {
            members.insert("dct:valid".to_owned(), json!(interval(valid)));
        }
        if let Some(authority) = implemented_by(&recorded.actor) {
            members.insert("dpv:isImplementedBy".to_owned(), json!(authority));
        }
    }
    status
}

/// What the vocabulary calls the state. An opt-out is no consent: nothing that it says may be taken for a permission.
fn states(consent: &Consent) -> &'static [&'static str] {
    let opts_out = consent.answer.polarity == Polarity::OptOut;
    match consent.state {
        ConsentState::Given if opts_out => &["dpv:ConsentRefused", "tillid:OptOutGiven"],
        ConsentState::Given => &["dpv:ConsentGiven", "dpv:ExplicitlyExpressedConsent"],
        ConsentState::Declined if opts_out => &["dpv:ConsentUnknown", "tillid:OptOutDeclined"],
        ConsentState::Declined => &["dpv:ConsentRefused"],
        ConsentState::Withdrawn { .. } if opts_out => &["dpv:ConsentUnknown", "tillid:OptOutWithdrawn"],
        ConsentState::Withdrawn { .. } => &["dpv:ConsentWithdrawn"],
        ConsentState::Lapsed { .. } if opts_out => &["dpv:ConsentUnknown", "tillid:OptOutLapsed"],
        ConsentState::Annulled { .. } if opts_out => &["dpv:ConsentUnknown", "tillid:OptOutAnnulled"],
        ConsentState::Annulled { .. } => &["dpv:ConsentInvalidated"],
        // Nobody ended it: what it was for is over.
        ConsentState::Lapsed { .. } => &["dpv:ConsentExpired"],
    }
}

/// Since when it is so: of what became known late, when it happened.
const fn since(consent: &Consent) -> Instant {
    match consent.state {
        ConsentState::Given | ConsentState::Declined => consent.answered_at,
        ConsentState::Withdrawn { at, .. } | ConsentState::Annulled { at, .. } => at,
        ConsentState::Lapsed { effective_at, .. } => effective_at,
    }
}

/// Who said so.
fn indicated_by(case: &Case<'_>, step: &Step) -> Vec<Value> {
    match (&step.representative, &step.recorded.actor) {
        (Some(agent), _) => {
            let mut by = json!({ "@id": agent.name, "@type": "dpv:Representative" });
            if let (Some(mandate), Some(members)) = (agent.mandate, by.as_object_mut()) {
                members.insert("dpv:hasJustification".to_owned(), json!(format!("urn:uuid:{mandate}")));
            }
            vec![by]
        }
        (None, ActorTrace::Representative { .. }) => vec![json!("dpv:Representative")],
        // Staff write down what the person told them.
        (None, ActorTrace::Citizen { .. } | ActorTrace::Employee { .. }) => vec![json!("dpv:DataSubject")],
        (None, ActorTrace::System { authority, .. }) => vec![json!(parties::authority_name(*authority))],
        (None, ActorTrace::Operator | ActorTrace::Service) => vec![json!(case.facts.issuer)],
    }
}

/// The authority whose staff wrote it down.
fn implemented_by(actor: &ActorTrace) -> Option<String> {
    match actor {
        ActorTrace::Employee { authority, .. } => Some(parties::authority_name(*authority)),
        ActorTrace::Citizen { .. }
        | ActorTrace::Representative { .. }
        | ActorTrace::System { .. }
        | ActorTrace::Operator
        | ActorTrace::Service => None,
    }
}

/// How it was said.
fn method(case: &Case<'_>, step: &Step) -> &'static str {
    let key = match (&step.recorded.fact, &step.recorded.actor) {
        (Fact::ConsentGiven(answer) | Fact::ConsentDeclined(answer), _) => {
            through(answer.collected.channel())
        }
        (Fact::ConsentWithdrawn { assisted: Some(assisted) }, _) => through(assisted.channel()),
        (_, ActorTrace::Citizen { .. } | ActorTrace::Representative { .. }) => "digital",
        (_, ActorTrace::Employee { .. }) => "staff",
        (_, ActorTrace::System { .. } | ActorTrace::Operator | ActorTrace::Service) => "service",
    };
    super::words::method(key, case.language())
}

const fn through(channel: Channel) -> &'static str {
    match channel {
        Channel::Digital => "digital",
        Channel::Paper => "paper",
        Channel::Oral => "oral",
        Channel::Imported => "imported",
    }
}

fn duration(case: &Case<'_>, valid: Option<Period>) -> Value {
    let until_event = |key| json!({ "@type": "dpv:UntilEventDuration", "rdf:value": super::words::until(key, case.language()) });
    match valid {
        Some(Period { to: Some(to), .. }) => json!({ "@type": "dpv:UntilTimeDuration", "rdf:value": to }),
        Some(Period { to: None, .. }) => until_event("withdrawn"),
        None => until_event("answered_anew"),
    }
}

/// The interval as ISO 8601 writes it; without an end, two dots stand for it.
fn interval(valid: Period) -> String {
    let end = valid.to.map_or_else(|| "..".to_owned(), |to| to.to_string());
    format!("{}/{end}", valid.from)
}
