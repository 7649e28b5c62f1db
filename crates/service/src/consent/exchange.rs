//! Declarations in the state's own format: out for whoever may see the consents, in as consents that were given elsewhere.

use crate::{
    Call, Done, Error, Service,
    consent::{
        ask::{chosen_items, must_name_case},
        view::{TypedConsent, type_subject},
    },
    guard::InView,
};
use tillid_documents::viljestilkendegivelse::{
    Basis, Declared, DeclaredExpression, DeclaredStanding, Evidence, Exported, Exporting, GivenBy, Giver,
    Loss, Lost, NotADeclaration, SubjectName, declared, export, read,
};
use tillid_domain::{
    Cvr, Instant, Language, Period, Reason,
    access::{Act, Subject},
    actor::ActorTrace,
    catalogue::{CatalogueEntry, ConsentType, Shelf},
    collected::Collected,
    consent::{Consent, ConsentState},
    event::{ConsentAnswer, Event, Fact, Kind, Recorded},
    id::{ConsentId, DeclarationId, EmployeeId, PersonId, PresentationId},
    joint::ForChild,
    presentation::Means,
    terms::Terms,
    text::{Code, Name},
};
use tillid_storage::{Opened, Tx, Write};

/// A document in the state's format, and what is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedDeclaration {
    /// The bytes.
    pub xml: Vec<u8>,
    /// What the format has no place for.
    pub lost: Vec<Lost>,
}

/// Consents that a document in the state's format told of, and what of it was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedDeclaration {
    /// The consents.
    pub consents: Vec<TypedConsent>,
    /// What was not taken over.
    pub lost: Vec<Lost>,
}

/// One expression of a document as a consent: the item, the answer, and when it holds.
struct Taken {
    item: Code,
    given: bool,
    valid: Period,
}

