//! Whether a consent of a person holds.

use super::{
    Answer, Asker, Book, ConsentCheck, Ground, KnownItem, Missing, Operation, PersonAsked, ValidAt, Verdict,
};
use crate::{
    Instant, LocalDate, Period, Reason,
    catalogue::{CaseBinding, Polarity},
    consent::ConsentState,
    id::{ConsentId, EntryId},
    terms::Terms,
    text::{CaseRef, Code},
};

/// What is known of a person's consents towards one authority.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConsentFacts {
    /// Whether the person is known to have died.
    pub died: bool,
    /// Their day of birth, where it is known.
    pub born: Option<LocalDate>,
    /// Their answers to that authority, in no order.
    pub consents: Vec<ConsentSeen>,
}

/// An answer to one specific consent, with what has been recorded of it since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentSeen {
    /// Its id.
    pub id: ConsentId,
    /// Its events so far.
    pub version: u64,
    /// To which version of which type.
    pub entry: EntryId,
    /// To which specific consent of it.
    pub item: Code,
    /// In which case only.
    pub case: Option<CaseRef>,
    /// Within what, where it is less than the type.
    pub terms: Terms,
    /// When it holds, if given.
    pub valid: Period,
    /// What has been recorded of it.
    pub state: ConsentState,
}

impl ConsentSeen {
    fn is_answer_of_yes(&self) -> bool {
        !matches!(self.state, ConsentState::Declined | ConsentState::Annulled { .. })
    }

