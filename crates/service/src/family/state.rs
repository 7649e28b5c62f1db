//! States who has custody of a child, and what follows from it.

use crate::{Call, Done, Error, Service, guard::InView};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, LocalDate, Reason,
    actor::Actor,
    event::{Entity, Event, Fact},
    family::{Custody, Family, Holder},
    id::{CustodyId, PersonId},
    source::Source,
};
use tillid_storage::{Tx, Write};

/// Who has custody of a child, as a register tells it or as it was decided.
#[derive(Clone, Debug)]
pub struct NewCustody {
    /// Of whom.
    pub child: PersonId,
    /// Who has it; nobody where that is what is known.
    pub holders: Vec<Holder>,
    /// The first day on which it is so; today when not said.
    pub from: Option<LocalDate>,
    /// Where it is known from.
    pub source: Source,
}

impl Service {
    /// States who has custody of a child, as a register tells it. What others than those gave for the child, and needs their answers,
    /// lapses in the same transaction and is asked anew; what waited for somebody whose answer no longer counts is decided without it.
    pub async fn state_custody(&self, new: &NewCustody) -> Result<CustodyId, Error> {
        Ok(self.custody_stated(&Call::by(Actor::OPERATOR), None, new).await?.value)
    }

    /// Likewise, as staff register that it was decided. It stands in the log of everybody whom it names.
    pub(crate) async fn state_custody_for(
        &self,
        call: &Call,
        view: &InView,
        new: &NewCustody,
    ) -> Result<Done<CustodyId>, Error> {
        self.custody_stated(call, Some(view), new).await
    }

    async fn custody_stated(
        &self,
        call: &Call,
        view: Option<&InView>,
        new: &NewCustody,
    ) -> Result<Done<CustodyId>, Error> {
        let named: BTreeSet<PersonId> = new.holders.iter().map(|h| h.person).chain([new.child]).collect();
        let mut concerned: Vec<PersonId> = named.into_iter().collect();
        loop {
            let mut tx = self.store.write().await?;
            if let Some(id) = self.claim(&mut tx, call).await? {
                return Ok(Done { value: CustodyId::from_uuid(id), replayed: true });
            }
            tx.lock(&concerned).await?;
            let new = &self.of_who_goes_on(&mut tx, new).await?;
            let named: BTreeSet<PersonId> = new.holders.iter().map(|h| h.person).chain([new.child]).collect();
            let before = tx.custody_of(new.child).await?;
            let had_it = before.iter().flat_map(Custody::persons);
            let helpers = self.parties_for_child(&mut tx, new.child).await?;
            let everyone: BTreeSet<PersonId> = had_it.chain(named.iter().copied()).chain(helpers).collect();
            if !tx.holds(&everyone.iter().copied().collect::<Vec<_>>()) {
                for person in &named {
                    if tx.person(*person).await?.is_none() {
                        return Err(Error::invalid("/person", Reason::PersonUnknown));
                    }
                }
                concerned = everyone.into_iter().collect();
                continue;
            }
            let now = self.now(&mut tx).await?;
            if let Some(view) = view {
                self.must_register(&mut tx, call, view, &everyone, now).await?;
            }
            let (stated, events) = self.stated(call, &mut tx, new, before.as_ref(), now).await?;
            self.settle(&mut tx, call, 201, stated.id(), 1).await?;
            let looks = view.map(|view| self.registered_looks(call, view, &stated, now));
            tx.commit(events, looks).await?;
            return Ok(Done { value: stated.id, replayed: false });
        }
    }

    /// The same of whom those go on as whom it names (M10).
    async fn of_who_goes_on(&self, tx: &mut Tx<Write>, new: &NewCustody) -> Result<NewCustody, Error> {
        let mut of = new.clone();
        of.child = tx.goes_on_as(of.child).await?;
        for holder in &mut of.holders {
            holder.person = tx.goes_on_as(holder.person).await?;
        }
        Ok(of)
    }

    async fn stated(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        new: &NewCustody,
        before: Option<&Custody>,
        now: Instant,
    ) -> Result<(Custody, Vec<Event>), Error> {
        let id = CustodyId::from_uuid(self.ambient.id());
        let from = new.from.unwrap_or_else(|| now.local_date());
        let holders: BTreeSet<Holder> = new.holders.iter().copied().collect();
        let (stated, fact): (Custody, Fact) =
            Custody::state(id, new.child, holders, before, from, new.source.clone(), now)
                .map_err(misstated)?;
        let mut events = vec![self.event(call, now, &stated, fact)];
        let known = self.known_person(tx, new.child).await?;
        let mut family = Family { child: new.child, born: known.born, holders: stated.holders.clone() };
        for holder in stated.holders.iter().copied() {
            if self.known_person(tx, holder.person).await?.must_live().is_err() {
                family.holders.remove(&holder);
            }
        }
        if known.must_live().is_ok() {
            events.extend(self.reconsidered(call, tx, &family, from.start(), now).await?);
        }
        Ok((stated, events))
    }
}

/// Where what was stated is wrong.
fn misstated(reason: Reason) -> Error {
    match reason {
        Reason::EndDateTooLate | Reason::CustodyKnownLater => Error::invalid("/from", reason),
        reason => Error::Rule(reason),
    }
}
