//! An authority's question for consent. No answer is no consent, whatever the clock does.

use crate::{
    Cvr,
    actor::ActorTrace,
    catalogue::EntryVersion,
    event::{EndCause, Entity, Fact, Kind, Recorded},
    id::{DeclarationId, PersonId, PresentationId, RequestId},
    instant::Instant,
    joint::{Exception, Voice},
    reason::Reason,
    terms::Terms,
    text::{CaseRef, Code},
};
use uuid::Uuid;

/// A request for consent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentRequest {
    /// Its id.
    pub id: RequestId,
    /// Its events so far.
    pub revision: u64,
    /// Who is asked.
    pub person: PersonId,
    /// Who asks.
    pub authority: Cvr,
    /// Who asked on its behalf.
    pub asked_by: ActorTrace,
    /// When.
    pub asked_at: Instant,
    /// For which type.
    pub entry: EntryVersion,
    /// For which specific consents of it.
    pub items: Vec<Code>,
    /// For which case.
    pub case: Option<CaseRef>,
    /// Within what, where it is less than the type.
    pub terms: Terms,
    /// The first moment when it can no longer be answered.
    pub deadline: Instant,
    /// What has been recorded of its end.
    pub state: RequestState,
    /// Who has answered so far, where more than one answers for a child.
    pub voices: Vec<Voice>,
    /// Whose answers are not needed.
    pub exceptions: Vec<Exception>,
}

/// What has been recorded of a request's end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestState {
    /// Nothing.
    Open,
    /// It was answered.
    Answered {
        /// With which declaration.
        declaration: DeclarationId,
        /// To what had been shown.
        presentation: PresentationId,
        /// When.
        at: Instant,
    },
    /// The authority took it back.
    Cancelled {
        /// When.
        at: Instant,
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

/// Where a request stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestStanding {
    /// It can be answered.
    Open,
    /// It was answered.
    Answered,
    /// It was taken back.
    Cancelled,
    /// It lapsed.
    Lapsed,
    /// The deadline passed; that is a no to nothing and a yes to nothing.
    ExpiredUnanswered,
}

impl RequestStanding {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Cancelled => "cancelled",
            Self::Lapsed => "lapsed",
            Self::ExpiredUnanswered => "expired_unanswered",
        }
    }
}

impl ConsentRequest {
    /// Where it stands at that moment.
    pub fn standing(&self, now: Instant) -> RequestStanding {
        match self.state {
            RequestState::Open if now >= self.deadline => RequestStanding::ExpiredUnanswered,
            RequestState::Open => RequestStanding::Open,
            RequestState::Answered { .. } => RequestStanding::Answered,
            RequestState::Cancelled { .. } => RequestStanding::Cancelled,
            RequestState::Lapsed { .. } => RequestStanding::Lapsed,
        }
    }

    pub(crate) fn must_be_open(&self, now: Instant) -> Result<(), Reason> {
        match self.standing(now) {
            RequestStanding::Open => Ok(()),
            RequestStanding::Answered => Err(Reason::RequestAnswered),
            RequestStanding::Cancelled => Err(Reason::RequestCancelled),
            RequestStanding::Lapsed => Err(Reason::RequestLapsed),
            RequestStanding::ExpiredUnanswered => Err(Reason::RequestExpired),
        }
    }

    fn end(self, state: RequestState) -> Self {
        Self { revision: self.revision + 1, state, ..self }
    }

    /// Takes the person's answer.
    pub fn answer(
        self,
        declaration: DeclarationId,
        presentation: PresentationId,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        let state = RequestState::Answered { declaration, presentation, at: now };
        Ok((self.end(state), Fact::RequestAnswered { declaration, presentation }))
    }

    /// Takes the question back.
    pub fn cancel(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        Ok((self.end(RequestState::Cancelled { at: now }), Fact::RequestCancelled {}))
    }

    /// Lets it lapse, if it is still open, as of a moment that may lie in the past.
    pub fn lapse(self, cause: EndCause, effective_at: Instant, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        Ok((
            self.end(RequestState::Lapsed { at: now, effective_at, cause }),
            Fact::RequestLapsed { cause, effective_at },
        ))
    }
}

impl Entity for ConsentRequest {
    const KIND: Kind = Kind::ConsentRequest;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        vec![self.person]
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        let at = event.recorded_at;
        match (before, &event.fact) {
            (None, Fact::ConsentRequested { person, authority, entry, items, case, deadline, terms }) => {
                Some(Self {
                    id: RequestId::from_uuid(event.aggregate),
                    revision: 1,
                    person: *person,
                    authority: *authority,
                    asked_by: event.actor.clone(),
                    asked_at: at,
                    entry: entry.clone(),
                    items: items.clone(),
                    case: case.clone(),
                    terms: terms.clone(),
                    deadline: *deadline,
                    state: RequestState::Open,
                    voices: Vec::new(),
                    exceptions: Vec::new(),
                })
            }
            (Some(request), fact) if request.state == RequestState::Open => {
                let state = match fact {
                    Fact::RequestVoiced { by, declaration, presentation, answers } => {
                        let (by, declaration, presentation) = (*by, *declaration, *presentation);
                        let answers = answers.clone();
                        return Some(request.with_voice(Voice {
                            by,
                            declaration,
                            presentation,
                            answers,
                            at,
                        }));
                    }
                    Fact::HolderExcepted { holder, ground, case } => {
                        let case = case.clone();
                        let exception = Exception { holder: *holder, ground: *ground, case, at };
                        return Some(request.with_exception(exception));
                    }
                    Fact::RequestAnswered { declaration, presentation } => {
                        RequestState::Answered { declaration: *declaration, presentation: *presentation, at }
                    }
                    Fact::RequestCancelled {} => RequestState::Cancelled { at },
                    Fact::RequestLapsed { cause, effective_at } => {
                        RequestState::Lapsed { at, effective_at: *effective_at, cause: *cause }
                    }
                    _ => return None,
                };
                Some(request.end(state))
            }
            _ => None,
        }
    }
}
