//! Somebody is let act for a person in another system: a token that says so rests on what the registry says at that moment.

use crate::{
    Call, Error, Service,
    decision::{Job, wait},
};
use tillid_domain::{
    Audience, Cvr, Instant, Reason,
    access::{AccessRecord, Act, Outcome, Refusal, Subject},
    actor::{Actor, ActorTrace, Assurance, AtWork, Who},
    decision::{Acting, Asker, Book, Question, Verdict, told},
    id::{MandateId, PersonId},
    mandate::Mandate,
    text::{CaseRef, ClientId, PrivilegeUri},
};
use tokio::sync::oneshot;

/// The privileges of this service itself are those of its own interface.
const OURS: &str = "urn:dk:tillid:";

/// Who is to be let act, and through which system.
#[derive(Clone, Debug)]
pub struct Representing {
    /// The representative.
    pub representative: PersonId,
    /// Who acts, where the representative is an organisation or somebody who works for one.
    pub at_work: Option<AtWork>,
    /// How sure it is that it is them.
    pub assurance: Assurance,
    /// When they proved it, where that is known.
    pub authenticated_at: Option<Instant>,
    /// The system that asks.
    pub client: ClientId,
    /// Whose it is.
    pub authority: Cvr,
    /// By which mandate.
    pub mandate: MandateId,
    /// With which of its privileges.
    pub privileges: Wanted,
    /// Where.
    pub place: ActsAt,
}

/// Which of a mandate's privileges are asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// All that mean something there.
    All,
    /// Those of these that do.
    AtMost(Vec<PrivilegeUri>),
    /// These, or nothing.
    These(Vec<PrivilegeUri>),
}

/// Where somebody is to be let act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActsAt {
    /// At this service.
    Here,
    /// At the system's own interface.
    There,
    /// That is not said yet.
    Either,
}

/// What somebody may do for a person at this moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Represented {
    /// For whom.
    pub grantor: PersonId,
    /// With which privileges; never none.
    pub privileges: Vec<PrivilegeUri>,
    /// In which case only.
    pub case: Option<CaseRef>,
    /// For how many seconds, as far as is known.
    pub seconds: i64,
}

impl Service {
    /// Whether the representative may act for the grantor of the mandate with each of the privileges, by what is known at this moment.
    /// It stands in the grantor's log, with the system, the representative and each privilege, before this returns; so does a refusal.
    ///
    /// A mandate that is somebody else's is refused like one that is not there.
    pub async fn represent(&self, who: &Representing) -> Result<Represented, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let mandate = tx.mandate(who.mandate).await?.ok_or(Error::Denied(Reason::NoPower))?;
        let version = tx.catalogue_version().await?;
        let book = self.decider.book_at(version, &mut tx).await?;
        drop(tx);
        let call = Call::by(Actor {
            who: Who::Citizen { person: who.representative, acting_for: None, at_work: who.at_work },
            assurance: who.assurance,
            authenticated_at: who.authenticated_at,
        });
        let record = AccessRecord {
            actor: ActorTrace::Representative {
                person: who.representative,
                acting_for: mandate.grantor,
                client: Some(who.client.clone()),
                at_work: who.at_work.map(|work| work.who),
            },
            target: Some(who.mandate.as_uuid()),
            case: mandate.case.clone(),
            ..self.look(&call, mandate.grantor, Act::Represent, Outcome::Refused, now)
        };
        let privileges = match privileges(who, &mandate, &book, now) {
            Ok(privileges) => privileges,
            Err(reason) => {
                self.record(vec![record], now).await?;
                return Err(Error::Denied(reason));
            }
        };
        let subject = Subject {
            person: Some(mandate.grantor),
            representative: Some(mandate.representative),
            ..Subject::default()
        };
        if let Err(refusal) = tillid_domain::access::may(&call.actor, Act::Represent, &subject) {
            self.record(vec![record], now).await?;
            return Err(match refusal {
                Refusal::Hidden => Error::Denied(Reason::NoPower),
                other => other.into(),
            });
        }
        self.asked(who, &mandate, privileges, record).await
    }

    /// Asks anew, in a snapshot of its own, with what every decision is made with.
    async fn asked(
        &self,
        who: &Representing,
        mandate: &Mandate,
        privileges: Vec<PrivilegeUri>,
        record: AccessRecord,
    ) -> Result<Represented, Error> {
        let mut replies = Vec::with_capacity(privileges.len());
        for privilege in &privileges {
            let (reply, answer) = oneshot::channel();
            let id = tillid_domain::id::AccessId::from_uuid(self.ambient.id());
            let question = Question::Acting(Acting {
                // What an organisation may, an employee does.
                representative: who.at_work.map_or(who.representative, |work| work.who.employee),
                privilege: privilege.clone(),
                grantor: mandate.grantor,
                case: mandate.case.clone(),
            });
            self.decider.enqueue(Job {
                question,
                asker: asker(who, privilege),
                valid_at: None,
                is_own: false,
                refused: None,
                record: AccessRecord { id, ..record.clone() },
                reply,
            })?;
            replies.push(answer);
        }
        let mut until = mandate.valid.to;
        let mut at = record.at;
        for settled in wait(replies).await? {
            // Nobody gave it as who goes on; what was asked stands in their log all the same (M10).
            if settled.moved {
                let person = self.store.read().await?.goes_on_as(mandate.grantor).await?;
                self.record(vec![AccessRecord { person, ..record }], record.at).await?;
                return Err(Error::Denied(Reason::PowerEnded));
            }
            let (basis, valid_until) = match settled.answer.verdict {
                Verdict::Yes { basis, valid_until } => (basis, valid_until),
                Verdict::No(reason) => return Err(Error::Denied(told(reason, Audience::System))),
            };
            // Another mandate gives as much, and this one no longer: what is asked about is this one.
            if !basis.iter().any(|ground| ground.id == mandate.id.as_uuid()) {
                return Err(Error::Denied(Reason::PowerEnded));
            }
            until = valid_until.map_or(until, |end| until.min(end));
            at = settled.record.map_or(at, |record| at.max(record.at));
        }
        let seconds = until.seconds_since(at);
        if seconds < 1 {
            return Err(Error::Denied(Reason::PowerEnded));
        }
        Ok(Represented { grantor: mandate.grantor, privileges, case: mandate.case.clone(), seconds })
    }
}

