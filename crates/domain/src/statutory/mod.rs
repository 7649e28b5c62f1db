//! Powers that somebody holds by law or decision and that nobody gave here: guardianship and lasting powers.
//!
//! What is known of one is a line of time: from a day on something holds, or nothing does. Each statement says what is so from its day
//! on, in place of everything that was said of that time before. So a change, an end and a correction are the same thing, and what was
//! known earlier stays in the journal.

mod relation;
mod rules;
#[cfg(test)]
mod tests;

pub use relation::{CapacityRemoved, Relation, by_custody, by_statute, capacity_removed};
pub use rules::{Carrying, Statutory};

use crate::{
    basis::Basis,
    event::{Entity, Fact, Kind, Recorded},
    id::{DocumentId, PersonId, StatutoryId},
    instant::{Instant, LocalDate},
    reason::Reason,
    source::Source,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A field of life that such a power covers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Money and property.
    Economic,
    /// The person's own life.
    Personal,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 2] = [Self::Economic, Self::Personal];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Economic => "economic",
            Self::Personal => "personal",
        }
    }
}

/// What kind of power it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Guardianship (værgemålsloven section 5): the guardian acts, and so does the ward.
    Guardianship,
    /// Guardianship with legal capacity removed (section 6): the guardian acts, and the ward no longer does.
    WithoutCapacity,
    /// Co-guardianship (section 7): both act together.
    CoGuardianship,
    /// A lasting power that is in force (fremtidsfuldmagt).
    LastingPower,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] =
        [Self::Guardianship, Self::WithoutCapacity, Self::CoGuardianship, Self::LastingPower];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Guardianship => "guardianship",
            Self::WithoutCapacity => "without_capacity",
            Self::CoGuardianship => "co_guardianship",
            Self::LastingPower => "lasting_power",
        }
    }

    /// What those who hold it act on.
    pub const fn basis(self) -> Basis {
        match self {
            Self::Guardianship => Basis::GuardianS5,
            Self::WithoutCapacity => Basis::GuardianS6,
            Self::CoGuardianship => Basis::CoGuardianS7,
            Self::LastingPower => Basis::LastingPoa,
        }
    }
}

/// What holds from a day on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Charge {
    /// What kind of power.
    pub form: Form,
    /// What it covers; never empty.
    pub areas: BTreeSet<Area>,
    /// Who holds it; each may act alone. Never empty.
    pub holders: BTreeSet<PersonId>,
}

/// On which days something is so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Days {
    /// The first one.
    pub from: LocalDate,
    /// The last one, where one is known.
    pub until: Option<LocalDate>,
}

/// A part of the line of time, up to the next one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Span {
    /// Its first day.
    pub from: LocalDate,
    /// What holds then; `None` where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
}

/// What a lasting power would give if it were put in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dormant {
    /// Who would hold it.
    pub attorneys: BTreeSet<PersonId>,
    /// What it would cover.
    pub areas: BTreeSet<Area>,
}

/// A guardianship or a lasting power, with all that is known of it now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatutoryPower {
    /// Its id.
    pub id: StatutoryId,
    /// Its events so far.
    pub revision: u64,
    /// Who is represented: the ward, or who made the lasting power.
    pub person: PersonId,
    /// What was registered of a lasting power; of a guardianship there is nothing before it holds.
    pub dormant: Option<Dormant>,
    /// The line of time, from its first day on.
    pub spans: Vec<Span>,
    /// Everybody who was ever said to hold it.
    pub named: BTreeSet<PersonId>,
    /// Where what was said last is known from.
    pub source: Source,
    /// Every decision that was handed over for it.
    pub documents: BTreeSet<DocumentId>,
    /// When it became known here first.
    pub known_at: Instant,
    /// When what is known now became known.
    pub changed_at: Instant,
}

/// Where such a power stands on a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatutoryStanding {
    /// A lasting power that nobody has put in force: it gives nothing.
    Dormant,
    /// It begins later.
    Planned,
    /// It holds.
    InForce,
    /// It is over.
    Ended,
}

impl StatutoryStanding {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dormant => "dormant",
            Self::Planned => "planned",
            Self::InForce => "in_force",
            Self::Ended => "ended",
        }
    }
}

