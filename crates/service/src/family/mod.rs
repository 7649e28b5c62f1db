//! Children: who has custody, what follows for their consents when that changes, and what their birthdays end.

mod age;
mod except;
mod reconsider;
mod seen;
mod state;
mod watch;

pub use except::NewException;
pub use seen::{VoiceSeen, VoiceState};
pub use state::NewCustody;
pub(crate) use watch::Watcher;

use crate::{Call, Error, Service};
use tillid_domain::{
    Instant,
    access::{GIVE_CONSENTS, SEE_CONSENTS, WITHDRAW_CONSENTS},
    actor::Who,
    family::Family,
    id::PersonId,
    text::PrivilegeUri,
};
use tillid_storage::Tx;

/// What custody lets its holders do for a child here: exactly what concerns consents.
pub(crate) fn custody_powers() -> Vec<PrivilegeUri> {
    [SEE_CONSENTS, WITHDRAW_CONSENTS, GIVE_CONSENTS].into_iter().filter_map(|uri| uri.parse().ok()).collect()
}

impl Service {
    /// What is known now of a person's family: their age, and those who have custody and live.
    pub(crate) async fn family<M>(&self, tx: &mut Tx<M>, child: PersonId) -> Result<Family, Error> {
        let born = self.known_person(tx, child).await?.born;
        let mut holders = tx.custody_of(child).await?.map(|custody| custody.holders).unwrap_or_default();
        for holder in holders.clone() {
            if self.known_person(tx, holder.person).await?.must_live().is_err() {
                holders.remove(&holder);
            }
        }
        Ok(Family { child, born, holders })
    }

    /// The family of whom the caller acts for, where they have custody of them: a minor's, and the caller acts here by themselves. A
    /// system's token narrows what a mandate gives, and custody gives nothing there.
    pub(crate) async fn family_in_custody<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        now: Instant,
    ) -> Result<Option<Family>, Error> {
        let Who::Citizen { person, acting_for: Some(child), .. } = call.actor.who else { return Ok(None) };
        let named = tx.custody_of(child).await?.is_some_and(|custody| custody.persons().contains(&person));
        if !named || call.through.is_some() {
            return Ok(None);
        }
        let family = self.family(tx, child).await?;
        let holds = family.holders.iter().any(|holder| holder.person == person);
        Ok((holds && family.is_minor(now.local_date())).then_some(family))
    }
}
