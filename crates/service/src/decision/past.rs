//! Questions about what was known at an earlier time. An answer is given again by naming it: `known_at` its decision, at its moment.

use super::coalesce::{Job, Settled, conclude};
use crate::{Error, Service};
use tillid_domain::{
    Instant, Reason,
    decision::{Book, Question, ValidAt, decide_acting, decide_consent},
};
use tillid_storage::{ActingKey, ConsentKey, KnownAt, Read, Tx};

impl Service {
    /// Answers one question as known at that earlier time; its record is durable.
    pub(super) async fn settle_past(&self, job: Job, known: KnownAt) -> Result<Settled, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (job, known) = match known {
            // Nobody learns from somebody else's decision what was known when.
            KnownAt::Decision(id)
                if !tx.access_record(id).await?.is_some_and(|r| r.actor == job.record.actor) =>
            {
                (Job { refused: Some(Reason::DecisionUnknown), ..job }, KnownAt::Now)
            }
            known => (job, known),
        };
        let catalogue_at = self.catalogue_moment(&mut tx, known, now).await?;
        let book = Book::at(&tx.catalogue().await?, catalogue_at);
        let version = tx.catalogue_version().await?;
        // What was so at a moment is asked of that moment, also when only the knowledge is of an earlier one.
        let at = job.valid_at.map_or(ValidAt::Now(now), ValidAt::Moment);
        let at = match (job.valid_at, known) {
            (None, KnownAt::Time(moment)) => ValidAt::Now(moment),
            (None, KnownAt::Decision(_) | KnownAt::Position(_)) => ValidAt::Now(catalogue_at),
            _ => at,
        };
        let settled = match &job.question {
            Question::Acting(asked) => {
                let looked = tx.acting_known(&ActingKey::of(asked), known).await?;
                let related = looked.as_ref().is_some_and(|l| l.facts.is_any());
                let decide = |facts: &_| decide_acting(asked, &job.asker, at, facts, &book);
                conclude(&job, looked, related, (at, now), version, decide)
            }
            Question::Consent(asked) => {
                let looked = tx.consents_known(&ConsentKey::of(asked), known).await?;
                let related = looked.as_ref().is_some_and(|l| !l.facts.consents.is_empty());
                let decide = |facts: &_| decide_consent(asked, &job.asker, at, facts, &book);
                conclude(&job, looked, related, (at, now), version, decide)
            }
        };
        drop(tx);
        if let Some(record) = &settled.record {
            self.record(vec![record.clone()], now).await?;
        }
        Ok(settled)
    }

    /// The moment whose catalogues answer a question about an earlier time.
    async fn catalogue_moment(
        &self,
        tx: &mut Tx<Read>,
        known: KnownAt,
        now: Instant,
    ) -> Result<Instant, Error> {
        Ok(match known {
            KnownAt::Now => now,
            KnownAt::Time(moment) => moment,
            KnownAt::Position(size) => tx.recorded_at_position(size).await?.unwrap_or(now),
            KnownAt::Decision(id) => match tx.access_record(id).await? {
                Some(record) => record.at,
                None => now,
            },
        })
    }
}
