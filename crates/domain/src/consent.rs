//! One specific consent: given or declined, withdrawn, expired, lapsed.

use crate::{
    catalogue::Channel,
    collected::{AnnulmentGround, Assistance},
    event::{ConsentAnswer, EndCause, Entity, Fact, Kind, Recorded},
    id::{ConsentId, PersonId},
    instant::Instant,
    reason::Reason,
    text::Prose,
};
use uuid::Uuid;

/// One specific consent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// Its events so far.
    pub revision: u64,
    /// What was answered, by and about whom.
    pub answer: ConsentAnswer,
    /// When the person answered.
    pub answered_at: Instant,
    /// When that became known here: later than the answer, where staff registered it.
    pub recorded_at: Instant,
    /// What has been recorded of it since.
    pub state: ConsentState,
}

/// What has been recorded of a consent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsentState {
    /// The answer was yes.
    Given,
    /// The answer was no.
    Declined,
    /// The person withdrew it.
    Withdrawn {
        /// When; what was done before stays lawful.
        at: Instant,
        /// How the person told it; on paper and orally, staff did it for them.
        channel: Channel,
    },
    /// Staff had registered it wrongly: it never counted.
    Annulled {
        /// When that became known.
        at: Instant,
        /// What was wrong.
        ground: AnnulmentGround,
    },
    /// It lapsed.
    Lapsed {
        /// When that became known.
        at: Instant,
        /// Since when it was so.
        effective_at: Instant,
        /// Why.
        cause: EndCause,
    },
}

/// Where a consent stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsentStanding {
    /// It holds.
    Active,
    /// It begins later.
    Planned,
    /// The answer was no.
    Declined,
    /// It was withdrawn.
    Withdrawn,
    /// It lapsed.
    Lapsed,
    /// Its end has passed.
    Expired,
    /// It was registered wrongly, and never counted.
    Annulled,
}

impl ConsentStanding {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::Planned,
        Self::Declined,
        Self::Withdrawn,
        Self::Lapsed,
        Self::Expired,
        Self::Annulled,
    ];

    /// The one with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.code() == code)
    }

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Planned => "planned",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
            Self::Expired => "expired",
            Self::Annulled => "annulled",
        }
    }
}

impl Consent {
    /// Where it stands at that moment.
    pub fn standing(&self, now: Instant) -> ConsentStanding {
        let valid = self.answer.valid;
        match self.state {
            ConsentState::Declined => ConsentStanding::Declined,
            ConsentState::Withdrawn { .. } => ConsentStanding::Withdrawn,
            ConsentState::Lapsed { .. } => ConsentStanding::Lapsed,
            ConsentState::Annulled { .. } => ConsentStanding::Annulled,
            ConsentState::Given if valid.contains(now) => ConsentStanding::Active,
            ConsentState::Given if now < valid.from => ConsentStanding::Planned,
            ConsentState::Given => ConsentStanding::Expired,
        }
    }

    /// Where it stood at that moment, as far as is known: an end counts from when it was so, and a later one not yet.
    pub fn stood(&self, at: Instant) -> ConsentStanding {
        let (ConsentState::Withdrawn { at: end, .. } | ConsentState::Lapsed { effective_at: end, .. }) =
            self.state
        else {
            return self.standing(at);
        };
        if end <= at {
            self.standing(at)
        } else {
            Self { state: ConsentState::Given, ..self.clone() }.standing(at)
        }
    }

    fn must_stand(&self, now: Instant) -> Result<(), Reason> {
        match self.standing(now) {
            ConsentStanding::Active | ConsentStanding::Planned => Ok(()),
            ConsentStanding::Declined => Err(Reason::ConsentDeclined),
            ConsentStanding::Withdrawn => Err(Reason::ConsentWithdrawn),
            ConsentStanding::Lapsed => Err(Reason::ConsentLapsed),
            ConsentStanding::Expired => Err(Reason::ConsentExpired),
            ConsentStanding::Annulled => Err(Reason::ConsentAnnulled),
        }
    }

    fn end(self, state: ConsentState) -> Self {
        Self { revision: self.revision + 1, state, ..self }
    }

    /// Withdraws it from now on; for the person, on their word to staff, where `assisted` says so.
    pub fn withdraw(self, assisted: Option<Assistance>, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        Ok((self.withdrawn(assisted.as_ref(), now), Fact::ConsentWithdrawn { assisted }))
    }

    fn withdrawn(self, assisted: Option<&Assistance>, at: Instant) -> Self {
        let channel = assisted.map_or(Channel::Digital, Assistance::channel);
        self.end(ConsentState::Withdrawn { at, channel })
    }

    /// Takes back a registration by staff that was wrong: it never counted. What somebody answered here themselves was no registration.
    pub fn annul(self, ground: AnnulmentGround, note: Prose, now: Instant) -> Result<(Self, Fact), Reason> {
        if self.answer.collected.channel() == Channel::Digital {
            return Err(Reason::NotRegisteredByStaff);
        }
        if matches!(self.state, ConsentState::Annulled { .. }) {
            return Err(Reason::ConsentAnnulled);
        }
        Ok((self.end(ConsentState::Annulled { at: now, ground }), Fact::ConsentAnnulled { ground, note }))
    }

    /// Lets it lapse, as of a moment that may lie in the past.
    pub fn lapse(self, cause: EndCause, effective_at: Instant, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_stand(now)?;
        let state = ConsentState::Lapsed { at: now, effective_at, cause };
        Ok((self.end(state), Fact::ConsentLapsed { cause, effective_at }))
    }
}

impl Entity for Consent {
    const KIND: Kind = Kind::Consent;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        vec![self.answer.person]
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        let at = event.recorded_at;
        let first = |answer: &ConsentAnswer, state| Self {
            id: ConsentId::from_uuid(event.aggregate),
            revision: 1,
            answer: answer.clone(),
            answered_at: answer.collected.answered_at(at),
            recorded_at: at,
            state,
        };
        match (before, &event.fact) {
            (None, Fact::ConsentGiven(answer)) => Some(first(answer, ConsentState::Given)),
            (None, Fact::ConsentDeclined(answer)) => Some(first(answer, ConsentState::Declined)),
            (Some(consent), Fact::ConsentWithdrawn { assisted }) if consent.state == ConsentState::Given => {
                Some(consent.withdrawn(assisted.as_ref(), at))
            }
            (Some(consent), Fact::ConsentAnnulled { ground, note }) => {
                consent.annul(*ground, note.clone(), at).ok().map(|(next, _)| next)
            }
            (Some(consent), Fact::ConsentLapsed { cause, effective_at })
                if consent.state == ConsentState::Given =>
            {
                Some(consent.end(ConsentState::Lapsed { at, effective_at: *effective_at, cause: *cause }))
            }
            _ => None,
        }
    }
}