impl Service {
    /// A declaration of the person in view, in the state's format. It names the person by our id alone.
    pub async fn export_declaration(
        &self,
        call: &Call,
        id: DeclarationId,
    ) -> Result<ExportedDeclaration, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeConsent, person, now).await?;
        let found = self.written_out(&mut tx, call, id, person, now).await?;
        drop(tx);
        self.watched(call, &view, Act::SeeConsent, Some(id.as_uuid()), found.is_some(), now).await?;
        found.ok_or(Error::NotFound)
    }

    async fn written_out<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        id: DeclarationId,
        person: PersonId,
        now: Instant,
    ) -> Result<Option<ExportedDeclaration>, Error> {
        let Some((consents, typed)) = self.declaration_seen(tx, call, id, person, now).await? else {
            return Ok(None);
        };
        let first = &typed.consent;
        let shown = self.shown(tx, first.answer.presentation).await?;
        let answered = tx.history(Kind::Consent, first.id.as_uuid(), 1).await?.pop();
        let Some(Opened { recorded: answered, .. }) = answered else { return Ok(None) };
        let (giver, together) = match &first.answer.for_child {
            Some(by) => for_child(by, person, &answered.actor),
            None => (self.giver(tx, &answered).await?, Vec::new()),
        };
        let base = &self.settings.base_url;
        let entry = &first.answer.entry;
        let receipt = format!("{base}/v1/receipts/{}", answered.id);
        let exported = export(&Exporting {
            declaration: id,
            consents: &consents,
            of: &typed.of,
            template: &format!("{}/{}/versions/{}", catalogue(base), entry.code, entry.number),
            language: shown.presentation.language,
            shown: Some(&shown.document),
            giver,
            together: &together,
            evidence: evidence(&first.answer.collected, &answered.actor, &receipt),
            subject: SubjectName::default(),
            now,
        });
        let written = |out: Exported| ExportedDeclaration {
            xml: out.declaration.to_xml_telling(&out.lost),
            lost: out.lost,
        };
        Ok(exported.ok().map(written))
    }

    /// The consents of a declaration about the person, and the first of them, where the caller may see it.
    async fn declaration_seen<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        id: DeclarationId,
        person: PersonId,
        now: Instant,
    ) -> Result<Option<(Vec<Consent>, TypedConsent)>, Error> {
        let own = self.own(tx, person).await?;
        let mut consents = tx.consents_of_declaration(id).await?;
        if consents.iter().all(|consent| own.is(consent.answer.person)) {
            consents = consents.into_iter().map(|consent| own.consent(consent)).collect();
        }
        let Some(first) = consents.first().filter(|c| c.answer.person == person) else { return Ok(None) };
        let typed = self.typed(tx, first.clone(), now).await?;
        if self.may(tx, call, Act::SeeConsent, &typed.subject(), now).await?.is_err() {
            return Ok(None);
        }
        let watcher = self.watcher(tx, call, now).await?;
        let seen = self.shows_consent(tx, watcher.as_ref(), &typed).await?;
        Ok(seen.then_some((consents, typed)))
    }

    /// What the person in view answered together.
    pub async fn read_declaration(&self, call: &Call, id: DeclarationId) -> Result<Vec<TypedConsent>, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeConsent, person, now).await?;
        let seen = self.declaration_seen(&mut tx, call, id, person, now).await?;
        let mut consents = Vec::new();
        for consent in seen.map(|(consents, _)| consents).unwrap_or_default() {
            consents.push(self.typed(&mut tx, consent, now).await?);
        }
        drop(tx);
        self.watched(call, &view, Act::SeeConsent, Some(id.as_uuid()), !consents.is_empty(), now).await?;
        if consents.is_empty() { Err(Error::NotFound) } else { Ok(consents) }
    }

    /// Who answered for themselves or by a power of attorney, and by what right: each right is one that is on record, so that none is told that nobody had.
    async fn giver<M>(&self, tx: &mut Tx<M>, answered: &Recorded) -> Result<Giver, Error> {
        let ActorTrace::Representative { person, acting_for, .. } = answered.actor else {
            return Ok(Giver::Subject);
        };
        let mandate = self.mandate_behind(tx, answered, acting_for, person).await?;
        Ok(Giver::Representative { id: person, basis: mandate.map(|_| Basis::PowerOfAttorney) })
    }

    /// Takes in a document in the state's format for the person of the look-up, as consents that were given elsewhere: under the type that
    /// it was made from here, or else the one that `consent_type` names. What holds no more there is left out, and told.
    pub async fn import_declaration(
        &self,
        call: &Call,
        source: &Name,
        consent_type: Option<&Code>,
        document: &[u8],
    ) -> Result<Done<ImportedDeclaration>, Error> {
        let view = self.person_in_view(call).await?;
        let outcome = self.take_in(call, &view, source, consent_type, document).await;
        self.accounted(call, Some(view.person), Act::RegisterConsent, outcome).await
    }

    async fn take_in(
        &self,
        call: &Call,
        view: &InView,
        source: &Name,
        consent_type: Option<&Code>,
        document: &[u8],
    ) -> Result<Done<ImportedDeclaration>, Error> {
        self.may_serve(call, view.person, Act::RegisterConsent)?;
        let (told, mut lost) = self.told_by(document)?;
        let mut tx = self.store.write().await?;
        if let Some(done) = self.registered_before(&mut tx, call).await? {
            if let Some(first) = done.value.first() {
                // What had ended when it came in is told again.
                let _ = taken(&told, &first.of, first.consent.recorded_at, &mut lost);
                lost.sort();
            }
            return Ok(Done { value: ImportedDeclaration { consents: done.value, lost }, replayed: true });
        }
        let person = view.person;
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        self.must_be_of(&mut tx, &told, person).await?;
        let entry = self.type_told(&mut tx, &told, consent_type).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        self.may(&mut tx, call, Act::RegisterConsent, &subject, now).await??;
        must_fit(of, &told)?;
        let collected = Collected::Imported {
            source: source.clone(),
            reference: told.reference.clone(),
            given_at: told.given_at,
            document: None,
        };
        self.may_register(&mut tx, call, person, &entry, &Terms::default(), &collected, now).await?;
        must_be_new(&mut tx, person, of.authority, source, &told.reference).await?;
        let taken = taken(&told, of, now, &mut lost)?;
        let (consents, events) =
            self.as_consents(&mut tx, call, person, &told, &entry, &taken, &collected, now).await?;
        let declaration =
            consents.first().map(|c| c.consent.answer.declaration.as_uuid()).unwrap_or_default();
        self.settle(&mut tx, call, 201, declaration, 1).await?;
        let look = self.served(call, view, Act::RegisterConsent, declaration, now);
        tx.commit(events, Some(look)).await?;
        lost.sort();
        Ok(Done { value: ImportedDeclaration { consents, lost }, replayed: false })
    }

    fn told_by(&self, document: &[u8]) -> Result<(Declared, Vec<Lost>), Error> {
        let unreadable = |e: NotADeclaration| Error::invalid(&place(&e), Reason::DeclarationUnreadable);
        let found = read(document).map_err(unreadable)?;
        let (told, more) = declared(&found.declaration, &catalogue(&self.settings.base_url))
            .map_err(|_| Error::invalid("", Reason::DeclarationUnclear))?;
        if told.given_by != GivenBy::Subject {
            return Err(Error::invalid("", Reason::DeclarationByRepresentative));
        }
        Ok((told, [found.lost, more].concat()))
    }

    /// Refuses a document about somebody else, by each way in which it tells whom it is about.
    async fn must_be_of(&self, tx: &mut Tx<Write>, told: &Declared, person: PersonId) -> Result<(), Error> {
        let by_number = match &told.subject.cpr {
            Some(cpr) => Some(tx.person_by_number(cpr).await?),
            None => None,
        };
        // An id beside a number may be the sender's own for the person.
        let fits = by_number.unwrap_or(told.subject.id) == Some(person);
        if fits { Ok(()) } else { Err(Error::invalid("", Reason::DeclarationOtherPerson)) }
    }

    /// The version of the type that it was given under: the one that it was made from here, or else the one in use of the type named.
    async fn type_told(
        &self,
        tx: &mut Tx<Write>,
        told: &Declared,
        named: Option<&Code>,
    ) -> Result<CatalogueEntry, Error> {
        let unknown = || Error::invalid("", Reason::EntryNotPublished);
        let entry = match (named, &told.made_from) {
            (Some(named), Some((code, _))) if named != code => None,
            (_, Some((code, number))) => {
                let versions = tx.entries_of(Shelf::ConsentType, code).await?;
                versions.into_iter().find(|entry| entry.number == *number && entry.state.was_in_use())
            }
            (Some(named), None) => self.in_use(tx, Shelf::ConsentType, named).await?,
            (None, None) => None,
        };
        entry.ok_or_else(unknown)
    }

    /// The consents, and the events that make them: first what they rest on, the type's text as it is here.
    async fn as_consents(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        person: PersonId,
        told: &Declared,
        entry: &CatalogueEntry,
        taken: &[Taken],
        collected: &Collected,
        now: Instant,
    ) -> Result<(Vec<TypedConsent>, Vec<Event>), Error> {
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let items: Vec<Code> = taken.iter().map(|t| t.item.clone()).collect();
        let items = chosen_items(of, &items)?;
        let draft = self.draft_of(entry, items, None, told.case.clone(), Terms::default(), Language::Da)?;
        let (shown, event) = self.presented(call, person, draft, Means::Elsewhere, Language::Da, now);
        tx.present(&event, &shown.document).await?;
        let declaration = DeclarationId::from_uuid(self.ambient.id());
        let (mut consents, mut events) = (Vec::with_capacity(taken.len()), vec![event]);
        for one in taken {
            let consent =
                self.one(person, declaration, shown.presentation.id, told, entry, one, collected, now)?;
            let fact = if one.given {
                Fact::ConsentGiven(consent.answer.clone())
            } else {
                Fact::ConsentDeclined(consent.answer.clone())
            };
            events.push(self.event(call, now, &consent, fact));
            consents.push(TypedConsent::new(consent, of, now));
        }
        Ok((consents, events))
    }

    fn one(
        &self,
        person: PersonId,
        declaration: DeclarationId,
        presentation: PresentationId,
        told: &Declared,
        entry: &CatalogueEntry,
        one: &Taken,
        collected: &Collected,
        now: Instant,
    ) -> Result<Consent, Error> {
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let answer = ConsentAnswer {
            person,
            declaration,
            request: None,
            presentation,
            authority: of.authority,
            entry: entry.version(),
            item: one.item.clone(),
            polarity: of.polarity,
            case: told.case.clone(),
            collected: collected.clone(),
            valid: one.valid,
            for_child: None,
            // What somebody else wrote down says nothing of less than the type's own.
            terms: Terms::default(),
        };
        let state = if one.given { ConsentState::Given } else { ConsentState::Declined };
        let id = ConsentId::from_uuid(self.ambient.id());
        Ok(Consent { id, revision: 1, answer, answered_at: told.given_at, recorded_at: now, state })
    }
}

