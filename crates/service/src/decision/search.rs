//! Who may act for a person, for whom, with what, and whose data: found as candidates, then decided like any question.

use super::ask::{asker, audience, may_ask_at_all};
use crate::{Call, Error, PersonRef, Service, StatedPurpose};
use std::collections::BTreeSet;
use tillid_domain::{
    Cvr, Instant, Reason,
    access::{AccessRecord, Act, Outcome, Refusal, Subject, may},
    actor::{Actor, Who},
    decision::{Acting, Asker, Book, ConsentCheck, Operation, ValidAt, decide_acting, decide_consent},
    id::PersonId,
    text::{CaseRef, Code, PrivilegeUri},
};
use tillid_storage::{ActingKey, ConsentKey, Read, Tx};

/// What is searched for.
#[derive(Clone, Debug)]
pub enum SearchFor {
    /// Who may act for a person with a privilege.
    Representatives {
        /// For whom.
        grantor: PersonRef,
        /// With what.
        privilege: PrivilegeUri,
    },
    /// For whom somebody may act with a privilege.
    Grantors {
        /// Who.
        representative: PersonRef,
        /// With what.
        privilege: PrivilegeUri,
    },
    /// What somebody may do for a person.
    Privileges {
        /// Who.
        representative: PersonRef,
        /// For whom.
        grantor: PersonRef,
    },
    /// Whose data an authority may do something with.
    Consenting {
        /// Which authority.
        authority: Cvr,
        /// What.
        operation: Operation,
        /// With which category.
        category: Code,
        /// Under which type only.
        consent_type: Option<Code>,
        /// From whom.
        source: Option<Code>,
        /// To whom.
        recipient: Option<Code>,
    },
}

/// A search.
#[derive(Clone, Debug)]
pub struct Searched {
    /// For what.
    pub search: SearchFor,
    /// For what it is asked.
    pub purpose: Option<StatedPurpose>,
    /// In which case.
    pub case: Option<CaseRef>,
    /// For which moment; now when not given.
    pub valid_at: Option<Instant>,
    /// After the last candidate of the part before.
    pub after: Option<String>,
    /// How many candidates.
    pub limit: u32,
}

/// A part of what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The persons, or the privileges.
    pub persons: Vec<PersonId>,
    /// Likewise.
    pub privileges: Vec<PrivilegeUri>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<String>,
}

/// Whom a search concerns.
struct Concerned {
    person: Option<PersonId>,
    representative: Option<PersonId>,
}

impl Service {
    /// Whether the actor searches at all.
    pub fn may_search(&self, call: &Call) -> Result<(), Error> {
        may_ask_at_all(&call.actor, Act::Search)
    }

    /// Finds what decisions would say yes to. Whoever is found, and whoever it is about, has a record before it is answered. What the
    /// caller may not ask about is not found.
    pub async fn search(&self, call: &Call, asked: &Searched) -> Result<Found, Error> {
        self.may_search(call)?;
        let (concerned, unknown) = self.concerned(call, &asked.search).await?;
        let purpose = match asked.purpose {
            Some(StatedPurpose::Known(purpose)) => Some(purpose),
            _ => None,
        };
        let subject = Subject {
            person: concerned.person,
            representative: concerned.representative,
            purpose: purpose.map(|purpose| (purpose, asked.case.is_some())),
            ..Subject::default()
        };
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let template = AccessRecord {
            purpose,
            case: asked.case.clone(),
            ..self.look(call, PersonId::from_uuid(uuid::Uuid::nil()), Act::Search, Outcome::Refused, now)
        };
        let refusal = if self.is_not_admitted(&mut tx, call).await? {
            Some(Refusal::Denied(Reason::EmployeeNotAdmitted))
        } else if asked.purpose == Some(StatedPurpose::Unknown) {
            Some(Refusal::Denied(Reason::PurposeNotAllowed))
        } else {
            may(&call.actor, Act::Search, &subject).err()
        };
        if let Some(refusal) = refusal {
            drop(tx);
            self.record(self.search_records(&template, concerned.all(), &[]), now).await?;
            return match refusal {
                // Whom it does not concern learns as much as if there were nothing.
                Refusal::Hidden => Ok(Found { persons: Vec::new(), privileges: Vec::new(), next: None }),
                refusal => Err(refusal.into()),
            };
        }
        if unknown {
            return Ok(Found { persons: Vec::new(), privileges: Vec::new(), next: None });
        }
        let at = asked.valid_at.map_or(ValidAt::Now(now), ValidAt::Moment);
        let book = {
            let version = tx.catalogue_version().await?;
            self.decider.book_at(version, &mut tx).await?
        };
        let asker = asker(&call.actor, purpose);
        let found =
            Finding { asked, concerned: &concerned, asker: &asker, at, book: &book }.find(&mut tx).await?;
        drop(tx);
        let is_any = !(found.persons.is_empty() && found.privileges.is_empty());
        let template =
            AccessRecord { outcome: if is_any { Outcome::Found } else { Outcome::Nothing }, ..template };
        let others: &[PersonId] =
            if audience(&call.actor) == tillid_domain::Audience::Citizen { &[] } else { &found.persons };
        if !is_own_search(&call.actor) {
            self.record(self.search_records(&template, concerned.all(), others), now).await?;
        }
        Ok(found)
    }

