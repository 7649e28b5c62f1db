//! What somebody may do for a person by law or decision at this moment, and what the person's mandates no longer give.

use crate::{Call, Error, Service};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, LocalDate, Reason,
    actor::Who,
    basis::Basis,
    catalogue::{CatalogueEntry, EntryVersion},
    decision::{Book, KnownPrivilege},
    id::PersonId,
    mandate::Mandate,
    statutory::{Area, CapacityRemoved, Relation},
    text::PrivilegeUri,
};
use tillid_storage::Tx;
use uuid::Uuid;

/// What holds between a person and somebody who represents them by law.
pub(crate) struct ByLaw {
    relations: Vec<Relation>,
    removed: Vec<CapacityRemoved>,
    book: Book,
    now: Instant,
}

impl ByLaw {
    /// The privileges that guardians and holders of lasting powers have. What custody gives here is about consents alone, and stands elsewhere
    /// (`family`).
    pub(crate) fn privileges(&self) -> Vec<PrivilegeUri> {
        let carried = |known: &KnownPrivilege| {
            let guards = |r: &&Relation| !r.basis.is_custody();
            let holds = |r: &Relation| known.carrying().carried_by(r, None, self.now).is_ok();
            known.is_in_force(self.now) && self.relations.iter().filter(guards).any(holds)
        };
        let all = self.book.privileges().filter(|(_, known)| known.iter().any(carried));
        all.map(|(uri, _)| uri.clone()).collect()
    }

    /// Every privilege that the representative has alone, with what it rests on: by custody too, of a child who was born on that day. Only
    /// what packages say that `sees` admits.
    pub(crate) fn privileges_alone(
        &self,
        born: Option<LocalDate>,
        sees: impl Fn(&KnownPrivilege) -> bool,
    ) -> Vec<(PrivilegeUri, Uuid)> {
        let open = |r: &&Relation| !r.closed;
        let carries = |known: &KnownPrivilege| {
            let carried = |r: &&Relation| known.carrying().carried_by(r, born, self.now).is_ok();
            self.relations.iter().filter(open).find(carried).map(|r| r.source)
        };
        let given = |known: &[KnownPrivilege]| {
            known.iter().filter(|k| k.is_in_force(self.now) && sees(k)).find_map(carries)
        };
        self.book.privileges().filter_map(|(uri, known)| Some((uri.clone(), given(known)?))).collect()
    }

    /// On what somebody acts who acts by law; each once.
    pub(crate) fn bases(&self) -> BTreeSet<Basis> {
        let holding = self.relations.iter().filter(|r| r.holds(self.now));
        holding.map(|r| r.basis).filter(|basis| *basis != Basis::CoGuardianS7).collect()
    }

    /// Whether a mandate of the person's gives that no more, because their capacity is removed in its area.
    pub(crate) fn is_incapable(&self, privilege: &PrivilegeUri) -> bool {
        let known = self.book.privilege(privilege);
        let any_in_use = known.iter().any(|k| k.in_use);
        let mut asked = known.iter().filter(|k| k.in_use || !any_in_use);
        asked.any(|k| self.covers_removed(k.statutory.map(|says| says.area)))
    }

    fn covers_removed(&self, area: Option<Area>) -> bool {
        self.removed.iter().any(|removed| removed.covers(area, self.now))
    }

    /// Why somebody who holds something over the person has no power to act alone.
    pub(crate) fn why_not_alone(&self) -> Option<Reason> {
        let both = |r: &Relation| r.basis == Basis::CoGuardianS7 && r.holds(self.now);
        self.relations.iter().any(both).then_some(Reason::PowerNeedsWard)
    }

    /// Whether the actor is the guardian of somebody without capacity in all of these areas.
    fn guards(&self, areas: &BTreeSet<Area>) -> bool {
        let holding = self.relations.iter().filter(|r| r.basis == Basis::GuardianS6 && r.holds(self.now));
        let covered: BTreeSet<Area> = holding.flat_map(|r| r.areas.iter().copied()).collect();
        !areas.is_empty() && areas.is_subset(&covered)
    }
}

impl Service {
    /// What somebody holds over a person by law, at this moment. The catalogue is read only where there is something to read it for.
    pub(crate) async fn by_law<M>(
        &self,
        tx: &mut Tx<M>,
        grantor: PersonId,
        representative: PersonId,
        now: Instant,
    ) -> Result<ByLaw, Error> {
        let (relations, removed) = tx.relations(grantor, representative).await?;
        if relations.is_empty() && removed.is_empty() {
            return Ok(ByLaw { relations, removed, book: Book::default(), now });
        }
        let book = Book::at(&tx.catalogue().await?, Instant::from_micros(i64::MAX));
        Ok(ByLaw { relations, removed, book, now })
    }

    /// who has no legal capacity in an area gives nobody a mandate in it.
    pub(crate) async fn must_have_capacity<M>(
        &self,
        tx: &mut Tx<M>,
        grantor: PersonId,
        entries: &[CatalogueEntry],
        now: Instant,
    ) -> Result<(), Error> {
        let (_, removed) = tx.relations(grantor, grantor).await?;
        let area = |entry: &CatalogueEntry| {
            entry.mandate_package().and_then(|package| package.statutory).map(|says| says.area)
        };
        let gone = |entry: &CatalogueEntry| removed.iter().any(|r| r.covers(area(entry), now));
        if entries.iter().any(gone) { Err(Error::Rule(Reason::CapacityRemoved)) } else { Ok(()) }
    }

    /// Whether the caller acts for somebody whose capacity is removed, as their guardian.
    pub(crate) async fn guards_somebody(&self, call: &Call) -> Result<bool, Error> {
        let Who::Citizen { person, acting_for: Some(grantor), .. } = call.actor.who else { return Ok(false) };
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let by_law = self.by_law(&mut tx, grantor, person, now).await?;
        Ok(call.through.is_none() && by_law.bases().contains(&Basis::GuardianS6))
    }

    /// Whether the caller acts for the grantor as the guardian who ends what the grantor gave before: in every area of the mandate.
    pub(crate) async fn guards_mandate<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        mandate: &Mandate,
        now: Instant,
    ) -> Result<bool, Error> {
        let Who::Citizen { person, acting_for: Some(grantor), .. } = call.actor.who else { return Ok(false) };
        if grantor != mandate.grantor || call.through.is_some() {
            return Ok(false);
        }
        let by_law = self.by_law(tx, grantor, person, now).await?;
        if by_law.relations.is_empty() {
            return Ok(false);
        }
        let mut areas = BTreeSet::new();
        for EntryVersion { entry, .. } in &mandate.packages {
            let entry = self.known_entry(tx, *entry).await?;
            let Some(says) = entry.mandate_package().and_then(|package| package.statutory) else {
                return Ok(false);
            };
            areas.insert(says.area);
        }
        Ok(by_law.guards(&areas))
    }
}
