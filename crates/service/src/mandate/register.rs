//! A registrar enters what a person signed on paper (M3, R-38): the form that was printed here, or a general power of attorney. What
//! could do great harm waits for a second registrar.

use crate::{Call, Done, Error, Service, Shown, guard::InView, mandate::give::Giving};

use tillid_domain::{
    LocalDate, Reason,
    access::Act,
    actor::{Employee, Who},
    id::{DocumentId, MandateId, PresentationId},
    mandate::{Mandate, MandatePaper, MandateRoute},
    presentation::{Means, Presentation, Presented},
};

/// More mandates than anybody gives.
const ALL: u32 = u32::MAX;

/// What a registrar holds in their hands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MandateEntry {
    /// Which paper.
    pub paper: MandatePaper,
    /// The day beside the signature.
    pub signed_on: LocalDate,
    /// The scanned paper.
    pub document: DocumentId,
}

/// A form of a mandate that was printed for somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrintedMandate {
    /// What it says.
    pub shown: Shown,
    /// The mandate that was entered from it.
    pub mandate: Option<MandateId>,
}

impl Service {
    /// What was printed for the person of the look-up to sign, if that is what it is: a registrar's to see. That they saw it stands in the
    /// person's log.
    pub(crate) async fn mandate_form(&self, call: &Call, id: PresentationId) -> Result<Option<Shown>, Error> {
        let view = self.person_in_view(call).await?;
        let mut tx = self.store.read().await?;
        let Some((presentation, document)) = tx.presentation(id).await? else { return Ok(None) };
        let is_form = matches!(presentation.presented, Presented::Mandate { renews: None, under: None, .. });
        if !is_form || presentation.person != view.person || presentation.means != Means::Paper {
            return Ok(None);
        }
        if self.may_serve(call, view.person, Act::RegisterMandate).is_err() {
            return Ok(None);
        }
        let now = self.now(&mut tx).await?;
        drop(tx);
        self.watched(call, &view, Act::SeeMandate, Some(id.as_uuid()), true, now).await?;
        Ok(Some(Shown { presentation, document }))
    }

    /// A form that was printed for the person of the look-up, with what came of it.
    pub async fn read_mandate_form(&self, call: &Call, id: PresentationId) -> Result<PrintedMandate, Error> {
        let shown = self.mandate_form(call, id).await?.ok_or(Error::NotFound)?;
        let mut tx = self.store.read().await?;
        let given = tx.mandates_of(shown.presentation.person, None, ALL).await?;
        let mandate = given.into_iter().find(|mandate| mandate.presentation == id).map(|mandate| mandate.id);
        Ok(PrintedMandate { shown, mandate })
    }

    /// The forms that were printed for the person of the look-up and wait to be signed, the newest first.
    pub async fn waiting_mandate_forms(&self, call: &Call) -> Result<Vec<Presentation>, Error> {
        let view = self.person_in_view(call).await?;
        self.may_serve(call, view.person, Act::RegisterMandate)?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let waits = |shown: &Presentation| {
            let is_form = matches!(shown.presented, Presented::Mandate { .. }) && shown.means == Means::Paper;
            is_form
                && shown.person == view.person
                && now.seconds_since(shown.shown_at) <= Means::Paper.answer_within()
        };
        let mut forms = Vec::new();
        for shown in tx.presentations_about(view.person).await?.into_iter().rev().filter(waits) {
            if !tx.mandate_rests_on(shown.id).await? {
                forms.push(shown);
            }
        }
        drop(tx);
        self.watched(call, &view, Act::SeeMandate, None, !forms.is_empty(), now).await?;
        Ok(forms)
    }

    /// Enters the power of attorney that the person of the look-up signed. What was printed for them, `presentation`, is what they gave.
    pub async fn register_mandate(
        &self,
        call: &Call,
        presentation: PresentationId,
        entry: MandateEntry,
    ) -> Result<Done<Mandate>, Error> {
        let view = self.person_in_view(call).await?;
        let outcome = self.enter(call, &view, presentation, entry).await;
        self.accounted(call, Some(view.person), Act::RegisterMandate, outcome).await
    }

    async fn enter(
        &self,
        call: &Call,
        view: &InView,
        presentation: PresentationId,
        entry: MandateEntry,
    ) -> Result<Done<Mandate>, Error> {
        let grantor = view.person;
        self.may_serve(call, grantor, Act::RegisterMandate)?;
        let Who::Employee(me) = &call.actor.who else { return Err(Error::Denied(Reason::StaffOnly)) };
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.mandate(MandateId::from_uuid(id)).await?.filter(|m| m.grantor == grantor);
            return Ok(Done { value: value.ok_or(Error::NotFound)?, replayed: true });
        }
        self.must_be_fresh(call, Act::RegisterMandate)?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        let Presented::Mandate { representative, request, renews: None, under: None, .. } = shown.presented
        else {
            return Err(mismatch());
        };
        if shown.person != grantor || shown.means != Means::Paper {
            return Err(mismatch());
        }
        // not where they are a party, on either side.
        if me.person == Some(representative) {
            return Err(Error::Denied(Reason::OwnCase));
        }
        tx.lock(&[grantor, representative]).await?;
        let now = self.now(&mut tx).await?;
        let route = route(me, &entry);
        route.must_have_happened(now).map_err(|reason| Error::invalid("/registration/signed_on", reason))?;
        if entry.paper == MandatePaper::Form && entry.signed_on < shown.shown_at.local_date() {
            return Err(Error::invalid("/registration/signed_on", Reason::AnsweredBeforeShown));
        }
        self.must_be_about(&mut tx, call, entry.document, grantor).await?;
        let mut events = Vec::new();
        let asked = match request {
            Some(id) => {
                Some(tx.mandate_request(id).await?.filter(|r| r.grantor == grantor).ok_or_else(mismatch)?)
            }
            None => None,
        };
        let mandate = self.mandate_as_shown(&mut tx, call, Giving::by(grantor, route), &shown, now).await?;
        let given = self.event(call, now, &mandate, mandate.as_given());
        if let Some(asked) = asked {
            let (approved, fact) = asked.approve(mandate.id, presentation, now)?;
            events.push(self.event(call, now, &approved, fact));
        }
        events.push(given);
        self.settle(&mut tx, call, 201, mandate.id.as_uuid(), 1).await?;
        let look = self.served(call, view, Act::RegisterMandate, mandate.id.as_uuid(), now);
        tx.commit(events, Some(look)).await?;
        Ok(Done { value: mandate, replayed: false })
    }
}

fn route(me: &Employee, entry: &MandateEntry) -> MandateRoute {
    MandateRoute::Paper {
        paper: entry.paper,
        signed_on: entry.signed_on,
        document: entry.document,
        authority: me.authority,
        entered_by: me.person,
    }
}
