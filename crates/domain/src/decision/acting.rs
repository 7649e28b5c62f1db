//! Whether somebody may act for a person.

use super::{Acting, Answer, Asker, Book, Ground, KnownPrivilege, Missing, PersonAsked, ValidAt, Verdict};
use crate::{
    Instant, LocalDate, Reason,
    actor::Sensitivity,
    basis::Basis,
    catalogue::RepresentativeKind,
    party::Party,
    power::PowerEnd,
    statutory::{CapacityRemoved, Relation},
    text::CaseRef,
};
use uuid::Uuid;

/// What is known of two persons and one privilege.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ActingFacts {
    /// Whether the grantor is known to have died.
    pub grantor_died: bool,
    /// Whether the representative is known to have died.
    pub representative_died: bool,
    /// The grantor's day of birth, where it is known.
    pub grantor_born: Option<LocalDate>,
    /// Every power of this privilege between them, in no order; of each source only what was known of it last.
    pub powers: Vec<PowerSeen>,
    /// What the representative holds over the grantor by law or decision, of whatever privileges the packages say.
    pub relations: Vec<Relation>,
    /// When the grantor's legal capacity is removed, and in what.
    pub capacity_removed: Vec<CapacityRemoved>,
    /// What the representative is.
    pub representative: Party,
    /// Of an employee, every power of this privilege that their organisation has of the grantor.
    pub powers_of_organisation: Vec<PowerSeen>,
}

impl ActingFacts {
    /// Whether anything at all is known between the two.
    pub fn is_any(&self) -> bool {
        !self.powers.is_empty() || !self.relations.is_empty() || !self.powers_of_organisation.is_empty()
    }
}

/// A power, as it is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PowerSeen {
    /// In which case only.
    pub case: Option<CaseRef>,
    /// What it rests on.
    pub basis: Basis,
    /// Which one of these.
    pub source: Uuid,
    /// The number of the event of it that said so.
    pub version: u64,
    /// The first moment when it can be used.
    pub valid_from: Instant,
    /// The first moment when it no longer can.
    pub valid_to: Instant,
    /// Why that is earlier than it was given for.
    pub ended: Option<PowerEnd>,
}

impl PowerSeen {
    fn covers(&self, case: Option<&CaseRef>) -> bool {
        self.case.is_none() || self.case.as_ref() == case
    }

    fn holds(&self, at: ValidAt) -> bool {
        let moment = at.moment();
        let within = self.valid_from <= moment && moment < self.valid_to;
        within && (matches!(at, ValidAt::Moment(_)) || self.ended.is_none_or(PowerEnd::is_by_the_calendar))
    }

    /// Why it gives nothing at that moment.
    fn why_not(&self, at: Instant) -> Reason {
        match self.ended {
            None | Some(PowerEnd::Withdrawn) if at < self.valid_from => Reason::PowerNotStarted,
            None => Reason::PowerExpired,
            Some(PowerEnd::Revoked) => Reason::PowerRevoked,
            Some(PowerEnd::RevokedQuietly) => Reason::PowerRevokedQuietly,
            Some(PowerEnd::Renounced) => Reason::PowerRenounced,
            Some(PowerEnd::Suspended) => Reason::PowerSuspended,
            Some(PowerEnd::Disputed) => Reason::PowerDisputed,
            Some(PowerEnd::ParentEnded) => Reason::PowerAboveEnded,
            Some(PowerEnd::Death) => Reason::PowerEndedByDeath,
            Some(PowerEnd::Withdrawn | PowerEnd::WithdrawnAtOnce) => Reason::PackageWithdrawn,
            Some(PowerEnd::Together) => Reason::PowerHeldTogether,
            Some(PowerEnd::Ended) => Reason::PowerEnded,
        }
    }
}

/// The answer, from what is known. A privilege that is not the asker's to ask about is answered as one that does not exist.
pub fn decide_acting(asked: &Acting, asker: &Asker, at: ValidAt, facts: &ActingFacts, book: &Book) -> Answer {
    let known = book.privilege(&asked.privilege);
    let Some(sensitivity) =
        known.iter().filter(|k| asker.sees(k.authority, None, k.sensitivity)).map(|k| k.sensitivity).max()
    else {
        return Answer::no(Reason::PrivilegeNotHere);
    };
    // what is more than ordinary is not asked about without saying for what. Nothing is looked at before.
    let unsaid = matches!(asker, Asker::System { has_purpose: false, .. });
    if unsaid && sensitivity > Sensitivity::Ordinary {
        return Answer::no(Reason::PurposeMissing);
    }
    if asked.representative == asked.grantor {
        return Answer::no(Reason::OwnAffairs);
    }
    let looking = Looking { asked, at, facts, known };
    match looking.verdict() {
        yes @ Verdict::Yes { .. } => Answer { verdict: yes, would_permit: Vec::new() },
        no @ Verdict::No(_) => Answer { verdict: no, would_permit: would_permit(&looking, asker) },
    }
}

