//! A person in the sense of the law, natural or legal, as far as we must know them.

use crate::{
    event::{Entity, Fact, Kind, Recorded},
    id::{NumberId, PersonId},
    instant::{Instant, LocalDate},
    party::{Employment, Party, Stint},
    reason::Reason,
    text::{Login, Name},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their own events so far.
    pub revision: u64,
    /// What they are here.
    pub party: Party,
    /// Their name.
    pub name: Option<Name>,
    /// Their day of birth.
    pub born: Option<LocalDate>,
    /// Their CPR numbers, without saying which.
    pub numbers: BTreeSet<NumberId>,
    /// Their logins: identity provider and name there.
    pub logins: BTreeSet<(Login, Login)>,
    /// Whether they live.
    pub life: Life,
    /// Since when they are exempt from Digital Post and get letters; `None` when they are not.
    pub post_exempt_since: Option<LocalDate>,
    /// Since when they are known here.
    pub registered_at: Instant,
}

/// Whether somebody lives, as far as we know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// They do.
    Alive,
    /// They died.
    Died {
        /// When.
        on: LocalDate,
        /// When we got to know.
        known_at: Instant,
    },
    /// They are one with another person of this service, who goes on: nothing is of theirs any more (M10).
    Merged {
        /// Who that is; never one who is merged themselves.
        into: PersonId,
        /// When we got to know.
        known_at: Instant,
    },
}

impl Life {
    /// The day of death, of the dead.
    pub const fn died_on(self) -> Option<LocalDate> {
        match self {
            Self::Died { on, .. } => Some(on),
            Self::Alive | Self::Merged { .. } => None,
        }
    }
}

impl Person {
    /// Years completed on that day; `None` where the day of birth is not known.
    pub fn age_on(&self, day: LocalDate) -> Option<i32> {
        self.born.map(|born| day.years_since(born))
    }

    /// Refuses what only the living do, and what only is done as who goes on (M10).
    pub const fn must_live(&self) -> Result<(), Reason> {
        match self.life {
            Life::Alive => Ok(()),
            Life::Died { .. } => Err(Reason::PersonDead),
            Life::Merged { .. } => Err(Reason::PersonMerged),
        }
    }

    /// Who they go on as: themselves, unless a register told that they are one with another (M10).
    pub const fn goes_on_as(&self) -> PersonId {
        match self.life {
            Life::Merged { into, .. } => into,
            Life::Alive | Life::Died { .. } => self.id,
        }
    }

    /// Refuses who is younger than that, where the age is known.
    pub fn must_be(&self, years: u8, day: LocalDate) -> Result<(), Reason> {
        match self.age_on(day) {
            Some(age) if age < i32::from(years) => Err(Reason::TooYoung),
            _ => Ok(()),
        }
    }

    /// Whether this can be what they are called: the same first and last word, whatever the case. Where no register has told a
    /// name, nothing speaks against it.
    pub fn may_be_called(&self, name: &Name) -> bool {
        let ends = |name: &Name| {
            let words: Vec<String> = name.as_str().split_whitespace().map(str::to_lowercase).collect();
            (words.first().cloned(), words.last().cloned())
        };
        self.name.as_ref().is_none_or(|known| ends(known) == ends(name))
    }

    /// Registers the death, whenever it was.
    pub fn die(self, on: LocalDate, now: Instant) -> Result<(Self, Fact), Reason> {
        match self.life {
            Life::Died { .. } => Err(Reason::DeathKnown),
            Life::Merged { .. } => Err(Reason::PersonMerged),
            Life::Alive => {
                let next =
                    Self { revision: self.revision + 1, life: Life::Died { on, known_at: now }, ..self };
                Ok((next, Fact::PersonDied { on }))
            }
        }
    }

    /// Takes note that they are exempt from Digital Post, or no longer are.
    pub fn change_post(self, exempt: bool, since: LocalDate) -> Result<(Self, Fact), Reason> {
        self.must_live()?;
        Ok((self.with_post(exempt, since), Fact::PostChanged { exempt, since }))
    }

    fn with_post(self, exempt: bool, since: LocalDate) -> Self {
        Self { revision: self.revision + 1, post_exempt_since: exempt.then_some(since), ..self }
    }

    /// Refuses whoever is here for an organisation: nobody answers for its own affairs here.
    pub fn must_be_citizen(&self) -> Result<(), Reason> {
        if self.party.is_citizen() { Ok(()) } else { Err(Reason::PersonUnknown) }
    }

    /// The employment, of an employee.
    pub const fn employment(&self) -> Option<&Employment> {
        match &self.party {
            Party::Employee(employment) => Some(employment),
            Party::Citizen | Party::Organisation { .. } => None,
        }
    }

    /// The organisation lets this employee act for those whom it represents, from now on.
    pub fn admit(self, now: Instant) -> Result<(Self, Fact), Reason> {
        let admitted = self.employment().ok_or(Reason::PersonUnknown)?.admitted_since();
        if admitted.is_some() {
            return Err(Reason::EmployeeAlreadyAdmitted);
        }
        Ok((self.admitted(now), Fact::EmployeeAdmitted {}))
    }

    fn admitted(mut self, at: Instant) -> Self {
        self.revision += 1;
        if let Party::Employee(employment) = &mut self.party {
            employment.stints.push(Stint { from: at, to: None });
        }
        self
    }

