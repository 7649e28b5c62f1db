//! What a person sees of themselves, what a representative sees of whom they act for, and who looked.

use crate::{
    Call, Error, Service,
    access::lookup::FoundMandate,
    catalogue::Page,
    consent::view::TypedConsent,
    family::custody_powers,
    guard::principal,
    mandate::request::{RequestReader, SeenMandateRequest},
    statutory::{ByLaw, StatutorySeen},
};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use tillid_domain::{
    Instant, LocalDate, Reason,
    access::{AccessRecord, Act, Refusal, SEE_CONSENTS, Subject},
    actor::{Actor, Who},
    basis::Basis,
    catalogue::ConsentType,
    family::OF_AGE,
    id::{AccessId, MandateId, PersonId},
    mandate::{Mandate, MandateStanding},
    mandate_request::MandateRequestStanding,
    person::Person,
    presentation::Presented,
    request::{ConsentRequest, RequestStanding},
    text::{Name, PrivilegeUri},
};
use tillid_storage::Tx;

/// How many of each kind an overview shows; the lists have the rest.
const FIRST: u32 = 50;
/// What an organisation holds is not a few things of one person's: all of it is picked from.
const OF_AN_ORGANISATION: u32 = 2000;

/// Somebody that a person may act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MayActFor {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: Option<Name>,
    /// With which privileges.
    pub privileges: Vec<PrivilegeUri>,
    /// The first moment when the first of what it rests on no longer holds; `None` where no end is known.
    pub until: Option<Instant>,
    /// Whether they may because they have custody.
    pub by_custody: bool,
    /// On what they act; never empty.
    pub basis: BTreeSet<Basis>,
}

impl MayActFor {
    /// The same person on something more.
    fn join(&mut self, other: Self) {
        for privilege in other.privileges {
            if !self.privileges.contains(&privilege) {
                self.privileges.push(privilege);
            }
        }
        self.until = [self.until, other.until].into_iter().flatten().min();
        self.by_custody = self.by_custody || other.by_custody;
        self.basis.extend(other.basis);
    }
}

/// A person's own overview.
#[derive(Clone, Debug)]
pub struct OwnOverview {
    /// The person.
    pub person: Person,
    /// Requests that can be answered.
    pub requests: Vec<(ConsentRequest, ConsentType)>,
    /// Consents, the newest first.
    pub consents: Vec<TypedConsent>,
    /// Mandates that they gave.
    pub given: Vec<FoundMandate>,
    /// The last look that used each of these, where one did.
    pub last_uses: BTreeMap<MandateId, AccessRecord>,
    /// Mandates that they hold.
    pub held: Vec<FoundMandate>,
    /// Mandates that they passed on.
    pub passed_on: Vec<FoundMandate>,
    /// Requests for a mandate of theirs that can be answered.
    pub mandate_requests: Vec<SeenMandateRequest>,
    /// Requests for a mandate to them, the newest first.
    pub asked_mandates: Vec<SeenMandateRequest>,
    /// Whom they may act for now.
    pub may_act_for: Vec<MayActFor>,
    /// Who acts for whom by law or decision: over them, and by them.
    pub statutory: Vec<StatutorySeen>,
    /// The latest looks at their data.
    pub latest_access: Vec<AccessRecord>,
}

/// What a representative sees of whom they act for.
#[derive(Clone, Debug)]
pub struct RepresentativeOverview {
    /// Whom they act for.
    pub person: Person,
    /// What they may do.
    pub privileges: Vec<PrivilegeUri>,
    /// On what they act.
    pub basis: BTreeSet<Basis>,
    /// The mandates between the two.
    pub mandates: Vec<FoundMandate>,
    /// Consents; `None` where the privileges do not cover seeing them.
    pub consents: Option<Vec<TypedConsent>>,
    /// Requests that can be answered; `None` likewise.
    pub requests: Option<Vec<(ConsentRequest, ConsentType)>>,
}

/// An overview, as the caller may see it.
#[derive(Clone, Debug)]
pub enum Overview {
    /// Of oneself.
    Own(Box<OwnOverview>),
    /// Of whom one acts for.
    Representative(Box<RepresentativeOverview>),
}

