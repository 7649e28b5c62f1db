//! Questions about external things: decided on one snapshot, recorded before they are answered.

use super::own_authority;
use crate::{Call, Error, Service};
use std::collections::BTreeSet;
use tillid_domain::{
    Cvr, Instant, Reason,
    access::{Act, Subject, may},
    external::{
        Answered, Asked, EntityName, ExternalRecord, Facts, Keys, Known, Question, Search, Stated,
        StatedAction, StatedProperties, Verdict, decide,
    },
    id::{AccessId, BatchId, EventId},
    text::{ActionName, EntityId, EntityType},
};
use tillid_storage::{Looks, Tx};

/// An answer whose record is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalDecided {
    /// The id of the answer's record.
    pub id: AccessId,
    /// The answer.
    pub verdict: Verdict,
}

/// A part of what a search found, whose record is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExternalFound {
    /// The id of its record.
    pub id: AccessId,
    /// The ids, or the names of the actions, in the order of their bytes; each once.
    pub results: Vec<String>,
    /// What the next part comes after; `None` at the end. A part can be empty and not the last.
    pub next: Option<String>,
}

/// How many candidates are decided together.
const TOGETHER: u32 = 256;
/// How many candidates one search decides at most; it goes on in its next part.
const MOST: usize = 2_048;

/// What a search has found so far.
struct Finding {
    results: Vec<String>,
    next: Option<String>,
}

impl Service {
    /// The moment of a question, where it names none.
    pub async fn external_now(&self) -> Result<Instant, Error> {
        self.business_now().await
    }

    /// Whether subjects of the caller's authority may do something with objects of it: for each question, in their order. Each
    /// answer's record is durable before any of them is given. What is another authority's is not registered, for whoever asks.
    pub async fn ask_external(
        &self,
        call: &Call,
        questions: &[Question],
    ) -> Result<Vec<ExternalDecided>, Error> {
        let authority = asks(call, Act::Decide)?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let decided = self.decide_external(&mut tx, authority, questions).await?;
        drop(tx);
        let (mut records, mut answers) =
            (Vec::with_capacity(decided.len()), Vec::with_capacity(decided.len()));
        for (verdict, asked, answered) in decided {
            let record = self.external_record(call, authority, asked, answered, now);
            answers.push(ExternalDecided { id: record.id, verdict });
            records.push(record);
        }
        self.record_external(records, now).await?;
        Ok(answers)
    }

    /// Decides on one snapshot, with one statement; says what is to be recorded of each.
    pub(crate) async fn decide_external<M>(
        &self,
        tx: &mut Tx<M>,
        authority: Cvr,
        questions: &[Question],
    ) -> Result<Vec<(Verdict, Asked, Answered)>, Error> {
        let pairs: Vec<_> =
            questions.iter().map(|q| (q.subject.name.as_ref(), q.resource.name.as_ref())).collect();
        let facts = tx.external_facts(authority, &pairs).await?;
        let decided = questions.iter().zip(&facts).map(|(question, facts)| {
            let (verdict, answered) = Answered::decided(question, facts);
            (verdict, Asked::decision(question, facts), answered)
        });
        Ok(decided.collect())
    }

