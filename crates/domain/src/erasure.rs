//! What of a person may be erased, and what stays and why.

use crate::{
    Cvr,
    consent::{Consent, ConsentStanding, ConsentState},
    document::Document,
    event::{Entity, Kind},
    family::Custody,
    instant::{CalendarPeriod, Instant},
    mandate::{Mandate, MandateState},
    mandate_request::{MandateRequest, MandateRequestStanding, MandateRequestState},
    presentation::Presentation,
    reason::Reason,
    request::{ConsentRequest, RequestStanding, RequestState},
    statutory::StatutoryPower,
    task::{Task, TaskState},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How long evidence is kept after the end of what it is evidence of.
pub const KEPT_FOR: CalendarPeriod = CalendarPeriod::months(60);

/// Why something is erased. A closed list: free text could name the very person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureGround {
    /// The period for which it must be kept has passed.
    RetentionOver,
    /// A court or the data protection agency ordered it, whatever the period.
    Ordered,
}

impl ErasureGround {
    /// Every ground.
    pub const ALL: [Self; 2] = [Self::RetentionOver, Self::Ordered];

    /// The code, as it is written in requests.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RetentionOver => "retention_over",
            Self::Ordered => "ordered",
        }
    }

    /// Whether the case in which it was ordered must be named.
    pub const fn needs_case(self) -> bool {
        matches!(self, Self::Ordered)
    }
}

/// Until when something counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// It holds or waits, until that moment where one is set.
    InForce(Option<Instant>),
    /// It ended then.
    Ended(Instant),
}

/// One thing of a person, as far as its erasure depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// Whose evidence it is; of a mandate, and of a citizen's request for one, nobody's.
    pub authority: Option<Cvr>,
    /// Until when it counts.
    pub span: Span,
    /// What must stay as long as it does.
    pub rests_on: Vec<Uuid>,
}

impl Thing {
    /// A consent, at that moment.
    pub fn of_consent(consent: &Consent, now: Instant) -> Self {
        let answer = &consent.answer;
        let span = match (consent.standing(now), consent.state, answer.valid.to) {
            (ConsentStanding::Active | ConsentStanding::Planned, _, to) => Span::InForce(to),
            (
                _,
                ConsentState::Withdrawn { at, .. }
                | ConsentState::Lapsed { at, .. }
                | ConsentState::Annulled { at, .. },
                _,
            ) => Span::Ended(at),
            (_, ConsentState::Given, Some(to)) => Span::Ended(to),
            _ => Span::Ended(consent.answered_at),
        };
        let request = answer.request.map(crate::id::RequestId::as_uuid);
        let shown = answer.for_child.iter().flat_map(|by| &by.voices).map(|voice| voice.presentation);
        Self {
            kind: Kind::Consent,
            id: consent.id(),
            authority: Some(answer.authority),
            span,
            rests_on: shown
                .chain([answer.presentation])
                .map(crate::id::PresentationId::as_uuid)
                .chain(request)
                .chain(answer.collected.document().map(crate::id::DocumentId::as_uuid))
                .collect(),
        }
    }

    /// A request, at that moment.
    pub fn of_request(request: &ConsentRequest, now: Instant) -> Self {
        let (span, shown) = match (request.standing(now), &request.state) {
            (RequestStanding::Open, _) => (Span::InForce(Some(request.deadline)), None),
            (_, RequestState::Answered { at, presentation, .. }) => (Span::Ended(*at), Some(*presentation)),
            (_, RequestState::Cancelled { at } | RequestState::Lapsed { at, .. }) => (Span::Ended(*at), None),
            (_, RequestState::Open) => (Span::Ended(request.deadline), None),
        };
        Self {
            kind: Kind::ConsentRequest,
            id: request.id(),
            authority: Some(request.authority),
            span,
            rests_on: shown
                .into_iter()
                .chain(request.voices.iter().map(|voice| voice.presentation))
                .map(crate::id::PresentationId::as_uuid)
                .collect(),
        }
    }

