//! A person answers: each specific consent with a yes or a no of its own.

use crate::{
    Call, Done, Error, Service,
    consent::{
        view::{TypedConsent, type_subject},
        voices::Speaker,
    },
    guard::{is_own, principal},
};
use tillid_domain::{
    Instant, Period, Reason,
    access::{Act, Outcome, Subject},
    catalogue::{CatalogueEntry, ConsentType},
    collected::Collected,
    consent::{Consent, ConsentState},
    event::{ConsentAnswer, Event, Fact},
    id::{ConsentId, DeclarationId, PersonId, PresentationId, RequestId},
    joint::ForChild,
    presentation::Presented,
    terms::Terms,
    text::{CaseRef, Code},
};
use tillid_storage::{Looks, Tx, Write};

/// A yes or a no to one specific consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which.
    pub item: Code,
    /// Yes.
    pub given: bool,
}

/// What is being answered, once it has been found to fit what was shown.
pub(crate) struct Question {
    pub(crate) declaration: DeclarationId,
    pub(crate) entry: CatalogueEntry,
    pub(crate) items: Vec<Code>,
    pub(crate) request: Option<RequestId>,
    pub(crate) case: Option<CaseRef>,
    pub(crate) presentation: PresentationId,
    pub(crate) for_child: Option<(ForChild, Period)>,
    pub(crate) terms: Terms,
}

impl Service {
    /// Answers a request. The answer names what had been shown; each specific consent in it has its own yes or no.
    pub async fn answer_request(
        &self,
        call: &Call,
        id: RequestId,
        presentation: PresentationId,
        answers: &[Answer],
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        let outcome = self.answer(call, id, presentation, answers).await;
        self.accounted(call, principal(&call.actor), Act::AnswerRequest, outcome).await
    }

    async fn answer(
        &self,
        call: &Call,
        id: RequestId,
        presentation: PresentationId,
        answers: &[Answer],
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        let person = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        self.must_represent(call, Act::AnswerRequest).await?;
        let mut tx = self.store.write().await?;
        if let Some(done) = self.answered_before(&mut tx, call).await? {
            return Ok(done);
        }
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        let request = tx.request(id).await?.filter(|r| r.person == person).ok_or(Error::NotFound)?;
        let entry = self.known_entry(&mut tx, request.entry.entry).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        self.must_be_shown(&mut tx, call, &request, of, now).await?;
        let speaker = self.may_answer(&mut tx, call, Act::AnswerRequest, person, &entry, now).await?;
        self.must_be_fresh(call, Act::AnswerRequest)?;
        call.must_expect(request.revision)?;
        if let Speaker::Voice(voice) = speaker {
            return self.answer_together(tx, call, request, &entry, &voice, presentation, answers, now).await;
        }
        let items = request.open_items();
        let presented = Presented::Consent {
            entry: request.entry.clone(),
            items: items.clone(),
            request: Some(id),
            case: request.case.clone(),
            terms: request.terms.clone(),
        };
        let declaration = DeclarationId::from_uuid(self.ambient.id());
        let question = Question {
            declaration,
            entry,
            items,
            request: Some(id),
            case: request.case.clone(),
            presentation,
            for_child: None,
            terms: request.terms.clone(),
        };
        // The state of the request comes before the text: an answer to a closed request is told that it is closed.
        let (answered, fact) = request.answer(declaration, presentation, now)?;
        self.must_have_seen(&mut tx, person, presentation, &presented, now).await?;
        let (consents, mut events) =
            self.declared(call, person, &question, answers, &Collected::Digital, now)?;
        events.insert(0, self.event(call, now, &answered, fact));
        self.finish(tx, call, Act::AnswerRequest, person, declaration, consents, events, now).await
    }

    /// Gives consents that nobody asked for, after they were shown.
    pub async fn give_consents(
        &self,
        call: &Call,
        presentation: PresentationId,
        answers: &[Answer],
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        let outcome = self.give_unasked(call, presentation, answers).await;
        self.accounted(call, principal(&call.actor), Act::GiveConsent, outcome).await
    }

    async fn give_unasked(
        &self,
        call: &Call,
        presentation: PresentationId,
        answers: &[Answer],
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        let person = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        self.must_represent(call, Act::GiveConsent).await?;
        let mut tx = self.store.write().await?;
        if let Some(done) = self.answered_before(&mut tx, call).await? {
            return Ok(done);
        }
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        // What somebody else was shown is told like what nobody was.
        let shown = tx.presentation(presentation).await?.filter(|(shown, _)| shown.person == person);
        let (shown, _) = shown.ok_or_else(mismatch)?;
        let Presented::Consent { entry, items, request: None, case, terms } = shown.presented.clone() else {
            return Err(mismatch());
        };
        let entry = self.known_entry(&mut tx, entry.entry).await?;
        let speaker = self.may_answer(&mut tx, call, Act::GiveConsent, person, &entry, now).await?;
        self.must_be_fresh(call, Act::GiveConsent)?;
        if !entry.is_published() {
            return Err(Error::Rule(Reason::EntryNotPublished));
        }
        self.must_have_seen(&mut tx, person, presentation, &shown.presented, now).await?;
        if tx.consents_rest_on(presentation).await? {
            return Err(Error::Rule(Reason::PresentationUsed));
        }
        let declaration = DeclarationId::from_uuid(self.ambient.id());
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let for_child = match speaker {
            Speaker::Person => None,
            Speaker::Voice(voice) => Some(voice.alone(of, &terms, presentation, now)?),
        };
        let question =
            Question { declaration, entry, items, request: None, case, presentation, for_child, terms };
        must_not_be_over(&question, now)?;
        let (consents, events) = self.declared(call, person, &question, answers, &Collected::Digital, now)?;
        self.finish(tx, call, Act::GiveConsent, person, declaration, consents, events, now).await
    }

