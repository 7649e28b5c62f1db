//! Staff and systems register what a person answered on paper, orally or elsewhere: with the exact text, when, how it is
//! proven, and who registers it.

use crate::{
    Call, Done, Error, Service,
    consent::{
        answer::{Answer, Question},
        present::{NewPresentation, Shown, Unasked, present_mandate},
        view::{TypedConsent, type_subject},
    },
    guard::InView,
};
use tillid_domain::{
    Instant, Language, Reason,
    access::{Act, Outcome, Subject},
    catalogue::{CatalogueEntry, Channel},
    collected::Collected,
    event::Event,
    family::{Deciders, who_answers},
    id::{DeclarationId, DocumentId, PersonId, PresentationId, RequestId},
    presentation::{Means, Presented},
    terms::Terms,
};
use tillid_storage::{Tx, Write};

impl Service {
    /// Makes the document that staff read aloud or print for the person of the look-up, or under which something was given elsewhere.
    pub async fn present_for(
        &self,
        call: &Call,
        new: &NewPresentation,
        means: Means,
        language: Language,
    ) -> Result<Done<Shown>, Error> {
        let view = self.person_in_view(call).await?;
        let outcome = self.make_presentation_for(call, &view, new, means, language).await;
        self.accounted(call, Some(view.person), act_of(new), outcome).await
    }

