//! Questions as callers put them, and what they are told.

use super::coalesce::{Job, Settled, wait};
use crate::{
    Call, Error, PersonRef, Service,
    guard::{at_work, is_own, principal},
};
use tillid_domain::{
    Audience, Cvr, Instant, Reason,
    access::{AccessRecord, Act, Outcome, Refusal, Subject, may},
    actor::{Actor, Purpose, Who},
    decision::{self, Acting, Answer, Asker, ConsentCheck, Operation, Verdict, told},
    id::{AccessId, PersonId},
    text::{CaseRef, Code, PrivilegeUri},
};
use tillid_storage::KnownAt;
use tokio::sync::oneshot;

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// About what.
    pub about: AskedAbout,
    /// For what it is asked, if that is said.
    pub purpose: Option<StatedPurpose>,
    /// In which case.
    pub case: Option<CaseRef>,
    /// For which moment; the moment of the answer when not given.
    pub valid_at: Option<Instant>,
    /// As known when.
    pub known_at: KnownAt,
}

/// What a question is about.
#[derive(Clone, Debug)]
pub enum AskedAbout {
    /// Whether somebody may act for a person.
    Acting {
        /// Who.
        representative: PersonRef,
        /// With what.
        privilege: PrivilegeUri,
        /// For whom.
        grantor: PersonRef,
    },
    /// Whether a consent holds.
    Consent {
        /// Of which authority.
        authority: Cvr,
        /// What it would do.
        operation: Operation,
        /// With whose data.
        person: PersonRef,
        /// Of which category.
        category: Code,
        /// Under which type only.
        consent_type: Option<Code>,
        /// From whom.
        source: Option<Code>,
        /// To whom.
        recipient: Option<Code>,
    },
}

/// For what something is asked, as it was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatedPurpose {
    /// A purpose from the list.
    Known(Purpose),
    /// Something else.
    Unknown,
}

/// An answer, as its caller is told it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The id of the answer's record; of nobody's log where a person is not known.
    pub id: AccessId,
    /// The answer: the reason of a no is the one that this caller may know.
    pub answer: Answer,
    /// Whether it was about somebody of whom nothing is known.
    pub missed: bool,
}

impl Service {
    /// Answers questions, in their order. Each answer's record is durable before any of them is given.
    ///
    /// A question that the caller may not ask is answered no, with its reason and its record; only who may ask nothing at all is
    /// refused as a whole.
    pub async fn decide(&self, call: &Call, questions: Vec<Question>) -> Result<Vec<Decided>, Error> {
        may_ask_at_all(&call.actor, Act::Decide)?;
        let mut decided: Vec<(usize, Decided)> = Vec::with_capacity(questions.len());
        let mut open: Vec<(usize, Question)> = questions.into_iter().enumerate().collect();
        // Who goes on is asked about in place of who is merged: once, and once more for each merge that happens meanwhile.
        while !open.is_empty() {
            let (mut asked, mut replies) = (Vec::new(), Vec::new());
            for (place, question) in open.drain(..) {
                let Some((job, reply)) = self.job(call, &question).await? else {
                    decided.push((place, self.of_nobody(&question)));
                    continue;
                };
                if question.known_at == KnownAt::Now {
                    self.decider.enqueue(job)?;
                    asked.push((place, question));
                    replies.push(reply);
                } else {
                    let settled = self.settle_past(job, question.known_at).await?;
                    decided.push((place, self.told(call, settled)));
                }
            }
            for ((place, question), settled) in asked.into_iter().zip(wait(replies).await?) {
                if settled.moved {
                    open.push((place, self.moved_on(question).await?));
                } else {
                    decided.push((place, self.told(call, settled)));
                }
            }
        }
        decided.sort_by_key(|(place, _)| *place);
        Ok(decided.into_iter().map(|(_, decided)| decided).collect())
    }

    /// The question with its persons found; `None` where an id is nobody's.
    async fn job(
        &self,
        call: &Call,
        question: &Question,
    ) -> Result<Option<(Job, oneshot::Receiver<Result<Settled, Error>>)>, Error> {
        let Some(asked) = self.with_persons(call, question).await? else { return Ok(None) };
        let purpose = match question.purpose {
            Some(StatedPurpose::Known(purpose)) => Some(purpose),
            _ => None,
        };
        let subject = Subject {
            person: Some(asked.person()),
            representative: asked.representative(),
            purpose: purpose.map(|purpose| (purpose, question.case.is_some())),
            ..Subject::default()
        };
        let not_admitted = match at_work(call) {
            Some(_) => self.is_not_admitted(&mut self.store.read().await?, call).await?,
            None => false,
        };
        let refused = match may(&call.actor, Act::Decide, &subject) {
            // whoever may not act for those whom the organisation represents is not told who they are.
            _ if not_admitted => Some(Reason::EmployeeNotAdmitted),
            _ if question.purpose == Some(StatedPurpose::Unknown) => Some(Reason::PurposeNotAllowed),
            Ok(()) => None,
            Err(Refusal::Denied(Reason::PurposeNotAllowed)) if purpose.is_none() => {
                Some(Reason::PurposeMissing)
            }
            Err(Refusal::Denied(reason)) => Some(reason),
            // Whom it does not concern learns as much as if there were nothing.
            Err(Refusal::Hidden) => Some(nothing(&asked)),
            Err(refusal @ (Refusal::StepUp(_) | Refusal::LoginAgain(_))) => return Err(refusal.into()),
        };
        let now = self.ambient.now();
        let record = AccessRecord {
            purpose,
            case: question.case.clone(),
            ..self.look(call, asked.person(), Act::Decide, Outcome::Nothing, now)
        };
        let (reply, answer) = oneshot::channel();
        let asker = asker(&call.actor, purpose);
        let is_own = is_own(&call.actor) && principal(&call.actor) == Some(asked.person());
        let job = Job { question: asked, asker, valid_at: question.valid_at, refused, record, is_own, reply };
        Ok(Some((job, answer)))
    }

