//! A person gives somebody a power of attorney. It can be used at once; the representative need not accept.

use crate::{Call, Done, Error, Service, guard::principal, person::register::PersonRef};
use tillid_domain::{
    Instant, LocalDate, Reason,
    access::{Act, Refusal, Subject, may},
    actor::{Assurance, Who},
    catalogue::{CatalogueEntry, EntryVersion, MandatePackage, RepresentativeKind, Shelf},
    event::{Fact, MandatePeriod},
    id::{MandateId, PersonId, PresentationId},
    mandate::{Mandate, MandateState},
    presentation::Presented,
    text::{CaseRef, Code, Name, PrivilegeUri},
};
use tillid_storage::{Tx, Write};

/// What is to be given.
#[derive(Clone, Debug)]
pub struct NewMandate {
    /// To whom.
    pub representative: PersonRef,
    /// What the grantor calls them; refused when it is not the name of the person with that number.
    pub representative_name: Option<Name>,
    /// Which packages, in the versions that are in use.
    pub packages: Vec<Code>,
    /// Which of their privileges; all when empty.
    pub privileges: Vec<PrivilegeUri>,
    /// For one case only.
    pub case: Option<CaseRef>,
    /// The last day on which it can be used.
    pub valid_until: LocalDate,
}

/// A mandate that could be given, as it is shown before it is.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) representative: PersonId,
    pub(crate) representative_name: Option<Name>,
    pub(crate) entries: Vec<CatalogueEntry>,
    pub(crate) privileges: Vec<PrivilegeUri>,
    pub(crate) case: Option<CaseRef>,
    pub(crate) until: Instant,
}

impl Planned {
    pub(crate) fn presented(&self) -> Presented {
        Presented::Mandate {
            representative: self.representative,
            representative_name: self.representative_name.clone(),
            packages: self.entries.iter().map(CatalogueEntry::version).collect(),
            privileges: self.privileges.clone(),
            case: self.case.clone(),
            until: self.until,
        }
    }
}

