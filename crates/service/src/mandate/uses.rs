//! Who used a mandate and when, as the records of looks tell; and what was done after an end that became known late.

use crate::{
    Call, Error, Service,
    catalogue::Page,
    consent::{BATCH, confined_to},
    guard::{InView, Rights},
    mandate::other_sides,
};
use std::collections::BTreeMap;
use tillid_domain::{
    Cvr, Instant,
    access::{AccessRecord, Act, Refusal, Subject},
    actor::{Actor, ActorTrace, Who},
    id::{AccessId, MandateId, PersonId},
    mandate::Mandate,
    text::{ClientId, Name},
};
use tillid_storage::Tx;

/// One use of a mandate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MandateUse {
    /// The look that tells of it.
    pub record: AccessRecord,
    /// Who acted.
    pub representative: PersonId,
    /// Which employee did, where it is an organisation.
    pub employee: Option<EmployeeUsing>,
    /// Whether there was no power any more, as is known now.
    pub after_end: bool,
}

/// The employee of an organisation who used what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmployeeUsing {
    /// Who.
    pub employee: PersonId,
    /// What the identity provider called them.
    pub name: Option<Name>,
}

/// Which uses of a mandate the caller sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sees {
    /// All.
    All,
    /// Those at their authority, with what they may see of the mandate.
    At(Cvr),
}

/// Whose systems they are, each asked for once.
#[derive(Default)]
pub(crate) struct Systems(BTreeMap<ClientId, Option<Cvr>>);

impl Systems {
    /// The authority at which something was done: whose staff or system asked, or whose system exchanged the mandate.
    pub(crate) async fn authority_of<M>(
        &mut self,
        tx: &mut Tx<M>,
        actor: &ActorTrace,
    ) -> Result<Option<Cvr>, Error> {
        let client = match actor {
            ActorTrace::Employee { authority, .. } | ActorTrace::System { authority, .. } => {
                return Ok(Some(*authority));
            }
            ActorTrace::Representative { client: Some(client), .. } => client,
            _ => return Ok(None),
        };
        if let Some(known) = self.0.get(client) {
            return Ok(*known);
        }
        let authority = tx.client_named(client).await?.map(|client| client.authority);
        self.0.insert(client.clone(), authority);
        Ok(authority)
    }
}

impl Service {
    /// Who used a mandate and when, the newest first. Its grantor sees all of it, and its representative what they did themselves; staff
    /// and systems see, of their look-up's person, what was done at their own authority.
    ///
    /// Whoever holds the mandate is told no more of its end than of the mandate itself: a quiet revocation is an expiry to them (M12).
    pub async fn mandate_uses(
        &self,
        call: &Call,
        id: MandateId,
        below: Option<AccessId>,
        limit: u32,
    ) -> Result<(Page<MandateUse, AccessId>, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let mut tx = self.must_hold_some_power(tx, call, view.person, now).await?;
        let rights = self.rights(&mut tx, call, now).await?;
        let seen = match tx.mandate(id).await? {
            Some(mandate) => self.mandate_in_view(&mut tx, call, view.person, mandate, &rights, now).await?,
            None => None,
        };
        let page = match &seen {
            Some(mandate) => match sees(call, mandate, &rights) {
                Ok(sees) => Some(self.uses_in_view(&mut tx, mandate, sees, below, limit, now).await?),
                Err(refusal) => {
                    drop(tx);
                    return Err(self.refused(call, view.person, Act::SeeAccessLog, refusal, now).await);
                }
            },
            None => None,
        };
        drop(tx);
        self.saw_uses(call, &view, id, seen.as_ref(), now).await?;
        Ok((page.ok_or(Error::NotFound)?, now))
    }

    async fn saw_uses(
        &self,
        call: &Call,
        view: &InView,
        id: MandateId,
        seen: Option<&Mandate>,
        now: Instant,
    ) -> Result<(), Error> {
        let others = other_sides(seen, view.person);
        let found = seen.is_some();
        self.watched_with(call, view, &others, Act::SeeMandate, Some(id.as_uuid()), found, now).await
    }

