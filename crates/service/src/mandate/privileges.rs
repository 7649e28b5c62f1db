//! What somebody may do for others at this moment, in groups as the Basic Privilege Profile has them; and whether what such groups claim holds.

use crate::{
    AskedAbout, Call, Decided, Error, PersonRef, Question, Service, StatedPurpose,
    guard::{InView, is_staff, principal},
};
use std::collections::{BTreeMap, BTreeSet};
use tillid_documents::bpp::{Constraint, Privilege, PrivilegeGroup, Scope, read};
use tillid_domain::{
    Cpr, Instant, Reason,
    access::{Act, Refusal, Subject},
    actor::Who,
    decision::KnownPrivilege,
    id::{MandateId, PersonId},
    power::{Power, PowerEnd},
    text::{CaseRef, PrivilegeUri},
};
use tillid_storage::{HeldPower, KnownAt, Read, Tx};
use uuid::Uuid;

/// The most powers that are told at a time.
const MOST: u32 = 5000;
/// The most claims that are checked at a time.
const MOST_CLAIMS: usize = 1000;

/// What somebody may do for others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldPrivileges {
    /// For whom, and what.
    pub groups: Vec<PrivilegeGroup>,
    /// Whether there is more than is told.
    pub more: bool,
}

/// A claim that somebody may do something, and what was decided about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedClaim {
    /// The number of its group in what was sent, from zero.
    pub group: usize,
    /// The number of the privilege in the group, from zero.
    pub privilege: usize,
    /// The decision; `None` where it can be about nothing here.
    pub decided: Option<Decided>,
}

impl Service {
    /// What a mandate gives at this moment. A person is told of by id; by number where staff or a system already has that number and
    /// sends it along: it is never told to anybody who did not know it.
    pub async fn mandate_privileges(
        &self,
        call: &Call,
        id: MandateId,
        numbers: &[Cpr],
    ) -> Result<HeldPrivileges, Error> {
        self.may_name_numbers(call, numbers).await?;
        let (mandate, _) = self.read_mandate(call, id).await?;
        // Looked at anew: what ended meanwhile is not told.
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let powers = tx.powers_of(id.as_uuid()).await?.into_iter();
        let held = powers.filter(|power| holds(power, now) && mandate.privileges.contains(&power.privilege));
        let held =
            self.usable(&mut tx, mandate.representative, held.map(HeldPower::from).collect(), now).await?;
        let groups = self.told_of(&mut tx, held, numbers).await?;
        Ok(HeldPrivileges { groups, more: false })
    }

    /// What the person in view may do for others at this moment, by mandates, by custody and as a guardian or by a lasting power in force:
    /// all of it to themselves, what rests on packages of their own authority to staff and systems. Numbers are as in [`Service::mandate_privileges`].
    pub async fn held_privileges(&self, call: &Call, numbers: &[Cpr]) -> Result<HeldPrivileges, Error> {
        self.may_name_numbers(call, numbers).await?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        if let Who::Citizen { acting_for: Some(person), .. } = call.actor.who {
            drop(tx);
            let refusal = Refusal::Denied(Reason::OnlyInPerson);
            return Err(self.refused(call, person, Act::SeeMandate, refusal, now).await);
        }
        let (tx, view) = self.in_view(tx, call).await?;
        let mut tx = self.must_hold_some_power(tx, call, view.person, now).await?;
        let mut held = tx.powers_held(view.person, now, MOST + 1).await?;
        let mut more = held.len() > MOST as usize;
        held.truncate(MOST as usize);
        held = self.usable(&mut tx, view.person, held, now).await?;
        if is_staff(&call.actor) {
            held = self.seen_by_staff(&mut tx, call, &view, held, now).await?;
        }
        held.extend(self.held_by_law(&mut tx, call, &view, now).await?);
        more |= held.len() > MOST as usize;
        held.truncate(MOST as usize);
        let others: BTreeSet<PersonId> = held.iter().map(|power| power.grantor).collect();
        let (found, groups) = (!held.is_empty(), self.told_of(&mut tx, held, numbers).await?);
        drop(tx);
        let others: Vec<PersonId> = others.into_iter().collect();
        self.watched_with(call, &view, &others, Act::SeeMandate, None, found, now).await?;
        Ok(HeldPrivileges { groups, more })
    }

