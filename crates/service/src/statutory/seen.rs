//! Seeing who acts for whom by law or decision.

use crate::{Call, Error, Service, guard::InView};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Instant, LocalDate, Reason,
    access::{Act, Subject},
    actor::{Role, Who},
    basis::Basis,
    family::{Custody, OF_AGE},
    id::PersonId,
    person::Person,
    source::Source,
    statutory::{Area, StatutoryPower, StatutoryStanding},
    text::Name,
};
use tillid_storage::Tx;
use uuid::Uuid;

/// What it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatutoryWhat {
    /// Custody of a child.
    Custody,
    /// A guardianship.
    Guardianship,
    /// A lasting power.
    LastingPower,
}

impl StatutoryWhat {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Custody => "custody",
            Self::Guardianship => "guardianship",
            Self::LastingPower => "lasting_power",
        }
    }
}

/// Somebody who holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatutoryHolder {
    /// Who.
    pub person: PersonId,
    /// Their name, where it is known.
    pub name: Option<Name>,
}

/// What somebody holds over a person by law or decision, as it is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatutorySeen {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub what: StatutoryWhat,
    /// Its events so far.
    pub revision: u64,
    /// Over whom.
    pub person: PersonId,
    /// Their name, where it is known.
    pub person_name: Option<Name>,
    /// What its holders act on; `None` while a lasting power is dormant.
    pub basis: Option<Basis>,
    /// What it covers; empty for custody.
    pub areas: BTreeSet<Area>,
    /// Who holds it; of a dormant one, who would.
    pub holders: Vec<StatutoryHolder>,
    /// The first day; `None` while it is dormant.
    pub from: Option<LocalDate>,
    /// The last day, where it is known.
    pub until: Option<LocalDate>,
    /// Where it stands.
    pub standing: StatutoryStanding,
    /// Where it is known from.
    pub source: Source,
    /// When what is known now became known.
    pub known_at: Instant,
}

const fn died_on(person: &Person) -> Option<LocalDate> {
    person.life.died_on()
}

impl Service {
    /// What is held over the person in view and what they hold over others, as the caller may see it.
    pub async fn list_statutory(&self, call: &Call) -> Result<(Vec<StatutorySeen>, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let mut tx = self.must_see(tx, call, Act::SeeStatutory, view.person, now).await?;
        let found = self.statutory_in_view(&mut tx, call, view.person, now).await?;
        drop(tx);
        let others = sides(&found, view.person);
        self.watched_with(call, &view, &others, Act::SeeStatutory, None, !found.is_empty(), now).await?;
        Ok((found, now))
    }

    /// One of these.
    pub async fn read_statutory(&self, call: &Call, id: Uuid) -> Result<(StatutorySeen, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let mut tx = self.must_see(tx, call, Act::SeeStatutory, view.person, now).await?;
        let all = self.statutory_in_view(&mut tx, call, view.person, now).await?;
        let found: Vec<StatutorySeen> = all.into_iter().filter(|seen| seen.id == id).collect();
        drop(tx);
        let others = sides(&found, view.person);
        self.watched_with(call, &view, &others, Act::SeeStatutory, Some(id), !found.is_empty(), now).await?;
        Ok((found.into_iter().next().ok_or(Error::NotFound)?, now))
    }