    async fn uses_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        mandate: &Mandate,
        sees: Sees,
        below: Option<AccessId>,
        limit: u32,
        now: Instant,
    ) -> Result<Page<MandateUse, AccessId>, Error> {
        let late = mandate.late_end();
        let (mut items, mut from, mut systems) = (Vec::new(), below, Systems::default());
        loop {
            let batch = tx.uses_of(mandate.id, now, from, BATCH).await?;
            let last = batch.len() < BATCH as usize;
            for record in batch {
                from = Some(record.id);
                let theirs = match sees {
                    Sees::All => true,
                    Sees::At(authority) => {
                        systems.authority_of(tx, &record.actor).await? == Some(authority)
                            && record.privilege().is_some_and(|uri| mandate.privileges.contains(uri))
                    }
                };
                if theirs && was_used(mandate, &record) {
                    let after_end = late.is_some_and(|end| end.covers(&record));
                    let employee = self.employee_using(tx, mandate, &record).await?;
                    let representative = mandate.representative;
                    items.push(MandateUse { record, representative, employee, after_end });
                }
            }
            if last || items.len() > limit as usize {
                return Ok(Page::cut(items, limit, |used| used.record.id));
            }
        }
    }

    /// Which employee used what their organisation was given: who acted here, or whom a system asked about.
    async fn employee_using<M>(
        &self,
        tx: &mut Tx<M>,
        mandate: &Mandate,
        record: &AccessRecord,
    ) -> Result<Option<EmployeeUsing>, Error> {
        let asked = record.decision.as_ref().and_then(|decision| decision.question.representative());
        let acted = record.actor.professional().map(|who| who.employee);
        let employee = acted.or(asked).filter(|employee| *employee != mandate.representative);
        let Some(employee) = employee else { return Ok(None) };
        let name = tx.person(employee).await?.and_then(|person| person.name);
        Ok(Some(EmployeeUsing { employee, name }))
    }

    /// When each of these mandates, all of one grantor's, was used last, and in whose hands it was then.
    pub(crate) async fn last_uses<M>(
        &self,
        tx: &mut Tx<M>,
        given: &[&Mandate],
        now: Instant,
    ) -> Result<BTreeMap<MandateId, AccessRecord>, Error> {
        let Some(oldest) = given.iter().min_by_key(|mandate| mandate.id) else { return Ok(BTreeMap::new()) };
        let mut last = BTreeMap::new();
        for (id, record) in tx.last_uses(oldest.grantor, oldest.id, now).await? {
            let Some(mandate) = given.iter().find(|mandate| mandate.id == id) else { continue };
            if was_used(mandate, &record) {
                last.insert(id, record);
                continue;
            }
            // It rested then, and another mandate carried that look.
            let page = self.uses_in_view(tx, mandate, Sees::All, Some(record.id), 1, now).await?;
            last.extend(page.items.into_iter().map(|used| (id, used.record)));
        }
        Ok(last)
    }
}

/// What looks here rest on is not written with them: not on a mandate that rested.
fn was_used(mandate: &Mandate, record: &AccessRecord) -> bool {
    record.decision.is_some() || !mandate.rested(record.at)
}

/// Which uses the caller sees of a mandate that they may see. Who used it stands in the log of the grantor, so whoever may see that sees all of it.
fn sees(call: &Call, mandate: &Mandate, rights: &Rights) -> Result<Sees, Refusal> {
    let Actor { who, .. } = &call.actor;
    if let Some(authority) = confined_to(&call.actor) {
        return Ok(Sees::At(authority));
    }
    // Every use is the representative's own; and who sees the mandate for its grantor, as a trusted person or a guardian, sees its use (M12).
    let sees_all = |person: PersonId, acting_for: Option<PersonId>| {
        let for_grantor = acting_for == Some(mandate.grantor) && mandate.parties().all(|p| p != person);
        person == mandate.representative || for_grantor
    };
    if matches!(who, Who::Citizen { person, acting_for, .. } if sees_all(*person, *acting_for)) {
        return Ok(Sees::All);
    }
    let subject = Subject { person: Some(mandate.grantor), ..Subject::default() };
    rights.allow(call, Act::SeeAccessLog, &subject).map(|()| Sees::All)
}