    /// Without what a mandate does not give while its grantor's capacity is removed in its area.
    async fn usable<M>(
        &self,
        tx: &mut Tx<M>,
        representative: PersonId,
        held: Vec<HeldPower>,
        now: Instant,
    ) -> Result<Vec<HeldPower>, Error> {
        let mut usable = held;
        for grantor in usable.iter().map(|power| power.grantor).collect::<BTreeSet<_>>() {
            let by_law = self.by_law(tx, grantor, representative, now).await?;
            usable.retain(|power| power.grantor != grantor || !by_law.is_incapable(&power.privilege));
        }
        Ok(usable)
    }

    /// What the law gives them alone: co-guardians act with the ward, and nobody acts alone where all who have custody must agree.
    /// Staff see what rests on packages of their own authority, and nothing of what they are a party to.
    async fn held_by_law(
        &self,
        tx: &mut Tx<Read>,
        call: &Call,
        view: &InView,
        now: Instant,
    ) -> Result<Vec<HeldPower>, Error> {
        let (me, rights) = (employed(call), self.rights(tx, call, now).await?);
        let mut held = Vec::new();
        for grantor in tx.related_by(view.person, None, MOST).await? {
            if me.is_some_and(|me| me == grantor || me == view.person) {
                continue;
            }
            let born = self.known_person(tx, grantor).await?.born;
            let by_law = self.by_law(tx, grantor, view.person, now).await?;
            let sees = |known: &KnownPrivilege| {
                let subject = Subject {
                    person: Some(view.person),
                    authority: Some(known.authority),
                    sensitivity: Some(known.sensitivity),
                    ..Subject::default()
                };
                !is_staff(&call.actor) || rights.allow(call, Act::SeeMandate, &subject).is_ok()
            };
            let privileges = by_law.privileges_alone(born, sees).into_iter();
            held.extend(privileges.map(|(privilege, source)| HeldPower {
                grantor,
                case: None,
                privilege,
                source,
            }));
        }
        Ok(held)
    }

