//! A person gives somebody a power of attorney. It can be used at once, unless one of its packages asks for more: that the
//! representative accepts, or that it rests for three days first.

use crate::{
    Call, Done, Error, Service,
    guard::principal,
    mandate::{child::ForChild, life::mandate_subject, together::Together},
    person::register::PersonRef,
};
use tillid_domain::{
    Instant, LocalDate, Reason,
    access::{Act, Refusal, Subject},
    actor::{Assurance, Who},
    catalogue::{CatalogueEntry, EntryVersion, MandatePackage, RepresentativeKind, Shelf},
    event::MandatePeriod,
    id::{MandateId, MandateRequestId, PersonId, PresentationId},
    mandate::{Awaited, Company, Confirmation, Mandate, MandateRoute, MandateState, Under, usable_from},
    party::Party,
    person::Person,
    presentation::{Presentation, Presented},
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
    /// The mandate of the giver's of which it is a part, if they pass it on.
    pub under: Option<MandateId>,
    /// With whom else it is given or held.
    pub together: Option<Together>,
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
    /// The request that it answers.
    pub(crate) request: Option<MandateRequestId>,
    /// The mandate that it gives for longer.
    pub(crate) renews: Option<MandateId>,
    /// The mandate that it is a part of.
    pub(crate) under: Option<MandateId>,
    /// With whom else it is given or held.
    pub(crate) together: Option<Company>,
    /// The mandate that is signed.
    pub(crate) signs: Option<MandateId>,
}

/// Who gives a mandate, and how.
pub(crate) struct Giving {
    /// Whom it is for.
    pub(crate) grantor: PersonId,
    pub(crate) route: MandateRoute,
    /// On what it rests, where a representative passes it on.
    pub(crate) under: Option<Under>,
}

impl Giving {
    /// By the grantor.
    pub(crate) const fn by(grantor: PersonId, route: MandateRoute) -> Self {
        Self { grantor, route, under: None }
    }

    fn shown_to(&self) -> PersonId {
        self.under.map_or(self.grantor, |under| under.by)
    }
}

/// Where in a presentation's body a mandate is described.
pub(super) const SHOWN: &str = "/about/mandate";

impl Planned {
    pub(crate) fn presented(&self) -> Presented {
        Presented::Mandate {
            representative: self.representative,
            representative_name: self.representative_name.clone(),
            packages: self.entries.iter().map(CatalogueEntry::version).collect(),
            privileges: self.privileges.clone(),
            case: self.case.clone(),
            until: self.until,
            request: self.request,
            renews: self.renews,
            under: self.under,
            together: self.together.clone(),
            signs: self.signs,
        }
    }
}

impl Service {
    /// What giving this would mean, checked as far as it can be before it is shown.
    pub(crate) async fn planned_mandate(&self, call: &Call, new: &NewMandate) -> Result<Planned, Error> {
        if let Some(above) = new.under {
            return self.planned_part(call, above, new).await;
        }
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let grantor = self.may_give(&mut tx, call, now).await?;
        drop(tx);
        let planned = self.planned_for(call, grantor, new).await?;
        let Some(together) = &new.together else { return Ok(planned) };
        // Several are several people, each for themselves (M6).
        let mut tx = self.store.read().await?;
        self.known_person(&mut tx, planned.representative).await?.must_be_citizen()?;
        drop(tx);
        let company = self.planned_company(call, grantor, &planned, together).await?;
        Ok(Planned { together: Some(company), ..planned })
    }

    /// Likewise, of whoever is to give it.
    pub(crate) async fn planned_for(
        &self,
        call: &Call,
        grantor: PersonId,
        new: &NewMandate,
    ) -> Result<Planned, Error> {
        // in person.
        if new.under.is_some() || new.together.is_some() && !matches!(call.actor.who, Who::Citizen { .. }) {
            return Err(Error::Denied(Reason::CitizensOnly));
        }
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let entries = self.packages_in_use(&mut tx, &new.packages, SHOWN).await?;
        self.must_have_capacity(&mut tx, grantor, &entries, now).await?;
        drop(tx);
        let privileges = chosen_privileges(&entries, &new.privileges, SHOWN)?;
        let until = new.valid_until.next().start();
        within_maximum(&entries, new.valid_until, now, SHOWN)?;
        let representative = self.meant_representative(call, new).await?;
        // nobody gives a mandate to themselves.
        if representative == grantor {
            return Err(Error::invalid("/about/mandate/representative", Reason::SelfMandate));
        }
        let named_at = format!("{SHOWN}/representative_name");
        self.must_be_called(representative, new.representative_name.as_ref(), &named_at).await?;
        let mut tx = self.store.read().await?;
        self.must_be_for(&mut tx, representative, &entries, SHOWN).await?;
        let representative_name = self.name_to_show(&mut tx, representative, new).await?;
        let planned = Planned {
            representative,
            representative_name,
            entries,
            privileges,
            case: new.case.clone(),
            until,
            request: None,
            renews: None,
            under: None,
            together: None,
            signs: None,
        };
        let together = new.together.is_some();
        self.must_suit_a_child(&mut tx, call, &planned, together, now).await?;
        Ok(planned)
    }

