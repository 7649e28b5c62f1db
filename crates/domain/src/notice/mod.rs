//! Notices: what people are told of by post, because something happened or is about to end.
//!
//! All sources are pure. [`of_event`] says what an event of the journal gives, [`of_use`] what the use of a mandate gives, [`of_end`] what
//! the calendar gives. Nothing here
//! changes a fact: that nobody answered stays that nobody answered, however many reminders there were.
//!
//! People are not told of what they did themselves, with one exception: who gives a mandate gets a confirmation, because whoever
//! took over their login would give one too.

mod birthday;
mod due;
mod event;
mod use_of;
mod words;

pub use birthday::Birthday;
pub use due::{
    BEFORE_A_DEADLINE, BEFORE_A_LIFE_EVENT, BEFORE_AN_END, EVER_BEFORE, before_the_end_of, due, ends_due,
    nearest, of_end,
};
pub use event::of_event;
pub use use_of::{Used, of_use};
pub(crate) use words::day_in_words;
pub use words::{Both, Message, message};

use crate::{
    Cvr,
    catalogue::Polarity,
    consent::Consent,
    id::{ConsentId, EventId, MandateId, MandateRequestId, PersonId, RequestId},
    instant::{Instant, LocalDate},
    mandate::Mandate,
    mandate_request::MandateRequest,
    person::{Life, Person},
    request::ConsentRequest,
    statutory::StatutoryPower,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// From what age people have Digital Post.
const DIGITAL_POST_FROM: i32 = 15;

/// What a notice tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum NoticeKind {
    /// An authority asks for a consent.
    ConsentAsked,
    /// It asks no longer.
    ConsentRequestCancelled,
    /// It waits for an answer, and soon no longer.
    ConsentRequestWaits,
    /// Nobody answered in time, so nothing was agreed.
    ConsentRequestExpired,
    /// Somebody who acts for the person answered.
    ConsentAnsweredForYou,
    /// Staff or a system entered an answer of the person's.
    ConsentRegistered,
    /// Somebody else withdrew a consent of the person's.
    ConsentWithdrawnForYou,
    /// Staff had registered an answer of the person's wrongly, and it never counted.
    ConsentAnnulled,
    /// A consent ended before its time.
    ConsentEnded,
    /// A consent ends soon.
    ConsentEndsSoon,
    /// A consent has expired.
    ConsentExpired,
    /// The person gave a mandate: a confirmation.
    MandateGiven,
    /// Somebody gave the person a mandate.
    MandateReceived,
    /// Whom the person gave a mandate passed part of it on.
    MandatePassedOn,
    /// Somebody asks them to sign a power of attorney with others (M6).
    MandateToSign,
    /// What a mandate of the person's waited for was said.
    MandateConfirmed,
    /// A mandate that the person holds was given for longer.
    MandateRenewed,
    /// A mandate that the person gave or holds rests.
    MandateSuspended,
    /// It is in doubt, and rests until that is settled.
    MandateDisputed,
    /// It can be used again.
    MandateResumed,
    /// It had been entered wrongly, and never counted.
    MandateAnnulled,
    /// A mandate that the person gave or holds ended before its time.
    MandateEnded,
    /// A mandate that the person gave or holds ends soon.
    MandateEndsSoon,
    /// The authority withdraws a package of a mandate that the person gave or holds.
    PackageWithdrawn,
    /// It has expired.
    MandateExpired,
    /// Somebody acted on a mandate that the person gave.
    MandateUsed,
    /// Somebody asks the person for a mandate.
    MandateAsked,
    /// Nobody asks any longer.
    MandateRequestEnded,
    /// The question waits for an answer, and soon no longer.
    MandateRequestWaits,
    /// The person did not answer in time, and gave nobody anything.
    MandateRequestExpired,
    /// The person asked for a mandate, and the answer was no.
    MandateRequestDeclined,
    /// The person asked for a mandate and got no answer in time.
    MandateRequestUnanswered,
    /// The person is represented by law or decision from now on, or represents somebody.
    RepresentationBegan,
    /// Something else holds of it.
    RepresentationChanged,
    /// It is over.
    RepresentationEnded,
    /// It ends soon.
    RepresentationEndsSoon,
    /// A child is a party to their own case from a birthday on, or will be soon.
    ChildTurnsTen,
    /// A young person decides about health and data from a birthday on, or will soon.
    ChildTurnsFifteen,
    /// Custody ends with a birthday, or will soon.
    ChildTurnsEighteen,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 39] = [
        Self::ConsentAsked,
        Self::ConsentRequestCancelled,
        Self::ConsentRequestWaits,
        Self::ConsentRequestExpired,
        Self::ConsentAnsweredForYou,
        Self::ConsentRegistered,
        Self::ConsentWithdrawnForYou,
        Self::ConsentAnnulled,
        Self::ConsentEnded,
        Self::ConsentEndsSoon,
        Self::ConsentExpired,
        Self::MandateGiven,
        Self::MandateReceived,
        Self::MandatePassedOn,
        Self::MandateToSign,
        Self::MandateConfirmed,
        Self::MandateRenewed,
        Self::MandateSuspended,
        Self::MandateDisputed,
        Self::MandateResumed,
        Self::MandateAnnulled,
        Self::MandateEnded,
        Self::MandateEndsSoon,
        Self::PackageWithdrawn,
        Self::MandateExpired,
        Self::MandateUsed,
        Self::MandateAsked,
        Self::MandateRequestEnded,
        Self::MandateRequestWaits,
        Self::MandateRequestExpired,
        Self::MandateRequestDeclined,
        Self::MandateRequestUnanswered,
        Self::RepresentationBegan,
        Self::RepresentationChanged,
        Self::RepresentationEnded,
        Self::RepresentationEndsSoon,
        Self::ChildTurnsTen,
        Self::ChildTurnsFifteen,
        Self::ChildTurnsEighteen,
    ];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConsentAsked => "consent_asked",
            Self::ConsentRequestCancelled => "consent_request_cancelled",
            Self::ConsentRequestWaits => "consent_request_waits",
            Self::ConsentRequestExpired => "consent_request_expired",
            Self::ConsentAnsweredForYou => "consent_answered_for_you",
            Self::ConsentRegistered => "consent_registered",
            Self::ConsentWithdrawnForYou => "consent_withdrawn_for_you",
            Self::ConsentAnnulled => "consent_annulled",
            Self::ConsentEnded => "consent_ended",
            Self::ConsentEndsSoon => "consent_ends_soon",
            Self::ConsentExpired => "consent_expired",
            Self::MandateGiven => "mandate_given",
            Self::MandateReceived => "mandate_received",
            Self::MandatePassedOn => "mandate_passed_on",
            Self::MandateToSign => "mandate_to_sign",
            Self::MandateConfirmed => "mandate_confirmed",
            Self::MandateRenewed => "mandate_renewed",
            Self::MandateSuspended => "mandate_suspended",
            Self::MandateDisputed => "mandate_disputed",
            Self::MandateResumed => "mandate_resumed",
            Self::MandateAnnulled => "mandate_annulled",
            Self::MandateEnded => "mandate_ended",
            Self::MandateEndsSoon => "mandate_ends_soon",
            Self::PackageWithdrawn => "package_withdrawn",
            Self::MandateExpired => "mandate_expired",
            Self::MandateUsed => "mandate_used",
            Self::MandateAsked => "mandate_asked",
            Self::MandateRequestEnded => "mandate_request_ended",
            Self::MandateRequestWaits => "mandate_request_waits",
            Self::MandateRequestExpired => "mandate_request_expired",
            Self::MandateRequestDeclined => "mandate_request_declined",
            Self::MandateRequestUnanswered => "mandate_request_unanswered",
            Self::RepresentationBegan => "representation_began",
            Self::RepresentationChanged => "representation_changed",
            Self::RepresentationEnded => "representation_ended",
            Self::RepresentationEndsSoon => "representation_ends_soon",
            Self::ChildTurnsTen => "child_turns_ten",
            Self::ChildTurnsFifteen => "child_turns_fifteen",
            Self::ChildTurnsEighteen => "child_turns_eighteen",
        }
    }

    /// The kind with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Where the person reads more, once they have logged in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// A request for consent.
    Request(RequestId),
    /// A consent.
    Consent(ConsentId),
    /// A mandate.
    Mandate(MandateId),
    /// A request for a mandate.
    MandateRequest(MandateRequestId),
    /// Who acts for whom by law or decision.
    Representation,
    /// What is to come.
    Upcoming,
}

