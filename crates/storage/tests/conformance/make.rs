//! Facts to store, without the verbs: storage keeps whatever the domain can say.

use std::sync::atomic::{AtomicU64, Ordering};
use tillid_domain::{
    Cpr, Digest, Instant, Language, Period,
    actor::ActorTrace,
    catalogue::{CatalogueEntry, Polarity},
    collected::Collected,
    consent::{Consent, ConsentState},
    event::{ConsentAnswer, Entity, Event, Fact, MandatePeriod, Recorded},
    id::{
        AccessId, BatchId, ConsentId, DeclarationId, EntryId, EventId, MandateId, NumberId, PersonId,
        PresentationId, RequestId,
    },
    mandate::{Mandate, MandateRoute, MandateState},
    presentation::{Means, Presentation, Presented},
    request::{ConsentRequest, RequestState},
    terms::Terms,
    text::Login,
};
use tillid_storage::{Store, StoreError};
use tillid_testkit::catalogue::{cvr, defined};
use uuid::Uuid;

/// A new id, greater than those before.
pub(crate) fn id() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(0x0190_0000_0000_7000, LAST.fetch_add(1, Ordering::SeqCst))
}

/// So many seconds after a morning in March 2026.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_micros(1_772_442_000_000_000).plus_seconds(seconds)
}

pub(crate) fn login(text: &str) -> Login {
    text.parse().unwrap()
}

pub(crate) fn cpr(text: &str) -> Cpr {
    text.parse().unwrap()
}

pub(crate) fn event<E: Entity>(after: &E, at: Instant, fact: Fact) -> Event {
    Event {
        id: EventId::from_uuid(id()),
        kind: E::KIND,
        aggregate: after.id(),
        revision: after.revision(),
        at,
        actor: ActorTrace::Operator,
        subjects: after.subjects(),
        fact,
    }
}

/// Locks whom the events concern, and commits them.
pub(crate) async fn commit(store: &Store, events: Vec<Event>) -> Result<Vec<Recorded>, StoreError> {
    let mut tx = store.write().await?;
    let known: Vec<PersonId> = events.iter().flat_map(|e| e.subjects.clone()).collect();
    tx.lock(&known).await?;
    tx.commit(events, None).await
}

pub(crate) fn registration(name: Option<&str>, number: Option<NumberId>, at: Instant) -> Event {
    let fact = Fact::PersonRegistered { name: name.map(|n| n.parse().unwrap()), born: None, number };
    let id = id();
    Event {
        id: EventId::from_uuid(self::id()),
        kind: tillid_domain::event::Kind::Person,
        aggregate: id,
        revision: 1,
        at,
        actor: ActorTrace::Operator,
        subjects: vec![PersonId::from_uuid(id)],
        fact,
    }
}

/// A person who is known.
pub(crate) async fn person(store: &Store) -> PersonId {
    let event = registration(Some("Anna"), None, at(0));
    let id = PersonId::from_uuid(event.aggregate);
    commit(store, vec![event]).await.unwrap();
    id
}

/// A person with that number.
pub(crate) async fn numbered(store: &Store, number: &Cpr) -> Result<PersonId, StoreError> {
    let number_id = NumberId::from_uuid(id());
    let event = registration(None, Some(number_id), at(0));
    let person = PersonId::from_uuid(event.aggregate);
    let mut tx = store.write().await?;
    // The row of the person comes with the event; its number refers to it.
    tx.keep_number(number_id, person, number).await?;
    tx.commit(vec![event], None).await?;
    Ok(person)
}

/// A draft of a code of the seed catalogue.
pub(crate) fn draft(code: &str, number: u32) -> (CatalogueEntry, Event) {
    let id = EntryId::from_uuid(id());
    let (entry, fact) = CatalogueEntry::draft(id, number, defined(code), ActorTrace::Operator);
    let event = event(&entry, at(0), fact);
    (entry, event)
}

/// A version that is in use.
pub(crate) async fn entry(store: &Store, code: &str) -> CatalogueEntry {
    let (draft, drafted) = draft(code, 1);
    let (entry, fact) = draft.publish(&ActorTrace::Operator, at(1)).unwrap();
    let published = event(&entry, at(1), fact);
    commit(store, vec![drafted, published]).await.unwrap();
    entry
}