    /// What rests on mandates that they may see, and of these what they may see.
    async fn seen_by_staff<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        view: &InView,
        held: Vec<HeldPower>,
        now: Instant,
    ) -> Result<Vec<HeldPower>, Error> {
        let rights = self.rights(tx, call, now).await?;
        let mut seen: BTreeMap<Uuid, Vec<PrivilegeUri>> = BTreeMap::new();
        for source in held.iter().map(|power| power.source).collect::<BTreeSet<_>>() {
            let mandate = tx.mandate(MandateId::from_uuid(source)).await?;
            let Some(mandate) = mandate else { continue };
            let mandate = self.mandate_in_view(tx, call, view.person, mandate, &rights, now).await?;
            seen.extend(mandate.map(|mandate| (source, mandate.privileges)));
        }
        let sees = |power: &HeldPower| {
            seen.get(&power.source).is_some_and(|privileges| privileges.contains(&power.privilege))
        };
        Ok(held.into_iter().filter(sees).collect())
    }

    /// Numbers are for those to whom law gives the use of them (databeskyttelsesloven § 11); to others a guess would be confirmed.
    async fn may_name_numbers(&self, call: &Call, numbers: &[Cpr]) -> Result<(), Error> {
        if numbers.is_empty() || is_staff(&call.actor) {
            return Ok(());
        }
        let refusal = Refusal::Denied(Reason::StaffOnly);
        match principal(&call.actor) {
            Some(person) => {
                let now = self.business_now().await?;
                Err(self.refused(call, person, Act::SeeMandate, refusal, now).await)
            }
            None => Err(refusal.into()),
        }
    }

    async fn told_of<M>(
        &self,
        tx: &mut Tx<M>,
        held: Vec<HeldPower>,
        numbers: &[Cpr],
    ) -> Result<Vec<PrivilegeGroup>, Error> {
        let mut known: BTreeMap<PersonId, &Cpr> = BTreeMap::new();
        for number in numbers {
            known.extend(tx.person_by_number(number).await?.map(|person| (person, number)));
        }
        let mut groups: BTreeMap<(PersonId, Option<CaseRef>), BTreeSet<PrivilegeUri>> = BTreeMap::new();
        for power in held {
            groups.entry((power.grantor, power.case)).or_default().insert(power.privilege);
        }
        let group = |((grantor, case), privileges): ((PersonId, Option<CaseRef>), BTreeSet<PrivilegeUri>)| {
            let scope =
                known.get(&grantor).map_or(Scope::Person(grantor), |number| Scope::Cpr((*number).clone()));
            PrivilegeGroup {
                scope,
                privileges: privileges.iter().filter_map(|uri| uri.as_str().parse().ok()).collect(),
                constraints: case.and_then(|case| for_case(&case)).into_iter().collect(),
            }
        };
        Ok(groups.into_iter().map(group).collect())
    }

    /// Whether what such groups claim of somebody holds at this moment, in that case where it is asked in one: a decision about each privilege of each group, in their order,
    /// recorded like every other. A claim that cannot be about anything here is answered without one.
    pub async fn check_privileges(
        &self,
        call: &Call,
        representative: &PersonRef,
        value: &[u8],
        purpose: Option<StatedPurpose>,
        case: Option<&CaseRef>,
    ) -> Result<Vec<CheckedClaim>, Error> {
        let groups = read(value).map_err(|_| Error::invalid("/value", Reason::PrivilegesUnreadable))?;
        let mut claims = Vec::new();
        for (group, of) in groups.iter().enumerate() {
            for (privilege, uri) in of.privileges.iter().enumerate() {
                claims.push((group, privilege, question(of, uri, representative, purpose, case)));
            }
        }
        if claims.len() > MOST_CLAIMS {
            return Err(Error::invalid("/value", Reason::PrivilegesUnreadable));
        }
        let questions: Vec<Question> = claims.iter().filter_map(|(.., question)| question.clone()).collect();
        let mut decided = self.decide(call, questions).await?.into_iter();
        let checked = |(group, privilege, question): (usize, usize, Option<Question>)| CheckedClaim {
            group,
            privilege,
            decided: question.and_then(|_| decided.next()),
        };
        Ok(claims.into_iter().map(checked).collect())
    }
}

/// Who an employee is in private, where that is known.
const fn employed(call: &Call) -> Option<PersonId> {
    match &call.actor.who {
        Who::Employee(employee) => employee.person,
        _ => None,
    }
}

/// What has an end on record gives nothing, whatever this node's clock says.
fn holds(power: &Power, now: Instant) -> bool {
    let known = power.known_to.is_none() && power.ended.is_none_or(PowerEnd::is_by_the_calendar);
    known && power.valid_from <= now && now < power.valid_to
}

/// The constraint of a mandate for one case.
fn for_case(case: &CaseRef) -> Option<Constraint> {
    let name: Privilege = Constraint::CASE.parse().ok()?;
    Some(Constraint { name, value: case.to_string() })
}

/// A claim as a question; `None` where it can be about nothing here. A constraint of others' narrows it, so what holds without it holds with it.
fn question(
    group: &PrivilegeGroup,
    privilege: &Privilege,
    representative: &PersonRef,
    purpose: Option<StatedPurpose>,
    asked: Option<&CaseRef>,
) -> Option<Question> {
    let grantor = match &group.scope {
        Scope::Cpr(number) => PersonRef::Number(number.clone()),
        Scope::Person(id) => PersonRef::Id(*id),
        Scope::Cvr(_) | Scope::Se(_) | Scope::ProductionUnit(_) => return None,
    };
    let case = group.constraints.iter().find(|constraint| constraint.name.as_str() == Constraint::CASE);
    let claimed: Option<CaseRef> = case.map(|constraint| constraint.value.parse()).transpose().ok()?;
    let case = match (claimed, asked) {
        // For one case alone, and it is asked in another.
        (Some(claimed), Some(asked)) if claimed != *asked => return None,
        (claimed, asked) => claimed.or_else(|| asked.cloned()),
    };
    let about = AskedAbout::Acting {
        representative: representative.clone(),
        privilege: privilege.as_str().parse().ok()?,
        grantor,
    };
    Some(Question { about, purpose, case, valid_at: None, known_at: KnownAt::Now })
}