    /// To whom it is to be given.
    pub(super) async fn meant_representative(
        &self,
        call: &Call,
        new: &NewMandate,
    ) -> Result<PersonId, Error> {
        let unknown = match new.representative {
            PersonRef::Organisation(_) => Reason::OrganisationUnknown,
            PersonRef::Number(_) | PersonRef::Id(_) | PersonRef::Employee(_) => Reason::PersonUnknown,
        };
        let found = self.resolve_party(call, &new.representative).await?;
        found.ok_or_else(|| Error::invalid("/about/mandate/representative", unknown))
    }

    /// What whoever gives it calls them. An organisation's name, and that of who works for it, is nobody's secret.
    pub(super) async fn name_to_show<M>(
        &self,
        tx: &mut Tx<M>,
        representative: PersonId,
        new: &NewMandate,
    ) -> Result<Option<Name>, Error> {
        let person = self.known_person(tx, representative).await?;
        let known = person.name.filter(|_| !person.party.is_citizen());
        Ok(known.or_else(|| new.representative_name.clone()))
    }

    /// Refuses a representative of a kind that one of the packages is not for, and one whom their organisation does not let act; `at` is
    /// where the body names the packages.
    pub(crate) async fn must_be_for<M>(
        &self,
        tx: &mut Tx<M>,
        representative: PersonId,
        entries: &[CatalogueEntry],
        at: &str,
    ) -> Result<(), Error> {
        let representative = self.known_person(tx, representative).await?;
        let kind = kind_of(&representative)?;
        match packages_of(entries).position(|package| !package.representative_kinds.contains(&kind)) {
            Some(n) => Err(Error::invalid(&format!("{at}/packages/{n}"), Reason::RepresentativeKindWrong)),
            None => Ok(()),
        }
    }

    /// Refuses a name that is not theirs; `at` is where the body has it.
    pub(super) async fn must_be_called(
        &self,
        person: PersonId,
        name: Option<&Name>,
        at: &str,
    ) -> Result<(), Error> {
        let Some(name) = name else { return Ok(()) };
        let mut tx = self.store.read().await?;
        let known = self.known_person(&mut tx, person).await?;
        // Whoever is here for an organisation is shown by the name that they are known by, whatever they were called.
        if !known.party.is_citizen() || known.may_be_called(name) {
            return Ok(());
        }
        Err(Error::invalid(at, Reason::RepresentativeMismatch))
    }

    /// The packages with these codes, in the versions that are in use; `at` is where the body names them.
    pub(crate) async fn packages_in_use<M>(
        &self,
        tx: &mut Tx<M>,
        codes: &[Code],
        at: &str,
    ) -> Result<Vec<CatalogueEntry>, Error> {
        if codes.is_empty() {
            return Err(Error::invalid(&format!("{at}/packages"), Reason::EntryNotPublished));
        }
        let mut entries = Vec::with_capacity(codes.len());
        for (n, code) in codes.iter().enumerate() {
            let entry = self.in_use(tx, Shelf::MandatePackage, code).await?;
            let missing = || Error::invalid(&format!("{at}/packages/{n}"), Reason::EntryNotPublished);
            entries.push(entry.ok_or_else(missing)?);
        }
        Ok(entries)
    }

    async fn may_give<M>(&self, tx: &mut Tx<M>, call: &Call, now: Instant) -> Result<PersonId, Error> {
        let grantor = match call.actor.who {
            Who::Citizen { person, acting_for, .. } => acting_for.unwrap_or(person),
            _ => return Err(Error::Denied(Reason::CitizensOnly)),
        };
        let subject = Subject { person: Some(grantor), for_child: true, ..Subject::default() };
        self.may(tx, call, Act::GiveMandate, &subject, now).await??;
        Ok(grantor)
    }

    /// Gives the power of attorney that was shown in this presentation.
    pub async fn give_mandate(
        &self,
        call: &Call,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let me = principal(&call.actor);
        if let Some(above) = self.passes_on(call, presentation).await? {
            let outcome = self.pass_on(call, presentation, above).await;
            return self.accounted(call, me, Act::PassOnMandate, outcome).await;
        }
        let outcome = self.give(call, presentation).await;
        self.accounted(call, me, Act::GiveMandate, outcome).await
    }