    async fn may_answer(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        act: Act,
        person: PersonId,
        entry: &CatalogueEntry,
        now: Instant,
    ) -> Result<Speaker, Error> {
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        self.may(tx, call, act, &subject, now).await??;
        self.known_person(tx, person).await?.must_live()?;
        self.speaker(tx, call, of, person, now).await
    }

    pub(crate) async fn must_have_seen(
        &self,
        tx: &mut Tx<Write>,
        person: PersonId,
        id: PresentationId,
        presented: &Presented,
        now: Instant,
    ) -> Result<(), Error> {
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(id).await?.ok_or_else(mismatch)?;
        shown.must_fit(person, presented, now).map_err(|reason| Error::invalid("/presentation_id", reason))
    }

    pub(crate) fn declared(
        &self,
        call: &Call,
        person: PersonId,
        question: &Question,
        answers: &[Answer],
        collected: &Collected,
        now: Instant,
    ) -> Result<(Vec<TypedConsent>, Vec<Event>), Error> {
        let of = question.entry.consent_type().ok_or(Error::NotFound)?;
        must_answer_all(&question.items, answers)?;
        let mut consents = Vec::with_capacity(answers.len());
        let mut events = Vec::with_capacity(answers.len() + 1);
        for item in &question.items {
            let given = answers.iter().any(|a| a.item == *item && a.given);
            let consent = self.specific(person, question, of, item, given, collected, now);
            let fact = if given {
                Fact::ConsentGiven(consent.answer.clone())
            } else {
                Fact::ConsentDeclined(consent.answer.clone())
            };
            events.push(self.event(call, now, &consent, fact));
            consents.push(TypedConsent::new(consent, of, now));
        }
        Ok((consents, events))
    }

    fn specific(
        &self,
        person: PersonId,
        question: &Question,
        of: &ConsentType,
        item: &Code,
        given: bool,
        collected: &Collected,
        now: Instant,
    ) -> Consent {
        let answered_at = collected.answered_at(now);
        let answer = ConsentAnswer {
            person,
            declaration: question.declaration,
            request: question.request,
            presentation: question.presentation,
            authority: of.authority,
            entry: question.entry.version(),
            item: item.clone(),
            polarity: of.polarity,
            case: question.case.clone(),
            collected: collected.clone(),
            valid: question.for_child.as_ref().map_or(
                Period { from: answered_at, to: Some(question.terms.ends(of, answered_at)) },
                |(_, valid)| *valid,
            ),
            for_child: question.for_child.as_ref().map(|(by, _)| by.clone()),
            terms: question.terms.clone(),
        };
        let state = if given { ConsentState::Given } else { ConsentState::Declined };
        let id = ConsentId::from_uuid(self.ambient.id());
        Consent { id, revision: 1, answer, answered_at, recorded_at: now, state }
    }

    pub(crate) async fn finish(
        &self,
        mut tx: Tx<Write>,
        call: &Call,
        act: Act,
        person: PersonId,
        declaration: DeclarationId,
        consents: Vec<TypedConsent>,
        events: Vec<Event>,
        now: Instant,
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        self.settle(&mut tx, call, 201, declaration.as_uuid(), 1).await?;
        let looks = self.use_of_power(call, person, act, declaration.as_uuid(), now);
        tx.commit(events, looks).await?;
        Ok(Done { value: consents, replayed: false })
    }

    /// The record of an act by a representative: each use of a power stands in the person's log.
    pub(crate) fn use_of_power(
        &self,
        call: &Call,
        person: PersonId,
        act: Act,
        target: uuid::Uuid,
        now: Instant,
    ) -> Option<Looks> {
        if is_own(&call.actor) {
            return None;
        }
        let mut record = self.look(call, person, act, Outcome::Found, now);
        record.target = Some(target);
        Some(self.looks(vec![record], now))
    }

    async fn answered_before(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
    ) -> Result<Option<Done<Vec<TypedConsent>>>, Error> {
        let Some(id) = self.claim(tx, call).await? else { return Ok(None) };
        let now = self.now(tx).await?;
        let consents = tx.consents_of_declaration(DeclarationId::from_uuid(id)).await?;
        let mut value = Vec::with_capacity(consents.len());
        for consent in consents {
            let typed = self.typed(tx, consent, now).await?;
            self.may(tx, call, Act::GiveConsent, &typed.subject(), now).await??;
            value.push(typed);
        }
        Ok(Some(Done { value, replayed: true }))
    }
}

/// What is answered on its own terms' last day holds for the rest of it; later there is nothing left to answer.
fn must_not_be_over(question: &Question, now: Instant) -> Result<(), Error> {
    let of = question.entry.consent_type().ok_or(Error::NotFound)?;
    if question.terms.ends(of, now) <= now { Err(Error::Rule(Reason::ConsentWouldBeOver)) } else { Ok(()) }
}

/// Each specific consent has exactly one answer; nothing is taken for granted.
pub(crate) fn must_answer_all(items: &[Code], answers: &[Answer]) -> Result<(), Error> {
    if let Some(at) = answers.iter().position(|a| !items.contains(&a.item)) {
        return Err(Error::invalid(&format!("/answers/{at}/item"), Reason::ItemUnknown));
    }
    let once = |item: &Code| answers.iter().filter(|a| a.item == *item).count() == 1;
    if items.iter().all(once) { Ok(()) } else { Err(Error::invalid("/answers", Reason::ItemsUnanswered)) }
}
