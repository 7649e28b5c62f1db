//! An end that became known late: a correction with both times, and what was done with the power in between.

use super::{Mandate, MandateState};
use crate::{access::AccessRecord, event::EndCause, instant::Instant};

/// That a mandate had ended, or had never counted, before anybody knew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LateEnd {
    /// Since when it was so.
    pub since: Instant,
    /// When it became known.
    pub known_at: Instant,
    /// Why it ended; `None` where it had been entered wrongly, and never counted.
    pub cause: Option<EndCause>,
}

impl LateEnd {
    /// Whether what that record tells was done in between: for a moment at which there was no power any more, and while nobody knew.
    /// Whoever asks afterwards about an earlier time is told what was so then, and uses nothing.
    pub fn covers(&self, record: &AccessRecord) -> bool {
        self.since <= record.used_for() && record.at < self.known_at
    }
}

impl Mandate {
    /// Its end, where that became known late. What anybody said themselves counts from when they said it, a quiet revocation too, and so
    /// does every rest: of those there is nothing to tell.
    pub fn late_end(&self) -> Option<LateEnd> {
        match self.state {
            MandateState::Ended { at, effective_at, cause } if effective_at < at => {
                Some(LateEnd { since: effective_at, known_at: at, cause: Some(cause) })
            }
            MandateState::Annulled { at, .. } if self.valid.from < at => {
                Some(LateEnd { since: self.valid.from, known_at: at, cause: None })
            }
            _ => None,
        }
    }

    /// Whether it rested at that moment, as one of the pauses that are over or under way.
    pub fn rested(&self, at: Instant) -> bool {
        let under_way = match self.state {
            MandateState::Suspended { at, .. }
            | MandateState::Resting { at }
            | MandateState::Disputed { at, .. } => Some(at),
            _ => None,
        };
        under_way.is_some_and(|since| since <= at)
            || self.pauses.iter().any(|pause| pause.from <= at && at < pause.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::{Act, Outcome, Visibility},
        actor::ActorTrace,
        decision::{Acting, Answer, Decision, Question, Seen, ValidAt},
        id::{AccessId, PersonId},
        reason::Reason,
    };
    use uuid::Uuid;

    fn at(hour: u8) -> Instant {
        format!("2026-03-02T{hour:02}:00:00Z").parse().expect("a time")
    }

    fn asked(hour: u8, about: Option<u8>) -> AccessRecord {
        let person = |n| PersonId::from_uuid(Uuid::from_u128(n));
        let question = Question::Acting(Acting {
            representative: person(2),
            privilege: "urn:dk:eksempel:x".parse().expect("a privilege"),
            grantor: person(1),
            case: None,
        });
        let moment = about.map_or(ValidAt::Now(at(hour)), |hour| ValidAt::Moment(at(hour)));
        let seen = Seen::now(1, None, 1, "test");
        AccessRecord {
            id: AccessId::from_uuid(Uuid::from_u128(3)),
            at: at(hour),
            person: person(1),
            actor: ActorTrace::Service,
            act: Act::Decide,
            target: None,
            purpose: None,
            case: None,
            lookup: None,
            outcome: Outcome::Found,
            permits_until: None,
            visibility: Visibility::Normal,
            decision: Some(Decision::new(question, moment, &Answer::no(Reason::NoPower), seen)),
        }
    }

    #[test]
    fn a_late_end_covers_what_was_done_from_it_until_it_was_known() {
        let end = LateEnd { since: at(10), known_at: at(12), cause: Some(EndCause::Death) };
        for (hour, about, covered) in [
            (9, None, false),
            (10, None, true),
            (11, None, true),
            (12, None, false),
            // About an earlier moment, at which there was the power.
            (11, Some(9), false),
            (11, Some(10), true),
            // About a later one: it is used now.
            (9, Some(11), false),
            (11, Some(20), true),
            // Asked afterwards of what was so then.
            (13, Some(11), false),
        ] {
            assert_eq!(end.covers(&asked(hour, about)), covered, "{hour} {about:?}");
        }
    }
}