impl Service {
    /// What there is about the caller, or about whom they act for as far as their powers reach.
    pub async fn overview(&self, call: &Call) -> Result<(Overview, Instant), Error> {
        principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeOverview, person, now).await?;
        let mut mandates = Vec::new();
        let at_work = matches!(call.actor.who, Who::Citizen { at_work: Some(_), acting_for: None, .. });
        let most = if at_work { OF_AN_ORGANISATION } else { FIRST };
        for mandate in self.mandates_in_view(&mut tx, call, person, None, most, now).await?.items {
            mandates.push(self.found_by(&mut tx, call, mandate, now).await?);
        }
        let privileges = self.powers(&mut tx, call, now).await?;
        let own = matches!(call.actor.who, Who::Citizen { acting_for: None, .. });
        let sees_consents = own || privileges.iter().any(|p| p.as_str() == SEE_CONSENTS);
        let (mut consents, mut requests) = (Vec::new(), Vec::new());
        if sees_consents {
            consents = self.consents_in_view(&mut tx, call, person, None, FIRST, now).await?.items;
            requests = self.requests_in_view(&mut tx, call, person, None, FIRST, now).await?.items;
            requests.retain(|(request, _)| request.standing(now) == RequestStanding::Open);
        }
        let known = self.known_person(&mut tx, person).await?;
        let overview = if own {
            let (given, others): (Vec<_>, Vec<_>) =
                mandates.into_iter().partition(|m| m.mandate.grantor == person);
            let (held, passed_on): (Vec<_>, Vec<_>) =
                others.into_iter().partition(|m| m.mandate.representative == person);
            let mut may_act_for = self.may_act_for(&mut tx, call, &held, now).await?;
            let by_law = self.children_in_custody(&mut tx, person, now).await?;
            let by_law = by_law.into_iter().chain(self.guarded(&mut tx, person, now).await?);
            for other in by_law {
                match may_act_for.iter_mut().find(|found| found.person == other.person) {
                    Some(found) => found.join(other),
                    None => may_act_for.push(other),
                }
            }
            let statutory = self.statutory_in_view(&mut tx, call, person, now).await?;
            let asked = self.mandate_requests_in_view(&mut tx, call, person, None, FIRST, now).await?;
            let (mut mandate_requests, asked_mandates): (Vec<_>, Vec<_>) =
                asked.items.into_iter().partition(|seen| seen.reader == RequestReader::Grantor);
            mandate_requests.retain(|seen| seen.standing == MandateRequestStanding::Open);
            let mandates: Vec<&Mandate> = given.iter().map(|found| &found.mandate).collect();
            let last_uses = self.last_uses(&mut tx, &mandates, now).await?;
            // Who looked at an organisation is nobody's affair.
            let latest_access = if known.party.is_citizen() {
                tx.access_log(person, now, None, 5).await?
            } else {
                Vec::new()
            };
            Overview::Own(Box::new(OwnOverview {
                person: known,
                requests,
                consents,
                last_uses,
                given,
                held,
                passed_on,
                mandate_requests,
                asked_mandates,
                may_act_for,
                statutory,
                latest_access,
            }))
        } else {
            Overview::Representative(Box::new(RepresentativeOverview {
                person: known,
                basis: self.acts_on(&mut tx, call, now).await?,
                privileges,
                mandates,
                consents: sees_consents.then_some(consents),
                requests: sees_consents.then_some(requests),
            }))
        };
        drop(tx);
        self.watched(call, &view, Act::SeeOverview, None, true, now).await?;
        Ok((overview, now))
    }

    /// What the grantor called the representative when they gave the mandate; a register's word would tell names by number.
    pub(crate) async fn called<M>(&self, tx: &mut Tx<M>, mandate: &Mandate) -> Result<Option<Name>, Error> {
        let presented = tx.presentation(mandate.presentation).await?.map(|(shown, _)| shown.presented);
        Ok(match presented {
            // What was shown to one of several may be about another of them.
            Some(Presented::Mandate { representative, together, .. })
                if representative != mandate.representative =>
            {
                let others = together.map(|company| company.others).unwrap_or_default();
                others.into_iter().find(|o| o.person == mandate.representative).and_then(|o| o.name)
            }
            Some(Presented::Mandate { representative_name, .. }) => representative_name,
            _ => None,
        })
    }

    async fn may_act_for<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        held: &[FoundMandate],
        now: Instant,
    ) -> Result<Vec<MayActFor>, Error> {
        let mut by_grantor: BTreeMap<PersonId, MayActFor> = BTreeMap::new();
        let mut laws: BTreeMap<PersonId, ByLaw> = BTreeMap::new();
        for found in held.iter().filter(|m| m.standing == MandateStanding::Active && m.mandate.case.is_none())
        {
            let grantor = found.mandate.grantor;
            let by_law = match laws.entry(grantor) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    new.insert(self.by_law(tx, grantor, found.mandate.representative, now).await?)
                }
            };
            if found.mandate.privileges.iter().all(|privilege| by_law.is_incapable(privilege)) {
                continue;
            }
            let until = found.mandate.valid.to;
            let name = self.name_of(tx, grantor).await?;
            let entry = by_grantor.entry(grantor).or_insert(MayActFor {
                person: grantor,
                name,
                privileges: Vec::new(),
                until: Some(until),
                by_custody: false,
                basis: BTreeSet::new(),
            });
            entry.until = entry.until.map(|earlier| earlier.min(until));
            entry.basis.insert(as_held(&call.actor, found.mandate.basis()));
            let given = found.mandate.privileges.iter().filter(|p| now < found.mandate.gives_until(p));
            for privilege in given.filter(|p| !by_law.is_incapable(p)) {
                if !entry.privileges.contains(privilege) {
                    entry.privileges.push(privilege.clone());
                }
            }
        }
        Ok(by_grantor.into_values().collect())
    }

    /// The minors of whom somebody has custody.
    async fn children_in_custody<M>(
        &self,
        tx: &mut Tx<M>,
        holder: PersonId,
        now: Instant,
    ) -> Result<Vec<MayActFor>, Error> {
        let mut children = Vec::new();
        for child in tx.children_of(holder).await? {
            let family = self.family(tx, child).await?;
            let alive = self.known_person(tx, child).await?.must_live().is_ok();
            let Some(born) = family.born.filter(|_| alive && family.is_minor(now.local_date())) else {
                continue;
            };
            children.push(MayActFor {
                person: child,
                name: self.name_of(tx, child).await?,
                privileges: custody_powers(),
                until: Some(born.birthday(OF_AGE).start()),
                by_custody: true,
                basis: self.custody_basis(tx, child, holder, now).await?,
            });
        }
        Ok(children)
    }

    async fn custody_basis<M>(
        &self,
        tx: &mut Tx<M>,
        child: PersonId,
        holder: PersonId,
        now: Instant,
    ) -> Result<BTreeSet<Basis>, Error> {
        let bases = self.by_law(tx, child, holder, now).await?.bases();
        Ok(bases.into_iter().filter(|basis| basis.is_custody()).collect())
    }

    /// Those for whom somebody acts as their guardian or by a lasting power in force.
    async fn guarded<M>(
        &self,
        tx: &mut Tx<M>,
        holder: PersonId,
        now: Instant,
    ) -> Result<Vec<MayActFor>, Error> {
        let today = now.local_date();
        let mut found = Vec::new();
        for power in tx.statutory_of(holder).await? {
            let held = power.on(today).filter(|(charge, ..)| charge.holders.contains(&holder));
            let Some((_, _, next)) = held else { continue };
            let by_law = self.by_law(tx, power.person, holder, now).await?;
            let privileges = by_law.privileges();
            if privileges.is_empty() {
                continue;
            }
            found.push(MayActFor {
                person: power.person,
                name: self.name_of(tx, power.person).await?,
                privileges,
                until: next.map(LocalDate::start),
                by_custody: false,
                basis: by_law.bases(),
            });
        }
        Ok(found)
    }

    /// On what the caller acts for whom they act for.
    async fn acts_on<M>(&self, tx: &mut Tx<M>, call: &Call, now: Instant) -> Result<BTreeSet<Basis>, Error> {
        let Who::Citizen { person, acting_for: Some(grantor), .. } = call.actor.who else {
            return Ok(BTreeSet::new());
        };
        let by_law = self.by_law(tx, grantor, person, now).await?;
        let mut bases = if call.through.is_none() { by_law.bases() } else { BTreeSet::new() };
        let carried = |power: &PrivilegeUri| {
            call.through.as_ref().is_none_or(|through| through.privileges.contains(power))
        };
        let mandated = tx.privileges_with_basis(grantor, person, now).await?;
        let usable = mandated.into_iter().filter(|(power, _)| !by_law.is_incapable(power) && carried(power));
        bases.extend(usable.map(|(_, basis)| as_held(&call.actor, basis)));
        Ok(bases)
    }

    /// Who looked at the caller's data, when, and why; the newest first.
    pub async fn access_log(
        &self,
        call: &Call,
        below: Option<AccessId>,
        limit: u32,
    ) -> Result<Page<AccessRecord, AccessId>, Error> {
        let person = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let subject = Subject { person: Some(person), ..Subject::default() };
        let decision: Result<(), Refusal> = self.may(&mut tx, call, Act::SeeAccessLog, &subject, now).await?;
        if let Err(refusal) = decision {
            drop(tx);
            return Err(self.refused(call, person, Act::SeeAccessLog, refusal, now).await);
        }
        let records = tx.access_log(person, now, below, limit + 1).await?;
        Ok(Page::cut(records, limit, |record| record.id))
    }
}

/// On what somebody acts who acts on a mandate: an employee of an organisation, on what that was given.
fn as_held(actor: &Actor, basis: Basis) -> Basis {
    match actor.who {
        Who::Citizen { person, at_work: Some(work), .. } if person != work.who.employee => {
            Basis::OrganisationRole
        }
        _ => basis,
    }
}