/// The privileges that are asked for, if the mandate has them and they mean something there.
fn privileges(
    who: &Representing,
    mandate: &Mandate,
    book: &Book,
    now: Instant,
) -> Result<Vec<PrivilegeUri>, Reason> {
    // A mandate of others has no privileges that this one could ask for.
    if mandate.representative != who.representative {
        return Err(Reason::NoPower);
    }
    let fits = |privilege: &PrivilegeUri| match who.place {
        ActsAt::Here => is_ours(privilege),
        ActsAt::There => is_theirs(who, privilege, book),
        ActsAt::Either => is_ours(privilege) || is_theirs(who, privilege, book),
    };
    // Why the whole of it is over, the decision says; of what goes on, a withdrawn package gives nothing more.
    let is_over = now >= mandate.valid.to;
    let held = |privilege: &PrivilegeUri| {
        mandate.privileges.contains(privilege) && (is_over || now < mandate.gives_until(privilege))
    };
    let fitting = |all: &[PrivilegeUri]| all.iter().filter(|p| held(p) && fits(p)).cloned().collect();
    let chosen: Vec<PrivilegeUri> = match &who.privileges {
        Wanted::All => fitting(&mandate.privileges),
        Wanted::AtMost(these) => fitting(these),
        Wanted::These(these) if !these.iter().all(held) => return Err(Reason::PowerDoesNotCover),
        Wanted::These(these) if !these.iter().all(fits) => return Err(Reason::PrivilegeNotHere),
        Wanted::These(these) => these.clone(),
    };
    // What is for one case is for that case; this service's own interface knows nobody who acts in one case alone.
    let in_a_case_here = mandate.case.is_some() && who.place == ActsAt::Here;
    if chosen.is_empty() || in_a_case_here { Err(Reason::PowerDoesNotCover) } else { Ok(chosen) }
}

fn is_ours(privilege: &PrivilegeUri) -> bool {
    privilege.as_str().starts_with(OURS)
}

fn is_theirs(who: &Representing, privilege: &PrivilegeUri, book: &Book) -> bool {
    !is_ours(privilege) && book.privilege(privilege).iter().any(|known| known.authority == who.authority)
}

/// What an authority's system may ask about is its authority's; what is ours is asked about by the representative alone.
fn asker(who: &Representing, privilege: &PrivilegeUri) -> Asker {
    if is_ours(privilege) {
        Asker::Party
    } else {
        Asker::System { authority: who.authority, has_purpose: true }
    }
}
