//! The powers that follow from what was recorded: who may use which privilege for whom, when it is so, and since when that was known.

pub use crate::basis::Basis;

use crate::{
    event::{EndCause, Fact, Recorded},
    id::PersonId,
    instant::Instant,
    mandate::{Mandate, MandateState},
    text::{CaseRef, PrivilegeUri},
};
use uuid::Uuid;

/// Why a power stopped before the time that it was given for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum PowerEnd {
    /// Whoever gave it took it back.
    Revoked,
    /// Likewise, and whoever held it is not to learn it (M12).
    RevokedQuietly,
    /// Whoever held it gave it up.
    Renounced,
    /// It rests for a time.
    Suspended,
    /// It is disputed.
    Disputed,
    /// One of the two died.
    Death,
    /// What it rests on ended.
    ParentEnded,
    /// It is there, and nobody can use it alone (M6). It never begins.
    Together,
    /// The authority withdraws the package that gave it (M8): from the end that it has, which may be still to come.
    Withdrawn,
    /// The authority withdrew the package that gave it, as of the moment when this was recorded.
    WithdrawnAtOnce,
    /// It ended by something else.
    Ended,
}

impl PowerEnd {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Revoked,
        Self::RevokedQuietly,
        Self::Renounced,
        Self::Suspended,
        Self::Disputed,
        Self::Death,
        Self::ParentEnded,
        Self::Together,
        Self::Withdrawn,
        Self::WithdrawnAtOnce,
        Self::Ended,
    ];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::RevokedQuietly => "revoked_quietly",
            Self::Renounced => "renounced",
            Self::Suspended => "suspended",
            Self::Disputed => "disputed",
            Self::Death => "death",
            Self::ParentEnded => "parent_ended",
            Self::Together => "together",
            Self::Withdrawn => "withdrawn",
            Self::WithdrawnAtOnce => "withdrawn_at_once",
            Self::Ended => "ended",
        }
    }

    /// Whether it is over only when its time is, and can be used until then.
    pub const fn is_by_the_calendar(self) -> bool {
        matches!(self, Self::Withdrawn)
    }

    /// Of what a withdrawn package gave until then, said at that moment: a node whose clock is behind must not take for a day to come what
    /// is over when it is recorded.
    pub const fn withdrawn(until: Instant, said: Instant) -> Self {
        if until.as_micros() <= said.as_micros() { Self::WithdrawnAtOnce } else { Self::Withdrawn }
    }

    /// Whether a withdrawn package gave it, and it is over by that moment: whatever happens to its mandate after that, this is why.
    pub fn is_withdrawn_by(self, until: Instant, at: Instant) -> bool {
        matches!(self, Self::Withdrawn | Self::WithdrawnAtOnce) && until <= at
    }

    /// The one with that code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.code() == code)
    }

    /// Why a mandate that ended so gives nothing.
    pub const fn of_cause(cause: EndCause) -> Self {
        match cause {
            EndCause::Death | EndCause::RepresentativeDeath => Self::Death,
            EndCause::ParentEnded => Self::ParentEnded,
            EndCause::ParentEndedQuietly | EndCause::JointEndedQuietly => Self::RevokedQuietly,
            EndCause::PackageWithdrawn => Self::WithdrawnAtOnce,
            EndCause::JointEnded
            | EndCause::EmployeeLeft
            | EndCause::CaseClosed
            | EndCause::Used
            | EndCause::Age
            | EndCause::CustodyChanged
            | EndCause::CprChangeUnresolved => Self::Ended,
        }
    }
}

/// That a representative may use one privilege for a grantor, as it was known between two versions of the grantor.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Power {
    /// For whom.
    pub grantor: PersonId,
    /// Who.
    pub representative: PersonId,
    /// What.
    pub privilege: PrivilegeUri,
    /// In which case only.
    pub case: Option<CaseRef>,
    /// What it rests on.
    pub basis: Basis,
    /// Which one of these.
    pub source: Uuid,
    /// The number of the event of it that said so.
    pub source_revision: u64,
    /// The first moment when it can be used.
    pub valid_from: Instant,
    /// The first moment when it no longer can.
    pub valid_to: Instant,
    /// Why that is earlier than it was given for.
    pub ended: Option<PowerEnd>,
    /// The grantor's version from which this was known.
    pub known_from: u64,
    /// The grantor's version from which something else was known.
    pub known_to: Option<u64>,
}

/// The powers that follow from the whole history of one mandate, sorted.
///
/// Nothing is overwritten: an end closes what was known and says anew what had held until then.
pub fn powers_of(history: &[Recorded]) -> Vec<Power> {
    let mut powers = Powers::default();
    let mut mandate: Option<Mandate> = None;
    for event in history {
        let Some(next) = crate::event::Entity::replay(mandate.take(), event) else { return Vec::new() };
        powers.follow(&next, event);
        mandate = Some(next);
    }
    powers.0.sort();
    powers.0
}

#[derive(Default)]
struct Powers(Vec<Power>);

impl Powers {
    fn follow(&mut self, mandate: &Mandate, event: &Recorded) {
        let known_from = event.subjects.iter().find(|s| s.person == mandate.grantor).map_or(0, |s| s.version);
        match Change::of(mandate, &event.fact) {
            Change::Nothing => {}
            Change::Given(from) => self.give(mandate, from, event, known_from),
            Change::Together(from) => {
                let first = self.0.len();
                self.give(mandate, from, event, known_from);
                for power in self.0.iter_mut().skip(first) {
                    power.valid_to = power.valid_from;
                    power.ended = Some(PowerEnd::Together);
                }
            }
            Change::Longer => self.lengthen(mandate, event, known_from),
            Change::Withdrawn => self.withdraw(mandate, event, known_from),
            Change::Cut(at, why) => self.cut(at, why, event, known_from),
            Change::Never => self.never(known_from),
        }
    }

