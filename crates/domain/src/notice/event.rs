//! What an event gives notice of. Every fact is decided on: a new one does not compile until it is.
//!
//! | what happened | who is told, if somebody else did it | if they did it themselves |
//! |---|---|---|
//! | a consent is asked for; the question is taken back or lapses | whoever is asked | |
//! | a consent is given, declined | the person: by whoever acts for them, or a confirmation that it was registered (R-22) | nothing: the page confirmed it |
//! | a consent is withdrawn | the person | nothing |
//! | a consent is annulled, lapses | the person | |
//! | a mandate is given | its representative | its grantor: a confirmation |
//! | one is given together with others | whoever is to sign it | its grantor: a confirmation |
//! | one is given for a child and waits for others who have custody | they are, to sign it | nothing |
//! | they have all signed it | its representative, and the child | |
//! | a mandate is passed on | its grantor and who holds it now | nothing |
//! | a mandate is confirmed, suspended, disputed, resumed, annulled | every side | nothing |
//! | a mandate is revoked, renounced, ends | every side | nothing |
//! | what it rests on rests or ends | who holds it; the others are told of that | |
//! | a mandate, or what it rests on, is revoked quietly | its grantor alone | nothing |
//! | a package of a mandate is withdrawn | every side | |
//! | a mandate is asked for; the question lapses | its grantor | nothing |
//! | a mandate that was asked for is declined | the citizen who asked | nothing |
//! | a question for a mandate lapses because two persons are one | its grantor, and the citizen who asked | |
//! | a guardianship or lasting power begins, changes, ends | whoever is represented, and whoever represents them | |
//!
//! The dead are told nothing, and nobody learns of a death by a question.

use super::{Matter, Notice, NoticeKind};
use crate::{
    Instant,
    actor::ActorTrace,
    event::{EndCause, Fact, Recorded},
    id::PersonId,
    mandate::{Awaited, Bond, Confirmation, Withdrawn},
};

