//! Events as they are recorded, and how a thing follows from its own.

use super::{Fact, Kind};
use crate::{
    actor::ActorTrace,
    digest::canonical,
    id::{EventId, PersonId},
    instant::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something whose events are numbered from 1 and replay to it.
pub trait Entity: Sized + Clone + PartialEq {
    /// What it is.
    const KIND: Kind;

    /// Its id.
    fn id(&self) -> Uuid;

    /// How many events it has had.
    fn revision(&self) -> u64;

    /// The persons that it is about.
    fn subjects(&self) -> Vec<PersonId>;

    /// It after one more event, or `None` if that event cannot follow. Only moves the state: what the rules of today would have
    /// refused was done all the same, and the journal is for decades.
    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self>;
}

/// An event that has been decided and not yet recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What it is about.
    pub kind: Kind,
    /// Which one.
    pub aggregate: Uuid,
    /// Its number among the events of that one, from 1.
    pub revision: u64,
    /// When it was recorded, in business time.
    pub at: Instant,
    /// Who did it.
    pub actor: ActorTrace,
    /// The persons that it concerns; each gets to know one more thing by it.
    pub subjects: Vec<PersonId>,
    /// What happened.
    pub fact: Fact,
}

/// An event as the journal keeps it: these values, and no others, are committed to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// The form of this record.
    pub schema: u8,
    /// Its id.
    pub id: EventId,
    /// What it is about.
    pub aggregate_kind: Kind,
    /// Which one.
    pub aggregate: Uuid,
    /// Its number among the events of that one.
    pub revision: u64,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// Who did it.
    pub actor: ActorTrace,
    /// The persons that it concerns; in memory each with the number of this event among theirs, 0 where it was not asked for.
    pub subjects: Vec<SubjectVersion>,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// How much is known of a person: the number of events that concern them.
///
/// A record's bytes name the person alone; the version stands beside the journal. So a receipt that one party of a mandate holds
/// tells nothing of how much happens to the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "PersonId", into = "PersonId")]
pub struct SubjectVersion {
    /// The person.
    pub person: PersonId,
    /// The version from this event on.
    pub version: u64,
}

impl From<PersonId> for SubjectVersion {
    fn from(person: PersonId) -> Self {
        Self { person, version: 0 }
    }
}

impl From<SubjectVersion> for PersonId {
    fn from(subject: SubjectVersion) -> Self {
        subject.person
    }
}

impl Recorded {
    /// The form that is written today.
    pub const SCHEMA: u8 = 1;

    /// The event with the versions that its persons get by it.
    pub fn new(event: Event, subjects: Vec<SubjectVersion>) -> Self {
        let Event { id, kind, aggregate, revision, at, actor, subjects: _, fact } = event;
        Self {
            schema: Self::SCHEMA,
            id,
            aggregate_kind: kind,
            aggregate,
            revision,
            recorded_at: at,
            actor,
            subjects,
            fact,
        }
    }

    /// The bytes that the journal commits to: RFC 8785 of this record.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical(self)
    }

    /// Reads such bytes; `None` unless they are exactly what [`Recorded::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|read| read.to_bytes() == bytes)
    }
}

/// The state that a whole history of one thing replays to; `None` if some event cannot follow the one before.
pub fn replay<E: Entity>(history: &[Recorded]) -> Option<E> {
    history.iter().try_fold(None, |before, event| E::replay(before, event).map(Some)).flatten()
}