/// A question with all that its answer is made of.
struct Looking<'a> {
    asked: &'a Acting,
    at: ValidAt,
    facts: &'a ActingFacts,
    /// What the packages say of the privilege.
    known: &'a [KnownPrivilege],
}

impl Looking<'_> {
    /// The same, a while later.
    const fn later(&self, moment: Instant) -> Self {
        let at = match self.at {
            ValidAt::Now(_) => ValidAt::Now(moment),
            ValidAt::Moment(_) => ValidAt::Moment(moment),
        };
        Self { at, ..*self }
    }

    /// The versions that are in use; of what no longer is, every one.
    fn versions(&self) -> impl Iterator<Item = &KnownPrivilege> {
        let any_in_use = self.known.iter().any(|k| k.in_use);
        self.known.iter().filter(move |k| k.in_use || !any_in_use)
    }

    /// whether a mandate of the grantor's gives nothing at that moment, because their capacity is removed in its area.
    fn is_incapable(&self, removed: &CapacityRemoved, moment: Instant) -> bool {
        self.versions().any(|k| removed.covers(k.statutory.map(|says| says.area), moment))
    }

    fn capacity_gone(&self) -> bool {
        self.facts.capacity_removed.iter().any(|removed| self.is_incapable(removed, self.at.moment()))
    }

    /// Whether the organisation lets its employee act at that moment.
    fn is_admitted(&self) -> bool {
        let Party::Employee(employment) = &self.facts.representative else { return false };
        match self.at {
            ValidAt::Now(_) => employment.admitted_since().is_some(),
            ValidAt::Moment(moment) => employment.was_admitted_at(moment),
        }
    }

    /// When the organisation let them act no longer, where they acted at that moment.
    fn stopped_at(&self) -> Option<Instant> {
        let Party::Employee(employment) = &self.facts.representative else { return None };
        employment.stint_at(self.at.moment())?.to
    }

    /// The powers of the representative and, of an employee, of their organisation.
    fn powers(&self) -> impl Iterator<Item = &PowerSeen> + Clone {
        self.facts.powers.iter().chain(&self.facts.powers_of_organisation)
    }

    /// Those that the representative can use as who they are: an organisation acts by its employees, and only by those whom it lets.
    fn usable(&self) -> impl Iterator<Item = &PowerSeen> {
        let is_organisation = matches!(self.facts.representative, Party::Organisation { .. });
        let admitted = self.facts.representative.is_citizen() || self.is_admitted();
        self.powers().filter(move |_| !is_organisation && admitted)
    }

    fn basis_of(&self, power: &PowerSeen) -> Basis {
        let theirs = self.facts.powers.iter().any(|own| own.source == power.source);
        if theirs { power.basis } else { Basis::OrganisationRole }
    }

    /// What a mandate gives at that moment, and until when.
    fn by_mandate(&self) -> impl Iterator<Item = (&PowerSeen, Instant)> {
        let moment = self.at.moment();
        let later = self.facts.capacity_removed.iter().filter(|r| r.from > moment);
        let incapable_from = later.filter(|r| self.is_incapable(r, r.from)).map(|r| r.from).min();
        let gone = self.capacity_gone();
        let case = self.asked.case.as_ref();
        let holding = self.usable().filter(move |p| !gone && p.covers(case) && p.holds(self.at));
        let stopped_at = self.stopped_at();
        let ends = [incapable_from, stopped_at];
        holding.map(move |p| (p, ends.into_iter().flatten().fold(p.valid_to, Instant::min)))
    }

    /// What a relation gives at that moment and until when, or why it gives nothing. A package that is not in use gives nobody anything
    /// by law.
    fn by_relation(&self, relation: &Relation) -> Result<Option<Instant>, Reason> {
        let moment = self.at.moment();
        if relation.closed && matches!(self.at, ValidAt::Now(_)) {
            return Err(self.over());
        }
        let mut why = Reason::PowerDoesNotCover;
        for known in self.known.iter().filter(|k| k.is_in_force(moment)) {
            match known.carrying().carried_by(relation, self.facts.grantor_born, moment) {
                Ok(to) => return Ok(known.until(to)),
                Err(reason) => why = rank(why, reason),
            }
        }
        Err(if why == Reason::PowerEnded { self.over() } else { why })
    }

    const fn over(&self) -> Reason {
        let died = self.facts.grantor_died || self.facts.representative_died;
        if died { Reason::PowerEndedByDeath } else { Reason::PowerEnded }
    }

    fn relations(&self) -> impl Iterator<Item = (&Relation, Option<Instant>)> {
        self.facts.relations.iter().filter_map(|r| self.by_relation(r).ok().map(|to| (r, to)))
    }

    fn verdict(&self) -> Verdict {
        let mandates = self.by_mandate().map(|(p, _)| ground(self.basis_of(p), p.source, p.version));
        let relations = self.relations().map(|(r, _)| ground(r.basis, r.source, r.version));
        let mut basis: Vec<Ground> = mandates.chain(relations).collect();
        if basis.is_empty() {
            return Verdict::No(self.why_none());
        }
        basis.sort_by_key(|ground| ground.id);
        Verdict::Yes { basis, valid_until: self.until() }
    }

    /// Until when the answer stays yes: what follows each other without a gap is one time.
    fn until(&self) -> Option<Instant> {
        let mut until = self.at.moment();
        loop {
            let then = self.later(until);
            let ends = then.by_mandate().map(|(_, to)| Some(to)).chain(then.relations().map(|(_, to)| to));
            // No end that is known is the latest of all.
            match ends.max_by_key(|to| to.unwrap_or(Instant::from_micros(i64::MAX))) {
                Some(None) => return None,
                Some(Some(next)) if next > until => until = next,
                _ => return Some(until),
            }
        }
    }

    /// The most that can be said: that somebody else must take part, or may no longer; then of powers that cover the question the one
    /// that was there last, else that there are others.
    fn why_none(&self) -> Reason {
        let by_law = self.facts.relations.iter().filter_map(|r| self.by_relation(r).err()).reduce(rank);
        if let Some(together @ (Reason::PowerNeedsWard | Reason::PowerNeedsOthers)) = by_law {
            return together;
        }
        let case = self.asked.case.as_ref();
        let mut held = self.powers().filter(|p| p.holds(self.at));
        if held.clone().any(|p| p.covers(case)) {
            match self.facts.representative {
                Party::Organisation { .. } => return Reason::PowerNeedsEmployee,
                Party::Employee(_) if !self.is_admitted() => return Reason::EmployeeNotAdmitted,
                Party::Employee(_) | Party::Citizen => {}
            }
        }
        if self.capacity_gone() && held.clone().any(|p| p.covers(case)) {
            return Reason::CapacityRemoved;
        }
        let nearest = self.powers().filter(|p| p.covers(case)).max_by_key(|p| (p.valid_to, p.source));
        match nearest {
            Some(power) => power.why_not(self.at.moment()),
            None if held.next().is_some() => Reason::PowerDoesNotCover,
            None => by_law.unwrap_or(Reason::NoPower),
        }
    }
}