impl Charge {
    fn must_be_possible(&self, person: PersonId) -> Result<(), Reason> {
        let possible = !self.areas.is_empty() && !self.holders.is_empty() && !self.holders.contains(&person);
        possible.then_some(()).ok_or(Reason::StatutoryImpossible)
    }
}

impl Days {
    fn must_be_possible(self) -> Result<(), Reason> {
        if self.until.is_some_and(|until| until < self.from) { Err(Reason::EndDatePast) } else { Ok(()) }
    }
}

impl StatutoryPower {
    /// A guardianship, as it was decided. It comes from the decision and never from the ward.
    pub fn guardianship(
        id: StatutoryId,
        person: PersonId,
        charge: Charge,
        days: Days,
        source: Source,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        if charge.form == Form::LastingPower {
            return Err(Reason::StatutoryImpossible);
        }
        Self::empty(id, person, None, source.clone(), now).state(charge, days, source, now)
    }

    /// A lasting power, as its register has it. It gives nothing until it is put in force.
    pub fn lasting(
        id: StatutoryId,
        person: PersonId,
        dormant: Dormant,
        source: Source,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        let Dormant { attorneys, areas } = dormant.clone();
        Charge { form: Form::LastingPower, areas, holders: attorneys }.must_be_possible(person)?;
        let fact = Fact::LastingPowerRegistered { person, dormant: dormant.clone(), source: source.clone() };
        Ok((Self { revision: 1, ..Self::empty(id, person, Some(dormant), source, now) }, fact))
    }

    fn empty(
        id: StatutoryId,
        person: PersonId,
        dormant: Option<Dormant>,
        source: Source,
        now: Instant,
    ) -> Self {
        let (spans, named) = (Vec::new(), BTreeSet::new());
        let documents = source.document().into_iter().collect();
        Self {
            id,
            revision: 0,
            person,
            dormant,
            spans,
            named,
            source,
            documents,
            known_at: now,
            changed_at: now,
        }
    }

    /// States what holds from a day on, in place of what was said of that time: a change, or a correction of what was known. Of a lasting
    /// power it is what puts it in force; nobody gets by that what was not registered, so that nobody grants it here.
    pub fn change(
        self,
        charge: Charge,
        days: Days,
        source: Source,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        let fits = match &self.dormant {
            None => charge.form != Form::LastingPower,
            Some(Dormant { attorneys, areas }) => {
                charge.form == Form::LastingPower
                    && charge.areas.is_subset(areas)
                    && charge.holders.is_subset(attorneys)
            }
        };
        if !fits {
            return Err(Reason::StatutoryImpossible);
        }
        self.state(charge, days, source, now)
    }

    fn state(self, charge: Charge, days: Days, source: Source, now: Instant) -> Result<(Self, Fact), Reason> {
        charge.must_be_possible(self.person)?;
        days.must_be_possible()?;
        let Days { from, until } = days;
        let before = self.on(from).map(|(before, ..)| before.holders.clone()).unwrap_or_default();
        let fact = Fact::ChargeStated {
            person: self.person,
            former: before.difference(&charge.holders).copied().collect(),
            charge: charge.clone(),
            from,
            until,
            source: source.clone(),
        };
        Ok((self.stated(Some(charge), days, source, now), fact))
    }

    /// Ends it: from that day on nothing holds. A last day that was known already can become an earlier or a later one so.
    pub fn end(self, from: LocalDate, source: Source, now: Instant) -> Result<(Self, Fact), Reason> {
        let over = self.spans.last().is_some_and(|last| last.charge.is_none() && last.from <= from);
        if over {
            return Err(Reason::StatutoryOver);
        }
        let fact = Fact::ChargeEnded { from, source: source.clone() };
        Ok((self.stated(None, Days { from, until: None }, source, now), fact))
    }

    /// The line of time with this in place of everything from that day on.
    fn stated(self, charge: Option<Charge>, days: Days, source: Source, now: Instant) -> Self {
        let mut spans: Vec<Span> = self.spans.into_iter().filter(|span| span.from < days.from).collect();
        let mut named = self.named;
        named.extend(charge.iter().flat_map(|charge| charge.holders.iter().copied()));
        let mut documents = self.documents;
        documents.extend(source.document());
        let holds = charge.is_some();
        spans.push(Span { from: days.from, charge });
        if let Some(until) = days.until.filter(|_| holds) {
            spans.push(Span { from: until.next(), charge: None });
        }
        Self { revision: self.revision + 1, spans, named, source, documents, changed_at: now, ..self }
    }