impl Page {
    /// Its path on the service.
    pub fn path(self) -> String {
        match self {
            Self::Request(id) => format!("/requests/{id}"),
            Self::Consent(id) => format!("/consents/{id}"),
            Self::Mandate(id) => format!("/mandates/{id}"),
            Self::MandateRequest(id) => format!("/mandate-requests/{id}"),
            Self::Representation => "/overview".to_owned(),
            Self::Upcoming => "/upcoming".to_owned(),
        }
    }
}

/// Something that a person is told, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// What it tells.
    pub kind: NoticeKind,
    /// Whom it concerns; who gets it is for [`recipients`] to say.
    pub concerns: PersonId,
    /// In whose name it is sent.
    pub sender: Cvr,
    /// Whether it is of a consent or of an opt-out.
    pub polarity: Polarity,
    /// What it is about: a person is told once of one thing, kind, number of days and moment. Consents that were given together are
    /// one thing, and so one message.
    pub about: Uuid,
    /// The event that it came of, or with which the thing began; the notice goes when that is erased.
    pub source: EventId,
    /// Where the person reads more.
    pub page: Page,
    /// How many days before the end it is sent; 0 for what is told when it is so.
    pub days_before: u16,
    /// When what it tells was or will be so.
    pub moment: Instant,
}

