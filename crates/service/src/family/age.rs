//! Records what birthdays have ended, and asks whoever decides from then on.

use crate::{Call, Error, Service};
use std::collections::BTreeSet;
use tillid_domain::{actor::Actor, id::PersonId};

/// How many consents one round reads; the next round takes the rest.
const ROUND: u32 = 200;

impl Service {
    /// Records the consents that birthdays have ended since this was last done, however long ago, and puts them to whoever decides now.
    /// Returns how many there were. What counts has counted since the birthday itself, recorded or not: the consent said so when it was
    /// given.
    pub async fn record_birthdays(&self) -> Result<usize, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let children: BTreeSet<PersonId> =
            tx.ended_by_age(now, ROUND).await?.into_iter().map(|(_, child)| child).collect();
        drop(tx);
        let mut recorded = 0;
        for child in children {
            recorded += self.record_birthday(child).await?;
        }
        Ok(recorded)
    }

    async fn record_birthday(&self, child: PersonId) -> Result<usize, Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut tx = self.store.write().await?;
        tx.lock(&[child]).await?;
        let now = self.now(&mut tx).await?;
        let (mut events, mut ended) = (Vec::new(), Vec::new());
        for consent in tx.consents_of(child, None, None, u32::MAX >> 1).await? {
            if let Some((over, fact)) = consent.end_by_age(now) {
                events.push(self.event(&call, now, &over, fact));
                ended.push(over);
            }
        }
        // Another node may have done it while this one waited.
        if ended.is_empty() {
            return Ok(0);
        }
        events.extend(self.asked_anew(&call, &mut tx, &ended, now).await?);
        tx.commit(events, None).await?;
        Ok(ended.len())
    }
}
