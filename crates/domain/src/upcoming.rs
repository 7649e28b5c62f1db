//! What happens by itself, if nobody does anything: what begins, what ends, and birthdays on which the law changes who decides.
//!
//! Everything here is computed from facts, by the same functions that answer later: so what is said to come is what comes.

use crate::{
    birthday::BirthdayRule,
    consent::{Consent, ConsentStanding},
    family::{Custody, OF_AGE},
    id::{ConsentId, CustodyId, MandateId, MandateRequestId, PersonId, RequestId, StatutoryId},
    instant::{Instant, LocalDate},
    mandate::{Mandate, MandateState},
    mandate_request::{MandateRequest, MandateRequestStanding},
    notice::{BEFORE_A_DEADLINE, BEFORE_A_LIFE_EVENT, BEFORE_AN_END, before_the_end_of, due},
    person::Person,
    request::{ConsentRequest, RequestStanding},
    statutory::{StatutoryPower, StatutoryStanding},
};
use uuid::Uuid;

/// What is to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// A consent begins to hold.
    ConsentBegins(ConsentId),
    /// A consent ends: its time is over, or it ends by age and somebody else is asked.
    ConsentEnds(ConsentId),
    /// A question about a consent can no longer be answered.
    RequestCloses(RequestId),
    /// A mandate can be used.
    MandateBegins(MandateId),
    /// A mandate ends.
    MandateEnds(MandateId),
    /// A question about a mandate can no longer be answered.
    MandateRequestCloses(MandateRequestId),
    /// Something else holds of a guardianship or a lasting power: it begins, changes or ends.
    RepresentationChanges(StatutoryId),
    /// Custody ends by age.
    CustodyEnds(CustodyId),
    /// The law changes who decides.
    Birthday,
}

impl Expected {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConsentBegins(_) => "consent_begins",
            Self::ConsentEnds(_) => "consent_ends",
            Self::RequestCloses(_) => "consent_request_closes",
            Self::MandateBegins(_) => "mandate_begins",
            Self::MandateEnds(_) => "mandate_ends",
            Self::MandateRequestCloses(_) => "mandate_request_closes",
            Self::RepresentationChanges(_) => "representation_changes",
            Self::CustodyEnds(_) => "custody_ends",
            Self::Birthday => "birthday",
        }
    }

    /// What it happens to; of a birthday, nothing but the person.
    pub const fn about(self) -> Option<Uuid> {
        match self {
            Self::ConsentBegins(id) | Self::ConsentEnds(id) => Some(id.as_uuid()),
            Self::RequestCloses(id) => Some(id.as_uuid()),
            Self::MandateBegins(id) | Self::MandateEnds(id) => Some(id.as_uuid()),
            Self::MandateRequestCloses(id) => Some(id.as_uuid()),
            Self::RepresentationChanges(id) => Some(id.as_uuid()),
            Self::CustodyEnds(id) => Some(id.as_uuid()),
            Self::Birthday => None,
        }
    }
}

/// Something that is to come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upcoming {
    /// The first moment when it is so.
    pub at: Instant,
    /// What.
    pub what: Expected,
    /// Whom it concerns: the grantor of a mandate, whoever is represented, the child.
    pub person: PersonId,
    /// Where it stands from then on, as its own page and path say it.
    pub then: &'static str,
    /// The days, from now on, on which those whom it concerns are told.
    pub told_on: Vec<LocalDate>,
}

/// What is to come of these, at that moment.
pub struct Horizon {
    /// Now: what was then or before is no longer to come.
    pub now: Instant,
    /// The first moment that is not looked at.
    pub until: Instant,
}

impl Horizon {
    fn expects(&self, at: Instant) -> bool {
        self.now < at && at < self.until
    }

    fn told(&self, end: Instant, began: Instant, days: &[u16]) -> Vec<LocalDate> {
        let mut told: Vec<LocalDate> = days
            .iter()
            .map(|days| (*days, due(end, *days)))
            .filter(|(days, at)| *at > self.now && (*days == 0 || began < *at))
            .map(|(_, at)| at.local_date())
            .collect();
        told.sort();
        told
    }

    /// Of a consent.
    pub fn of_consent(&self, consent: &Consent) -> Vec<Upcoming> {
        let (id, valid, person) = (consent.id, consent.answer.valid, consent.answer.person);
        if !matches!(consent.standing(self.now), ConsentStanding::Active | ConsentStanding::Planned) {
            return Vec::new();
        }
        let begins = self.expects(valid.from).then(|| Upcoming {
            at: valid.from,
            what: Expected::ConsentBegins(id),
            person,
            then: consent.standing(valid.from).code(),
            told_on: Vec::new(),
        });
        // Somebody else is asked at once where a birthday ends it: that it lapsed is recorded then.
        let then = |end| if consent.ends_by_age() { "lapsed" } else { consent.standing(end).code() };
        let ends = valid.to.filter(|end| self.expects(*end)).map(|end| Upcoming {
            at: end,
            what: Expected::ConsentEnds(id),
            person,
            then: then(end),
            told_on: self.told(end, consent.answered_at, &BEFORE_AN_END),
        });
        begins.into_iter().chain(ends).collect()
    }