    /// The first moment when it is over, as far as is known.
    fn end(&self) -> Option<Instant> {
        let ended = match self.state {
            ConsentState::Given | ConsentState::Declined | ConsentState::Annulled { .. } => None,
            ConsentState::Withdrawn { at, .. } => Some(at),
            ConsentState::Lapsed { effective_at, .. } => Some(effective_at),
        };
        match (ended, self.valid.to) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    fn holds(&self, at: ValidAt) -> bool {
        let moment = at.moment();
        let within = self.valid.from <= moment && self.end().is_none_or(|end| moment < end);
        let stands = matches!(at, ValidAt::Moment(_)) || self.state == ConsentState::Given;
        self.is_answer_of_yes() && within && stands
    }

    fn why_not(&self, at: Instant) -> Reason {
        match self.state {
            ConsentState::Declined => Reason::ConsentDeclined,
            ConsentState::Annulled { .. } => Reason::ConsentAnnulled,
            _ if at < self.valid.from => Reason::ConsentNotStarted,
            ConsentState::Withdrawn { .. } => Reason::ConsentWithdrawn,
            ConsentState::Lapsed { .. } => Reason::ConsentLapsed,
            ConsentState::Given => Reason::ConsentExpired,
        }
    }
}

impl KnownItem {
    /// Whether everything that the question names lies within this specific consent.
    fn covers(&self, asked: &ConsentCheck) -> bool {
        let item = &self.item;
        let listed = |named: &[crate::catalogue::Named], code: &Option<Code>, needed: bool| match code {
            Some(code) => named.iter().any(|one| one.code == *code),
            None => !needed || !named.is_empty(),
        };
        item.data.iter().any(|data| data.code == asked.category)
            && asked.consent_type.as_ref().is_none_or(|code| *code == self.entry.code)
            && listed(&item.sources, &asked.source, asked.operation == Operation::Obtain)
            && listed(&item.recipients, &asked.recipient, asked.operation == Operation::Disclose)
    }
}

/// The answer, from what is known. An opt-out wins over every consent.
pub fn decide_consent(
    asked: &ConsentCheck,
    asker: &Asker,
    at: ValidAt,
    facts: &ConsentFacts,
    book: &Book,
) -> Answer {
    if let Asker::Employee { authority, .. } | Asker::System { authority, .. } = asker
        && *authority != asked.authority
    {
        return Answer::no(Reason::OtherAuthority);
    }
    let in_scope: Vec<(&ConsentSeen, &KnownItem)> = facts
        .consents
        .iter()
        .filter_map(|consent| Some((consent, book.item(consent.entry, &consent.item)?)))
        .filter(|(_, item)| asker.sees(item.authority, Some(&item.kle), item.sensitivity))
        .filter(|(consent, item)| {
            item.covers(asked) && consent.terms.admit(asked.source.as_ref(), asked.recipient.as_ref())
        })
        .collect();
    let (forbidding, permitting): (Vec<_>, Vec<_>) =
        in_scope.into_iter().partition(|(_, item)| item.polarity == Polarity::OptOut);
    let case = asked.case.as_ref();
    let applies = |consent: &ConsentSeen| consent.case.is_none() || consent.case.as_ref() == case;
    if forbidding.iter().any(|(consent, _)| applies(consent) && consent.holds(at)) {
        return Answer::no(Reason::OptedOut);
    }
    let holding: Vec<&ConsentSeen> =
        permitting.iter().map(|(consent, _)| *consent).filter(|c| applies(c) && c.holds(at)).collect();
    if holding.is_empty() {
        let reason = why_none(&permitting, applies, at, facts);
        return Answer {
            verdict: Verdict::No(reason),
            would_permit: would_permit(asked, asker, at, facts, book),
        };
    }
    let opt_out_begins = forbidding
        .iter()
        .filter(|(consent, _)| {
            applies(consent) && consent.is_answer_of_yes() && consent.valid.from > at.moment()
        })
        .filter(|(consent, _)| consent.end().is_none_or(|end| end > consent.valid.from))
        .map(|(consent, _)| consent.valid.from)
        .min();
    let until = if holding.iter().any(|c| c.end().is_none()) {
        None
    } else {
        holding.iter().filter_map(|c| c.end()).max()
    };
    let valid_until = match (until, opt_out_begins) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let mut basis: Vec<Ground> = holding
        .iter()
        .map(|c| Ground { kind: "CONSENT".to_owned(), id: c.id.as_uuid(), version: c.version })
        .collect();
    basis.sort();
    Answer { verdict: Verdict::Yes { basis, valid_until }, would_permit: Vec::new() }
}

fn why_none(
    in_scope: &[(&ConsentSeen, &KnownItem)],
    applies: impl Fn(&ConsentSeen) -> bool,
    at: ValidAt,
    facts: &ConsentFacts,
) -> Reason {
    let newest = in_scope.iter().map(|(c, _)| *c).filter(|c| applies(c)).max_by_key(|c| (c.valid.from, c.id));
    match newest {
        Some(consent) => consent.why_not(at.moment()),
        None if facts.consents.iter().any(|c| c.holds(at)) => Reason::ConsentDoesNotCover,
        None => Reason::NoConsent,
    }
}

/// The specific consent that covers the question and tells the least beside it.
fn would_permit(
    asked: &ConsentCheck,
    asker: &Asker,
    at: ValidAt,
    facts: &ConsentFacts,
    book: &Book,
) -> Vec<Missing> {
    if facts.died {
        return Vec::new();
    }
    let age = facts.born.map(|born| at.moment().local_date().years_since(born));
    let breadth = |k: &KnownItem| (k.item.data.len(), k.item.sources.len() + k.item.recipients.len());
    let least = book
        .items()
        .filter(|k| k.in_use && k.polarity == Polarity::Consent && k.authority == asked.authority)
        .filter(|k| asker.sees(k.authority, Some(&k.kle), k.sensitivity) && k.covers(asked))
        .filter(|k| asked.case.is_some() || k.case_binding != CaseBinding::Required)
        .filter(|k| age.is_none_or(|age| age >= i32::from(k.min_age)))
        .min_by(|a, b| {
            let key = |k: &KnownItem| (breadth(k), k.entry.code.clone(), k.item.code.clone());
            key(a).cmp(&key(b))
        });
    let Some(least) = least else { return Vec::new() };
    vec![Missing::ConsentRequest {
        person: PersonAsked { id: asked.person },
        consent_type: least.entry.code.clone(),
        items: vec![least.item.code.clone()],
        case: asked.case.clone(),
    }]
}