    /// The organisation lets them act no longer, from now on.
    pub fn stop(self, now: Instant) -> Result<(Self, Fact), Reason> {
        let admitted = self.employment().ok_or(Reason::PersonUnknown)?.admitted_since();
        if admitted.is_none() {
            return Err(Reason::EmployeeNotAdmitted);
        }
        Ok((self.stopped(now), Fact::EmployeeStopped {}))
    }

    fn stopped(mut self, at: Instant) -> Self {
        self.revision += 1;
        if let Party::Employee(employment) = &mut self.party
            && let Some(last) = employment.stints.last_mut()
        {
            last.to = Some(at);
        }
        self
    }

    /// Takes note of another number of theirs. What was given stays theirs, and their day of birth is what a register said it is.
    #[must_use]
    pub fn change_number(mut self, number: NumberId) -> (Self, Fact) {
        self.revision += 1;
        self.numbers.insert(number);
        (self, Fact::NumberChanged { number })
    }

    /// Is one with another from now on, who goes on (M10). Both live, and neither is here for an organisation. Told again of whom the
    /// other has become one with since, it is of them that this one is. `number` is theirs no longer.
    pub fn merge(self, kept: &Self, number: Option<NumberId>, now: Instant) -> Result<(Self, Fact), Reason> {
        if self.id == kept.id || !self.party.is_citizen() || !kept.party.is_citizen() {
            return Err(Reason::MergeImpossible);
        }
        kept.must_live()?;
        if let Life::Died { .. } = self.life {
            return Err(Reason::PersonDead);
        }
        Ok((self.merged(kept.id, number, now), Fact::PersonMerged { into: kept.id, number }))
    }

    fn merged(mut self, into: PersonId, number: Option<NumberId>, at: Instant) -> Self {
        self.revision += 1;
        self.life = Life::Merged { into, known_at: at };
        self.numbers.retain(|own| Some(*own) != number);
        self
    }

    /// Takes note that they were born on another day than was known, or than their number says.
    pub fn correct_birthday(self, born: LocalDate, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_citizen()?;
        self.must_live()?;
        if born.start() > now {
            return Err(Reason::EndDateTooLate);
        }
        Ok((self.born_on(born), Fact::BirthdayCorrected { born }))
    }

    fn born_on(self, born: LocalDate) -> Self {
        Self { revision: self.revision + 1, born: Some(born), ..self }
    }

    /// Binds a login to the person.
    #[must_use]
    pub fn bind(mut self, issuer: Login, login: Login) -> (Self, Fact) {
        self.revision += 1;
        self.logins.insert((issuer.clone(), login.clone()));
        (self, Fact::LoginBound { issuer, login })
    }
}

impl Person {
    /// Somebody who becomes known by that event.
    fn new(event: &Recorded, party: Party) -> Self {
        Self {
            id: PersonId::from_uuid(event.aggregate),
            revision: 1,
            party,
            name: None,
            born: None,
            numbers: BTreeSet::new(),
            logins: BTreeSet::new(),
            life: Life::Alive,
            post_exempt_since: None,
            registered_at: event.recorded_at,
        }
    }
}

impl Entity for Person {
    const KIND: Kind = Kind::Person;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    /// Whom they go on as learns of it too.
    fn subjects(&self) -> Vec<PersonId> {
        match self.life {
            Life::Merged { into, .. } => vec![self.id, into],
            Life::Alive | Life::Died { .. } => vec![self.id],
        }
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::PersonRegistered { name, born, number }) => Some(Self {
                name: name.clone(),
                born: *born,
                numbers: number.iter().copied().collect(),
                ..Self::new(event, Party::Citizen)
            }),
            (None, Fact::OrganisationRegistered { cvr, name }) => {
                let party = Party::Organisation { cvr: *cvr };
                Some(Self { name: Some(name.clone()), ..Self::new(event, party) })
            }
            (None, Fact::EmployeeRegistered { organisation, cvr, employee, name }) => {
                let (organisation, cvr, id) = (*organisation, *cvr, *employee);
                let party = Party::Employee(Employment { organisation, cvr, id, stints: Vec::new() });
                Some(Self { name: name.clone(), ..Self::new(event, party) })
            }
            (Some(person), Fact::EmployeeAdmitted {}) => Some(person.admitted(event.recorded_at)),
            (Some(person), Fact::EmployeeStopped {}) => Some(person.stopped(event.recorded_at)),
            (Some(person), Fact::LoginBound { issuer, login }) => {
                Some(person.bind(issuer.clone(), login.clone()).0)
            }
            (Some(person), Fact::NumberChanged { number }) => Some(person.change_number(*number).0),
            (Some(person), Fact::BirthdayCorrected { born }) => Some(person.born_on(*born)),
            (Some(person), Fact::PersonMerged { into, number }) => {
                Some(person.merged(*into, *number, event.recorded_at))
            }
            (Some(person), Fact::PersonDied { on }) => {
                person.die(*on, event.recorded_at).ok().map(|(next, _)| next)
            }
            (Some(person), Fact::PostChanged { exempt, since }) => Some(person.with_post(*exempt, *since)),
            _ => None,
        }
    }
}
