//! Registering what courts, Familieretshuset and registers decided or tell, changing it and ending it.

use super::StatutorySeen;
use crate::{Call, Done, Error, PersonRef, Service, family::NewCustody, guard::InView};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Instant, LocalDate, Reason,
    access::{AccessRecord, Act, Outcome},
    actor::Actor,
    event::{Entity, Fact},
    family::{Holder, OF_AGE},
    id::{PersonId, StatutoryId},
    source::Source,
    statutory::{Area, Charge, Days, Dormant, Form, StatutoryPower},
};
use tillid_storage::{Looks, Tx, Write};
use uuid::Uuid;

/// What somebody gets over a person, as it was decided.
#[derive(Clone, Debug)]
pub struct NewCharge {
    /// What kind of power.
    pub form: Form,
    /// What it covers.
    pub areas: BTreeSet<Area>,
    /// Who holds it.
    pub holders: Vec<PersonRef>,
    /// The first day; today when not said.
    pub from: Option<LocalDate>,
    /// The last day, where one was decided.
    pub until: Option<LocalDate>,
}

/// What is registered of a person.
#[derive(Clone, Debug)]
pub enum NewStatutory {
    /// A guardianship.
    Guardianship(NewCharge),
    /// A lasting power as its register has it; it gives nothing before it is put in force.
    LastingPower {
        /// Who would hold it.
        attorneys: Vec<PersonRef>,
        /// What it would cover.
        areas: BTreeSet<Area>,
    },
    /// Who has custody, in place of whoever had it; each with whether the child lives with them.
    Custody {
        /// Who.
        holders: Vec<(PersonRef, bool)>,
        /// The first day; today when not said.
        from: Option<LocalDate>,
    },
}