/// A presentation of one item to a person, and its event.
pub(crate) fn presentation(
    person: PersonId,
    entry: &CatalogueEntry,
    document: &[u8],
) -> (Presentation, Event) {
    let presented = Presented::Consent {
        entry: entry.version(),
        items: vec!["navn".parse().unwrap()],
        request: None,
        case: None,
        terms: Terms::default(),
    };
    let presentation = Presentation {
        id: PresentationId::from_uuid(id()),
        person,
        language: Language::Da,
        presented: presented.clone(),
        document: Digest::of(document),
        shown_at: at(2),
        means: Means::Screen,
    };
    let document = presentation.document;
    let fact =
        Fact::PresentationShown { person, language: Language::Da, presented, document, means: Means::Screen };
    let event = event(&presentation, at(2), fact);
    (presentation, event)
}

/// Something that was shown.
pub(crate) async fn shown(store: &Store, person: PersonId, entry: &CatalogueEntry) -> PresentationId {
    let (presentation, event) = presentation(person, entry, b"document");
    let mut tx = store.write().await.unwrap();
    tx.lock(&[person]).await.unwrap();
    tx.present(&event, b"document").await.unwrap();
    tx.commit(vec![event], None).await.unwrap();
    presentation.id
}

/// A request, and its event.
pub(crate) fn request(person: PersonId, entry: &CatalogueEntry, authority: &str) -> (ConsentRequest, Event) {
    let request = ConsentRequest {
        id: RequestId::from_uuid(id()),
        revision: 1,
        person,
        authority: cvr(authority),
        asked_by: ActorTrace::Operator,
        asked_at: at(3),
        entry: entry.version(),
        items: vec!["navn".parse().unwrap()],
        case: Some("27.36.04-G01-12-26".parse().unwrap()),
        deadline: at(1_000_000),
        state: RequestState::Open,
        voices: Vec::new(),
        exceptions: Vec::new(),
        terms: Terms::default(),
    };
    let fact = Fact::ConsentRequested {
        person,
        authority: request.authority,
        entry: request.entry.clone(),
        items: request.items.clone(),
        case: request.case.clone(),
        deadline: request.deadline,
        terms: request.terms.clone(),
    };
    let event = event(&request, at(3), fact);
    (request, event)
}

/// A consent in a declaration, and its event.
pub(crate) fn consent(
    person: PersonId,
    entry: &CatalogueEntry,
    shown: PresentationId,
    declaration: DeclarationId,
    authority: &str,
    given: bool,
) -> (Consent, Event) {
    let answer = ConsentAnswer {
        person,
        declaration,
        request: None,
        presentation: shown,
        authority: cvr(authority),
        entry: entry.version(),
        item: "navn".parse().unwrap(),
        polarity: Polarity::Consent,
        case: Some("Ø/12.3:4".parse().unwrap()),
        collected: Collected::Digital,
        valid: Period { from: at(4), to: Some(at(2_000_000)) },
        for_child: None,
        terms: Terms::default(),
    };
    let state = if given { ConsentState::Given } else { ConsentState::Declined };
    let fact = if given { Fact::ConsentGiven(answer.clone()) } else { Fact::ConsentDeclined(answer.clone()) };
    let consent = Consent {
        id: ConsentId::from_uuid(id()),
        revision: 1,
        answer,
        answered_at: at(4),
        recorded_at: at(4),
        state,
    };
    let event = event(&consent, at(4), fact);
    (consent, event)
}

/// A mandate over two privileges, and its event.
pub(crate) fn mandate(
    grantor: PersonId,
    representative: PersonId,
    entry: &CatalogueEntry,
    presentation: PresentationId,
    case: Option<&str>,
) -> (Mandate, Event) {
    let mandate = Mandate {
        id: MandateId::from_uuid(id()),
        revision: 1,
        grantor,
        representative,
        packages: vec![entry.version()],
        privileges: ["urn:dk:a:laes", "urn:dk:a:handle"].map(|p| p.parse().unwrap()).to_vec(),
        case: case.map(|c| c.parse().unwrap()),
        valid: MandatePeriod { from: at(10), to: at(1_000) },
        presentation,
        given_at: at(5),
        route: MandateRoute::Digital,
        under: None,
        joint: None,
        for_child: None,
        renewals: Vec::new(),
        withdrawn: Vec::new(),
        pauses: Vec::new(),
        state: MandateState::Given,
    };
    let fact = Fact::MandateGiven {
        grantor,
        representative,
        packages: mandate.packages.clone(),
        privileges: mandate.privileges.clone(),
        case: mandate.case.clone(),
        valid: mandate.valid,
        presentation,
        route: MandateRoute::Digital,
        under: None,
        joint: None,
        for_child: None,
        awaits: None,
    };
    let event = event(&mandate, at(5), fact);
    (mandate, event)
}

pub(crate) fn access_id() -> AccessId {
    AccessId::from_uuid(id())
}

pub(crate) fn batch_id() -> BatchId {
    BatchId::from_uuid(id())
}
