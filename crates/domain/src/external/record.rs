//! What is kept of a question about external things and its answer: enough to give the answer again, and no more.

use super::{
    decide::{Facts, Held, Known, No, Question, Search, Stated, StatedAction, Verdict, decide},
    entity::EntityName,
    value::{Keys, Value},
};
use crate::{
    Cvr, Digest, Salt,
    actor::ActorTrace,
    digest::canonical,
    id::{AccessId, ExternalEntityId, ExternalGrantId, ExternalPrivilegeId},
    instant::Instant,
    text::{ActionName, EntityType, PropertyKey},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A subject or an object that was asked about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedEntity {
    /// Its name; `null` for one that nothing can be registered under.
    pub name: Option<EntityName>,
    /// What the caller stated of it and what counted; `null` for what can be no property.
    pub stated: BTreeMap<PropertyKey, Option<Value>>,
}

/// An action that was asked about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedAction {
    /// Its name; `null` for one that no privilege can have.
    pub name: Option<ActionName>,
    /// What the caller stated of it and what counted for some privilege; `null` for what can be no property.
    pub stated: BTreeMap<PropertyKey, Option<Value>>,
}

/// What was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Asked {
    /// Whether a subject may do something with an object.
    Decision {
        /// Who.
        subject: AskedEntity,
        /// What.
        action: AskedAction,
        /// With what.
        resource: AskedEntity,
        /// When.
        at: Instant,
    },
    /// Who may do something with an object.
    Subjects {
        /// Of which type.
        kind: Option<EntityType>,
        /// What.
        action: AskedAction,
        /// With what.
        resource: AskedEntity,
        /// When.
        at: Instant,
    },
    /// With what a subject may do something.
    Resources {
        /// Who.
        subject: AskedEntity,
        /// What.
        action: AskedAction,
        /// Of which type.
        kind: Option<EntityType>,
        /// When.
        at: Instant,
    },
    /// What a subject may do with an object.
    Actions {
        /// Who.
        subject: AskedEntity,
        /// With what.
        resource: AskedEntity,
        /// When.
        at: Instant,
    },
}

/// Something that was looked at, as it was then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// It.
    pub id: Uuid,
    /// Its revision.
    pub revision: u64,
}

impl Version {
    fn of(known: &Known) -> Self {
        Self { id: ExternalEntityId::as_uuid(known.id), revision: known.revision }
    }
}

/// A privilege that was looked at, and the grant that gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookedAt {
    /// The grant.
    pub grant: Version,
    /// The privilege.
    pub privilege: Version,
}

impl LookedAt {
    fn of(held: &Held) -> Self {
        Self {
            grant: Version { id: ExternalGrantId::as_uuid(held.grant), revision: held.grant_revision },
            privilege: Version {
                id: ExternalPrivilegeId::as_uuid(held.privilege),
                revision: held.privilege_revision,
            },
        }
    }
}

/// What was answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answered {
    /// A yes or a no.
    Decision {
        /// Which.
        decision: bool,
        /// Why not.
        reason: Option<No>,
        /// The end of what a yes rests on.
        valid_until: Option<Instant>,
        /// The subject, if it was registered.
        subject: Option<Version>,
        /// The object, if it was registered.
        resource: Option<Version>,
        /// What the subject held over the object of that action, sorted.
        looked_at: Vec<LookedAt>,
    },
    /// A part of a list.
    Results {
        /// The ids, or the names of the actions.
        results: Vec<String>,
        /// After which one the part began.
        after: Option<String>,
        /// Whether there may be more.
        more: bool,
    },
}

fn entity(stated: &Stated, known: Option<&Known>) -> AskedEntity {
    let counted = |known: &Known| stated.properties.that_count(&known.caller_stated);
    AskedEntity { name: stated.name.clone(), stated: known.map(counted).unwrap_or_default() }
}

fn action(stated: &StatedAction, declared: &Keys) -> AskedAction {
    AskedAction { name: stated.name.clone(), stated: stated.properties.that_count(declared) }
}

fn of_action<'a>(facts: &'a Facts, name: Option<&'a ActionName>) -> impl Iterator<Item = &'a Held> {
    facts.held.iter().filter(move |held| name == Some(&held.action))
}

impl Asked {
    /// What is kept of a question that was decided on these facts.
    pub fn decision(question: &Question, facts: &Facts) -> Self {
        let name = question.action.name.as_ref();
        let declared: Keys =
            of_action(facts, name).flat_map(|held| held.caller_stated.iter().cloned()).collect();
        Self::Decision {
            subject: entity(&question.subject, facts.subject.as_ref()),
            action: action(&question.action, &declared),
            resource: entity(&question.resource, facts.resource.as_ref()),
            at: question.at,
        }
    }

    /// What is kept of a search, given what is known of the subject and the object that it names, and the properties of its action
    /// that count.
    pub fn search(
        search: &Search,
        subject: Option<&Known>,
        resource: Option<&Known>,
        declared: &Keys,
        at: Instant,
    ) -> Self {
        match search {
            Search::Subjects { kind, action: what, resource: with } => Self::Subjects {
                kind: kind.clone(),
                action: action(what, declared),
                resource: entity(with, resource),
                at,
            },
            Search::Resources { subject: who, action: what, kind } => Self::Resources {
                subject: entity(who, subject),
                action: action(what, declared),
                kind: kind.clone(),
                at,
            },
            Search::Actions { subject: who, resource: with } => {
                Self::Actions { subject: entity(who, subject), resource: entity(with, resource), at }
            }
        }
    }
}

impl Answered {
    /// Decides, and says what is kept of the answer.
    pub fn decided(question: &Question, facts: &Facts) -> (Verdict, Self) {
        let verdict = decide(question, facts);
        let (reason, valid_until) = match &verdict {
            Verdict::Yes { valid_until, .. } => (None, *valid_until),
            Verdict::No(no) => (Some(*no), None),
        };
        let looked_at: BTreeSet<LookedAt> =
            of_action(facts, question.action.name.as_ref()).map(LookedAt::of).collect();
        let answered = Self::Decision {
            decision: verdict.decision(),
            reason,
            valid_until,
            subject: facts.subject.as_ref().map(Version::of),
            resource: facts.resource.as_ref().map(Version::of),
            looked_at: looked_at.into_iter().collect(),
        };
        (verdict, answered)
    }
}

/// The record of one question about external things. It concerns no person; it is a leaf of the log like the records of looks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalRecord {
    /// Its id; of a decision, the decision's.
    pub id: AccessId,
    /// When it was asked, in business time.
    pub at: Instant,
    /// Whose things it was about.
    pub authority: Cvr,
    /// By whom.
    pub actor: ActorTrace,
    /// What.
    pub asked: Asked,
    /// What was answered.
    pub answered: Answered,
}

impl ExternalRecord {
    /// The commitment to this record under its salt.
    pub fn commitment(&self, salt: &Salt) -> Digest {
        Digest::commit(salt, &canonical(self))
    }
}
