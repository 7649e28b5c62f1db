//! Staff see again what a person was shown by them: to register the answer, which on paper may come weeks later.

use crate::{
    Call, Error, Service,
    consent::{
        present::Shown,
        view::{TypedConsent, type_subject},
    },
};
use tillid_domain::{
    Instant,
    access::{Act, Subject},
    catalogue::ConsentType,
    id::{PersonId, PresentationId},
    presentation::{Means, Presentation, Presented},
};
use tillid_storage::Tx;

/// What staff showed a person, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFor {
    /// What was shown, byte for byte.
    pub shown: Shown,
    /// The version of the type that it is about.
    pub of: ConsentType,
    /// The answers that have been registered; none while it waits.
    pub answers: Vec<TypedConsent>,
}

impl Service {
    /// What staff read aloud or printed for the person of the look-up, or under which they gave something elsewhere. What people were
    /// shown on their own screen is nothing for staff.
    pub async fn read_presentation_for(&self, call: &Call, id: PresentationId) -> Result<ShownFor, Error> {
        let view = self.person_in_view(call).await?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let found = self.staff_showed(&mut tx, call, view.person, id, now).await?;
        drop(tx);
        self.watched(call, &view, Act::SeeConsent, Some(id.as_uuid()), found.is_some(), now).await?;
        found.ok_or(Error::NotFound)
    }

    async fn staff_showed<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        id: PresentationId,
        now: Instant,
    ) -> Result<Option<ShownFor>, Error> {
        let Some((presentation, document)) = tx.presentation(id).await?.filter(|(p, _)| p.person == person)
        else {
            return Ok(None);
        };
        let Some(of) = self.type_for_staff(tx, call, &presentation, now).await? else { return Ok(None) };
        let mut answers = Vec::new();
        for consent in tx.consents_of_presentation(id).await? {
            answers.push(self.typed(tx, consent, now).await?);
        }
        Ok(Some(ShownFor { shown: Shown { presentation, document }, of, answers }))
    }

    /// The type that something was shown about by staff, if the caller may see what is given under it.
    async fn type_for_staff<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        shown: &Presentation,
        now: Instant,
    ) -> Result<Option<ConsentType>, Error> {
        let Presented::Consent { entry, .. } = &shown.presented else { return Ok(None) };
        if shown.means.is_screen() {
            return Ok(None);
        }
        let entry = self.known_entry(tx, entry.entry).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let subject = Subject { person: Some(shown.person), ..type_subject(of) };
        let visible = self.may(tx, call, Act::SeeConsent, &subject, now).await?.is_ok();
        Ok(visible.then(|| of.clone()))
    }

    /// The forms on paper that still can be answered, the newest first.
    pub(crate) async fn forms_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        now: Instant,
    ) -> Result<Vec<(Presentation, ConsentType)>, Error> {
        let waits = |shown: &Presentation| {
            let age = now.seconds_since(shown.shown_at);
            shown.person == person && shown.means == Means::Paper && age <= Means::Paper.answer_within()
        };
        let mut forms = Vec::new();
        for shown in tx.presentations_about(person).await?.into_iter().rev().filter(waits) {
            if tx.consents_rest_on(shown.id).await? {
                continue;
            }
            if let Some(of) = self.type_for_staff(tx, call, &shown, now).await? {
                forms.push((shown, of));
            }
        }
        Ok(forms)
    }
}