fn ground(basis: Basis, id: Uuid, version: u64) -> Ground {
    Ground { kind: basis.code().to_owned(), id, version }
}

/// Of two reasons why what the law gives is not there, the one that says more.
fn rank(a: Reason, b: Reason) -> Reason {
    let worth = |reason: Reason| match reason {
        Reason::PowerNeedsWard | Reason::PowerNeedsOthers => 5,
        Reason::PowerEndedByAge => 4,
        Reason::PowerNotStarted => 3,
        Reason::PowerEnded | Reason::PowerEndedByDeath => 2,
        Reason::PowerDoesNotCover => 1,
        _ => 0,
    };
    if worth(b) > worth(a) { b } else { a }
}

/// A mandate of the one privilege, in the package that gives the least beside it.
fn would_permit(looking: &Looking<'_>, asker: &Asker) -> Vec<Missing> {
    let (asked, facts, moment) = (looking.asked, looking.facts, looking.at.moment());
    if facts.grantor_died || facts.representative_died {
        return Vec::new();
    }
    let kind = match facts.representative {
        Party::Citizen => RepresentativeKind::Person,
        Party::Employee(_) if looking.is_admitted() => RepresentativeKind::Employee,
        // Nothing that a grantor could give makes it a yes.
        Party::Employee(_) | Party::Organisation { .. } => return Vec::new(),
    };
    let age = facts.grantor_born.map(|born| moment.local_date().years_since(born));
    let package = looking
        .known
        .iter()
        .filter(|k| k.in_use && asker.sees(k.authority, None, k.sensitivity))
        .filter(|k| k.representatives.contains(&kind))
        // what is for children alone, nobody can be asked for here: those who have custody give it.
        .filter(|k| !k.statutory.is_some_and(|says| says.for_children))
        .filter(|k| age.is_none_or(|age| age >= i32::from(k.grantor_min_age)))
        // who has no capacity in an area gives nothing in it.
        .filter(|k| {
            let area = k.statutory.map(|says| says.area);
            !facts.capacity_removed.iter().any(|removed| removed.covers(area, moment))
        })
        .min_by(|a, b| (a.beside, &a.package.code).cmp(&(b.beside, &b.package.code)));
    let Some(package) = package else { return Vec::new() };
    vec![Missing::MandateRequest {
        grantor: PersonAsked { id: asked.grantor },
        representative: PersonAsked { id: asked.representative },
        packages: vec![package.package.code.clone()],
        privileges: vec![asked.privilege.clone()],
        case: asked.case.clone(),
    }]
}
