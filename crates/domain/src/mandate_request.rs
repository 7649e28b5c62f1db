//! A question for a power of attorney. No answer gives nobody anything, whatever the clock does.

use crate::{
    Cvr,
    actor::ActorTrace,
    catalogue::EntryVersion,
    event::{EndCause, Entity, Fact, Kind, Recorded},
    id::{MandateId, MandateRequestId, PersonId, PresentationId},
    instant::{Instant, LocalDate},
    reason::Reason,
    request::RequestStanding,
    text::{CaseRef, Name, PrivilegeUri},
};
use uuid::Uuid;

/// A request for a mandate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MandateRequest {
    /// Its id.
    pub id: MandateRequestId,
    /// Its events so far.
    pub revision: u64,
    /// Who is asked, and would give it.
    pub grantor: PersonId,
    /// Who would act.
    pub representative: PersonId,
    /// What whoever asked calls the grantor. Nobody has checked it, and it is shown to nobody else.
    pub grantor_name: Option<Name>,
    /// The authority whose staff or system asked; `None` when the representative did.
    pub authority: Option<Cvr>,
    /// Who asked.
    pub asked_by: ActorTrace,
    /// When.
    pub asked_at: Instant,
    /// For which packages.
    pub packages: Vec<EntryVersion>,
    /// For which of their privileges.
    pub privileges: Vec<PrivilegeUri>,
    /// For one case only.
    pub case: Option<CaseRef>,
    /// The last day on which the mandate could be used.
    pub valid_until: LocalDate,
    /// The first moment when it can no longer be answered.
    pub deadline: Instant,
    /// What has been recorded of its end.
    pub state: MandateRequestState,
}

/// What has been recorded of the end of a request for a mandate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MandateRequestState {
    /// Nothing.
    Open,
    /// The grantor gave the mandate.
    Approved {
        /// Which one.
        mandate: MandateId,
        /// What had been shown.
        presentation: PresentationId,
        /// When.
        at: Instant,
    },
    /// The grantor said no.
    Declined {
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

/// Where a request for a mandate stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MandateRequestStanding {
    /// It can be answered.
    Open,
    /// The mandate was given.
    Approved,
    /// The answer was no.
    Declined,
    /// It lapsed.
    Lapsed,
    /// The deadline passed; that gives nobody anything.
    ExpiredUnanswered,
}

impl MandateRequestStanding {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => RequestStanding::Open.code(),
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Lapsed => RequestStanding::Lapsed.code(),
            Self::ExpiredUnanswered => RequestStanding::ExpiredUnanswered.code(),
        }
    }
}

impl MandateRequest {
    /// How many requests of their own somebody can have waiting for answers.
    pub const MOST_OPEN: u64 = 10;

    /// Where it stands at that moment.
    pub fn standing(&self, now: Instant) -> MandateRequestStanding {
        match self.state {
            MandateRequestState::Open if now >= self.deadline => MandateRequestStanding::ExpiredUnanswered,
            MandateRequestState::Open => MandateRequestStanding::Open,
            MandateRequestState::Approved { .. } => MandateRequestStanding::Approved,
            MandateRequestState::Declined { .. } => MandateRequestStanding::Declined,
            MandateRequestState::Lapsed { .. } => MandateRequestStanding::Lapsed,
        }
    }

    /// Refuses unless it can be answered at that moment.
    pub fn must_be_open(&self, now: Instant) -> Result<(), Reason> {
        match self.standing(now) {
            MandateRequestStanding::Open => Ok(()),
            MandateRequestStanding::Approved | MandateRequestStanding::Declined => {
                Err(Reason::RequestAnswered)
            }
            MandateRequestStanding::Lapsed => Err(Reason::RequestLapsed),
            MandateRequestStanding::ExpiredUnanswered => Err(Reason::RequestExpired),
        }
    }

    /// The first moment when the mandate could no longer be used.
    pub fn until(&self) -> Instant {
        self.valid_until.next().start()
    }

    /// The request as whoever asked may know it: that the grantor has died is not theirs to know by asking, so to them it waits until
    /// its deadline, as it does for somebody who does not answer.
    #[must_use]
    pub fn as_asked(self) -> Self {
        match self.state {
            MandateRequestState::Lapsed { cause: EndCause::Death, .. } => {
                Self { revision: self.revision.saturating_sub(1), state: MandateRequestState::Open, ..self }
            }
            _ => self,
        }
    }

    fn end(self, state: MandateRequestState) -> Self {
        Self { revision: self.revision + 1, state, ..self }
    }

    /// The grantor gave the mandate.
    pub fn approve(
        self,
        mandate: MandateId,
        presentation: PresentationId,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        let state = MandateRequestState::Approved { mandate, presentation, at: now };
        Ok((self.end(state), Fact::MandateRequestApproved { mandate, presentation }))
    }

    /// The grantor says no.
    pub fn decline(self, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        Ok((self.end(MandateRequestState::Declined { at: now }), Fact::MandateRequestDeclined {}))
    }

    /// Lets it lapse, if it is still open, as of a moment that may lie in the past.
    pub fn lapse(self, cause: EndCause, effective_at: Instant, now: Instant) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        Ok((
            self.end(MandateRequestState::Lapsed { at: now, effective_at, cause }),
            Fact::MandateRequestLapsed { cause, effective_at },
        ))
    }
}