    async fn make_presentation_for(
        &self,
        call: &Call,
        view: &InView,
        new: &NewPresentation,
        means: Means,
        language: Language,
    ) -> Result<Done<Shown>, Error> {
        let (act, person) = (act_of(new), view.person);
        self.may_serve(call, person, act)?;
        // A power of attorney is signed: nobody gives one by being read to.
        if means.is_screen() || (act == Act::RegisterMandate && means != Means::Paper) {
            return Err(Error::invalid("/means", Reason::RegistrationMissing));
        }
        let mandate = match new {
            NewPresentation::Mandate(new) => Some(self.planned_for(call, person, new).await?),
            _ => None,
        };
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = self.shown(&mut tx, PresentationId::from_uuid(id)).await?;
            return Ok(Done { value, replayed: true });
        }
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        self.known_person(&mut tx, person).await?.must_live()?;
        let draft = match new {
            NewPresentation::Request(id) => {
                self.present_request(call, act, &mut tx, person, *id, language, now).await?
            }
            NewPresentation::Consent { consent_type, items, case, proposal } => {
                let about = Unasked { consent_type, items, case: case.as_ref(), proposal };
                self.present_unasked(call, act, &mut tx, person, &about, language, now).await?
            }
            NewPresentation::Mandate(_) => present_mandate(&mandate.ok_or(Error::NotFound)?, language),
            NewPresentation::MandateRequest(id) => {
                let mut planned = self.planned_answer(&mut tx, person, *id, now).await?;
                // The form is for whoever signs it: it says whom they give the power to.
                if planned.representative_name.is_none() {
                    planned.representative_name = self.name_of(&mut tx, planned.representative).await?;
                }
                present_mandate(&planned, language)
            }
            // Whoever signed a paper signs a new one, and what several give together each signs in person.
            NewPresentation::Renewal(_) | NewPresentation::Signature(_) => {
                return Err(Error::Denied(Reason::CitizensOnly));
            }
        };
        let (shown, event) = self.presented(call, person, draft, means, language, now);
        tx.present(&event, &shown.document).await?;
        self.settle(&mut tx, call, 201, event.aggregate, 1).await?;
        let look = self.served(call, view, act, event.aggregate, now);
        tx.commit(vec![event], Some(look)).await?;
        Ok(Done { value: shown, replayed: false })
    }

    /// Registers consents that nobody asked for, for the person of the look-up.
    pub async fn register_consents(
        &self,
        call: &Call,
        presentation: PresentationId,
        answers: &[Answer],
        collected: &Collected,
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        self.registered_for(call, None, presentation, answers, collected).await
    }

    /// Registers the answer to a request, for the person of the look-up.
    pub async fn register_answer(
        &self,
        call: &Call,
        request: RequestId,
        presentation: PresentationId,
        answers: &[Answer],
        collected: &Collected,
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        self.registered_for(call, Some(request), presentation, answers, collected).await
    }

    async fn registered_for(
        &self,
        call: &Call,
        request: Option<RequestId>,
        presentation: PresentationId,
        answers: &[Answer],
        collected: &Collected,
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        let view = self.person_in_view(call).await?;
        let outcome = self.register(call, &view, request, presentation, answers, collected).await;
        self.accounted(call, Some(view.person), Act::RegisterConsent, outcome).await
    }

    async fn register(
        &self,
        call: &Call,
        view: &InView,
        request: Option<RequestId>,
        presentation: PresentationId,
        answers: &[Answer],
        collected: &Collected,
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        self.may_serve(call, view.person, Act::RegisterConsent)?;
        let mut tx = self.store.write().await?;
        if let Some(done) = self.registered_before(&mut tx, call).await? {
            return Ok(done);
        }
        let person = view.person;
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        let (question, mut events) =
            self.question_shown(&mut tx, call, person, request, presentation, collected, now).await?;
        let declaration = question.declaration;
        let (consents, given) = self.declared(call, person, &question, answers, collected, now)?;
        events.extend(given);
        self.settle(&mut tx, call, 201, declaration.as_uuid(), 1).await?;
        let look = self.served(call, view, Act::RegisterConsent, declaration.as_uuid(), now);
        tx.commit(events, Some(look)).await?;
        Ok(Done { value: consents, replayed: false })
    }

    /// What was shown, if it may be answered in this way; the request that it closes, if it is one's.
    async fn question_shown(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        person: PersonId,
        request: Option<RequestId>,
        presentation: PresentationId,
        collected: &Collected,
        now: Instant,
    ) -> Result<(Question, Vec<Event>), Error> {
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        let Presented::Consent { entry, items, request: about, case, terms } = shown.presented.clone() else {
            return Err(mismatch());
        };
        if shown.person != person || about != request || shown.means != means_of(collected) {
            return Err(mismatch());
        }
        let entry = self.known_entry(tx, entry.entry).await?;
        self.may_register(tx, call, person, &entry, &terms, collected, now).await?;
        let declaration = DeclarationId::from_uuid(self.ambient.id());
        let mut events = Vec::new();
        if let Some(id) = request {
            let asked = tx.request(id).await?.filter(|r| r.person == person).ok_or(Error::NotFound)?;
            call.must_expect(asked.revision)?;
            if items != asked.open_items() {
                return Err(mismatch());
            }
            let (answered, fact) = asked.answer(declaration, presentation, now)?;
            events.push(self.event(call, now, &answered, fact));
        } else if !entry.is_published() && collected.channel() != Channel::Imported {
            return Err(Error::Rule(Reason::EntryNotPublished));
        }
        let fits = shown.must_fit(person, &shown.presented, now);
        fits.map_err(|reason| Error::invalid("/presentation_id", reason))?;
        if let Collected::Paper { signed_on, .. } = collected
            && *signed_on < shown.shown_at.local_date()
        {
            return Err(Error::invalid("/registration/signed_on", Reason::AnsweredBeforeShown));
        }
        if tx.consents_rest_on(presentation).await? {
            return Err(Error::Rule(Reason::PresentationUsed));
        }
        let question =
            Question { declaration, entry, items, request, case, presentation, for_child: None, terms };
        Ok((question, events))
    }

    pub(crate) async fn may_register(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        person: PersonId,
        entry: &CatalogueEntry,
        terms: &Terms,
        collected: &Collected,
        now: Instant,
    ) -> Result<(), Error> {
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        // A text that they could not have shown is told like one that nobody has.
        let theirs = self.may(tx, call, Act::RegisterConsent, &subject, now).await?.is_ok();
        if !theirs {
            return Err(Error::invalid("/presentation_id", Reason::PresentationMismatch));
        }
        let channel = collected.channel();
        if channel != Channel::Imported && !of.channels.contains(&channel) {
            return Err(Error::invalid("/registration/channel", Reason::ChannelNotOffered));
        }
        collected.must_have_happened(now).map_err(|reason| Error::invalid("/registration", reason))?;
        if let Some(document) = collected.document() {
            self.must_be_about(tx, call, document, person).await?;
        }
        let known = self.known_person(tx, person).await?;
        known.must_live()?;
        let answered = collected.answered_at(now);
        known.must_be(of.min_age, answered.local_date())?;
        // one paper or one conversation is the word of one; where others must answer too, each of them is asked.
        let family = self.family(tx, person).await?;
        if who_answers(of, &family, answered.local_date())? != Deciders::Alone {
            return Err(Error::Rule(Reason::AnsweredTogether));
        }
        // What staff register late is over when it would have been; what was given elsewhere may be brought as history.
        if channel != Channel::Imported && terms.ends(of, answered) <= now {
            return Err(Error::invalid("/registration", Reason::ConsentWouldBeOver));
        }
        Ok(())
    }

    /// Refuses a document that is not the authority's, or is about somebody else.
    pub(crate) async fn must_be_about<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        document: DocumentId,
        person: PersonId,
    ) -> Result<(), Error> {
        let authority = super::confined_to(&call.actor);
        let kept = tx.document(document).await?;
        if kept.is_some_and(|d| d.person == person && Some(d.authority) == authority) {
            Ok(())
        } else {
            Err(Error::invalid("/registration/document_id", Reason::DocumentUnknown))
        }
    }

    pub(crate) async fn registered_before(
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
            self.may(tx, call, Act::SeeConsent, &typed.subject(), now).await??;
            value.push(typed);
        }
        Ok(Some(Done { value, replayed: true }))
    }

    /// Refuses who does no such thing for that person at all. It comes before anything is looked for, so that the refusal is the same
    /// whether it is there or not.
    #[expect(clippy::unused_self, reason = "beside the others")]
    pub(crate) fn may_serve(&self, call: &Call, person: PersonId, act: Act) -> Result<(), Error> {
        let authority = super::confined_to(&call.actor);
        let subject = Subject { person: Some(person), authority, ..Subject::default() };
        Ok(tillid_domain::access::may(&call.actor, act, &subject)?)
    }

    /// The person of the look-up, for what staff do for them.
    pub(crate) async fn person_in_view(&self, call: &Call) -> Result<InView, Error> {
        if !crate::guard::is_staff(&call.actor) {
            return Err(Error::Denied(Reason::StaffOnly));
        }
        let tx = self.store.read().await?;
        Ok(self.in_view(tx, call).await?.1)
    }

    /// The record that staff did something for a person, written with it.
    pub(crate) fn served(
        &self,
        call: &Call,
        view: &InView,
        act: Act,
        target: uuid::Uuid,
        now: Instant,
    ) -> tillid_storage::Looks {
        let mut record = self.look(call, view.person, act, Outcome::Found, now);
        record.target = Some(target);
        record.purpose = view.purpose;
        record.case.clone_from(&view.case);
        self.looks(vec![record], now)
    }
}

/// What is done for a person with what is shown to them.
const fn act_of(new: &NewPresentation) -> Act {
    match new {
        NewPresentation::Request(_) | NewPresentation::Consent { .. } => Act::RegisterConsent,
        NewPresentation::Mandate(_)
        | NewPresentation::MandateRequest(_)
        | NewPresentation::Renewal(_)
        | NewPresentation::Signature(_) => Act::RegisterMandate,
    }
}

const fn means_of(collected: &Collected) -> Means {
    match collected.channel() {
        Channel::Digital => Means::Screen,
        Channel::Oral => Means::Told,
        Channel::Paper => Means::Paper,
        Channel::Imported => Means::Elsewhere,
    }
}