    /// A statement of custody, at that moment. It is evidence of who could act for the child, so it is kept from when the child is of age or
    /// another statement took its place.
    pub fn of_custody(custody: &Custody, over: Option<Instant>, now: Instant) -> Self {
        let span = match over {
            Some(over) if over <= now => Span::Ended(over),
            over => Span::InForce(over),
        };
        let rests_on = custody.source.document().into_iter().map(crate::id::DocumentId::as_uuid).collect();
        Self { kind: Kind::Custody, id: custody.id(), authority: None, span, rests_on }
    }

    /// A guardianship or a lasting power, at that moment: evidence of who could act, kept from when it is over or the person has died.
    pub fn of_statutory(power: &StatutoryPower, died: Option<Instant>, now: Instant) -> Self {
        let span = match [power.over(), died].into_iter().flatten().min() {
            Some(over) if over <= now => Span::Ended(over.max(power.changed_at).min(now)),
            over => Span::InForce(over),
        };
        let rests_on = power.documents.iter().copied().map(crate::id::DocumentId::as_uuid).collect();
        Self { kind: Kind::StatutoryPower, id: power.id(), authority: None, span, rests_on }
    }

    /// A mandate, at that moment.
    pub fn of_mandate(mandate: &Mandate, now: Instant) -> Self {
        let span = match (mandate.standing(now), mandate.state) {
            (standing, _) if standing.is_alive() => Span::InForce(Some(mandate.valid.to)),
            (
                _,
                MandateState::Revoked { at, .. }
                | MandateState::Renounced { at, .. }
                | MandateState::Annulled { at, .. }
                | MandateState::Ended { at, .. },
            ) => Span::Ended(at),
            _ => Span::Ended(mandate.valid.to),
        };
        Self {
            kind: Kind::Mandate,
            id: mandate.id(),
            authority: None,
            span,
            rests_on: [
                Some(mandate.presentation.as_uuid()),
                mandate.route.document().map(crate::id::DocumentId::as_uuid),
            ]
            .into_iter()
            .flatten()
            .chain(mandate.renewals.iter().map(|shown| shown.as_uuid()))
            .chain(mandate.under.map(|under| under.mandate.as_uuid()))
            .collect(),
        }
    }

    /// A request for a mandate, at that moment.
    pub fn of_mandate_request(request: &MandateRequest, now: Instant) -> Self {
        let span = match (request.standing(now), request.state) {
            (MandateRequestStanding::Open, _) => Span::InForce(Some(request.deadline)),
            (
                _,
                MandateRequestState::Approved { at, .. }
                | MandateRequestState::Declined { at }
                | MandateRequestState::Lapsed { at, .. },
            ) => Span::Ended(at),
            (_, MandateRequestState::Open) => Span::Ended(request.deadline),
        };
        let rests_on = match request.state {
            MandateRequestState::Approved { mandate, presentation, .. } => {
                vec![mandate.as_uuid(), presentation.as_uuid()]
            }
            _ => Vec::new(),
        };
        Self { kind: Kind::MandateRequest, id: request.id(), authority: request.authority, span, rests_on }
    }

    /// What was shown, at that moment, about a type of that authority; about a mandate, of nobody's.
    pub fn of_presentation(shown: &Presentation, authority: Option<Cvr>, now: Instant) -> Self {
        let until = shown.shown_at.plus_seconds(shown.means.answer_within());
        let span = if now <= until { Span::InForce(Some(until)) } else { Span::Ended(shown.shown_at) };
        Self { kind: Kind::Presentation, id: shown.id(), authority, span, rests_on: Vec::new() }
    }

    /// Evidence that somebody handed over; what it proves rests on it.
    pub fn of_document(document: &Document) -> Self {
        Self {
            kind: Kind::Document,
            id: document.id(),
            authority: Some(document.authority),
            span: Span::Ended(document.kept_at),
            rests_on: Vec::new(),
        }
    }