/// What an event or an end is about, with what a notice says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Matter {
    /// A consent.
    Consent(Consent),
    /// A request for consent, and what is asked for.
    Request(ConsentRequest, Polarity),
    /// A mandate, and the authority of its first package.
    Mandate(Mandate, Cvr),
    /// A request for a mandate, and the authority that asked or whose packages are asked for.
    MandateRequest(MandateRequest, Cvr),
    /// A guardianship or a lasting power, and the authority that tells of it.
    Statutory(StatutoryPower, Cvr),
    /// A birthday on which the law changes who decides, and the authority that tells of it.
    Birthday(Birthday, Cvr),
}

impl Matter {
    fn notice(
        &self,
        kind: NoticeKind,
        concerns: PersonId,
        source: EventId,
        (days_before, moment): (u16, Instant),
    ) -> Notice {
        let (sender, polarity, about, page) = match self {
            Self::Consent(consent) => {
                let answer = &consent.answer;
                (answer.authority, answer.polarity, answer.declaration.as_uuid(), Page::Consent(consent.id))
            }
            Self::Request(request, polarity) => {
                (request.authority, *polarity, request.id.as_uuid(), Page::Request(request.id))
            }
            Self::Mandate(mandate, sender) => {
                (*sender, Polarity::Consent, mandate.id.as_uuid(), Page::Mandate(mandate.id))
            }
            Self::MandateRequest(request, sender) => {
                (*sender, Polarity::Consent, request.id.as_uuid(), Page::MandateRequest(request.id))
            }
            Self::Statutory(power, sender) => {
                (*sender, Polarity::Consent, power.id.as_uuid(), Page::Representation)
            }
            Self::Birthday(birthday, sender) => {
                (*sender, Polarity::Consent, birthday.child.id.as_uuid(), Page::Upcoming)
            }
        };
        Notice { kind, concerns, sender, polarity, about, source, page, days_before, moment }
    }
}

/// As whom somebody reads a notice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ReadAs {
    /// As the person whom it concerns.
    Themselves,
    /// As somebody who has custody of the child whom it concerns.
    Custodian,
}

/// Who gets the notices that concern a person, and as whom: the person, while they live.
///
/// Of a child, those who have custody do, as far as they may see what it is about (`watching`); from the age at which people have
/// Digital Post the young person too. Where nobody is known to have custody, the child does.
pub fn recipients(
    concerned: &Person,
    watching: &BTreeSet<PersonId>,
    day: LocalDate,
) -> Vec<(PersonId, ReadAs)> {
    if concerned.life != Life::Alive {
        return Vec::new();
    }
    let has_own_post = !concerned.is_child_on(day) || watching.is_empty();
    let own = has_own_post.then_some((concerned.id, ReadAs::Themselves));
    own.into_iter().chain(watching.iter().map(|holder| (*holder, ReadAs::Custodian))).collect()
}

/// How post reaches a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PostalChannel {
    /// Digital Post.
    DigitalPost,
    /// A letter on paper.
    Letter,
}

impl PostalChannel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::DigitalPost, Self::Letter];

    /// How post reaches that person on that day: digitally from 15 years, unless they are exempt. Where the age is not known,
    /// digitally: a letter would lie open to whoever empties the letter box.
    pub fn to(person: &Person, day: LocalDate) -> Self {
        if person.is_child_on(day) || person.post_exempt_since.is_some() {
            Self::Letter
        } else {
            Self::DigitalPost
        }
    }

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::DigitalPost => "digital_post",
            Self::Letter => "letter",
        }
    }

    /// The channel with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }
}

impl Person {
    fn is_child_on(&self, day: LocalDate) -> bool {
        self.age_on(day).is_some_and(|age| age < DIGITAL_POST_FROM)
    }
}

#[cfg(test)]
mod tests;