    pub(crate) async fn statutory_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        now: Instant,
    ) -> Result<Vec<StatutorySeen>, Error> {
        let mut all: BTreeMap<Uuid, StatutorySeen> = BTreeMap::new();
        let over = tx.statutory_over(person).await?;
        for power in over.into_iter().chain(tx.statutory_of(person).await?) {
            let seen = self.seen_statutory(tx, power, now).await?;
            all.insert(seen.id, seen);
        }
        let mut children = tx.children_of(person).await?;
        children.push(person);
        for child in children {
            if let Some(custody) = tx.custody_of(child).await? {
                let seen = self.seen_custody(tx, custody, now).await?;
                all.extend(seen.map(|seen| (seen.id, seen)));
            }
        }
        let mut found = Vec::with_capacity(all.len());
        for seen in all.into_values() {
            if self.sees_statutory(tx, call, &seen, now).await? {
                found.push(seen);
            }
        }
        Ok(found)
    }

    /// Staff see nothing of what they are a party to, and what is dormant only where they are trusted to put it in force.
    async fn sees_statutory<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        seen: &StatutorySeen,
        now: Instant,
    ) -> Result<bool, Error> {
        let parties = || seen.holders.iter().map(|holder| holder.person).chain([seen.person]);
        let dormant = seen.standing == StatutoryStanding::Dormant;
        match &call.actor.who {
            Who::Employee(me) => {
                let party = me.person.is_some_and(|me| parties().any(|party| party == me));
                return Ok(!party && (!dormant || me.is(Role::Registrar)));
            }
            Who::System(_) => return Ok(!dormant),
            Who::Citizen { person, .. } if dormant => return Ok(*person == seen.person),
            Who::Citizen { .. } | Who::Operator => {}
        }
        for holder in parties() {
            let representative = Some(holder);
            let subject = Subject { person: Some(seen.person), representative, ..Subject::default() };
            if self.may(tx, call, Act::SeeStatutory, &subject, now).await?.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) async fn seen_statutory<M>(
        &self,
        tx: &mut Tx<M>,
        power: StatutoryPower,
        now: Instant,
    ) -> Result<StatutorySeen, Error> {
        let today = now.local_date();
        let represented = self.known_person(tx, power.person).await?;
        let told = power.told_on(today);
        let dormant = power.dormant.as_ref();
        let (basis, areas, holders) = match (told, dormant) {
            (Some((charge, ..)), _) => {
                (Some(charge.form.basis()), charge.areas.clone(), charge.holders.clone())
            }
            (None, Some(dormant)) => (None, dormant.areas.clone(), dormant.attorneys.clone()),
            (None, None) => (None, BTreeSet::new(), BTreeSet::new()),
        };
        let over = died_on(&represented).is_some();
        Ok(StatutorySeen {
            id: power.id.as_uuid(),
            what: if dormant.is_some() { StatutoryWhat::LastingPower } else { StatutoryWhat::Guardianship },
            revision: power.revision,
            person: power.person,
            person_name: represented.name.clone(),
            basis,
            areas,
            holders: self.named(tx, holders).await?,
            from: told.map(|(_, from, _)| from),
            until: told.and_then(|(_, _, next)| next).map(|next| next.days_before(1)),
            standing: if over { StatutoryStanding::Ended } else { power.standing(today) },
            source: power.source.clone(),
            known_at: power.changed_at,
        })
    }

    /// What is known now of who has custody; nothing where the child is of age or nobody has it.
    pub(crate) async fn seen_custody<M>(
        &self,
        tx: &mut Tx<M>,
        custody: Custody,
        now: Instant,
    ) -> Result<Option<StatutorySeen>, Error> {
        let child = self.known_person(tx, custody.child).await?;
        let Some(born) = child.born.filter(|_| !custody.holders.is_empty()) else { return Ok(None) };
        let of_age = born.birthday(OF_AGE);
        if of_age <= now.local_date() || died_on(&child).is_some() {
            return Ok(None);
        }
        let basis = if custody.holders.len() > 1 { Basis::CustodyJoint } else { Basis::CustodySole };
        Ok(Some(StatutorySeen {
            id: custody.id.as_uuid(),
            what: StatutoryWhat::Custody,
            revision: 1,
            person: custody.child,
            person_name: child.name,
            basis: Some(basis),
            areas: BTreeSet::new(),
            holders: self.named(tx, custody.persons()).await?,
            from: Some(custody.from),
            until: Some(of_age.days_before(1)),
            standing: StatutoryStanding::InForce,
            source: custody.source,
            known_at: custody.known_at,
        }))
    }

    async fn named<M>(
        &self,
        tx: &mut Tx<M>,
        persons: BTreeSet<PersonId>,
    ) -> Result<Vec<StatutoryHolder>, Error> {
        let mut named = Vec::with_capacity(persons.len());
        for person in persons {
            named.push(StatutoryHolder { person, name: self.name_of(tx, person).await? });
        }
        Ok(named)
    }

    /// Refuses whoever is no employee who may register such things, before anything is looked for.
    pub(crate) async fn must_register<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        view: &InView,
        holders: &BTreeSet<PersonId>,
        now: Instant,
    ) -> Result<(), Error> {
        if !matches!(call.actor.who, Who::Employee(_) | Who::System(_)) {
            return Err(Error::Denied(Reason::StaffOnly));
        }
        for representative in holders.iter().copied().map(Some).chain([None]) {
            let purpose = view.purpose.map(|purpose| (purpose, view.case.is_some()));
            let subject =
                Subject { person: Some(view.person), representative, purpose, ..Subject::default() };
            self.may(tx, call, Act::RegisterStatutory, &subject, now).await??;
        }
        Ok(())
    }
}

/// Who else is seen with a person; each once.
pub(crate) fn sides(found: &[StatutorySeen], person: PersonId) -> Vec<PersonId> {
    let parties =
        found.iter().flat_map(|seen| seen.holders.iter().map(|holder| holder.person).chain([seen.person]));
    let others: BTreeSet<PersonId> = parties.filter(|party| *party != person).collect();
    others.into_iter().collect()
}