/// The notices that an event gives, with what it is about as it is known now; none when that is gone.
pub fn of_event(event: &Recorded, matter: &Matter) -> Vec<Notice> {
    let told = |kinds: Option<(PersonId, NoticeKind)>| -> Vec<Notice> {
        kinds.map(|(person, kind)| notice(event, matter, person, kind)).into_iter().collect()
    };
    match &event.fact {
        Fact::ConsentRequested { person, .. } => told(Some((*person, NoticeKind::ConsentAsked))),
        // Who was told of a question and looks for it should know why it is gone.
        Fact::RequestCancelled {} => told(asked(matter).map(|p| (p, NoticeKind::ConsentRequestCancelled))),
        // The dead are told nothing. And whoever asked learns nothing of a death by asking: to them the question waits until its deadline.
        Fact::RequestLapsed { cause: EndCause::Death, .. }
        | Fact::ConsentLapsed { cause: EndCause::Death, .. }
        | Fact::MandateRequestLapsed { cause: EndCause::Death, .. } => Vec::new(),
        Fact::RequestLapsed { .. } => told(asked(matter).map(|p| (p, NoticeKind::ConsentRequestCancelled))),
        Fact::ConsentGiven(answer) | Fact::ConsentDeclined(answer) => {
            told(answered(&event.actor, answer.person).map(|kind| (answer.person, kind)))
        }
        Fact::ConsentWithdrawn { .. } => told(
            asked(matter)
                .filter(|person| is_by_another(event, *person))
                .map(|p| (p, NoticeKind::ConsentWithdrawnForYou)),
        ),
        Fact::ConsentAnnulled { .. } => told(asked(matter).map(|p| (p, NoticeKind::ConsentAnnulled))),
        Fact::ConsentLapsed { .. } => told(asked(matter).map(|p| (p, NoticeKind::ConsentEnded))),
        Fact::MandateGiven { .. }
        | Fact::MandateRenewed { .. }
        | Fact::MandatePackageWithdrawn(_)
        | Fact::MandateSigned { .. }
        | Fact::MandateAgreed { .. }
        | Fact::MandateObjected {}
        | Fact::MandateConfirmed { .. }
        | Fact::MandateSuspended { .. }
        | Fact::MandateRested {}
        | Fact::MandateDisputed { .. }
        | Fact::MandateResumed {}
        | Fact::MandateRevoked { .. }
        | Fact::MandateRenounced { .. }
        | Fact::MandateEnded { .. }
        | Fact::MandateAnnulled { .. } => of_mandate(event, matter),
        Fact::MandateRequested { grantor, .. } => told(Some((*grantor, NoticeKind::MandateAsked))),
        // That the mandate was given tells more.
        Fact::MandateRequestApproved { .. } => Vec::new(),
        Fact::MandateRequestDeclined {} => {
            told(who_asked(matter).map(|p| (p, NoticeKind::MandateRequestDeclined)))
        }
        // Both sides waited for an answer that nobody can give any more.
        Fact::MandateRequestLapsed { cause: EndCause::CprChangeUnresolved, .. } => {
            let both = [asked(matter), who_asked(matter)].into_iter().flatten();
            both.map(|p| notice(event, matter, p, NoticeKind::MandateRequestEnded)).collect()
        }
        Fact::MandateRequestLapsed { .. } => {
            told(asked(matter).map(|p| (p, NoticeKind::MandateRequestEnded)))
        }
        // What follows for the person has an event of its own.
        Fact::RequestAnswered { .. } | Fact::RequestVoiced { .. } => Vec::new(),
        // Whom it is unsafe to ask must not learn of it, and to the others nothing changes.
        Fact::HolderExcepted { .. } => Vec::new(),
        // What registers tell, the person knows from elsewhere; the dead are told nothing.
        Fact::PersonRegistered { .. }
        | Fact::OrganisationRegistered { .. }
        | Fact::EmployeeRegistered { .. }
        | Fact::EmployeeAdmitted {}
        | Fact::EmployeeStopped {}
        | Fact::NumberChanged { .. }
        | Fact::PersonMerged { .. }
        | Fact::BirthdayCorrected { .. }
        | Fact::LoginBound { .. }
        | Fact::PersonDied { .. }
        | Fact::PostChanged { .. }
        | Fact::CustodyStated { .. } => Vec::new(),
        // Dormant, it is its grantor's alone, who made it.
        Fact::LastingPowerRegistered { .. } => Vec::new(),
        Fact::ChargeStated { .. } | Fact::ChargeEnded { .. } => represented(event, matter),
        // Of nobody's, or seen by the person already, or what the authority does about it.
        Fact::EntryDrafted { .. }
        | Fact::EntryChanged { .. }
        | Fact::EntrySubmitted {}
        | Fact::EntryReturned { .. }
        | Fact::EntryDiscarded {}
        | Fact::EntryPublished {}
        | Fact::EntryRetired {}
        | Fact::EntryWithdrawn { .. }
        | Fact::PresentationShown { .. }
        | Fact::DocumentKept { .. }
        | Fact::TaskOpened(_)
        | Fact::TaskClosed { .. }
        | Fact::ClientRegistered { .. }
        | Fact::ClientChanged { .. }
        | Fact::ClientStopped {}
        | Fact::ClientResumed {}
        | Fact::EntityRegistered { .. }
        | Fact::EntityChanged { .. }
        | Fact::EntityRemoved {}
        | Fact::PrivilegeRegistered { .. }
        | Fact::PrivilegeChanged { .. }
        | Fact::PrivilegeRemoved {}
        | Fact::ExternalGranted { .. }
        | Fact::ExternalGrantRevoked {} => Vec::new(),
        // The person finds who looked in their access log.
        Fact::AccessRecorded { .. } | Fact::AccessErased { .. } | Fact::Erased { .. } => Vec::new(),
    }
}