    fn give(&mut self, mandate: &Mandate, from: Instant, event: &Recorded, known_from: u64) {
        let lasting = mandate.privileges.iter().filter(|privilege| from < mandate.gives_until(privilege));
        self.0.extend(lasting.map(|privilege| Power {
            grantor: mandate.grantor,
            representative: mandate.representative,
            privilege: privilege.clone(),
            case: mandate.case.clone(),
            basis: mandate.basis(),
            source: event.aggregate,
            source_revision: event.revision,
            valid_from: from,
            valid_to: mandate.gives_until(privilege),
            ended: mandate.withdrawn_from(privilege).map(|_| PowerEnd::Withdrawn),
            known_from,
            known_to: None,
        }));
    }

    /// What holds is said anew, with the new end.
    fn lengthen(&mut self, mandate: &Mandate, event: &Recorded, known_from: u64) {
        let mut longer = Vec::new();
        for power in self.0.iter_mut().filter(|p| p.known_to.is_none() && p.ended.is_none()) {
            power.known_to = Some(known_from);
            longer.push(Power {
                source_revision: event.revision,
                valid_to: mandate.valid.to,
                known_from,
                known_to: None,
                ..power.clone()
            });
        }
        self.0.append(&mut longer);
    }

    /// What goes on is said anew where a withdrawn package gives it, with the end that it has by that.
    fn withdraw(&mut self, mandate: &Mandate, event: &Recorded, known_from: u64) {
        let mut shorter = Vec::new();
        let goes_on =
            |p: &&mut Power| p.known_to.is_none() && p.ended.is_none_or(PowerEnd::is_by_the_calendar);
        for power in self.0.iter_mut().filter(goes_on) {
            let end = mandate.gives_until(&power.privilege);
            if end >= power.valid_to {
                continue;
            }
            power.known_to = Some(known_from);
            if power.valid_from < end {
                shorter.push(Power {
                    source_revision: event.revision,
                    valid_to: end,
                    ended: Some(PowerEnd::withdrawn(end, event.recorded_at)),
                    known_from,
                    known_to: None,
                    ..power.clone()
                });
            }
        }
        self.0.append(&mut shorter);
    }

    /// Nothing holds from that moment on; what had held last until then is said anew, with why there is nothing now.
    fn cut(&mut self, end: Instant, why: PowerEnd, event: &Recorded, known_from: u64) {
        let is_withdrawn = |p: &Power| p.ended.is_some_and(|why| why.is_withdrawn_by(p.valid_to, end));
        let known = |p: &&Power| p.known_to.is_none() && p.valid_from < end && !is_withdrawn(p);
        let last = self.0.iter().filter(known).map(|p| p.valid_from).max();
        let mut shorter = Vec::new();
        let is_cut = |p: &&mut Power| {
            let is_last = Some(p.valid_from) == last && !is_withdrawn(p);
            p.known_to.is_none() && (p.valid_to > end || is_last)
        };
        for power in self.0.iter_mut().filter(is_cut) {
            power.known_to = Some(known_from);
            if Some(power.valid_from) == last {
                shorter.push(Power {
                    source_revision: event.revision,
                    valid_to: power.valid_to.min(end),
                    ended: Some(why),
                    known_from,
                    known_to: None,
                    ..power.clone()
                });
            }
        }
        self.0.append(&mut shorter);
    }

    /// None of it ever held.
    fn never(&mut self, known_from: u64) {
        for power in self.0.iter_mut().filter(|p| p.known_to.is_none()) {
            power.known_to = Some(known_from);
        }
    }
}

/// What an event of a mandate means for the powers that rest on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// They are there from that moment on: when it can be used, or when it goes on.
    Given(Instant),
    /// From that moment on somebody holds them, and not alone: none is there, and it is known why.
    Together(Instant),
    /// They are there for longer.
    Longer,
    /// Some of them are there for less long.
    Withdrawn,
    /// None is there from that moment on: why, counts instead of why it rested then, if it did.
    Cut(Instant, PowerEnd),
    /// None was ever there.
    Never,
}

impl Change {
    /// What it means that a mandate has just come to be so.
    pub fn of(mandate: &Mandate, fact: &Fact) -> Self {
        if matches!(fact, Fact::MandateRenewed { .. }) {
            return Self::Longer;
        }
        if matches!(fact, Fact::MandatePackageWithdrawn(_)) {
            return Self::Withdrawn;
        }
        match mandate.state {
            MandateState::Awaiting(_) => Self::Nothing,
            MandateState::Given => {
                let from = mandate.pauses.last().map_or(mandate.valid.from, |pause| pause.to);
                let from = from.max(mandate.valid.from);
                if mandate.is_held_together() { Self::Together(from) } else { Self::Given(from) }
            }
            MandateState::Suspended { at, .. } | MandateState::Resting { at } => {
                Self::Cut(at, PowerEnd::Suspended)
            }
            MandateState::Disputed { at, .. } => Self::Cut(at, PowerEnd::Disputed),
            MandateState::Revoked { at, quiet: false, .. } => Self::Cut(at, PowerEnd::Revoked),
            MandateState::Revoked { at, quiet: true, .. } => Self::Cut(at, PowerEnd::RevokedQuietly),
            MandateState::Renounced { at, .. } => Self::Cut(at, PowerEnd::Renounced),
            MandateState::Ended { effective_at, cause, .. } => {
                Self::Cut(effective_at, PowerEnd::of_cause(cause))
            }
            MandateState::Annulled { .. } => Self::Never,
        }
    }
}
