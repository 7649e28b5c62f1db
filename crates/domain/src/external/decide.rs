//! Whether a subject may do something with an object: one pure function of what is registered and what is stated.

use super::{
    condition::{Condition, Seen, Side, Term},
    entity::EntityName,
    value::{Keys, Properties, Value},
};
use crate::{
    id::{ExternalEntityId, ExternalGrantId, ExternalPrivilegeId},
    instant::{Instant, Period},
    reason::Reason,
    text::{ActionName, EntityType, PropertyKey},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a caller states of something. What can be no property here is kept as `None`: it is there, and like nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StatedProperties(BTreeMap<PropertyKey, Option<Value>>);

impl StatedProperties {
    /// Reads what was stated. It refuses nothing: keys that no property can have are left out, since nobody can have declared them.
    pub fn of(stated: &serde_json::Map<String, serde_json::Value>) -> Self {
        let read = |(key, value): (&String, &serde_json::Value)| {
            Some((key.parse().ok()?, Value::try_from(value.clone()).ok()))
        };
        Self(stated.iter().filter_map(read).collect())
    }

    /// Those that count, since they were declared.
    pub(super) fn that_count(&self, declared: &Keys) -> BTreeMap<PropertyKey, Option<Value>> {
        let counts = |(key, _): &(&PropertyKey, &Option<Value>)| declared.contains(*key);
        self.0.iter().filter(counts).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// A subject or an object, as a question names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stated {
    /// Its name; `None` for one that nothing can be registered under, such as a CPR number. It is not known and not kept.
    pub name: Option<EntityName>,
    /// What the caller states of it.
    pub properties: StatedProperties,
}

impl Stated {
    /// Reads what was stated. It refuses nothing.
    pub fn of(kind: &str, id: &str, properties: &serde_json::Map<String, serde_json::Value>) -> Self {
        let name = || Some(EntityName { kind: kind.parse().ok()?, id: id.parse().ok()? });
        Self { name: name(), properties: StatedProperties::of(properties) }
    }
}

/// An action, as a question names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatedAction {
    /// Its name; `None` for one that no privilege can have.
    pub name: Option<ActionName>,
    /// What the caller states of it.
    pub properties: StatedProperties,
}

impl StatedAction {
    /// Reads what was stated. It refuses nothing.
    pub fn of(name: &str, properties: &serde_json::Map<String, serde_json::Value>) -> Self {
        Self { name: name.parse().ok(), properties: StatedProperties::of(properties) }
    }
}

/// May this subject do this with this object, at that moment?
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Who.
    pub subject: Stated,
    /// What.
    pub action: StatedAction,
    /// With what.
    pub resource: Stated,
    /// When.
    pub at: Instant,
}

/// Which subjects, objects or actions? What is searched for is taken as it is registered: what a question might state of it is
/// ignored, and so each result holds when it is asked about by its name alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Search {
    /// Who may do this with this object?
    Subjects {
        /// Of which type; `None` for one that nothing can have.
        kind: Option<EntityType>,
        /// What.
        action: StatedAction,
        /// With what.
        resource: Stated,
    },
    /// With what may this subject do this?
    Resources {
        /// Who.
        subject: Stated,
        /// What.
        action: StatedAction,
        /// Of which type; `None` for one that nothing can have.
        kind: Option<EntityType>,
    },
    /// What may this subject do with this object?
    Actions {
        /// Who.
        subject: Stated,
        /// With what.
        resource: Stated,
    },
}

/// What is registered of a subject or an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its id here.
    pub id: ExternalEntityId,
    /// Its revision.
    pub revision: u64,
    /// What is known of it.
    pub properties: Properties,
    /// What a caller may state otherwise.
    pub caller_stated: Keys,
}

/// A privilege that a grant gives to the subject over the object. Both are as they stand now: neither revoked nor removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// The grant.
    pub grant: ExternalGrantId,
    /// Its revision.
    pub grant_revision: u64,
    /// When it holds.
    pub valid: Period,
    /// The privilege.
    pub privilege: ExternalPrivilegeId,
    /// Its revision.
    pub privilege_revision: u64,
    /// What can be done.
    pub action: ActionName,
    /// When.
    pub condition: Condition,
    /// The properties of the action that count.
    pub caller_stated: Keys,
}

