//! Shows a person what they are about to choose, and records that it was shown (C3, C4).

use crate::{
    Call, Done, Error, Service,
    consent::{
        ask::{chosen_items, must_name_case, within},
        view::type_subject,
    },
    guard::{InView, principal},
    mandate::{
        Renewal,
        give::{NewMandate, Planned},
    },
};
use tillid_domain::{
    Digest, Instant, Language, Reason,
    access::{Act, Subject},
    actor::Who,
    catalogue::{CatalogueEntry, MandatePackage, Shelf},
    event::{Event, Fact},
    id::{MandateId, MandateRequestId, PersonId, PresentationId, RequestId},
    presentation::{
        ConsentSetting, MandateSetting, Means, Presentation, Presented, consent_document, mandate_document,
    },
    terms::{Proposal, Terms},
    text::{CaseRef, Code, Name},
};
use tillid_storage::{Tx, Write};

/// What is to be shown.
#[derive(Clone, Debug)]
pub enum NewPresentation {
    /// A request that is to be answered.
    Request(RequestId),
    /// Consents that the person gives unasked.
    Consent {
        /// The type.
        consent_type: Code,
        /// The specific consents; all when empty.
        items: Vec<Code>,
        /// The case.
        case: Option<CaseRef>,
        /// Within what.
        proposal: Proposal,
    },
    /// A power of attorney.
    Mandate(NewMandate),
    /// A request for one that is to be approved.
    MandateRequest(MandateRequestId),
    /// One that is to be given for longer.
    Renewal(Renewal),
    /// One that the person is to sign with others (M6).
    Signature(MandateId),
}

/// What was shown, and its exact document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The presentation.
    pub presentation: Presentation,
    /// The document, byte for byte.
    pub document: Vec<u8>,
}

/// What is shown, before it is written down.
pub(crate) struct Draft {
    presented: Presented,
    document: Vec<u8>,
}

/// What nobody asked for.
pub(crate) struct Unasked<'a> {
    pub(crate) consent_type: &'a Code,
    pub(crate) items: &'a [Code],
    pub(crate) case: Option<&'a CaseRef>,
    pub(crate) proposal: &'a Proposal,
}

impl Service {
    /// Makes the document about what the person is to choose, records that it was shown to them, and returns both.
    pub async fn present(
        &self,
        call: &Call,
        new: &NewPresentation,
        language: Language,
    ) -> Result<Done<Shown>, Error> {
        let act = match new {
            NewPresentation::Request(_) => Act::AnswerRequest,
            NewPresentation::Consent { .. } => Act::GiveConsent,
            NewPresentation::Mandate(NewMandate { under: Some(_), .. }) => Act::PassOnMandate,
            NewPresentation::Mandate(_) | NewPresentation::Renewal(_) => Act::GiveMandate,
            NewPresentation::MandateRequest(_) => Act::AnswerMandateRequest,
            NewPresentation::Signature(_) => Act::SignMandate,
        };
        let outcome = self.make_presentation(call, act, new, language).await;
        self.accounted(call, principal(&call.actor), act, outcome).await
    }

