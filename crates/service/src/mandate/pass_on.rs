//! A representative passes part of what they hold on (M7, R-37): in person, where every package allows it, and never more than they hold.

use crate::{
    Call, Done, Error, Service,
    guard::principal,
    mandate::{
        give::{Giving, NewMandate, Planned, SHOWN, chosen_privileges, packages_of, within_maximum},
        life::mandate_subject,
    },
};
use tillid_domain::{
    Instant, Reason,
    access::Act,
    actor::Who,
    catalogue::CatalogueEntry,
    id::{MandateId, PresentationId},
    mandate::{Bond, Companion, Company, Mandate, MandateRoute, Part, Wider},
    presentation::Presented,
};
use tillid_storage::Tx;

impl Service {
    /// What passing that on would mean, checked as far as it can be before it is shown.
    pub(super) async fn planned_part(
        &self,
        call: &Call,
        above: MandateId,
        new: &NewMandate,
    ) -> Result<Planned, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let above = self.to_be_passed_on(&mut tx, call, above, now).await?;
        let entries = self.packages_in_use(&mut tx, &new.packages, SHOWN).await?;
        let personal = packages_of(&entries).position(|package| !package.sub_delegation);
        // Those who hold something together pass nothing on: they agree on what one of them is to do.
        if let Some(n) = personal.filter(|_| !above.is_held_together()) {
            return Err(Error::invalid(&format!("{SHOWN}/packages/{n}"), Reason::NotToBePassedOn));
        }
        self.must_have_capacity(&mut tx, above.grantor, &entries, now).await?;
        drop(tx);
        let mut privileges = chosen_privileges(&entries, &new.privileges, SHOWN)?;
        // Nothing named is all that there is to pass on.
        if new.privileges.is_empty() {
            privileges.retain(|privilege| above.privileges.contains(privilege));
        }
        within_maximum(&entries, new.valid_until, now, SHOWN)?;
        let representative = self.meant_representative(call, new).await?;
        let until = new.valid_until.next().start();
        let packages: Vec<_> = entries.iter().map(CatalogueEntry::version).collect();
        let part = Part {
            representative,
            packages: &packages,
            // As they were named, so that the flaw is told where it is.
            privileges: if new.privileges.is_empty() { &privileges } else { &new.privileges },
            case: new.case.as_ref(),
            until,
        };
        above.part(&part).map_err(|wider| told(wider, &above, &entries))?;
        let named_at = format!("{SHOWN}/representative_name");
        self.must_be_called(representative, new.representative_name.as_ref(), &named_at).await?;
        if new.together.is_some() {
            return Err(Error::invalid(&format!("{SHOWN}/together"), Reason::NotTogether));
        }
        let mut tx = self.store.read().await?;
        self.must_be_for(&mut tx, representative, &entries, SHOWN).await?;
        let representative_name = self.name_to_show(&mut tx, representative, new).await?;
        let together = self.those_who_hold(&mut tx, &above).await?;
        Ok(Planned {
            representative,
            representative_name,
            entries,
            privileges,
            case: new.case.clone(),
            until,
            request: None,
            renews: None,
            under: Some(above.id),
            together,
            signs: None,
        })
    }

    /// With whom else the caller holds it, if they do; they are to agree.
    async fn those_who_hold<M>(&self, tx: &mut Tx<M>, above: &Mandate) -> Result<Option<Company>, Error> {
        let Some(joint) = above.joint.filter(|_| above.is_held_together()) else { return Ok(None) };
        let members = self.members(tx, above).await?.into_iter();
        let others = members.filter(|member| member.person != above.representative);
        let others = others.map(|member| Companion { person: member.person, name: member.name }).collect();
        Ok(Some(Company { bond: Bond::Signers, quorum: joint.quorum, others }))
    }

    /// The caller's mandate, if they can pass part of it on now. What was revoked quietly looks to them as if its time had passed.
    async fn to_be_passed_on<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        id: MandateId,
        now: Instant,
    ) -> Result<Mandate, Error> {
        let above = tx.mandate(id).await?.ok_or(Error::NotFound)?;
        self.may(tx, call, Act::PassOnMandate, &mandate_subject(&above), now).await??;
        let above = above.as_held();
        above.can_be_passed_on(now)?;
        Ok(above)
    }

    /// The mandate of which that was shown to the caller as a part to pass on.
    pub(super) async fn passes_on(
        &self,
        call: &Call,
        presentation: PresentationId,
    ) -> Result<Option<MandateId>, Error> {
        let mut tx = self.store.read().await?;
        let shown = tx.presentation(presentation).await?.map(|(shown, _)| shown);
        Ok(shown.filter(|shown| principal(&call.actor) == Some(shown.person)).and_then(|shown| {
            match shown.presented {
                Presented::Mandate { under, signs: None, .. } => under,
                Presented::Mandate { .. } => None,
                Presented::Consent { .. } => None,
            }
        }))
    }

    /// Passes on what was shown in this presentation.
    pub(super) async fn pass_on(
        &self,
        call: &Call,
        presentation: PresentationId,
        above: MandateId,
    ) -> Result<Done<Mandate>, Error> {
        let Who::Citizen { person: me, .. } = call.actor.who else {
            return Err(Error::Denied(Reason::CitizensOnly));
        };
        self.must_represent(call, Act::PassOnMandate).await?;
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.mandate(MandateId::from_uuid(id)).await?;
            let value = value.filter(|mandate| mandate.under.is_some_and(|under| under.by == me));
            return Ok(Done { value: value.ok_or(Error::NotFound)?.as_held(), replayed: true });
        }
        self.must_be_fresh(call, Act::PassOnMandate)?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        let Presented::Mandate { representative, packages, privileges, case, until, together, .. } =
            &shown.presented
        else {
            return Err(mismatch());
        };
        // Its parties never change; its state is read again under their locks.
        let grantor = tx.mandate(above).await?.ok_or(Error::NotFound)?.grantor;
        let others = together.iter().flat_map(|company| &company.others).map(|other| other.person);
        tx.lock(&others.chain([grantor, me, *representative]).collect::<Vec<_>>()).await?;
        let now = self.now(&mut tx).await?;
        let above = self.to_be_passed_on(&mut tx, call, above, now).await?;
        let (representative, until) = (*representative, *until);
        let part = Part { representative, packages, privileges, case: case.as_ref(), until };
        let under = above.part(&part).map_err(|wider| Error::invalid("/presentation_id", wider.reason()))?;
        self.known_person(&mut tx, me).await?.must_live()?;
        let giving = Giving { grantor, route: MandateRoute::Digital, under: Some(under) };
        let mandate = self.mandate_as_shown(&mut tx, call, giving, &shown, now).await?;
        let all = match above.joint.filter(|_| above.is_held_together()) {
            Some(joint) => {
                let holders = tx.mandates_joined(joint.id).await?;
                self.proposed(&mut tx, mandate, joint.quorum, &holders, now).await?
            }
            None => vec![mandate],
        };
        self.given(tx, call, all, now).await
    }
}

fn told(wider: Wider, above: &Mandate, entries: &[CatalogueEntry]) -> Error {
    let at = match wider {
        Wider::ToGrantor | Wider::ToOneself | Wider::ToAnother => "representative".to_owned(),
        Wider::Package(n) => format!("packages/{n}"),
        Wider::Privilege(n) => format!("privileges/{n}"),
        Wider::Case => "case".to_owned(),
        Wider::End => "valid_until".to_owned(),
    };
    let reason = match wider {
        // It was given in another version than the one that is in use: what has been replaced is given anew.
        Wider::Package(n)
            if entries.get(n).is_some_and(|e| above.packages.iter().any(|p| p.code == e.version().code)) =>
        {
            Reason::EntryNotPublished
        }
        _ => wider.reason(),
    };
    Error::invalid(&format!("{SHOWN}/{at}"), reason)
}