    /// Finds what [`Service::ask_external`] says yes to at that moment, after a result: at most `limit`, from 1. What is searched for
    /// is taken as it is registered, whatever the search states of it. Its record is durable before it is answered.
    pub async fn search_external(
        &self,
        call: &Call,
        search: &Search,
        at: Option<Instant>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ExternalFound, Error> {
        let authority = asks(call, Act::Search)?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let at = at.unwrap_or(now);
        let (asked, finding) = self.find_external(&mut tx, authority, search, at, after, limit).await?;
        drop(tx);
        let answered = Answered::Results {
            results: finding.results.clone(),
            after: after.map(str::to_owned),
            more: finding.next.is_some(),
        };
        let record = self.external_record(call, authority, asked, answered, now);
        let id = record.id;
        self.record_external(vec![record], now).await?;
        Ok(ExternalFound { id, results: finding.results, next: finding.next })
    }

    async fn find_external<M>(
        &self,
        tx: &mut Tx<M>,
        authority: Cvr,
        search: &Search,
        at: Instant,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Asked, Finding), Error> {
        let (subject, action, resource) = match search {
            Search::Subjects { action, resource, .. } => (None, Some(action), Some(resource)),
            Search::Resources { subject, action, .. } => (Some(subject), Some(action), None),
            Search::Actions { subject, resource } => (Some(subject), None, Some(resource)),
        };
        let name = |stated: Option<&Stated>| stated.and_then(|stated| stated.name.clone());
        let (subject_name, resource_name) = (name(subject), name(resource));
        let pair = [(subject_name.as_ref(), resource_name.as_ref())];
        let facts = tx.external_facts(authority, &pair).await?.pop().unwrap_or_default();
        let declared = match action.and_then(|action| action.name.as_ref()) {
            Some(action) => tx.external_declared(authority, action).await?,
            None => Keys::new(),
        };
        let (knows_subject, knows_resource) = (facts.subject.as_ref(), facts.resource.as_ref());
        let asked = Asked::search(search, knows_subject, knows_resource, &declared, at);
        let after = after.unwrap_or_default();
        let finding = match search {
            Search::Actions { subject, resource } => actions(subject, resource, &facts, at, after, limit),
            Search::Subjects { kind, action, resource } => {
                let given = Given {
                    authority,
                    action,
                    side: Candidates::Subjects { resource, known: knows_resource },
                    at,
                };
                self.candidates(tx, &given, kind.as_ref(), after, limit).await?
            }
            Search::Resources { subject, action, kind } => {
                let given = Given {
                    authority,
                    action,
                    side: Candidates::Resources { subject, known: knows_subject },
                    at,
                };
                self.candidates(tx, &given, kind.as_ref(), after, limit).await?
            }
        };
        Ok((asked, finding))
    }

    /// Decides about candidates, a batch at a time, until there are enough, none are left, or it was enough work.
    async fn candidates<M>(
        &self,
        tx: &mut Tx<M>,
        given: &Given<'_>,
        kind: Option<&EntityType>,
        after: &str,
        limit: u32,
    ) -> Result<Finding, Error> {
        let mut finding = Finding { results: Vec::new(), next: None };
        let (Some(kind), Some(action)) = (kind, given.action.name.as_ref()) else { return Ok(finding) };
        let limit = limit.max(1) as usize;
        let (mut after, mut looked_at) = (after.to_owned(), 0);
        loop {
            let found = given.next(tx, kind, action, &after).await?;
            let questions: Vec<Question> = found.iter().map(|id| given.question(kind, id)).collect();
            let pairs: Vec<_> =
                questions.iter().map(|q| (q.subject.name.as_ref(), q.resource.name.as_ref())).collect();
            let facts = if pairs.is_empty() {
                Vec::new()
            } else {
                tx.external_facts(given.authority, &pairs).await?
            };
            for ((id, question), facts) in found.iter().zip(&questions).zip(&facts) {
                if finding.results.len() == limit {
                    finding.next = Some(after);
                    return Ok(finding);
                }
                id.as_str().clone_into(&mut after);
                if decide(question, facts).decision() {
                    finding.results.push(after.clone());
                }
            }
            looked_at += found.len();
            if found.len() < TOGETHER as usize {
                return Ok(finding);
            }
            if looked_at >= MOST {
                finding.next = Some(after);
                return Ok(finding);
            }
        }
    }

    fn external_record(
        &self,
        call: &Call,
        authority: Cvr,
        asked: Asked,
        answered: Answered,
        now: Instant,
    ) -> ExternalRecord {
        let id = AccessId::from_uuid(self.ambient.id());
        ExternalRecord { id, at: now, authority, actor: call.actor.trace(), asked, answered }
    }

    async fn record_external(&self, records: Vec<ExternalRecord>, now: Instant) -> Result<(), Error> {
        let looks = Looks {
            batch: BatchId::from_uuid(self.ambient.id()),
            event: EventId::from_uuid(self.ambient.id()),
            at: now,
            records: Vec::new(),
            external: records,
        };
        Ok(self.store.record(looks).await?)
    }
}

/// The authority whose things the caller asks about: their own.
fn asks(call: &Call, act: Act) -> Result<Cvr, Error> {
    let authority = own_authority(&call.actor).ok_or(Error::Denied(Reason::StaffOnly))?;
    may(&call.actor, act, &Subject { authority: Some(authority), ..Subject::default() })?;
    Ok(authority)
}

/// What is given in a search for subjects or objects.
struct Given<'a> {
    authority: Cvr,
    action: &'a StatedAction,
    side: Candidates<'a>,
    at: Instant,
}

/// What is searched for, with the other side.
enum Candidates<'a> {
    Subjects { resource: &'a Stated, known: Option<&'a Known> },
    Resources { subject: &'a Stated, known: Option<&'a Known> },
}

impl Given<'_> {
    async fn next<M>(
        &self,
        tx: &mut Tx<M>,
        kind: &EntityType,
        action: &ActionName,
        after: &str,
    ) -> Result<Vec<EntityId>, Error> {
        let other = match self.side {
            Candidates::Subjects { resource, known } => known.zip(resource.name.as_ref()),
            Candidates::Resources { subject, known } => known.zip(subject.name.as_ref()),
        };
        let Some((known, name)) = other else { return Ok(Vec::new()) };
        Ok(match self.side {
            Candidates::Subjects { .. } => {
                let object = (known.id, &name.kind);
                tx.external_subjects(self.authority, kind, action, object, after, TOGETHER).await?
            }
            Candidates::Resources { .. } => {
                tx.external_objects(self.authority, kind, action, known.id, after, TOGETHER).await?
            }
        })
    }

    /// The question about one candidate, as it is registered.
    fn question(&self, kind: &EntityType, id: &EntityId) -> Question {
        let name = EntityName { kind: kind.clone(), id: id.clone() };
        let candidate = Stated { name: Some(name), properties: StatedProperties::default() };
        let (subject, resource) = match self.side {
            Candidates::Subjects { resource, .. } => (candidate, resource.clone()),
            Candidates::Resources { subject, .. } => (subject.clone(), candidate),
        };
        Question { subject, action: self.action.clone(), resource, at: self.at }
    }
}

/// What a subject may do with an object, without anything being stated of the action; each name once.
fn actions(
    subject: &Stated,
    resource: &Stated,
    facts: &Facts,
    at: Instant,
    after: &str,
    limit: u32,
) -> Finding {
    let names: BTreeSet<&ActionName> =
        facts.held.iter().map(|held| &held.action).filter(|name| name.as_str() > after).collect();
    let may = |name: &ActionName| {
        let action = StatedAction { name: Some(name.clone()), properties: StatedProperties::default() };
        let question = Question { subject: subject.clone(), action, resource: resource.clone(), at };
        decide(&question, facts).decision()
    };
    let mut results: Vec<String> =
        names.into_iter().filter(|name| may(name)).map(ToString::to_string).collect();
    let limit = limit.max(1) as usize;
    let more = results.len() > limit;
    results.truncate(limit);
    let next = results.last().filter(|_| more).cloned();
    Finding { results, next }
}