/// The notices of an event of a mandate.
fn of_mandate(event: &Recorded, matter: &Matter) -> Vec<Notice> {
    match &event.fact {
        Fact::MandateGiven { joint: Some(joint), .. } => given_together(event, matter, joint.bond),
        Fact::MandateGiven { grantor, representative, under: Some(_), .. } => vec![
            notice(event, matter, *grantor, NoticeKind::MandatePassedOn),
            notice(event, matter, *representative, NoticeKind::MandateReceived),
        ],
        Fact::MandateGiven { grantor, awaits: Some(Awaited::Holders), .. } => {
            vec![notice(event, matter, *grantor, NoticeKind::MandateToSign)]
        }
        Fact::MandateGiven { grantor, representative, .. } => vec![
            notice(event, matter, *grantor, NoticeKind::MandateGiven),
            notice(event, matter, *representative, NoticeKind::MandateReceived),
        ],
        // M12: who is not to learn of it is not told.
        Fact::MandateRevoked { quiet: true, .. } => quietly_ended(event, matter),
        Fact::MandateEnded { cause: EndCause::ParentEndedQuietly, .. } => Vec::new(),
        Fact::MandateEnded { cause: EndCause::JointEndedQuietly, .. } => quietly_ended(event, matter),
        Fact::MandateEnded { cause: EndCause::ParentEnded, .. } => {
            holder(event, matter, NoticeKind::MandateEnded)
        }
        Fact::MandateRevoked { .. } | Fact::MandateRenounced { .. } | Fact::MandateEnded { .. } => {
            sides(event, matter, NoticeKind::MandateEnded)
        }
        Fact::MandatePackageWithdrawn(withdrawn) => withdrawn_from(event, matter, withdrawn),
        Fact::MandateRenewed { .. } => sides(event, matter, NoticeKind::MandateRenewed),
        Fact::MandateConfirmed { confirmation: Confirmation::Holders, .. } => all_signed(event, matter),
        Fact::MandateAgreed { from: None, .. } => Vec::new(),
        Fact::MandateAgreed { .. } => all_signed(event, matter),
        Fact::MandateConfirmed { .. } => sides(event, matter, NoticeKind::MandateConfirmed),
        Fact::MandateSuspended { .. } => sides(event, matter, NoticeKind::MandateSuspended),
        Fact::MandateDisputed { .. } => sides(event, matter, NoticeKind::MandateDisputed),
        Fact::MandateRested {} => match matter {
            Matter::Mandate(mandate, _) if mandate.joint.is_some() => {
                sides(event, matter, NoticeKind::MandateSuspended)
            }
            _ => holder(event, matter, NoticeKind::MandateSuspended),
        },
        // They did it themselves; that enough have signed is told when it is so.
        Fact::MandateSigned { .. } | Fact::MandateObjected {} => Vec::new(),
        Fact::MandateResumed {} => sides(event, matter, NoticeKind::MandateResumed),
        Fact::MandateAnnulled { .. } => sides(event, matter, NoticeKind::MandateAnnulled),
        _ => Vec::new(),
    }
}

/// Every side is told from when on what the package gave is over.
fn withdrawn_from(event: &Recorded, matter: &Matter, withdrawn: &Withdrawn) -> Vec<Notice> {
    let Matter::Mandate(mandate, _) = matter else { return Vec::new() };
    let kind = NoticeKind::PackageWithdrawn;
    // Of two packages that are withdrawn from the same day, both are told.
    let place = mandate.packages.iter().position(|package| package.entry == withdrawn.package);
    let place = place.and_then(|place| i64::try_from(place).ok()).unwrap_or_default();
    let moment = Instant::from_micros(withdrawn.from.as_micros().saturating_add(place));
    let told = |party| matter.notice(kind, party, event.id, (0, moment));
    mandate.parties().map(told).collect()
}

/// Whoever is to sign with others is asked to; what cannot be used yet is told to its representative once it can. What is given to
/// several at once is confirmed to its grantor once.
fn given_together(event: &Recorded, matter: &Matter, bond: Bond) -> Vec<Notice> {
    let Matter::Mandate(mandate, _) = matter else { return Vec::new() };
    let is_first = mandate.joint.is_some_and(|joint| joint.id.as_uuid() == event.aggregate);
    let mut told = Vec::new();
    if is_first && bond != Bond::Signers {
        told.push(notice(event, matter, mandate.grantor, NoticeKind::MandateGiven));
    }
    match (bond, mandate.signer()) {
        (Bond::Holders, _) => {
            told.push(notice(event, matter, mandate.representative, NoticeKind::MandateReceived));
        }
        (_, Some(signer)) if !is_first => told.push(notice(event, matter, signer, NoticeKind::MandateToSign)),
        _ => {}
    }
    told
}

/// Everybody who has custody has said yes: now its representative is told that there is one.
fn all_signed(event: &Recorded, matter: &Matter) -> Vec<Notice> {
    let Matter::Mandate(mandate, _) = matter else { return Vec::new() };
    vec![
        notice(event, matter, mandate.grantor, NoticeKind::MandateConfirmed),
        notice(event, matter, mandate.representative, NoticeKind::MandateReceived),
    ]
}