    /// What an authority had to do, or still has: what nobody closed for as long as evidence is kept holds nothing back any longer.
    pub fn of_task(task: &Task) -> Self {
        let span = match task.state {
            TaskState::Open => Span::Ended(task.opened_at),
            TaskState::Closed { at, .. } => Span::Ended(at),
        };
        Self {
            kind: Kind::Task,
            id: task.id(),
            authority: Some(task.work.authority),
            span,
            rests_on: vec![task.work.consent.as_uuid()],
        }
    }

    fn why_not(&self, decision: &Decision) -> Option<(Reason, Option<Instant>)> {
        if self.authority.is_some_and(|theirs| theirs != decision.authority) {
            return Some((Reason::KeptByAnother, None));
        }
        match self.span {
            Span::InForce(until) => Some((Reason::StillInForce, until.map(free_from))),
            Span::Ended(at) => decision.retained(at).map(|until| (Reason::RetentionRuns, Some(until))),
        }
    }
}

/// A look that stands in a log: the person's own, or another's at whom the person looked as a representative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Looked {
    /// When.
    pub at: Instant,
    /// By whose staff or systems; `None` for citizens.
    pub authority: Option<Cvr>,
    /// Whether it was to see what can be erased; that alone keeps nobody.
    pub to_erase: bool,
    /// Whether it stands in another's log.
    pub in_anothers_log: bool,
}

/// What there is of a person.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Belongings {
    /// Their requests, consents, mandates and what they were shown.
    pub things: Vec<Thing>,
    /// Looks at them and by them.
    pub looks: Vec<Looked>,
    /// Whether something of another's tells that they did it.
    pub acted_for_others: bool,
}

/// Who decides, on what ground, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The authority.
    pub authority: Cvr,
    /// The ground.
    pub ground: ErasureGround,
    /// The moment.
    pub now: Instant,
}

impl Decision {
    /// The first moment when what ended then may go, if that is still to come and the ground does not override it.
    fn retained(&self, ended: Instant) -> Option<Instant> {
        let until = free_from(ended);
        (self.ground == ErasureGround::RetentionOver && self.now < until).then_some(until)
    }
}

/// The first moment when what ended then is kept no longer: after the whole of the last day.
fn free_from(ended: Instant) -> Instant {
    ended.local_date().plus(KEPT_FOR).next().start()
}

/// What stays, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// Why.
    pub reason: Reason,
    /// The first moment when it may go if nothing else happens, where that is known.
    pub until: Option<Instant>,
}

/// What goes and what stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// What goes, what rests on something else before it.
    pub erased: Vec<(Kind, Uuid)>,
    /// What stays. Of other authorities it tells no more than that there is something, in the person's own entry.
    pub kept: Vec<Kept>,
    /// Whether nothing of the person stays, so that they go too, with every look at them.
    pub person: bool,
}

/// What can be erased of a person, what rests on something else before it.
const RANKS: [Kind; 9] = [
    Kind::Task,
    Kind::Consent,
    Kind::ConsentRequest,
    Kind::MandateRequest,
    Kind::Mandate,
    Kind::Presentation,
    Kind::Custody,
    Kind::StatutoryPower,
    Kind::Document,
];

