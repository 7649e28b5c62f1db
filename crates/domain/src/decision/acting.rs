//! Whether somebody may act for a person.

use super::{Acting, Answer, Asker, Book, Ground, Missing, PersonAsked, ValidAt, Verdict};
use crate::{
    Instant, LocalDate, Reason,
    actor::Sensitivity,
    power::{Basis, PowerEnd},
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
        within && (matches!(at, ValidAt::Moment(_)) || self.ended.is_none())
    }

    /// Why it gives nothing at that moment.
    fn why_not(&self, at: Instant) -> Reason {
        match self.ended {
            None if at < self.valid_from => Reason::PowerNotStarted,
            None => Reason::PowerExpired,
            Some(PowerEnd::Revoked) => Reason::PowerRevoked,
            Some(PowerEnd::RevokedQuietly) => Reason::PowerRevokedQuietly,
            Some(PowerEnd::Renounced) => Reason::PowerRenounced,
            Some(PowerEnd::Suspended) => Reason::PowerSuspended,
            Some(PowerEnd::Disputed) => Reason::PowerDisputed,
            Some(PowerEnd::Death) => Reason::PowerEndedByDeath,
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
    match verdict(asked, at, facts) {
        yes @ Verdict::Yes { .. } => Answer { verdict: yes, would_permit: Vec::new() },
        no @ Verdict::No(_) => {
            Answer { verdict: no, would_permit: would_permit(asked, asker, at, facts, book) }
        }
    }
}

fn verdict(asked: &Acting, at: ValidAt, facts: &ActingFacts) -> Verdict {
    let case = asked.case.as_ref();
    let mut holding: Vec<&PowerSeen> =
        facts.powers.iter().filter(|p| p.covers(case) && p.holds(at)).collect();
    if holding.is_empty() {
        return Verdict::No(why_none(asked, at, facts));
    }
    holding.sort_by_key(|p| p.source);
    let mut until = at.moment();
    // Powers that follow each other without a gap are one time in which the answer stays yes.
    while let Some(next) = facts
        .powers
        .iter()
        .filter(|p| p.covers(case) && p.valid_from <= until && p.holds(same_kind(at, until)))
        .map(|p| p.valid_to)
        .max()
        .filter(|next| *next > until)
    {
        until = next;
    }
    let basis = holding
        .iter()
        .map(|p| Ground { kind: p.basis.code().to_owned(), id: p.source, version: p.version })
        .collect();
    Verdict::Yes { basis, valid_until: Some(until) }
}

const fn same_kind(at: ValidAt, moment: Instant) -> ValidAt {
    match at {
        ValidAt::Now(_) => ValidAt::Now(moment),
        ValidAt::Moment(_) => ValidAt::Moment(moment),
    }
}

/// The most that can be said: of powers that cover the question the one that was there last, else that there are others.
fn why_none(asked: &Acting, at: ValidAt, facts: &ActingFacts) -> Reason {
    let case = asked.case.as_ref();
    let nearest = facts.powers.iter().filter(|p| p.covers(case)).max_by_key(|p| (p.valid_to, p.source));
    match nearest {
        Some(power) => power.why_not(at.moment()),
        None if facts.powers.iter().any(|p| p.holds(at)) => Reason::PowerDoesNotCover,
        None => Reason::NoPower,
    }
}

/// A mandate of the one privilege, in the package that gives the least beside it.
fn would_permit(
    asked: &Acting,
    asker: &Asker,
    at: ValidAt,
    facts: &ActingFacts,
    book: &Book,
) -> Vec<Missing> {
    if facts.grantor_died || facts.representative_died {
        return Vec::new();
    }
    let age = facts.grantor_born.map(|born| at.moment().local_date().years_since(born));
    let package = book
        .privilege(&asked.privilege)
        .iter()
        .filter(|k| k.in_use && asker.sees(k.authority, None, k.sensitivity))
        .filter(|k| age.is_none_or(|age| age >= i32::from(k.grantor_min_age)))
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