    fn search_records(
        &self,
        template: &AccessRecord,
        concerned: Vec<PersonId>,
        others: &[PersonId],
    ) -> Vec<AccessRecord> {
        let mut persons = concerned;
        persons.extend(others);
        persons.sort_unstable();
        persons.dedup();
        let record = |person| AccessRecord {
            id: tillid_domain::id::AccessId::from_uuid(self.ambient.id()),
            person,
            ..template.clone()
        };
        persons.into_iter().map(record).collect()
    }

    /// The persons that a search names, and whether one of them is nobody.
    async fn concerned(&self, call: &Call, search: &SearchFor) -> Result<(Concerned, bool), Error> {
        let (person, representative) = match search {
            SearchFor::Representatives { grantor, .. } => (Some(grantor), None),
            SearchFor::Grantors { representative, .. } => (None, Some(representative)),
            SearchFor::Privileges { representative, grantor } => (Some(grantor), Some(representative)),
            SearchFor::Consenting { .. } => (None, None),
        };
        let mut found = Concerned { person: None, representative: None };
        if let Some(person) = person {
            found.person = self.resolve(call, person).await?;
        }
        if let Some(representative) = representative {
            found.representative = self.resolve_party(call, representative).await?;
        }
        let unknown = (person.is_some() && found.person.is_none())
            || (representative.is_some() && found.representative.is_none());
        Ok((found, unknown))
    }
}

/// A person's search for what concerns themselves stands in no log.
fn is_own_search(actor: &Actor) -> bool {
    matches!(actor.who, Who::Citizen { acting_for: None, .. })
}

impl Concerned {
    fn all(&self) -> Vec<PersonId> {
        self.person.into_iter().chain(self.representative).collect()
    }
}

/// Both lists in one order, each thing once, no more than so many.
fn merged<T: Ord>(some: Vec<T>, others: Vec<T>, limit: u32) -> Vec<T> {
    let all: BTreeSet<T> = some.into_iter().chain(others).collect();
    all.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

struct Finding<'a> {
    asked: &'a Searched,
    concerned: &'a Concerned,
    asker: &'a Asker,
    at: ValidAt,
    book: &'a Book,
}