/// Decides what of a person's belongings goes.
pub fn plan(person: Uuid, belongings: &Belongings, decision: &Decision) -> Plan {
    let reasons: Vec<_> = belongings.things.iter().map(|thing| (thing, thing.why_not(decision))).collect();
    let mut needed = BTreeSet::new();
    let (mut plan, mut anothers) = (Plan::default(), false);
    // What others rest on comes after them, so one pass carries every need on.
    for rank in RANKS {
        for (thing, why_not) in reasons.iter().filter(|(thing, _)| thing.kind == rank) {
            let needed_by = needed.contains(&thing.id).then_some((Reason::StaysWithAnother, None));
            let Some((reason, until)) = (*why_not).or(needed_by) else {
                plan.erased.push((thing.kind, thing.id));
                continue;
            };
            needed.extend(thing.rests_on.iter().copied());
            if reason == Reason::KeptByAnother {
                anothers = true;
            } else {
                plan.kept.push(Kept { kind: thing.kind, id: thing.id, reason, until });
            }
        }
    }
    let why_stays = stays(belongings, decision, anothers);
    plan.person = why_stays.is_none() && plan.kept.is_empty();
    plan.kept.extend(why_stays.map(|(reason, until)| Kept { kind: Kind::Person, id: person, reason, until }));
    plan
}