    async fn give(&self, call: &Call, presentation: PresentationId) -> Result<Done<Mandate>, Error> {
        let mut tx = self.store.write().await?;
        if let Some(done) = self.given_before(&mut tx, call).await? {
            return Ok(done);
        }
        let now = self.now(&mut tx).await?;
        let grantor = self.may_give(&mut tx, call, now).await?;
        self.must_be_fresh(call, Act::GiveMandate)?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        // What answers a request is approved there, so that the request ends with it.
        let Presented::Mandate {
            representative,
            request: None,
            renews: None,
            under: None,
            together,
            signs: None,
            ..
        } = &shown.presented
        else {
            return Err(mismatch());
        };
        let others = together.iter().flat_map(|company| &company.others).map(|other| other.person);
        tx.lock(&others.chain([grantor, *representative]).collect::<Vec<_>>()).await?;
        // The wait for the locks may have outlasted what was shown.
        let now = self.now(&mut tx).await?;
        let giving = Giving::by(grantor, MandateRoute::Digital);
        let mandate = self.mandate_as_shown(&mut tx, call, giving, &shown, now).await?;
        let all = match together {
            Some(company) => self.with_company(&mut tx, mandate, company).await?,
            None => vec![mandate],
        };
        self.given(tx, call, all, now).await
    }

    /// Gives them; the first is the caller's own.
    pub(super) async fn given(
        &self,
        mut tx: Tx<Write>,
        call: &Call,
        all: Vec<Mandate>,
        now: Instant,
    ) -> Result<Done<Mandate>, Error> {
        let events = all.iter().map(|mandate| self.event(call, now, mandate, mandate.as_given())).collect();
        let value = all.into_iter().next().ok_or(Error::NotFound)?;
        self.settle(&mut tx, call, 201, value.id.as_uuid(), 1).await?;
        tx.commit(events, None).await?;
        Ok(Done { value, replayed: false })
    }