/// The person who is asked or who consented.
fn asked(matter: &Matter) -> Option<PersonId> {
    match matter {
        Matter::Consent(consent) => Some(consent.answer.person),
        Matter::Request(request, _) => Some(request.person),
        Matter::MandateRequest(request, _) => Some(request.grantor),
        Matter::Mandate(..) | Matter::Statutory(..) | Matter::Birthday(..) => None,
    }
}

/// The citizen who asked for a mandate; an authority that did finds the answer where it works.
pub(super) fn who_asked(matter: &Matter) -> Option<PersonId> {
    match matter {
        Matter::MandateRequest(request, _) if request.authority.is_none() => Some(request.representative),
        _ => None,
    }
}

/// What the person is told of an answer, by who gave it.
fn answered(actor: &ActorTrace, person: PersonId) -> Option<NoticeKind> {
    match actor {
        ActorTrace::Citizen { person: by, .. } if *by == person => None,
        ActorTrace::Citizen { .. } | ActorTrace::Representative { .. } => {
            Some(NoticeKind::ConsentAnsweredForYou)
        }
        ActorTrace::Employee { .. }
        | ActorTrace::System { .. }
        | ActorTrace::Operator
        | ActorTrace::Service => Some(NoticeKind::ConsentRegistered),
    }
}

/// Whether somebody else did it.
fn is_by_another(event: &Recorded, person: PersonId) -> bool {
    event.actor.citizen() != Some(person)
}

/// Every side of a mandate is told, except who did it.
fn sides(event: &Recorded, matter: &Matter, kind: NoticeKind) -> Vec<Notice> {
    let Matter::Mandate(mandate, _) = matter else { return Vec::new() };
    mandate
        .parties()
        .filter(|party| is_by_another(event, *party))
        .map(|party| notice(event, matter, party, kind))
        .collect()
}

/// Whoever holds the mandate is told, unless they did it.
fn holder(event: &Recorded, matter: &Matter, kind: NoticeKind) -> Vec<Notice> {
    let Matter::Mandate(mandate, _) = matter else { return Vec::new() };
    let told = is_by_another(event, mandate.representative);
    told.then(|| notice(event, matter, mandate.representative, kind)).into_iter().collect()
}

/// Whoever is represented by law or decision and whoever represents them are told, each once.
fn represented(event: &Recorded, matter: &Matter) -> Vec<Notice> {
    let Matter::Statutory(power, _) = matter else { return Vec::new() };
    let all = |kind: NoticeKind, holders: &mut dyn Iterator<Item = PersonId>| {
        [power.person].into_iter().chain(holders).map(|who| notice(event, matter, who, kind)).collect()
    };
    match &event.fact {
        Fact::ChargeStated { charge, former, .. } => {
            // A lasting power was registered before it begins.
            let first = if power.dormant.is_some() { 2 } else { 1 };
            let kind = if event.revision == first {
                NoticeKind::RepresentationBegan
            } else {
                NoticeKind::RepresentationChanged
            };
            let mut told: Vec<Notice> = all(kind, &mut charge.holders.iter().copied());
            let over = |who: &PersonId| notice(event, matter, *who, NoticeKind::RepresentationEnded);
            told.extend(former.iter().map(over));
            told
        }
        Fact::ChargeEnded { from, .. } if from.start() > event.recorded_at => {
            all(NoticeKind::RepresentationChanged, &mut power.last_holders().into_iter())
        }
        // Nobody but its grantor knew of a lasting power that never began.
        Fact::ChargeEnded { .. } if power.named.is_empty() => Vec::new(),
        Fact::ChargeEnded { .. } => {
            all(NoticeKind::RepresentationEnded, &mut power.last_holders().into_iter())
        }
        _ => Vec::new(),
    }
}

/// The grantor alone is told, where staff did it for them.
fn quietly_ended(event: &Recorded, matter: &Matter) -> Vec<Notice> {
    let Matter::Mandate(mandate, _) = matter else { return Vec::new() };
    let told = is_by_another(event, mandate.grantor);
    told.then(|| notice(event, matter, mandate.grantor, NoticeKind::MandateEnded)).into_iter().collect()
}

fn notice(event: &Recorded, matter: &Matter, concerns: PersonId, kind: NoticeKind) -> Notice {
    matter.notice(kind, concerns, event.id, (0, event.recorded_at))
}
