//! What the calendar gives notice of: that something ends soon, and that it has ended.
//!
//! Days begin at local midnight. A reminder is due when the day begins that is so many days before the day of the end; what is told
//! of the end itself is due then.

use super::{Matter, Notice, NoticeKind, event::who_asked};
use crate::{
    consent::ConsentStanding,
    id::{EventId, PersonId},
    instant::{CalendarPeriod, Instant},
    mandate::{Mandate, MandateStanding},
    mandate_request::MandateRequestStanding,
    request::RequestStanding,
    statutory::StatutoryStanding,
};

/// How many days before the end of a consent or mandate people are told; 0 is the end itself.
pub const BEFORE_AN_END: [u16; 4] = [0, 1, 7, 30];
/// Likewise before a birthday that changes who decides, and before the end of what somebody holds by law or decision.
pub const BEFORE_A_LIFE_EVENT: [u16; 4] = [0, 7, 30, 90];
/// Every number of days before anything on which somebody is told.
pub const EVER_BEFORE: [u16; 5] = [0, 1, 7, 30, 90];
/// Likewise before the deadline of a question.
pub const BEFORE_A_DEADLINE: [u16; 3] = [0, 1, 7];

/// How many days before its end those are told whom a mandate concerns. A withdrawal is told like a life event too: nobody planned for that
/// end.
pub fn before_the_end_of(mandate: &Mandate) -> &'static [u16] {
    if mandate.is_withdrawn() { &EVER_BEFORE } else { &BEFORE_AN_END }
}

/// When the notice of that many days before an end is due.
pub fn due(end: Instant, days_before: u16) -> Instant {
    if days_before == 0 { end } else { end.local_date().days_before(days_before).start() }
}

/// Between which moments (the first inside, the second not) the ends lie whose notice becomes due after `from` and by `to`; `None`
/// when there are none.
pub fn ends_due(from: Instant, to: Instant, days_before: u16) -> Option<(Instant, Instant)> {
    let after = |at: Instant| {
        if days_before == 0 {
            Instant::from_micros(at.as_micros().saturating_add(1))
        } else {
            at.local_date().plus(CalendarPeriod::days(days_before.saturating_add(1))).start()
        }
    };
    let (first, past) = (after(from), after(to));
    (first < past).then_some((first, past))
}

/// Of the notices of an end that became due after `from` and by `to`, the one nearest to the end: whoever was not told in time is told
/// once, of where it stands now. What was due before the thing began was never to be sent.
pub fn nearest(end: Instant, began: Instant, all: &[u16], from: Instant, to: Instant) -> Option<u16> {
    let is_due = |days: u16| {
        let at = due(end, days);
        from < at && at <= to && (days == 0 || began < at)
    };
    all.iter().copied().filter(|days| is_due(*days)).min()
}

impl Matter {
    /// When it ends or can no longer be answered; when it began.
    pub fn span(&self) -> (Option<Instant>, Instant) {
        match self {
            Self::Consent(consent) => (consent.answer.valid.to, consent.answered_at),
            Self::Request(request, _) => (Some(request.deadline), request.asked_at),
            Self::Mandate(mandate, _) => (Some(mandate.valid.to), mandate.given_at),
            Self::MandateRequest(request, _) => (Some(request.deadline), request.asked_at),
            Self::Statutory(power, _) => (power.over(), power.changed_at),
            Self::Birthday(birthday, _) => (birthday.at(), birthday.child.registered_at),
        }
    }

    /// How many days before its end people are told.
    pub fn thresholds(&self) -> &'static [u16] {
        match self {
            Self::Mandate(mandate, _) => before_the_end_of(mandate),
            Self::Consent(_) => &BEFORE_AN_END,
            Self::Statutory(..) | Self::Birthday(..) => &BEFORE_A_LIFE_EVENT,
            Self::Request(..) | Self::MandateRequest(..) => &BEFORE_A_DEADLINE,
        }
    }
}

/// The notices that the end of something gives so many days before it, at that moment. What was ended meanwhile gives none. `source` is
/// the event with which the thing began.
pub fn of_end(matter: &Matter, source: EventId, days_before: u16, now: Instant) -> Vec<Notice> {
    let is_end = days_before == 0;
    let Some(end) = matter.span().0 else { return Vec::new() };
    let notice = |person: PersonId, kind: NoticeKind| matter.notice(kind, person, source, (days_before, end));
    match matter {
        Matter::Consent(consent) => {
            let kind = match consent.standing(now) {
                ConsentStanding::Active | ConsentStanding::Planned if !is_end => NoticeKind::ConsentEndsSoon,
                // That a birthday ended it has an event of its own, which tells.
                ConsentStanding::Expired if is_end && !consent.ends_by_age() => NoticeKind::ConsentExpired,
                _ => return Vec::new(),
            };
            vec![notice(consent.answer.person, kind)]
        }
        Matter::Request(request, _) => {
            let kind = match request.standing(now) {
                RequestStanding::Open if !is_end => NoticeKind::ConsentRequestWaits,
                RequestStanding::ExpiredUnanswered if is_end => NoticeKind::ConsentRequestExpired,
                _ => return Vec::new(),
            };
            vec![notice(request.person, kind)]
        }
        Matter::Mandate(mandate, _) => {
            let kind = match mandate.standing(now) {
                standing if !is_end && standing.is_alive() && mandate.is_withdrawn() => {
                    NoticeKind::PackageWithdrawn
                }
                standing if !is_end && standing.is_alive() => NoticeKind::MandateEndsSoon,
                // What ended otherwise has an event that told of it.
                standing if is_end && mandate.ended_by_withdrawal(standing).is_some() => {
                    NoticeKind::MandateEnded
                }
                MandateStanding::Expired if is_end => NoticeKind::MandateExpired,
                _ => return Vec::new(),
            };
            mandate.parties().map(|party| notice(party, kind)).collect()
        }
        // An end that was known only when it had come has an event that told of it.
        Matter::Statutory(power, _) if end <= power.changed_at => Vec::new(),
        Matter::Statutory(power, _) => {
            let kind = match power.standing(now.local_date()) {
                StatutoryStanding::InForce | StatutoryStanding::Planned if !is_end => {
                    NoticeKind::RepresentationEndsSoon
                }
                StatutoryStanding::Ended if is_end => NoticeKind::RepresentationEnded,
                _ => return Vec::new(),
            };
            [power.person].into_iter().chain(power.last_holders()).map(|who| notice(who, kind)).collect()
        }
        Matter::Birthday(birthday, _) => {
            let kind = birthday.kind().filter(|_| birthday.child.must_live().is_ok());
            kind.map(|kind| notice(birthday.child.id, kind)).into_iter().collect()
        }
        Matter::MandateRequest(request, _) => {
            // To whoever asked, a question to somebody who has died waits like any other.
            let expired = |standing| standing == MandateRequestStanding::ExpiredUnanswered;
            let asker =
                who_asked(matter).filter(|_| is_end && expired(request.clone().as_asked().standing(now)));
            let kind = match request.standing(now) {
                MandateRequestStanding::Open if !is_end => Some(NoticeKind::MandateRequestWaits),
                MandateRequestStanding::ExpiredUnanswered if is_end => {
                    Some(NoticeKind::MandateRequestExpired)
                }
                _ => None,
            };
            let grantor = kind.map(|kind| notice(request.grantor, kind));
            let asker = asker.map(|person| notice(person, NoticeKind::MandateRequestUnanswered));
            grantor.into_iter().chain(asker).collect()
        }
    }
}