    /// What holds on that day, and its last day where one is known.
    pub fn on(&self, day: LocalDate) -> Option<(&Charge, LocalDate, Option<LocalDate>)> {
        let n = self.spans.iter().rposition(|span| span.from <= day)?;
        let span = self.spans.get(n)?;
        let next = self.spans.get(n + 1).map(|next| next.from);
        span.charge.as_ref().map(|charge| (charge, span.from, next))
    }

    /// Where it stands on that day.
    pub fn standing(&self, day: LocalDate) -> StatutoryStanding {
        let later = self.spans.iter().any(|span| span.from > day && span.charge.is_some());
        match self.on(day) {
            Some(_) => StatutoryStanding::InForce,
            None if later => StatutoryStanding::Planned,
            None if self.spans.is_empty() => StatutoryStanding::Dormant,
            None => StatutoryStanding::Ended,
        }
    }

    /// What there is to tell of it on that day: what holds, else what will, else what held last.
    pub fn told_on(&self, day: LocalDate) -> Option<(&Charge, LocalDate, Option<LocalDate>)> {
        let told = |n: usize| {
            let span = self.spans.get(n)?;
            let next = self.spans.get(n + 1).map(|next| next.from);
            span.charge.as_ref().map(|charge| (charge, span.from, next))
        };
        let holding = |span: &Span| span.charge.is_some();
        self.on(day)
            .or_else(|| self.spans.iter().position(|s| s.from > day && holding(s)).and_then(told))
            .or_else(|| self.spans.iter().rposition(holding).and_then(told))
    }

    /// The first moment from which it gives nothing any more; `None` while an end is not known.
    pub fn over(&self) -> Option<Instant> {
        self.spans.last().filter(|last| last.charge.is_none()).map(|last| last.from.start())
    }

    /// Who holds it now or held it last.
    pub fn last_holders(&self) -> BTreeSet<PersonId> {
        let last = self.spans.iter().rev().find_map(|span| span.charge.as_ref());
        last.map_or_else(|| self.named.clone(), |charge| charge.holders.clone())
    }

    /// Whether it is in force on some day on which the other is too (R-34: one lasting power for each person).
    pub fn meets(&self, other: &Self) -> bool {
        let held = |power: &Self| {
            power
                .spans
                .iter()
                .enumerate()
                .filter(|(_, span)| span.charge.is_some())
                .map(|(n, span)| (span.from, power.spans.get(n + 1).map(|next| next.from)))
                .collect::<Vec<_>>()
        };
        let before = |end: Option<LocalDate>, from: LocalDate| end.is_some_and(|end| end <= from);
        let theirs = held(other);
        held(self).into_iter().any(|(from, to)| {
            theirs.iter().any(|(other_from, other_to)| !before(to, *other_from) && !before(*other_to, from))
        })
    }
}

impl Entity for StatutoryPower {
    const KIND: Kind = Kind::StatutoryPower;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    /// Who holds it or has held it. Of a lasting power that is dormant nobody but its grantor gets to know anything.
    fn subjects(&self) -> Vec<PersonId> {
        [self.person].into_iter().chain(self.named.iter().copied()).collect()
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        let (id, at) = (StatutoryId::from_uuid(event.aggregate), event.recorded_at);
        match (before, &event.fact) {
            (None, Fact::LastingPowerRegistered { person, dormant, source }) => Some(Self {
                revision: 1,
                ..Self::empty(id, *person, Some(dormant.clone()), source.clone(), at)
            }),
            (before, Fact::ChargeStated { person, charge, former: _, from, until, source }) => {
                let before = before.unwrap_or_else(|| Self::empty(id, *person, None, source.clone(), at));
                let days = Days { from: *from, until: *until };
                Some(before.stated(Some(charge.clone()), days, source.clone(), at))
            }
            (Some(before), Fact::ChargeEnded { from, source }) => {
                Some(before.stated(None, Days { from: *from, until: None }, source.clone(), at))
            }
            _ => None,
        }
    }
}