impl Entity for MandateRequest {
    const KIND: Kind = Kind::MandateRequest;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        vec![self.grantor, self.representative]
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        let at = event.recorded_at;
        match (before, &event.fact) {
            (
                None,
                Fact::MandateRequested {
                    grantor,
                    representative,
                    grantor_name,
                    authority,
                    packages,
                    privileges,
                    case,
                    valid_until,
                    deadline,
                },
            ) => Some(Self {
                id: MandateRequestId::from_uuid(event.aggregate),
                revision: 1,
                grantor: *grantor,
                representative: *representative,
                grantor_name: grantor_name.clone(),
                authority: *authority,
                asked_by: event.actor.clone(),
                asked_at: at,
                packages: packages.clone(),
                privileges: privileges.clone(),
                case: case.clone(),
                valid_until: *valid_until,
                deadline: *deadline,
                state: MandateRequestState::Open,
            }),
            (Some(request), fact) if request.state == MandateRequestState::Open => {
                let state = match fact {
                    Fact::MandateRequestApproved { mandate, presentation } => {
                        MandateRequestState::Approved { mandate: *mandate, presentation: *presentation, at }
                    }
                    Fact::MandateRequestDeclined {} => MandateRequestState::Declined { at },
                    Fact::MandateRequestLapsed { cause, effective_at } => {
                        MandateRequestState::Lapsed { at, effective_at: *effective_at, cause: *cause }
                    }
                    _ => return None,
                };
                Some(request.end(state))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, SubjectVersion, replay},
        id::EventId,
    };
    use proptest::prelude::*;

    fn moment(seconds: i64) -> Instant {
        Instant::from_micros(1_772_442_000_000_000).plus_seconds(seconds)
    }

    fn person(n: u128) -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(n))
    }

    fn recorded(after: &MandateRequest, fact: Fact, at: Instant) -> Recorded {
        let subjects = after.subjects().into_iter().map(SubjectVersion::from).collect();
        let event = Event {
            id: EventId::from_uuid(Uuid::from_u128(9)),
            kind: MandateRequest::KIND,
            aggregate: after.id(),
            revision: after.revision(),
            at,
            actor: ActorTrace::Service,
            subjects: after.subjects(),
            fact,
        };
        let recorded = Recorded::new(event, subjects);
        assert_eq!(Recorded::from_bytes(&recorded.to_bytes()), Some(recorded.clone()));
        recorded
    }

    fn request(deadline: i64) -> (MandateRequest, Vec<Recorded>) {
        let request = MandateRequest {
            id: MandateRequestId::from_uuid(Uuid::from_u128(4)),
            revision: 1,
            grantor: person(1),
            representative: person(2),
            grantor_name: Some("Mor".parse().expect("a name")),
            authority: None,
            asked_by: ActorTrace::Service,
            asked_at: moment(0),
            packages: Vec::new(),
            privileges: vec!["urn:dk:a:laes".parse().expect("a privilege")],
            case: None,
            valid_until: moment(deadline).local_date(),
            deadline: moment(deadline),
            state: MandateRequestState::Open,
        };
        let fact = Fact::MandateRequested {
            grantor: request.grantor,
            representative: request.representative,
            grantor_name: request.grantor_name.clone(),
            authority: None,
            packages: Vec::new(),
            privileges: request.privileges.clone(),
            case: None,
            valid_until: request.valid_until,
            deadline: request.deadline,
        };
        let asked = recorded(&request, fact, moment(0));
        (request, vec![asked])
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_sequence_of_commands_approves_a_request_twice_or_after_its_end(
            deadline in 1..5_000_000_i64,
            steps in proptest::collection::vec((0..5_u8, prop_oneof![Just(0), 1..900_000_i64]), 0..10),
        ) {
            let (mut request, mut history) = request(deadline);
            let (mut passed, mut ended) = (0, false);
            let ids = (MandateId::from_uuid(Uuid::from_u128(5)), PresentationId::from_uuid(Uuid::from_u128(6)));
            for (command, wait) in steps {
                passed += wait;
                let now = moment(passed);
                let open = request.standing(now) == MandateRequestStanding::Open;
                prop_assert_eq!(open, !ended && passed < deadline);
                let done = match command {
                    0 => request.clone().approve(ids.0, ids.1, now),
                    1 => request.clone().decline(now),
                    2 => request.clone().lapse(EndCause::Death, moment(0), now),
                    3 => request.clone().lapse(EndCause::RepresentativeDeath, moment(0), now),
                    _ => Err(Reason::NoPower),
                };
                prop_assert!(done.is_err() || open);
                let told = request.clone().as_asked();
                if let Ok((next, fact)) = done {
                    prop_assert_eq!(next.revision, request.revision + 1);
                    history.push(recorded(&next, fact, now));
                    if command == 2 {
                        prop_assert!(next.clone().as_asked() == told, "a death is not told to whoever asked");
                    }
                    request = next;
                    ended = true;
                }
                prop_assert!(replay::<MandateRequest>(&history).as_ref() == Some(&request), "it replays to itself");
            }
            let last = request.standing(moment(passed + 10_000_000));
            prop_assert_ne!(last, MandateRequestStanding::Open, "no question stays open for ever");
            let approved = history.iter().any(|e| matches!(e.fact, Fact::MandateRequestApproved { .. }));
            prop_assert_eq!(last == MandateRequestStanding::Approved, approved, "silence gives nothing");
        }
    }
}