impl Service {
    /// What giving this would mean, checked as far as it can be before it is shown.
    pub(crate) async fn planned_mandate(&self, call: &Call, new: &NewMandate) -> Result<Planned, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let grantor = self.may_give(&mut tx, call, now).await?;
        if new.packages.is_empty() {
            return Err(Error::invalid("/about/mandate/packages", Reason::EntryNotPublished));
        }
        let mut entries = Vec::with_capacity(new.packages.len());
        for (at, code) in new.packages.iter().enumerate() {
            let entry = self.in_use(&mut tx, Shelf::MandatePackage, code).await?;
            let missing =
                || Error::invalid(&format!("/about/mandate/packages/{at}"), Reason::EntryNotPublished);
            entries.push(entry.ok_or_else(missing)?);
        }
        drop(tx);
        let privileges = chosen_privileges(&entries, &new.privileges)?;
        let until = new.valid_until.next().start();
        within_maximum(&entries, new.valid_until, now)?;
        let Some(representative) = self.resolve(call, &new.representative).await? else {
            return Err(Error::invalid("/about/mandate/representative", Reason::PersonUnknown));
        };
        // nobody gives a mandate to themselves.
        if representative == grantor {
            return Err(Error::invalid("/about/mandate/representative", Reason::SelfMandate));
        }
        if let Some(name) = &new.representative_name {
            let mut tx = self.store.read().await?;
            if !self.known_person(&mut tx, representative).await?.may_be_called(name) {
                return Err(Error::invalid(
                    "/about/mandate/representative_name",
                    Reason::RepresentativeMismatch,
                ));
            }
        }
        let representative_name = new.representative_name.clone();
        Ok(Planned {
            representative,
            representative_name,
            entries,
            privileges,
            case: new.case.clone(),
            until,
        })
    }

    async fn may_give<M>(&self, tx: &mut Tx<M>, call: &Call, now: Instant) -> Result<PersonId, Error> {
        let grantor = match call.actor.who {
            Who::Citizen { person, acting_for } => acting_for.unwrap_or(person),
            _ => return Err(Error::Denied(Reason::CitizensOnly)),
        };
        let subject = Subject { person: Some(grantor), ..Subject::default() };
        self.may(tx, call, Act::GiveMandate, &subject, now).await??;
        Ok(grantor)
    }

    /// Gives the power of attorney that was shown in this presentation.
    pub async fn give_mandate(
        &self,
        call: &Call,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let outcome = self.give(call, presentation).await;
        self.accounted(call, principal(&call.actor), Act::GiveMandate, outcome).await
    }

    async fn give(&self, call: &Call, presentation: PresentationId) -> Result<Done<Mandate>, Error> {
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.mandate(MandateId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            let subject = Subject { person: Some(value.grantor), ..Subject::default() };
            may(&call.actor, Act::GiveMandate, &subject)?;
            return Ok(Done { value, replayed: true });
        }
        let now = self.now(&mut tx).await?;
        let grantor = self.may_give(&mut tx, call, now).await?;
        self.must_be_fresh(call, Act::GiveMandate)?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        let Presented::Mandate { representative, packages, privileges, case, until, .. } =
            shown.presented.clone()
        else {
            return Err(mismatch());
        };
        tx.lock(&[grantor, representative]).await?;
        // The wait for the locks may have outlasted what was shown.
        let now = self.now(&mut tx).await?;
        // What somebody else was shown is told like what nobody was.
        shown
            .must_fit(grantor, &shown.presented, now)
            .map_err(|reason| Error::invalid("/presentation_id", reason))?;
        // Sent again without a key, after a revocation perhaps: it was given once.
        if tx.mandate_rests_on(presentation).await? {
            return Err(Error::Rule(Reason::PresentationUsed));
        }
        self.must_be_able(&mut tx, call, grantor, representative, &packages, now).await?;
        if until <= now {
            return Err(Error::Rule(Reason::EndDatePast));
        }
        let mandate = Mandate {
            id: MandateId::from_uuid(self.ambient.id()),
            revision: 1,
            grantor,
            representative,
            packages,
            privileges,
            case,
            valid: MandatePeriod { from: now, to: until },
            presentation,
            given_at: now,
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
        };
        let event = self.event(call, now, &mandate, fact);
        self.settle(&mut tx, call, 201, mandate.id.as_uuid(), 1).await?;
        tx.commit(vec![event], None).await?;
        Ok(Done { value: mandate, replayed: false })
    }

    /// What must hold of both sides and of the packages at the moment of giving, under the locks.
    async fn must_be_able(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        grantor: PersonId,
        representative: PersonId,
        packages: &[EntryVersion],
        now: Instant,
    ) -> Result<(), Error> {
        let grantor = self.known_person(tx, grantor).await?;
        grantor.must_live()?;
        self.known_person(tx, representative).await?.must_live()?;
        let mut least = Assurance::Low;
        for version in packages {
            let entry = self.known_entry(tx, version.entry).await?;
            let package = entry.mandate_package().filter(|_| entry.is_published());
            let package = package.ok_or(Error::Rule(Reason::EntryNotPublished))?;
            grantor.must_be(package.grantor_min_age, now.local_date())?;
            least = least.max(package.required_loa);
        }
        if call.actor.assurance < least { Err(Refusal::StepUp(least).into()) } else { Ok(()) }
    }
}

fn packages_of(entries: &[CatalogueEntry]) -> impl Iterator<Item = &MandatePackage> {
    entries.iter().filter_map(CatalogueEntry::mandate_package)
}

/// The privileges that are meant, in the order of the packages: those named, or all.
fn chosen_privileges(entries: &[CatalogueEntry], named: &[PrivilegeUri]) -> Result<Vec<PrivilegeUri>, Error> {
    for (at, package) in packages_of(entries).enumerate() {
        // A step that the representative must take first is not something this way of giving has.
        if package.acceptance_required || !package.representative_kinds.contains(&RepresentativeKind::Person)
        {
            return Err(Error::invalid(
                &format!("/about/mandate/packages/{at}"),
                Reason::PackageNotAvailable,
            ));
        }
    }
    let mut all: Vec<PrivilegeUri> = Vec::new();
    for privilege in packages_of(entries).flat_map(|p| &p.privileges) {
        if !all.contains(&privilege.uri) {
            all.push(privilege.uri.clone());
        }
    }
    if let Some(at) = named.iter().position(|uri| !all.contains(uri)) {
        return Err(Error::invalid(&format!("/about/mandate/privileges/{at}"), Reason::PrivilegeUnknown));
    }
    Ok(all.into_iter().filter(|uri| named.is_empty() || named.contains(uri)).collect())
}

fn within_maximum(entries: &[CatalogueEntry], last_day: LocalDate, now: Instant) -> Result<(), Error> {
    let today = now.local_date();
    if last_day < today {
        return Err(Error::invalid("/about/mandate/valid_until", Reason::EndDatePast));
    }
    let latest = packages_of(entries).map(|p| today.plus(p.duration.maximum)).min();
    if latest.is_some_and(|latest| last_day > latest) {
        return Err(Error::invalid("/about/mandate/valid_until", Reason::EndDateTooLate));
    }
    Ok(())
}