/// A step with one of these: from what is there to what follows, under the locks.
enum Step<'a> {
    New(&'a NewStatutory),
    Change(StatutoryId, &'a NewCharge),
    End(StatutoryId, Option<LocalDate>),
}

impl NewCharge {
    /// The days that it names, each with where.
    const fn days(&self) -> [(&'static str, Option<LocalDate>); 2] {
        [("/from", self.from), ("/until", self.until)]
    }
}

/// Refuses days that nobody lives to see, or saw.
fn must_be_of_our_time(days: [(&'static str, Option<LocalDate>); 2], now: Instant) -> Result<(), Error> {
    let today = now.local_date();
    for (at, day) in days {
        let Some(day) = day else { continue };
        if day.years_since(today) > A_LIFE {
            return Err(Error::invalid(at, Reason::EndDateTooLate));
        }
        if today.years_since(day) > A_LIFE {
            return Err(Error::invalid(at, Reason::StatutoryImpossible));
        }
    }
    Ok(())
}

impl Step<'_> {
    /// The days that it names, each with where.
    fn days(&self) -> [(&'static str, Option<LocalDate>); 2] {
        match self {
            Self::New(NewStatutory::Guardianship(charge)) => charge.days(),
            Self::Change(_, charge) => charge.days(),
            Self::New(NewStatutory::Custody { from, .. }) | Self::End(_, from) => {
                [("/from", *from), ("/until", None)]
            }
            Self::New(NewStatutory::LastingPower { .. }) => [("/from", None), ("/until", None)],
        }
    }

    fn must_be_of_our_time(&self, now: Instant) -> Result<(), Error> {
        must_be_of_our_time(self.days(), now)
    }
}

/// More years than anybody lives.
const A_LIFE: i32 = 150;

/// What came of a step.
struct Written {
    power: StatutoryPower,
    replayed: bool,
}

impl Service {
    /// Registers a guardianship, a lasting power or custody of the person of the look-up.
    pub async fn register_statutory(
        &self,
        call: &Call,
        new: &NewStatutory,
        source: &Source,
    ) -> Result<Done<StatutorySeen>, Error> {
        Step::New(new).must_be_of_our_time(self.business_now().await?)?;
        let step = match new {
            NewStatutory::Custody { holders, from } => {
                return self.register_custody(call, holders, *from, source).await;
            }
            new => Step::New(new),
        };
        self.by_staff(call, &step, source).await
    }

    /// States what holds from a day on, in place of what was known of that time; of a lasting power, that it was put in force.
    pub async fn change_statutory(
        &self,
        call: &Call,
        id: Uuid,
        new: &NewCharge,
        source: &Source,
    ) -> Result<Done<StatutorySeen>, Error> {
        self.by_staff(call, &Step::Change(StatutoryId::from_uuid(id), new), source).await
    }

    /// Ends it from that day on; from today when none is said.
    pub async fn end_statutory(
        &self,
        call: &Call,
        id: Uuid,
        from: Option<LocalDate>,
        source: &Source,
    ) -> Result<Done<StatutorySeen>, Error> {
        self.by_staff(call, &Step::End(StatutoryId::from_uuid(id), from), source).await
    }

    /// Writes down what a register tells of a person.
    pub async fn tell_statutory(
        &self,
        person: PersonId,
        new: &NewStatutory,
        source: &Source,
    ) -> Result<StatutoryId, Error> {
        Ok(self.by_register(person, &Step::New(new), source).await?.power.id)
    }

    /// Likewise, what holds now of something that is known already.
    pub async fn tell_change(&self, id: StatutoryId, new: &NewCharge, source: &Source) -> Result<(), Error> {
        let person = self.person_of(id).await?;
        self.by_register(person, &Step::Change(id, new), source).await.map(drop)
    }

    /// Likewise, that it is over.
    pub async fn tell_end(
        &self,
        id: StatutoryId,
        from: Option<LocalDate>,
        source: &Source,
    ) -> Result<(), Error> {
        let person = self.person_of(id).await?;
        self.by_register(person, &Step::End(id, from), source).await.map(drop)
    }

    /// Refuses what names days that nobody lives to see, or saw.
    pub async fn must_be_of_our_time(&self, new: &NewCharge) -> Result<(), Error> {
        must_be_of_our_time(new.days(), self.business_now().await?)
    }

    /// The guardianships and lasting powers over a person that are not over, the oldest first: what a register goes on from.
    pub async fn open_statutory(&self, person: PersonId) -> Result<Vec<StatutoryPower>, Error> {
        let mut tx = self.store.read().await?;
        let today = self.now(&mut tx).await?.local_date();
        let mut powers = tx.statutory_over(person).await?;
        powers.retain(|power| power.standing(today) != tillid_domain::statutory::StatutoryStanding::Ended);
        Ok(powers)
    }

    async fn person_of(&self, id: StatutoryId) -> Result<PersonId, Error> {
        let mut tx = self.store.read().await?;
        tx.statutory(id).await?.map(|power| power.person).ok_or(Error::NotFound)
    }

    async fn by_register(
        &self,
        person: PersonId,
        step: &Step<'_>,
        source: &Source,
    ) -> Result<Written, Error> {
        let call = Call::by(Actor::OPERATOR);
        step.must_be_of_our_time(self.business_now().await?)?;
        let holders = self.holders(&call, step).await?;
        self.statutory_step(&call, None, person, step, &holders, source).await
    }

    async fn by_staff(
        &self,
        call: &Call,
        step: &Step<'_>,
        source: &Source,
    ) -> Result<Done<StatutorySeen>, Error> {
        step.must_be_of_our_time(self.business_now().await?)?;
        let view = self.person_in_view(call).await?;
        let outcome = self.by_staff_in_view(call, &view, step, source).await;
        self.accounted(call, Some(view.person), Act::RegisterStatutory, outcome).await
    }

    async fn by_staff_in_view(
        &self,
        call: &Call,
        view: &InView,
        step: &Step<'_>,
        source: &Source,
    ) -> Result<Done<StatutorySeen>, Error> {
        // Whoever never registers such things is told so without making anybody known.
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        self.must_register(&mut tx, call, view, &BTreeSet::new(), now).await?;
        drop(tx);
        let holders = self.holders(call, step).await?;
        let written = self.statutory_step(call, Some(view), view.person, step, &holders, source).await?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let value = self.seen_statutory(&mut tx, written.power, now).await?;
        Ok(Done { value, replayed: written.replayed })
    }

    /// Those who are named, found. Who is not known yet becomes known by their number, so that it stands in their log.
    async fn holders(&self, call: &Call, step: &Step<'_>) -> Result<BTreeSet<PersonId>, Error> {
        let named: &[PersonRef] = match step {
            Step::New(NewStatutory::Guardianship(charge)) => &charge.holders,
            Step::Change(_, charge) => &charge.holders,
            Step::New(NewStatutory::LastingPower { attorneys, .. }) => attorneys,
            Step::New(NewStatutory::Custody { .. }) | Step::End(..) => &[],
        };
        self.persons_named(call, named.iter()).await
    }

    async fn persons_named<'a>(
        &self,
        call: &Call,
        named: impl Iterator<Item = &'a PersonRef>,
    ) -> Result<BTreeSet<PersonId>, Error> {
        let mut found = BTreeSet::new();
        for (n, person) in named.enumerate() {
            let at = format!("/holders/{n}");
            let person = self.resolve(call, person).await?;
            found.insert(person.ok_or_else(|| Error::invalid(&at, Reason::PersonUnknown))?);
        }
        Ok(found)
    }

    /// Takes the step under the locks of everybody whom it concerns.
    async fn statutory_step(
        &self,
        call: &Call,
        view: Option<&InView>,
        person: PersonId,
        step: &Step<'_>,
        holders: &BTreeSet<PersonId>,
        source: &Source,
    ) -> Result<Written, Error> {
        let mut concerned: BTreeSet<PersonId> = holders.iter().copied().chain([person]).collect();
        loop {
            let mut tx = self.store.write().await?;
            if let Some(id) = self.claim(&mut tx, call).await? {
                let power = tx.statutory(StatutoryId::from_uuid(id)).await?;
                let power = power.filter(|power| power.person == person).ok_or(Error::NotFound)?;
                return Ok(Written { power, replayed: true });
            }
            tx.lock(&concerned.iter().copied().collect::<Vec<_>>()).await?;
            let before = self.before(&mut tx, person, step).await?;
            let everyone = before.iter().flat_map(|power| power.named.iter().copied());
            let everyone: BTreeSet<PersonId> = everyone.chain(concerned.iter().copied()).collect();
            if everyone != concerned {
                concerned = everyone;
                continue;
            }
            let now = self.now(&mut tx).await?;
            if let Some(view) = view {
                self.must_register(&mut tx, call, view, &concerned, now).await?;
                self.must_have_document(&mut tx, call, person, source).await?;
            }
            if let Some(before) = &before {
                call.must_expect(before.revision)?;
            }
            if !matches!(step, Step::End(..)) {
                for one in holders.iter().chain([&person]) {
                    self.known_person(&mut tx, *one).await?.must_live()?;
                }
            }
            let (power, fact) = self.transition(before, person, step, holders, source, now)?;
            self.must_be_only_one(&mut tx, &power).await?;
            let event = self.event(call, now, &power, fact);
            let status = if matches!(step, Step::New(_)) { 201 } else { 200 };
            self.settle(&mut tx, call, status, power.id(), power.revision).await?;
            let looks = view.map(|view| self.registered_looks(call, view, &power, now));
            tx.commit(vec![event], looks).await?;
            return Ok(Written { power, replayed: false });
        }
    }

    async fn before(
        &self,
        tx: &mut Tx<Write>,
        person: PersonId,
        step: &Step<'_>,
    ) -> Result<Option<StatutoryPower>, Error> {
        let (Step::Change(id, _) | Step::End(id, _)) = step else { return Ok(None) };
        let found = tx.statutory(*id).await?.filter(|power| power.person == person);
        found.map(Some).ok_or(Error::NotFound)
    }

    fn transition(
        &self,
        before: Option<StatutoryPower>,
        person: PersonId,
        step: &Step<'_>,
        holders: &BTreeSet<PersonId>,
        source: &Source,
        now: Instant,
    ) -> Result<(StatutoryPower, Fact), Error> {
        let charged = |new: &NewCharge| {
            let charge = Charge { form: new.form, areas: new.areas.clone(), holders: holders.clone() };
            (charge, Days { from: new.from.unwrap_or_else(|| now.local_date()), until: new.until })
        };
        let (id, source) = (StatutoryId::from_uuid(self.ambient.id()), source.clone());
        let next = match (step, before) {
            (Step::New(NewStatutory::Guardianship(new)), _) => {
                let (charge, days) = charged(new);
                StatutoryPower::guardianship(id, person, charge, days, source, now)
            }
            (Step::New(NewStatutory::LastingPower { areas, .. }), _) => {
                let dormant = Dormant { attorneys: holders.clone(), areas: areas.clone() };
                StatutoryPower::lasting(id, person, dormant, source, now)
            }
            (Step::Change(_, new), Some(before)) => {
                let (charge, days) = charged(new);
                before.change(charge, days, source, now)
            }
            (Step::End(_, from), Some(before)) => {
                before.end(from.unwrap_or_else(|| now.local_date()), source, now)
            }
            (Step::New(NewStatutory::Custody { .. }) | Step::Change(..) | Step::End(..), _) => {
                return Err(Error::NotFound);
            }
        };
        next.map_err(|reason| match reason {
            Reason::EndDatePast => Error::invalid("/until", reason),
            Reason::StatutoryImpossible => Error::invalid("/holders", reason),
            reason => Error::Rule(reason),
        })
    }

    /// one lasting power of a person is in force at a time.
    async fn must_be_only_one(&self, tx: &mut Tx<Write>, power: &StatutoryPower) -> Result<(), Error> {
        if power.dormant.is_none() {
            return Ok(());
        }
        let others = tx.statutory_over(power.person).await?;
        let other = others.iter().any(|o| o.id != power.id && o.dormant.is_some() && o.meets(power));
        if other { Err(Error::Rule(Reason::LastingPowerInForce)) } else { Ok(()) }
    }

    /// The evidence is a document about the person that the caller's authority keeps.
    async fn must_have_document<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        source: &Source,
    ) -> Result<(), Error> {
        let Some(id) = source.document() else { return Ok(()) };
        let authority = crate::consent::confined_to(&call.actor);
        let found = tx.document(id).await?;
        let theirs = found.is_some_and(|d| d.person == person && Some(d.authority) == authority);
        if theirs { Ok(()) } else { Err(Error::invalid("/source/document", Reason::DocumentUnknown)) }
    }

    /// That it was registered stands in the log of everybody whom it names; of what is dormant, in the grantor's alone.
    pub(crate) fn registered_looks<E: Entity>(
        &self,
        call: &Call,
        view: &InView,
        power: &E,
        now: Instant,
    ) -> Looks {
        let look = |person| AccessRecord {
            target: Some(power.id()),
            purpose: view.purpose,
            case: view.case.clone(),
            ..self.look(call, person, Act::RegisterStatutory, Outcome::Found, now)
        };
        self.looks(power.subjects().into_iter().map(look).collect(), now)
    }

    async fn register_custody(
        &self,
        call: &Call,
        holders: &[(PersonRef, bool)],
        from: Option<LocalDate>,
        source: &Source,
    ) -> Result<Done<StatutorySeen>, Error> {
        let view = self.person_in_view(call).await?;
        let outcome = self.custody_in_view(call, &view, holders, from, source).await;
        self.accounted(call, Some(view.person), Act::RegisterStatutory, outcome).await
    }

    async fn custody_in_view(
        &self,
        call: &Call,
        view: &InView,
        holders: &[(PersonRef, bool)],
        from: Option<LocalDate>,
        source: &Source,
    ) -> Result<Done<StatutorySeen>, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        self.must_register(&mut tx, call, view, &BTreeSet::new(), now).await?;
        self.must_have_document(&mut tx, call, view.person, source).await?;
        let child = self.known_person(&mut tx, view.person).await?;
        let minor = child.age_on(now.local_date()).is_some_and(|age| age < i32::from(OF_AGE));
        // Of somebody whose age nobody knows, or who is of age, nobody has custody.
        if !minor || holders.is_empty() {
            return Err(Error::Rule(Reason::CustodyImpossible));
        }
        drop(tx);
        let mut found: BTreeMap<PersonId, bool> = BTreeMap::new();
        for (n, (person, lives_with)) in holders.iter().enumerate() {
            let at = format!("/holders/{n}");
            let person = self.resolve(call, person).await?;
            let person = person.ok_or_else(|| Error::invalid(&at, Reason::PersonUnknown))?;
            if found.insert(person, *lives_with).is_some() {
                return Err(Error::Rule(Reason::CustodyImpossible));
            }
        }
        let holders = found.into_iter().map(|(person, lives_with)| Holder { person, lives_with });
        let new = NewCustody { child: view.person, holders: holders.collect(), from, source: source.clone() };
        let done = self.state_custody_for(call, view, &new).await?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let custody = tx.custody(done.value).await?.ok_or(Error::NotFound)?;
        let value = self.seen_custody(&mut tx, custody, now).await?.ok_or(Error::NotFound)?;
        Ok(Done { value, replayed: done.replayed })
    }
}