    /// What the same call gave before.
    pub(crate) async fn given_before(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
    ) -> Result<Option<Done<Mandate>>, Error> {
        let Some(id) = self.claim(tx, call).await? else { return Ok(None) };
        let value = tx.mandate(MandateId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
        let now = self.now(tx).await?;
        self.may(tx, call, Act::GiveMandate, &mandate_subject(&value), now).await??;
        Ok(Some(Done { value, replayed: true }))
    }

    /// The mandate that was shown to the grantor; under the locks of both sides.
    pub(crate) async fn mandate_as_shown(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        giving: Giving,
        shown: &Presentation,
        now: Instant,
    ) -> Result<Mandate, Error> {
        let presentation = shown.id;
        let Presented::Mandate { representative, packages, privileges, case, until, request, .. } =
            shown.presented.clone()
        else {
            return Err(Error::invalid("/presentation_id", Reason::PresentationMismatch));
        };
        // What somebody else was shown is told like what nobody was.
        shown
            .must_fit(giving.shown_to(), &shown.presented, now)
            .map_err(|reason| Error::invalid("/presentation_id", reason))?;
        // Sent again without a key, after a revocation perhaps: it was given once.
        if tx.mandate_rests_on(presentation).await? {
            return Err(Error::Rule(Reason::PresentationUsed));
        }
        let by_custody = self.family_in_custody(tx, call, now).await?.is_some() && giving.route.is_digital();
        let entries =
            self.must_be_able(tx, giving.grantor, representative, &packages, by_custody, now).await?;
        let new = ForChild { representative, entries: &entries, privileges: &privileges, until };
        let for_child = self.given_for_child(tx, call, &giving, &new, now).await?;
        let Giving { grantor, route, under } = giving;
        let agreed = matches!(shown.presented, Presented::Mandate { together: Some(_), under: Some(_), .. });
        if under.is_some() && !agreed && packages_of(&entries).any(|package| !package.sub_delegation) {
            return Err(Error::Rule(Reason::NotToBePassedOn));
        }
        // Who somebody at the counter is, the registrar has seen.
        if route.is_digital() {
            must_be_sure(call, &entries)?;
        }
        if until <= now {
            return Err(Error::Rule(Reason::EndDatePast));
        }
        let asked_for_it = match request {
            Some(request) => tx.mandate_request(request).await?.is_some_and(|r| r.authority.is_none()),
            None => false,
        };
        let awaits = match for_child {
            Some((_, false)) => Some(Awaited::Holders),
            _ => route.awaits(packages_of(&entries)).and_then(|awaited| {
                // Whoever asked for it has accepted it.
                if asked_for_it { awaited.after(Confirmation::Acceptance) } else { Some(awaited) }
            }),
        };
        Ok(Mandate {
            id: MandateId::from_uuid(self.ambient.id()),
            revision: 1,
            grantor,
            representative,
            packages,
            privileges,
            case,
            valid: MandatePeriod { from: usable_from(packages_of(&entries), now).min(until), to: until },
            presentation,
            given_at: now,
            route,
            under,
            joint: None,
            for_child: for_child.map(|(by, _)| by),
            renewals: Vec::new(),
            withdrawn: Vec::new(),
            pauses: Vec::new(),
            state: awaits.map_or(MandateState::Given, MandateState::Awaiting),
        })
    }

    /// What must hold of both sides and of the packages at the moment of giving, under the locks. How old a child is for whom something is
    /// given by custody, is another matter.
    pub(super) async fn must_be_able(
        &self,
        tx: &mut Tx<Write>,
        grantor: PersonId,
        representative: PersonId,
        packages: &[EntryVersion],
        by_custody: bool,
        now: Instant,
    ) -> Result<Vec<CatalogueEntry>, Error> {
        let grantor = self.known_person(tx, grantor).await?;
        grantor.must_live()?;
        let representative = self.known_person(tx, representative).await?;
        representative.must_live()?;
        let kind = kind_of(&representative)?;
        let mut entries = Vec::with_capacity(packages.len());
        for version in packages {
            let entry = self.known_entry(tx, version.entry).await?;
            let package = entry.mandate_package().filter(|_| entry.is_published());
            let package = package.ok_or(Error::Rule(Reason::EntryNotPublished))?;
            if !by_custody {
                grantor.must_be(package.grantor_min_age, now.local_date())?;
            }
            if !package.representative_kinds.contains(&kind) {
                return Err(Error::Rule(Reason::RepresentativeKindWrong));
            }
            entries.push(entry);
        }
        self.must_have_capacity(tx, grantor.id, &entries, now).await?;
        Ok(entries)
    }
}

/// Refuses a login that is not sure enough for what is given.
pub(super) fn must_be_sure(call: &Call, entries: &[CatalogueEntry]) -> Result<(), Error> {
    let least = packages_of(entries).map(|package| package.required_loa).max().unwrap_or(Assurance::Low);
    if call.actor.assurance < least { Err(Refusal::StepUp(least).into()) } else { Ok(()) }
}

pub(crate) fn packages_of(entries: &[CatalogueEntry]) -> impl Iterator<Item = &MandatePackage> {
    entries.iter().filter_map(CatalogueEntry::mandate_package)
}

/// As what somebody is given a mandate; an employee only while their organisation lets them act.
fn kind_of(representative: &Person) -> Result<RepresentativeKind, Error> {
    match &representative.party {
        Party::Citizen => Ok(RepresentativeKind::Person),
        Party::Organisation { .. } => Ok(RepresentativeKind::Organisation),
        Party::Employee(employment) if employment.admitted_since().is_none() => {
            Err(Reason::EmployeeNotAdmitted.into())
        }
        Party::Employee(_) => Ok(RepresentativeKind::Employee),
    }
}

/// The privileges that are meant, in the order of the packages: those named, or all. `at` is where the body names them.
pub(crate) fn chosen_privileges(
    entries: &[CatalogueEntry],
    named: &[PrivilegeUri],
    at: &str,
) -> Result<Vec<PrivilegeUri>, Error> {
    let mut all: Vec<PrivilegeUri> = Vec::new();
    for privilege in packages_of(entries).flat_map(|p| &p.privileges) {
        if !all.contains(&privilege.uri) {
            all.push(privilege.uri.clone());
        }
    }
    if let Some(n) = named.iter().position(|uri| !all.contains(uri)) {
        return Err(Error::invalid(&format!("{at}/privileges/{n}"), Reason::PrivilegeUnknown));
    }
    Ok(all.into_iter().filter(|uri| named.is_empty() || named.contains(uri)).collect())
}

/// Refuses a last day that is past, or later than one of the packages allows. `at` is where the body names it.
pub(crate) fn within_maximum(
    entries: &[CatalogueEntry],
    last_day: LocalDate,
    now: Instant,
    at: &str,
) -> Result<(), Error> {
    let today = now.local_date();
    if last_day < today {
        return Err(Error::invalid(&format!("{at}/valid_until"), Reason::EndDatePast));
    }
    let latest = packages_of(entries).map(|p| today.plus(p.duration.maximum)).min();
    if latest.is_some_and(|latest| last_day > latest) {
        return Err(Error::invalid(&format!("{at}/valid_until"), Reason::EndDateTooLate));
    }
    Ok(())
}
