//! Reads of another time: as it was in the world then (valid), as far as was known then (known).

use crate::{Error, Service};
use tillid_domain::{
    Instant,
    consent::{Consent, ConsentStanding},
    event::Entity,
    id::PersonId,
    mandate::{Mandate, MandateStanding},
};
use tillid_storage::{KnownAt, Read, Tx};

/// The two times that a read asks about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// The moment at which it is asked where things stood; when not given, that of which it is asked what was known.
    pub valid_at: Option<Instant>,
    /// As known when.
    pub known_at: KnownAt,
}

impl Times {
    /// Now, both.
    pub const NOW: Self = Self { valid_at: None, known_at: KnownAt::Now };
}

/// Of which times an answer tells, where they are not both now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AsOf {
    /// At which moment things stood so.
    pub valid_at: Instant,
    /// As known when.
    pub known_at: KnownAt,
}

/// The two times of one read of a person's things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Then {
    times: Times,
    /// The moment of which is told what was known.
    moment: Instant,
    /// How much was known of the person; everything there is, when `None`.
    version: Option<u64>,
}

impl Then {
    /// Both times are now.
    pub(crate) const fn now(now: Instant) -> Self {
        Self { times: Times::NOW, moment: now, version: None }
    }

    /// What the answer says of its times; nothing where both are now.
    pub(crate) fn as_of(&self) -> Option<AsOf> {
        let Times { valid_at, known_at } = self.times;
        (self.times != Times::NOW).then(|| AsOf { valid_at: valid_at.unwrap_or(self.moment), known_at })
    }

    /// Where the consent stands: what has an end on record has ended, unless another moment is asked about.
    pub(crate) fn of_consent(&self, consent: &Consent) -> ConsentStanding {
        match self.times.valid_at {
            Some(moment) => consent.stood(moment),
            None => consent.standing(self.moment),
        }
    }

    /// Likewise of a mandate.
    pub(crate) fn of_mandate(&self, mandate: &Mandate) -> MandateStanding {
        match self.times.valid_at {
            Some(moment) => mandate.stood(moment),
            None => mandate.standing(self.moment),
        }
    }
}

impl Service {
    /// The times of a read of that person's things.
    pub(crate) async fn then(
        &self,
        tx: &mut Tx<Read>,
        person: PersonId,
        times: Times,
        now: Instant,
    ) -> Result<Then, Error> {
        let moment = match times.known_at {
            KnownAt::Now => return Ok(Then { times, ..Then::now(now) }),
            // Of what is to come, nothing more is known than now.
            KnownAt::Time(moment) => moment.min(now),
            KnownAt::Position(0) => Instant::from_micros(0),
            KnownAt::Position(size) => tx.recorded_at_position(size).await?.unwrap_or(now),
            KnownAt::Decision(id) => tx.access_record(id).await?.map_or(now, |record| record.at),
        };
        let version = tx.version_of(person, times.known_at).await?.unwrap_or(0);
        Ok(Then { times, moment, version: Some(version) })
    }

    /// A thing of that person's as it was known then; `None` when it was not known yet.
    pub(crate) async fn as_known<M, E: Entity>(
        &self,
        tx: &mut Tx<M>,
        thing: E,
        person: PersonId,
        then: &Then,
    ) -> Result<Option<E>, Error> {
        match then.version {
            None => Ok(Some(thing)),
            Some(version) => Ok(tx.known(thing.id(), person, version).await?),
        }
    }
}
