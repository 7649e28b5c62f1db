//! Handing over: at least once, with the same id each time, further and further apart while it fails.

use super::{Addressed, Postal};
use crate::{Error, Service};
use tillid_domain::{Instant, notice::PostalChannel};
use tillid_storage::{OutboxNotice, Posted};

/// How many are handed over in a round.
const ROUND: u32 = 100;
/// After how many seconds the first one is tried again; each further time twice as long.
const FIRST_WAIT: i64 = 30;
/// At most so long, in seconds.
const LONGEST_WAIT: i64 = 3600;
/// After how many seconds a notice that could not be handed over is dropped: what it says would no longer be so.
const TOO_LATE: i64 = 14 * 24 * 3600;

/// What came of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Delivered {
    /// How many were handed over.
    pub delivered: u64,
    /// How many were not, and are tried again.
    pub failed: u64,
    /// How many are not tried any more.
    pub dropped: u64,
}

impl Service {
    /// Hands over what waits. However many nodes do, each message is tried by one of them at a time.
    pub async fn deliver_notices(&self, post: &dyn Postal) -> Result<Delivered, Error> {
        let due = {
            let mut tx = self.store.read().await?;
            tx.notices_due(self.ambient.now(), ROUND).await?
        };
        let mut done = Delivered::default();
        for notice in due {
            let now = self.ambient.now();
            let mut tx = self.store.upkeep().await?;
            let taken = tx.take_notice(&notice, again_at(&notice, now)).await?;
            tx.finish().await?;
            if taken {
                self.deliver(post, notice, &mut done).await?;
            }
        }
        Ok(done)
    }

    async fn deliver(
        &self,
        post: &dyn Postal,
        notice: OutboxNotice,
        done: &mut Delivered,
    ) -> Result<(), Error> {
        let id = notice.id;
        let posted = match self.addressed(notice).await? {
            Ok(message) => match post.take(&message).await {
                Ok(()) => {
                    done.delivered += 1;
                    Posted::Delivered { channel: message.channel, at: message.at }
                }
                Err(error) => {
                    done.failed += 1;
                    tracing::warn!(notice = %id, attempts = message.notice.attempts + 1, %error, "a notice was not handed over");
                    return Ok(());
                }
            },
            Err(at) => {
                done.dropped += 1;
                tracing::warn!(notice = %id, "a notice is not sent any more: it came too late, or whom it is to has died");
                Posted::Dropped { at }
            }
        };
        let mut tx = self.store.upkeep().await?;
        tx.settle_notice(id, posted).await?;
        Ok(tx.finish().await?)
    }

    /// The notice with its address as it is now; or, where it is not to be sent any more, since when.
    async fn addressed(&self, notice: OutboxNotice) -> Result<Result<Addressed, Instant>, Error> {
        let mut tx = self.store.read().await?;
        let at = self.now(&mut tx).await?;
        let is_late = self.ambient.now().seconds_since(notice.queued_at) > TOO_LATE;
        // Gone, they have taken their notices with them; the dead get none.
        let to = tx.goes_on_as(notice.to).await?;
        let person = tx.person(to).await?.filter(|person| !is_late && person.must_live().is_ok());
        let Some(person) = person else { return Ok(Err(at)) };
        let number = tx.number_of(to).await?;
        let channel = PostalChannel::to(&person, at.local_date());
        let link = format!("{}{}", self.settings.base_url, notice.message.path);
        let cvr = person.party.cvr();
        Ok(Ok(Addressed { channel, number, cvr, name: person.name, link, at, notice }))
    }
}

/// When a notice is tried again if nothing comes of this try.
fn again_at(notice: &OutboxNotice, now: Instant) -> Instant {
    let doubled = FIRST_WAIT.saturating_mul(1_i64 << notice.attempts.min(16));
    now.plus_seconds(doubled.min(LONGEST_WAIT))
}