    /// Ids are taken as they are: the statement that looks finds out whose they are.
    async fn with_persons(
        &self,
        call: &Call,
        question: &Question,
    ) -> Result<Option<decision::Question>, Error> {
        let case = question.case.clone();
        Ok(match &question.about {
            AskedAbout::Acting { representative, privilege, grantor } => {
                let (Some(representative), Some(grantor)) = (
                    self.person_asked(call, representative, question.known_at).await?,
                    self.person_asked(call, grantor, question.known_at).await?,
                ) else {
                    return Ok(None);
                };
                let privilege = privilege.clone();
                Some(decision::Question::Acting(Acting { representative, privilege, grantor, case }))
            }
            AskedAbout::Consent {
                authority,
                operation,
                person,
                category,
                consent_type,
                source,
                recipient,
            } => {
                let Some(person) = self.person_asked(call, person, question.known_at).await? else {
                    return Ok(None);
                };
                Some(decision::Question::Consent(ConsentCheck {
                    authority: *authority,
                    operation: *operation,
                    person,
                    category: category.clone(),
                    consent_type: consent_type.clone(),
                    source: source.clone(),
                    recipient: recipient.clone(),
                    case,
                }))
            }
        })
    }

    async fn person_asked(
        &self,
        call: &Call,
        person: &PersonRef,
        known: KnownAt,
    ) -> Result<Option<PersonId>, Error> {
        let found = match person {
            PersonRef::Id(id) => Some(*id),
            _ => self.resolve_party(call, person).await?,
        };
        let (Some(mut found), false) = (found, known == KnownAt::Now) else { return Ok(found) };
        // Of what was known earlier, the person is who they were known as then.
        let mut tx = self.store.read().await?;
        if let PersonRef::Number(number) = person {
            found = tx.holder_of_number(number).await?.unwrap_or(found);
        }
        Ok(Some(tx.went_on_as(found, known).await?))
    }

    /// The question, of those who go on.
    async fn moved_on(&self, question: Question) -> Result<Question, Error> {
        let mut tx = self.store.read().await?;
        let mut about = question.about;
        let named = match &mut about {
            AskedAbout::Acting { representative, grantor, .. } => vec![representative, grantor],
            AskedAbout::Consent { person, .. } => vec![person],
        };
        for person in named {
            if let PersonRef::Id(id) = person {
                *id = tx.goes_on_as(*id).await?;
            }
        }
        Ok(Question { about, ..question })
    }

    fn told(&self, call: &Call, settled: Settled) -> Decided {
        let audience = audience(&call.actor);
        let Settled { mut answer, record, missed, moved: _ } = settled;
        if let Verdict::No(reason) = answer.verdict {
            answer.verdict = Verdict::No(told(reason, audience));
        }
        let id = record.map_or_else(|| AccessId::from_uuid(self.ambient.id()), |record| record.id);
        Decided { id, answer, missed }
    }

    fn of_nobody(&self, question: &Question) -> Decided {
        let reason = match question.about {
            AskedAbout::Acting { .. } => Reason::NoPower,
            AskedAbout::Consent { .. } => Reason::NoConsent,
        };
        Decided { id: AccessId::from_uuid(self.ambient.id()), answer: Answer::no(reason), missed: true }
    }
}

/// Whether the actor asks such questions at all.
pub(super) fn may_ask_at_all(actor: &Actor, act: Act) -> Result<(), Error> {
    let refusal = match &actor.who {
        Who::System(_) => may(actor, act, &Subject::default()).err(),
        Who::Citizen { acting_for: Some(_), .. } => Some(Refusal::Denied(Reason::OnlyInPerson)),
        Who::Operator => Some(Refusal::Hidden),
        Who::Citizen { acting_for: None, .. } | Who::Employee(_) => None,
    };
    refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}

const fn nothing(asked: &decision::Question) -> Reason {
    match asked {
        decision::Question::Acting(_) => Reason::NoPower,
        decision::Question::Consent(_) => Reason::NoConsent,
    }
}

pub(super) fn asker(actor: &Actor, purpose: Option<Purpose>) -> Asker {
    match &actor.who {
        Who::Employee(me) => {
            Asker::Employee { authority: me.authority, kle: me.kle.clone(), sensitivity: me.sensitivity }
        }
        Who::System(me) => Asker::System { authority: me.authority, has_purpose: purpose.is_some() },
        Who::Citizen { .. } | Who::Operator => Asker::Party,
    }
}

pub(super) fn audience(actor: &Actor) -> Audience {
    match actor.who {
        Who::Citizen { .. } => Audience::Citizen,
        Who::Employee(_) | Who::Operator => Audience::Caseworker,
        Who::System(_) => Audience::System,
    }
}
