//! A grantor gives a power of attorney for longer, as it is. What it says is shown anew, in the versions that it was given in.

use crate::{
    Call, Done, Error, Service,
    guard::principal,
    mandate::{
        give::{Planned, must_be_sure, within_maximum},
        life::mandate_subject,
    },
};
use tillid_domain::{
    Instant, LocalDate, Reason,
    access::Act,
    catalogue::CatalogueEntry,
    id::{MandateId, PersonId, PresentationId},
    mandate::{Mandate, MandateState},
    presentation::Presented,
};
use tillid_storage::Tx;

/// Which mandate is to be given for longer, and for how long.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// Which.
    pub mandate: MandateId,
    /// The last day on which it can be used.
    pub valid_until: LocalDate,
}

const SHOWN: &str = "/about/renewal";

impl Service {
    /// What giving it for longer would mean, to be shown to the grantor.
    pub(crate) async fn planned_renewal<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        grantor: PersonId,
        renewal: &Renewal,
        now: Instant,
    ) -> Result<Planned, Error> {
        let mandate = tx.mandate(renewal.mandate).await?.filter(|m| m.grantor == grantor);
        let mandate = mandate.ok_or(Error::NotFound)?;
        self.may(tx, call, Act::GiveMandate, &mandate_subject(&mandate), now).await??;
        let entries = self.can_be_renewed(tx, &mandate, now).await?;
        within_maximum(&entries, renewal.valid_until, now, SHOWN)?;
        let until = renewal.valid_until.next().start();
        if until <= mandate.valid.to {
            return Err(Error::invalid(&format!("{SHOWN}/valid_until"), Reason::EndDateNotLater));
        }
        let first = tx.presentation(mandate.presentation).await?.map(|(shown, _)| shown.presented);
        let representative_name = match first {
            Some(Presented::Mandate { representative_name, .. }) => representative_name,
            _ => None,
        };
        Ok(Planned {
            representative: mandate.representative,
            representative_name,
            entries,
            privileges: mandate.privileges,
            case: mandate.case,
            until,
            request: None,
            renews: Some(mandate.id),
            under: None,
            together: None,
            signs: None,
        })
    }

    /// Its packages, if it holds and they are still what is given today: what has been replaced is given anew, not for longer.
    async fn can_be_renewed<M>(
        &self,
        tx: &mut Tx<M>,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<Vec<CatalogueEntry>, Error> {
        mandate.must_stand(now)?;
        // it is for whoever passed it on to say how long it is needed, and within their own time.
        if mandate.under.is_some() {
            return Err(Reason::MandatePassedOn.into());
        }
        // Nobody gives what several gave or hold for longer alone.
        if mandate.joint.is_some() || mandate.for_child.is_some() {
            return Err(Reason::NotTogether.into());
        }
        match mandate.state {
            MandateState::Given => {}
            MandateState::Awaiting(_) => return Err(Reason::MandateAwaiting.into()),
            _ => return Err(Reason::MandateResting.into()),
        }
        let mut entries = Vec::with_capacity(mandate.packages.len());
        for version in &mandate.packages {
            let entry = self.known_entry(tx, version.entry).await?;
            if !entry.is_published() {
                return Err(Error::Rule(Reason::EntryNotPublished));
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Gives the caller's mandate for as long as was shown in this presentation.
    pub async fn renew_mandate(
        &self,
        call: &Call,
        id: MandateId,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let outcome = self.renew(call, id, presentation).await;
        self.accounted(call, principal(&call.actor), Act::GiveMandate, outcome).await
    }

    async fn renew(
        &self,
        call: &Call,
        id: MandateId,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let grantor = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        self.must_represent(call, Act::GiveMandate).await?;
        let mut tx = self.store.write().await?;
        if let Some(done) = self.given_before(&mut tx, call).await? {
            return Ok(done);
        }
        let (mandate, now) = self.locked_mandate(&mut tx, id).await?;
        self.may(&mut tx, call, Act::GiveMandate, &mandate_subject(&mandate), now).await??;
        self.must_be_fresh(call, Act::GiveMandate)?;
        call.must_expect(mandate.revision)?;
        self.can_be_renewed(&mut tx, &mandate, now).await?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        let Presented::Mandate { until, renews: Some(of), .. } = &shown.presented else {
            return Err(mismatch());
        };
        if *of != id {
            return Err(mismatch());
        }
        shown
            .must_fit(grantor, &shown.presented, now)
            .map_err(|reason| Error::invalid("/presentation_id", reason))?;
        let entries = self
            .must_be_able(&mut tx, grantor, mandate.representative, &mandate.packages, false, now)
            .await?;
        must_be_sure(call, &entries)?;
        let (next, fact) = mandate.renew(*until, presentation, now)?;
        let event = self.event(call, now, &next, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), next.revision).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: next, replayed: false })
    }
}