/// Why the person stays whatever becomes of their own things.
fn stays(b: &Belongings, decision: &Decision, anothers: bool) -> Option<(Reason, Option<Instant>)> {
    if anothers {
        return Some((Reason::KeptByAnother, None));
    }
    if b.acted_for_others {
        return Some((Reason::NamedInWhatStays, None));
    }
    // No authority destroys the trace of its own looks early, and none that of another's or of a representative's at all.
    let always = Decision { ground: ErasureGround::RetentionOver, ..*decision };
    let until = b.looks.iter().filter(|look| !look.to_erase).filter_map(|look| {
        let own = look.authority == Some(decision.authority) && !look.in_anothers_log;
        if own { decision.retained(look.at) } else { always.retained(look.at) }
    });
    until.max().map(|until| (Reason::RetentionRuns, Some(until)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Uuid = Uuid::from_u128(1);

    fn cvr(text: &str) -> Cvr {
        text.parse().expect("a CVR number")
    }

    fn at(text: &str) -> Instant {
        text.parse().expect("a time")
    }

    fn decision(ground: ErasureGround, now: &str) -> Decision {
        Decision { authority: cvr("99100001"), ground, now: at(now) }
    }

    fn thing(kind: Kind, id: u128, authority: Option<&str>, span: Span) -> Thing {
        Thing { kind, id: Uuid::from_u128(id), authority: authority.map(cvr), span, rests_on: Vec::new() }
    }

    fn only(thing: Thing) -> Belongings {
        Belongings { things: vec![thing], ..Belongings::default() }
    }

    #[test]
    fn r42_what_is_erased_is_over_for_five_years_or_ordered_and_never_in_force_or_anothers() {
        use ErasureGround::{Ordered, RetentionOver};
        use Reason::{KeptByAnother, RetentionRuns, StillInForce};
        let ended = Span::Ended(at("2026-03-02T14:00:00Z"));
        let holds = Span::InForce(None);
        let (own, other) = (Some("99100001"), Some("99173009"));
        // The last day counts in Danish time: five years are over when 2 March 2031 is.
        for (authority, span, ground, now, expected) in [
            (own, ended, RetentionOver, "2031-03-02T22:59:59Z", Some(RetentionRuns)),
            (own, ended, RetentionOver, "2031-03-02T23:00:00Z", None),
            (own, ended, Ordered, "2026-03-02T14:00:00Z", None),
            (own, holds, RetentionOver, "2099-01-01T00:00:00Z", Some(StillInForce)),
            (own, holds, Ordered, "2099-01-01T00:00:00Z", Some(StillInForce)),
            (other, ended, RetentionOver, "2099-01-01T00:00:00Z", Some(KeptByAnother)),
            (other, ended, Ordered, "2099-01-01T00:00:00Z", Some(KeptByAnother)),
            (other, holds, Ordered, "2099-01-01T00:00:00Z", Some(KeptByAnother)),
            (None, ended, RetentionOver, "2031-03-02T23:00:00Z", None),
            (None, ended, RetentionOver, "2031-03-02T22:00:00Z", Some(RetentionRuns)),
            (None, holds, Ordered, "2031-03-02T22:00:00Z", Some(StillInForce)),
        ] {
            let plan = plan(PERSON, &only(thing(Kind::Consent, 2, authority, span)), &decision(ground, now));
            let told = plan.kept.first().map(|kept| kept.reason);
            assert_eq!(told, expected, "{authority:?} {span:?} {ground:?} {now}");
            assert_eq!(plan.person, expected.is_none());
            assert_eq!(plan.erased.len(), usize::from(expected.is_none()));
        }
    }

    #[test]
    fn of_another_authority_is_told_only_that_there_is_something() {
        let theirs = thing(Kind::Consent, 2, Some("99173009"), Span::InForce(None));
        let found =
            plan(PERSON, &only(theirs), &decision(ErasureGround::RetentionOver, "2099-01-01T00:00:00Z"));
        let told = [Kept { kind: Kind::Person, id: PERSON, reason: Reason::KeptByAnother, until: None }];
        assert_eq!(found.kept, told);
    }

    #[test]
    fn what_a_kept_thing_rests_on_stays_and_what_rests_goes_first() {
        let over = Span::Ended(at("2026-03-02T14:00:00Z"));
        let rests = |of: Thing, on: &[u128]| Thing {
            rests_on: on.iter().copied().map(Uuid::from_u128).collect(),
            ..of
        };
        let own = Some("99100001");
        let consent = |span| rests(thing(Kind::Consent, 4, own, span), &[3, 2]);
        let others =
            [thing(Kind::Presentation, 2, own, over), rests(thing(Kind::ConsentRequest, 3, own, over), &[2])];
        let decision = decision(ErasureGround::RetentionOver, "2040-01-01T00:00:00Z");
        let with = |consent| {
            let things = others.iter().cloned().chain([consent]).collect();
            plan(PERSON, &Belongings { things, ..Belongings::default() }, &decision)
        };
        let kept: Vec<_> = with(consent(Span::InForce(None))).kept.iter().map(|k| k.reason).collect();
        assert_eq!(kept, [Reason::StillInForce, Reason::StaysWithAnother, Reason::StaysWithAnother]);
        let gone: Vec<_> = with(consent(over)).erased.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(gone, [Kind::Consent, Kind::ConsentRequest, Kind::Presentation]);
    }

    #[test]
    fn a_person_stays_while_a_look_is_young_and_while_they_are_named_elsewhere() {
        use ErasureGround::{Ordered, RetentionOver};
        let look = |authority: Option<&str>, in_anothers_log, to_erase| Looked {
            at: at("2026-03-02T14:00:00Z"),
            authority: authority.map(cvr),
            to_erase,
            in_anothers_log,
        };
        for (look, ground, now, stays) in [
            (look(Some("99100001"), false, false), RetentionOver, "2031-03-02T22:00:00Z", true),
            (look(Some("99100001"), false, false), RetentionOver, "2031-03-03T00:00:00Z", false),
            (look(Some("99100001"), false, false), Ordered, "2027-01-01T00:00:00Z", false),
            (look(Some("99173009"), false, false), Ordered, "2027-01-01T00:00:00Z", true),
            (look(None, true, false), Ordered, "2027-01-01T00:00:00Z", true),
            (look(Some("99100001"), false, true), RetentionOver, "2027-01-01T00:00:00Z", false),
        ] {
            let belongings = Belongings { looks: vec![look], ..Belongings::default() };
            assert_eq!(
                !plan(PERSON, &belongings, &decision(ground, now)).person,
                stays,
                "{look:?} {ground:?}"
            );
        }
        let named = Belongings { acted_for_others: true, ..Belongings::default() };
        let told = plan(PERSON, &named, &decision(Ordered, "2099-01-01T00:00:00Z"));
        assert_eq!(told.kept.first().map(|kept| kept.reason), Some(Reason::NamedInWhatStays));
    }
}