    async fn make_presentation(
        &self,
        call: &Call,
        act: Act,
        new: &NewPresentation,
        language: Language,
    ) -> Result<Done<Shown>, Error> {
        let person = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        self.must_represent(call, act).await?;
        let mandate = match new {
            NewPresentation::Mandate(mandate) => Some(self.planned_mandate(call, mandate).await?),
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
        let draft = match (new, &mandate) {
            (NewPresentation::Request(id), _) => {
                self.present_request(call, act, &mut tx, person, *id, language, now).await
            }
            (NewPresentation::Consent { consent_type, items, case, proposal }, _) => {
                let about = Unasked { consent_type, items, case: case.as_ref(), proposal };
                self.present_unasked(call, act, &mut tx, person, &about, language, now).await
            }
            (NewPresentation::Mandate(_), Some(planned)) => Ok(present_mandate(planned, language)),
            (NewPresentation::Mandate(_), None) => Err(Error::NotFound),
            (NewPresentation::MandateRequest(id), _) => {
                let subject = Subject { person: Some(person), ..Subject::default() };
                self.may(&mut tx, call, act, &subject, now).await??;
                let planned = self.planned_answer(&mut tx, person, *id, now).await?;
                Ok(present_mandate(&planned, language))
            }
            (NewPresentation::Signature(id), _) => {
                let planned = self.planned_signature(&mut tx, call, *id, now).await?;
                Ok(present_mandate(&planned, language))
            }
            (NewPresentation::Renewal(renewal), _) => {
                let planned = self.planned_renewal(&mut tx, call, person, renewal, now).await?;
                Ok(present_mandate(&planned, language))
            }
        };
        let draft = draft?;
        let (shown, event) = self.presented(call, person, draft, Means::Screen, language, now);
        tx.present(&event, &shown.document).await?;
        self.settle(&mut tx, call, 201, event.aggregate, 1).await?;
        let looks = self.use_of_power(call, person, act, event.aggregate, now);
        tx.commit(vec![event], looks).await?;
        Ok(Done { value: shown, replayed: false })
    }

    /// What is shown, with the event that tells of it.
    pub(crate) fn presented(
        &self,
        call: &Call,
        person: PersonId,
        draft: Draft,
        means: Means,
        language: Language,
        now: Instant,
    ) -> (Shown, Event) {
        let Draft { presented, document } = draft;
        let presentation = Presentation {
            id: PresentationId::from_uuid(self.ambient.id()),
            person,
            language,
            presented: presented.clone(),
            document: Digest::of(&document),
            means,
            shown_at: now,
        };
        let digest = presentation.document;
        let fact = Fact::PresentationShown { person, language, presented, document: digest, means };
        let event = self.event(call, now, &presentation, fact);
        (Shown { presentation, document }, event)
    }

    pub(crate) async fn present_request(
        &self,
        call: &Call,
        act: Act,
        tx: &mut Tx<Write>,
        person: PersonId,
        id: RequestId,
        language: Language,
        now: Instant,
    ) -> Result<Draft, Error> {
        let request = tx.request(id).await?.filter(|r| r.person == person).ok_or(Error::NotFound)?;
        let entry = self.known_entry(tx, request.entry.entry).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        self.may(tx, call, act, &subject, now).await??;
        self.must_be_shown(tx, call, &request, of, now).await?;
        self.draft_of(&entry, request.open_items(), Some(id), request.case, request.terms, language)
    }

    pub(crate) async fn present_unasked(
        &self,
        call: &Call,
        act: Act,
        tx: &mut Tx<Write>,
        person: PersonId,
        Unasked { consent_type, items, case, proposal }: &Unasked<'_>,
        language: Language,
        now: Instant,
    ) -> Result<Draft, Error> {
        let entry = self.in_use(tx, Shelf::ConsentType, consent_type).await?;
        let entry =
            entry.ok_or_else(|| Error::invalid("/about/consent/consent_type", Reason::EntryNotPublished))?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        self.may(tx, call, act, &subject, now).await??;
        must_name_case(of, *case)?;
        let items = chosen_items(of, items)?;
        let terms = within(proposal, of, &items, now)?;
        self.draft_of(&entry, items, None, case.map(CaseRef::clone), terms, language)
    }

    pub(crate) fn draft_of(
        &self,
        entry: &CatalogueEntry,
        items: Vec<Code>,
        request: Option<RequestId>,
        case: Option<CaseRef>,
        terms: Terms,
        language: Language,
    ) -> Result<Draft, Error> {
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let authority = self.directory.get(of.authority).ok_or(Error::Rule(Reason::EntryNotPublished))?;
        let name: Name = authority
            .name
            .in_language(language)
            .parse()
            .map_err(|_| Error::Rule(Reason::EntryNotPublished))?;
        let setting = ConsentSetting {
            authority: &name,
            dpo_contact: &authority.dpo_contact,
            version: entry.number,
            items: &items,
            case: case.as_ref(),
            terms: &terms,
        };
        let document = consent_document(of, &setting, language);
        Ok(Draft {
            presented: Presented::Consent { entry: entry.version(), items, request, case, terms },
            document,
        })
    }

    pub(crate) async fn shown<M>(&self, tx: &mut Tx<M>, id: PresentationId) -> Result<Shown, Error> {
        let (presentation, document) = tx.presentation(id).await?.ok_or(Error::NotFound)?;
        Ok(Shown { presentation, document })
    }

    /// What was shown to the caller, byte for byte, however long ago.
    pub async fn read_presentation(&self, call: &Call, id: PresentationId) -> Result<Shown, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let child = self.family_in_custody(&mut tx, call, now).await?.map(|family| family.child);
        let in_person = match call.actor.who {
            Who::Citizen { person, acting_for: None, at_work: None } => Some(person),
            _ => None,
        };
        let person = in_person.or(child).ok_or(Error::Denied(Reason::OnlyInPerson))?;
        let shown = self.shown(&mut tx, id).await?;
        // Also to whoever was shown it under the id of one with whom they are one (M10).
        let is_theirs = tx.goes_on_as(shown.presentation.person).await? == person;
        // what a young person was shown themselves is not their parents' to read.
        let may_read =
            child.is_none() || self.is_given_for_children(&mut tx, &shown.presentation.presented).await?;
        let found = is_theirs && may_read;
        drop(tx);
        if let Some(person) = child {
            let view = InView { person, purpose: None, case: None };
            self.watched(call, &view, Act::SeeMandate, Some(id.as_uuid()), found, now).await?;
        }
        if found { Ok(shown) } else { Err(Error::NotFound) }
    }

    async fn is_given_for_children<M>(&self, tx: &mut Tx<M>, shown: &Presented) -> Result<bool, Error> {
        let Presented::Mandate { packages, .. } = shown else { return Ok(false) };
        for version in packages {
            let entry = self.known_entry(tx, version.entry).await?;
            if !entry.mandate_package().is_some_and(MandatePackage::is_for_children) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

pub(crate) fn present_mandate(planned: &Planned, language: Language) -> Draft {
    let packages: Vec<(&MandatePackage, u32)> =
        planned.entries.iter().filter_map(|e| e.mandate_package().map(|p| (p, e.number))).collect();
    let setting = MandateSetting {
        representative: planned.representative_name.as_ref(),
        packages: &packages,
        privileges: &planned.privileges,
        case: planned.case.as_ref(),
        until: planned.until,
        passed_on: planned.under.is_some() && planned.together.is_none(),
        together: planned.together.as_ref(),
    };
    Draft { document: mandate_document(&setting, language), presented: planned.presented() }
}