    /// Of a request for consent.
    pub fn of_request(&self, request: &ConsentRequest) -> Option<Upcoming> {
        let open = request.standing(self.now) == RequestStanding::Open;
        (open && self.expects(request.deadline)).then(|| Upcoming {
            at: request.deadline,
            what: Expected::RequestCloses(request.id),
            person: request.person,
            then: request.standing(request.deadline).code(),
            told_on: self.told(request.deadline, request.asked_at, &BEFORE_A_DEADLINE),
        })
    }

    /// Of a mandate. One that rests or waits ends like any other, and none begins by itself that waits for somebody.
    pub fn of_mandate(&self, mandate: &Mandate) -> Vec<Upcoming> {
        if !mandate.standing(self.now).is_alive() {
            return Vec::new();
        }
        let (id, valid, person) = (mandate.id, mandate.valid, mandate.grantor);
        let given = mandate.state == MandateState::Given;
        let begins = (given && self.expects(valid.from)).then(|| Upcoming {
            at: valid.from,
            what: Expected::MandateBegins(id),
            person,
            then: mandate.standing(valid.from).code(),
            told_on: Vec::new(),
        });
        let ends = self.expects(valid.to).then(|| Upcoming {
            at: valid.to,
            what: Expected::MandateEnds(id),
            person,
            then: mandate.standing(valid.to).code(),
            told_on: self.told(valid.to, mandate.given_at, before_the_end_of(mandate)),
        });
        begins.into_iter().chain(ends).collect()
    }

    /// Of a request for a mandate.
    pub fn of_mandate_request(&self, request: &MandateRequest) -> Option<Upcoming> {
        let open = request.standing(self.now) == MandateRequestStanding::Open;
        (open && self.expects(request.deadline)).then(|| Upcoming {
            at: request.deadline,
            what: Expected::MandateRequestCloses(request.id),
            person: request.grantor,
            then: request.standing(request.deadline).code(),
            told_on: self.told(request.deadline, request.asked_at, &BEFORE_A_DEADLINE),
        })
    }

    /// Of a guardianship or a lasting power: everything on its line of time that is to come.
    pub fn of_power(&self, power: &StatutoryPower) -> Vec<Upcoming> {
        let changes = power.spans.iter().map(|span| span.from).filter(|from| self.expects(from.start()));
        changes
            .map(|from| Upcoming {
                at: from.start(),
                what: Expected::RepresentationChanges(power.id),
                person: power.person,
                then: power.standing(from).code(),
                // People are told of its end alone: that something changes later they were told when it became known.
                told_on: if power.over() == Some(from.start()) {
                    self.told(from.start(), power.changed_at, &BEFORE_A_LIFE_EVENT)
                } else {
                    Vec::new()
                },
            })
            .collect()
    }

    /// Of who has custody of a child: it ends by age.
    pub fn of_custody(&self, custody: &Custody, child: &Person) -> Option<Upcoming> {
        let at = child.born?.birthday(OF_AGE).start();
        let held = !custody.holders.is_empty() && child.must_live().is_ok();
        // That the young person comes of age is what is told.
        (held && self.expects(at)).then(|| Upcoming {
            at,
            what: Expected::CustodyEnds(custody.id),
            person: child.id,
            then: StatutoryStanding::Ended.code(),
            told_on: Vec::new(),
        })
    }

    /// Of a person's birthdays; `told` where somebody is known to have custody, who is told then.
    pub fn of_birthdays(&self, person: &Person, told: bool) -> Vec<(&'static BirthdayRule, Upcoming)> {
        let Some(born) = person.born.filter(|_| person.must_live().is_ok()) else { return Vec::new() };
        let days: &[u16] = if told { &BEFORE_A_LIFE_EVENT } else { &[] };
        let coming = BirthdayRule::all().iter().map(|rule| (rule, rule.comes(born)));
        coming
            .filter(|(_, at)| self.expects(*at))
            .map(|(rule, at)| {
                let told_on = self.told(at, person.registered_at, days);
                let (what, then) = (Expected::Birthday, rule.code.as_str());
                (rule, Upcoming { at, what, person: person.id, then, told_on })
            })
            .collect()
    }
}