fn catalogue(base: &str) -> String {
    format!("{base}/v1/consent-types")
}

/// Where a document cannot be read: its own path of elements, which never holds what was written there.
fn place(error: &NotADeclaration) -> String {
    match error {
        NotADeclaration::Missing { name, inside } => format!("{inside}/{name}"),
        NotADeclaration::NotAValue { at, .. } => at.clone(),
        NotADeclaration::NotXml(_) | NotADeclaration::OtherRoot => String::new(),
    }
}

/// Who answered for a child by custody: whoever spoke last, and the others. The child may be one of them.
fn for_child(by: &ForChild, child: PersonId, actor: &ActorTrace) -> (Giver, Vec<PersonId>) {
    let last = match actor {
        ActorTrace::Citizen { person, .. } | ActorTrace::Representative { person, .. } => Some(*person),
        _ => None,
    };
    let holders: Vec<PersonId> = by.persons().into_iter().filter(|person| *person != child).collect();
    let spoke = last.filter(|last| by.persons().contains(last)).or(holders.first().copied());
    match spoke.filter(|spoke| *spoke != child) {
        Some(id) => {
            let others = holders.into_iter().filter(|holder| *holder != id).collect();
            (Giver::Representative { id, basis: Some(Basis::CustodyHolder) }, others)
        }
        None => (Giver::Subject, holders),
    }
}