impl Finding<'_> {
    async fn find(&self, tx: &mut Tx<Read>) -> Result<Found, Error> {
        let after = self.asked.after.as_deref().and_then(|after| after.parse().ok());
        let limit = self.asked.limit;
        let (person, other) = (self.concerned.person, self.concerned.representative);
        match (&self.asked.search, person, other) {
            (SearchFor::Representatives { privilege, .. }, Some(grantor), _) => {
                let found = tx.representatives(grantor, privilege, after, limit).await?;
                let found = merged(found, tx.related_to(grantor, after, limit).await?, limit);
                let questions = found.iter().map(|who| self.acting(*who, privilege, grantor)).collect();
                self.persons(tx, &found, questions).await
            }
            (SearchFor::Grantors { privilege, .. }, _, Some(representative)) => {
                let found = tx.grantors(representative, privilege, after, limit).await?;
                let found = merged(found, tx.related_by(representative, after, limit).await?, limit);
                let questions =
                    found.iter().map(|whom| self.acting(representative, privilege, *whom)).collect();
                self.persons(tx, &found, questions).await
            }
            (SearchFor::Privileges { .. }, Some(grantor), Some(representative)) => {
                let after = self.asked.after.as_deref().unwrap_or_default();
                let mut found = tx.privileges_between(grantor, representative, after, limit).await?;
                let (relations, _) = tx.relations(grantor, representative).await?;
                if !relations.is_empty() {
                    // What the law gives is in the packages, and in no row.
                    let all = self.book.privileges().map(|(uri, _)| uri.clone());
                    found = merged(found, all.filter(|uri| uri.as_str() > after).collect(), limit);
                }
                let questions: Vec<Acting> =
                    found.iter().map(|uri| self.acting(representative, uri, grantor)).collect();
                let verdicts = self.decide(tx, &questions).await?;
                let next = self.next(found.last().map(ToString::to_string), found.len());
                let privileges = found.into_iter().zip(verdicts).filter(|(_, yes)| *yes).map(|(uri, _)| uri);
                Ok(Found { persons: Vec::new(), privileges: privileges.collect(), next })
            }
            (SearchFor::Consenting { authority, .. }, ..) => self.consenting(tx, *authority, after).await,
            _ => Ok(Found { persons: Vec::new(), privileges: Vec::new(), next: None }),
        }
    }

    fn acting(&self, representative: PersonId, privilege: &PrivilegeUri, grantor: PersonId) -> Acting {
        Acting { representative, privilege: privilege.clone(), grantor, case: self.asked.case.clone() }
    }

    fn next(&self, last: Option<String>, found: usize) -> Option<String> {
        last.filter(|_| usize::try_from(self.asked.limit).is_ok_and(|limit| found >= limit))
    }

    async fn decide(&self, tx: &mut Tx<Read>, questions: &[Acting]) -> Result<Vec<bool>, Error> {
        let keys: Vec<ActingKey> = questions.iter().map(ActingKey::of).collect();
        let looked = if keys.is_empty() { Vec::new() } else { tx.acting_now(&keys).await? };
        let verdict = |(asked, looked): (&Acting, &Option<tillid_storage::Looked<_>>)| {
            looked
                .as_ref()
                .is_some_and(|l| decide_acting(asked, self.asker, self.at, &l.facts, self.book).is_yes())
        };
        Ok(questions.iter().zip(&looked).map(verdict).collect())
    }

    async fn persons(
        &self,
        tx: &mut Tx<Read>,
        candidates: &[PersonId],
        questions: Vec<Acting>,
    ) -> Result<Found, Error> {
        let verdicts = self.decide(tx, &questions).await?;
        let persons = candidates.iter().zip(verdicts).filter(|(_, yes)| *yes).map(|(person, _)| *person);
        let next = self.next(candidates.last().map(ToString::to_string), candidates.len());
        Ok(Found { persons: persons.collect(), privileges: Vec::new(), next })
    }

    async fn consenting(
        &self,
        tx: &mut Tx<Read>,
        authority: Cvr,
        after: Option<PersonId>,
    ) -> Result<Found, Error> {
        let SearchFor::Consenting { operation, category, consent_type, source, recipient, .. } =
            &self.asked.search
        else {
            return Ok(Found { persons: Vec::new(), privileges: Vec::new(), next: None });
        };
        // Another authority's consents are not looked at, so that how many there are shows in nothing.
        let theirs = match self.asker {
            Asker::Employee { authority: mine, .. } | Asker::System { authority: mine, .. } => {
                *mine == authority
            }
            Asker::Party => false,
        };
        let candidates =
            if theirs { tx.consenting(authority, after, self.asked.limit).await? } else { Vec::new() };
        let keys: Vec<ConsentKey> =
            candidates.iter().map(|person| ConsentKey { person: *person, authority }).collect();
        let looked = if keys.is_empty() { Vec::new() } else { tx.consents_now(&keys).await? };
        let mut persons = Vec::new();
        for (person, looked) in candidates.iter().zip(looked) {
            let asked = ConsentCheck {
                authority,
                operation: *operation,
                person: *person,
                category: category.clone(),
                consent_type: consent_type.clone(),
                source: source.clone(),
                recipient: recipient.clone(),
                case: self.asked.case.clone(),
            };
            let yes = |facts: &_| decide_consent(&asked, self.asker, self.at, facts, self.book).is_yes();
            if looked.is_some_and(|looked| yes(&looked.facts)) {
                persons.push(*person);
            }
        }
        let next = self.next(candidates.last().map(ToString::to_string), candidates.len());
        Ok(Found { persons, privileges: Vec::new(), next })
    }
}