/// Everything that is registered and that a decision about one subject and one object looks at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// The subject, if it is registered.
    pub subject: Option<Known>,
    /// The object, if it is registered.
    pub resource: Option<Known>,
    /// What the subject holds over the object, of every action.
    pub held: Vec<Held>,
}

/// What a yes rests on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Basis {
    /// The grant.
    pub grant: ExternalGrantId,
    /// Its revision.
    pub revision: u64,
}

/// Why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum No {
    /// Nothing gives the subject such a privilege over the object at that moment. Also where one of the two is not registered: the
    /// two are not told apart.
    NoPower,
    /// A grant does, and the privilege's condition does not hold.
    ConditionNotMet,
}

impl No {
    /// The reason.
    pub const fn reason(self) -> Reason {
        match self {
            Self::NoPower => Reason::NoPower,
            Self::ConditionNotMet => Reason::ConditionNotMet,
        }
    }
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may.
    Yes {
        /// The grants that say so, sorted, each once.
        basis: Vec<Basis>,
        /// The first moment when none of them holds any more; `None` where one has no end. No licence to remember the answer.
        valid_until: Option<Instant>,
    },
    /// It may not.
    No(No),
}

impl Verdict {
    /// Whether it may.
    pub const fn decision(&self) -> bool {
        matches!(self, Self::Yes { .. })
    }
}

/// What a condition sees of one side: as it is registered, but for the keys that were declared and stated.
struct Effective<'a> {
    registered: Option<&'a Properties>,
    declared: &'a Keys,
    stated: &'a StatedProperties,
}

impl<'a> Effective<'a> {
    const fn of(known: &'a Known, stated: &'a StatedProperties) -> Self {
        Self { registered: Some(&known.properties), declared: &known.caller_stated, stated }
    }

    fn see(&self, key: &PropertyKey) -> Option<Seen<'a>> {
        if self.declared.contains(key)
            && let Some(stated) = self.stated.0.get(key)
        {
            return stated.as_ref().map_or(Some(Seen::Odd), value);
        }
        self.registered.and_then(|registered| registered.get(key)).and_then(value)
    }
}

fn value(value: &Value) -> Option<Seen<'_>> {
    (!value.is_null()).then_some(Seen::Value(value))
}

/// Whether the privilege's condition holds.
fn is_met(question: &Question, subject: &Known, resource: &Known, held: &Held) -> bool {
    let subject = Effective::of(subject, &question.subject.properties);
    let resource = Effective::of(resource, &question.resource.properties);
    let stated = &question.action.properties;
    let action = Effective { registered: None, declared: &held.caller_stated, stated };
    held.condition.holds(&|term: &Term| {
        match term.side {
            Side::Subject => &subject,
            Side::Resource => &resource,
            Side::Action => &action,
        }
        .see(&term.key)
    })
}

/// Decides. A stated key that was not declared never counts, and one that is not stated is as registered.
pub fn decide(question: &Question, facts: &Facts) -> Verdict {
    let (Some(subject), Some(resource)) = (&facts.subject, &facts.resource) else {
        return Verdict::No(No::NoPower);
    };
    let asked = |held: &&Held| {
        question.action.name.as_ref() == Some(&held.action) && held.valid.contains(question.at)
    };
    let candidates: Vec<&Held> = facts.held.iter().filter(asked).collect();
    if candidates.is_empty() {
        return Verdict::No(No::NoPower);
    }
    let met: Vec<&Held> =
        candidates.into_iter().filter(|held| is_met(question, subject, resource, held)).collect();
    let last = met.iter().map(|held| held.valid.to);
    // No end is later than any.
    let Some(valid_until) = last.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))) else {
        return Verdict::No(No::ConditionNotMet);
    };
    let mut basis: Vec<Basis> =
        met.iter().map(|held| Basis { grant: held.grant, revision: held.grant_revision }).collect();
    basis.sort_unstable();
    basis.dedup();
    Verdict::Yes { basis, valid_until }
}
