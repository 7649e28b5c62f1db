//! What was done with mandates that had ended before anybody knew, for the authority at which it was done to look at again.

use crate::{Call, Error, Service, catalogue::Page, consent::confined_to, mandate::Systems};
use std::collections::BTreeSet;
use tillid_domain::{
    Cvr, Instant, Reason,
    access::{AccessRecord, Act, Outcome, Subject},
    actor::Who,
    id::PersonId,
    mandate::{LateEnd, Mandate},
    text::Name,
};
use tillid_storage::{LatePart, LatePlace, Tx};

/// How many days back uses are listed.
pub(crate) const DAYS: i64 = 90;
/// How many records are read for one part. Where the caller may see few of them, a part is short, and the next one goes on.
const READ_AT_MOST: usize = 5_000;

/// A use of a mandate that had ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateUse {
    /// The look that tells of it.
    pub record: AccessRecord,
    /// The mandate.
    pub mandate: Mandate,
    /// Its end.
    pub end: LateEnd,
    /// Whose affairs it was about, where the name is known.
    pub name: Option<Name>,
}

impl LateUse {
    fn place(&self) -> LatePlace {
        LatePlace { known_at: self.end.known_at, mandate: self.mandate.id, record: self.record.id }
    }
}

impl Service {
    /// The uses at the caller's authority of mandates that had ended, before anybody knew: of the last 90 days, and with what of the
    /// authority's the caller may see; the ends that became known last first. It stands in the log of each person concerned.
    pub async fn list_late_uses(
        &self,
        call: &Call,
        after: Option<LatePlace>,
        limit: u32,
    ) -> Result<(Page<LateUse, LatePlace>, Instant), Error> {
        let authority = confined_to(&call.actor).ok_or(Error::Denied(Reason::StaffOnly))?;
        let subject = Subject { authority: Some(authority), ..Subject::default() };
        tillid_domain::access::may(&call.actor, Act::SeeLateUses, &subject)?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let page = self.late_uses_in_view(&mut tx, call, authority, after, limit, now).await?;
        drop(tx);
        let seen: BTreeSet<PersonId> = page.items.iter().map(|late| late.record.person).collect();
        let look = |person| self.look(call, person, Act::SeeLateUses, Outcome::Found, now);
        self.record(seen.into_iter().map(look).collect(), now).await?;
        Ok((page, now))
    }

    async fn late_uses_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        authority: Cvr,
        after: Option<LatePlace>,
        limit: u32,
        now: Instant,
    ) -> Result<Page<LateUse, LatePlace>, Error> {
        let since = now.plus_seconds(-DAYS * 24 * 60 * 60);
        let (mut items, mut from, mut read, mut systems) = (Vec::new(), after, 0, Systems::default());
        loop {
            let part = LatePart { authority, since, now, after: from, limit: limit + 1 };
            let batch = tx.late_uses(&part).await?;
            let last = batch.len() <= limit as usize;
            read += batch.len();
            for (place, record) in batch {
                from = Some(place);
                if systems.authority_of(tx, &record.actor).await? != Some(authority) {
                    continue;
                }
                let Some(mandate) = tx.mandate(place.mandate).await? else { continue };
                items.extend(self.late_use(tx, call, mandate, record, now).await?);
            }
            if last || items.len() > limit as usize {
                return Ok(Page::cut(items, limit, LateUse::place));
            }
            if read >= READ_AT_MOST {
                return Ok(Page { items, next: from });
            }
        }
    }

    /// The use, if it lies after the end and is the caller's to see.
    async fn late_use<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        mandate: Mandate,
        record: AccessRecord,
        now: Instant,
    ) -> Result<Option<LateUse>, Error> {
        let Some(end) = mandate.late_end().filter(|end| end.covers(&record)) else { return Ok(None) };
        // nobody goes over what they have a part in.
        let is_party = |who: PersonId| mandate.parties().any(|party| party == who);
        if matches!(&call.actor.who, Who::Employee(me) if me.person.is_some_and(is_party)) {
            return Ok(None);
        }
        let rights = self.rights(tx, call, now).await?;
        let (_, privileges) = self
            .packages_in_view(
                tx,
                call,
                Act::SeeLateUses,
                mandate.grantor,
                &mandate.packages,
                &mandate.privileges,
                &rights,
            )
            .await?;
        if !record.privilege().is_some_and(|uri| privileges.contains(uri)) {
            return Ok(None);
        }
        let name = self.name_of(tx, mandate.grantor).await?;
        Ok(Some(LateUse { record, mandate, end, name }))
    }
}
