//! Uses of mandates, as the records of looks tell of them: the grantor is told of each on the day, once a day for each mandate, and the
//! representative cannot turn that off.

use super::{Matter, Notice, NoticeKind};
use crate::{
    access::{AccessRecord, Outcome, Visibility},
    actor::ActorTrace,
    basis::Basis,
    decision::Question,
    id::{EventId, MandateId, PersonId},
    instant::Instant,
};

/// What a record tells of the use of mandates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Used {
    /// Somebody was told that a person may act on these.
    Mandates(Vec<MandateId>),
    /// The person looked here as a representative, on whatever they hold.
    Here(PersonId),
}

impl Used {
    /// What that record tells; nothing where it was refused, and where the person is not to see it yet.
    pub fn told_by(record: &AccessRecord) -> Option<Self> {
        if record.outcome == Outcome::Refused || record.visibility != Visibility::Normal {
            return None;
        }
        if let ActorTrace::Representative { person, .. } = record.actor {
            return Some(Self::Here(person));
        }
        let decision = record.decision.as_ref().filter(|said| said.decision)?;
        let Question::Acting(asked) = &decision.question else { return None };
        // The record stands in the log of both; it is told once, to whom the mandate is of.
        let is_grantors = record.person == asked.grantor;
        let mandate = |kind: &str| matches!(Basis::of_code(kind), Some(basis) if basis.is_mandate());
        let grounds = decision.basis.iter().filter(|ground| is_grantors && mandate(&ground.kind));
        Some(Self::Mandates(grounds.map(|ground| MandateId::from_uuid(ground.id)).collect()))
    }
}

/// The notice of a use at that moment, which that event recorded; none where it is of no mandate.
pub fn of_use(matter: &Matter, source: EventId, at: Instant) -> Option<Notice> {
    let Matter::Mandate(mandate, _) = matter else { return None };
    let day = at.local_date().start();
    Some(matter.notice(NoticeKind::MandateUsed, mandate.grantor, source, (0, day)))
}