fn evidence<'a>(collected: &'a Collected, actor: &ActorTrace, receipt: &'a str) -> Evidence<'a> {
    let registrar: Option<EmployeeId> = match actor {
        ActorTrace::Employee { id, .. } => Some(*id),
        _ => None,
    };
    match collected {
        Collected::Digital => Evidence::Digital { receipt },
        Collected::Paper { .. } => Evidence::Paper { registrar, pdf: None },
        Collected::Oral { .. } => Evidence::Oral { registrar },
        Collected::Imported { source, reference, .. } => Evidence::Imported { source, reference },
    }
}

/// Refuses a document of another authority, or without the case that the type is for.
fn must_fit(of: &ConsentType, told: &Declared) -> Result<(), Error> {
    if !told.controllers.contains(&of.authority) {
        return Err(Error::invalid("", Reason::DeclarationOtherAuthority));
    }
    must_name_case(of, told.case.as_ref())
}

/// What of the document becomes a consent: what was declined, and what was given and may still hold, never longer than it says itself.
fn taken(told: &Declared, of: &ConsentType, now: Instant, lost: &mut Vec<Lost>) -> Result<Vec<Taken>, Error> {
    let alone = told.expressions.len() == 1;
    let mut taken: Vec<Taken> = Vec::new();
    for (n, expression) in told.expressions.iter().enumerate() {
        let at = format!("/Viljestilkendegivelseserklaering/Viljestilkendegivelse[{}]", n + 1);
        let item = expression.item_of(of, alone).map(|item| item.code.clone());
        let item = item.filter(|code| taken.iter().all(|t| t.item != *code));
        let item = item.ok_or_else(|| Error::invalid(&at, Reason::ItemUnknown))?;
        if expression.polarity != of.polarity {
            return Err(Error::invalid(&at, Reason::DeclarationUnclear));
        }
        let valid = period(expression, told.given_at, of.ends(told.given_at));
        let holds = valid.to.is_none_or(|to| valid.from < to && now < to);
        match expression.standing {
            DeclaredStanding::Given if holds => taken.push(Taken { item, given: true, valid }),
            DeclaredStanding::Declined => taken.push(Taken { item, given: false, valid }),
            _ => lost.push(Lost::at(Loss::Ended, at)),
        }
    }
    if taken.is_empty() { Err(Error::invalid("", Reason::DeclarationEnded)) } else { Ok(taken) }
}

fn period(expression: &DeclaredExpression, given_at: Instant, ends: Instant) -> Period {
    let to = expression.to.map_or(ends, |to| to.min(ends));
    Period { from: expression.from.max(given_at), to: Some(to) }
}

/// Refuses what is here already, given here or taken in before: no answer stands twice, and none comes back that was withdrawn.
async fn must_be_new(
    tx: &mut Tx<Write>,
    person: PersonId,
    authority: Cvr,
    source: &Name,
    reference: &Name,
) -> Result<(), Error> {
    let urn = reference.as_str().strip_prefix("urn:");
    let own = urn.and_then(|urn| urn.strip_prefix("uuid:")?.parse::<DeclarationId>().ok());
    if let Some(id) = own
        && tx.consents_of_declaration(id).await?.iter().any(|consent| consent.answer.person == person)
    {
        return Err(Error::Rule(Reason::DeclarationTakenBefore));
    }
    let same = |consent: &Consent| match &consent.answer.collected {
        // A URN is the same everywhere; other names mean something in their source alone.
        Collected::Imported { source: from, reference: name, .. } => {
            let annulled = matches!(consent.state, ConsentState::Annulled { .. });
            !annulled && name == reference && (urn.is_some() || from == source)
        }
        _ => false,
    };
    let mut from = None;
    loop {
        let batch = tx.consents_of(person, Some(authority), from, super::BATCH).await?;
        if batch.iter().any(same) {
            return Err(Error::Rule(Reason::DeclarationTakenBefore));
        }
        if batch.len() < super::BATCH as usize {
            return Ok(());
        }
        from = batch.last().map(|consent| consent.id);
    }
}
