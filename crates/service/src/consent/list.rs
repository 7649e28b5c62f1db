//! The list of the consents that were given to an authority. It is a look at each person on it, with the purpose that was stated.

use crate::{
    Call, Error, Service,
    consent::{
        confined_to,
        view::{TypedConsent, type_subject},
    },
};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Cvr, Instant, Reason,
    access::{AccessRecord, Act, Outcome, Subject, may},
    actor::Purpose,
    catalogue::ConsentType,
    consent::Consent,
    id::{EntryId, PersonId},
    listing::{ConsentFilter, ConsentPlace},
    text::Name,
};
use tillid_storage::{ConsentPart, Read, Tx};

/// How many consents are read for one part. Where the caller may see few of them, a part is short, and the next one goes on.
const READ_AT_MOST: usize = 5_000;

/// What is listed, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewListing {
    /// For which purpose.
    pub purpose: Purpose,
    /// Which consents; the case that they are for is the one of the purpose.
    pub filter: ConsentFilter,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListPart {
    /// The first.
    First,
    /// What comes after that place.
    After(ConsentPlace),
    /// What comes right before it.
    Before(ConsentPlace),
}

/// A consent in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedConsent {
    /// The consent.
    pub typed: TypedConsent,
    /// Whose it is, where the name is known.
    pub name: Option<Name>,
}

/// A part of a list of consents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentList {
    /// The part, in the order of the list; it can be empty and not the last.
    pub items: Vec<ListedConsent>,
    /// The place that what comes right before it comes before, if anything may.
    pub before: Option<ConsentPlace>,
    /// The place that what comes after it comes after, if anything may.
    pub after: Option<ConsentPlace>,
}

/// The visible consents of a part, in the order in which they were read, and where the reading stopped if not at the end.
struct Gathered {
    items: Vec<TypedConsent>,
    stopped: Option<ConsentPlace>,
}

impl Service {
    /// The consents that were given to the caller's authority, as far as the caller may see them. It stands in the log of each person
    /// concerned.
    pub async fn list_given_consents(
        &self,
        call: &Call,
        new: &NewListing,
        part: ListPart,
        limit: u32,
    ) -> Result<ConsentList, Error> {
        let authority = confined_to(&call.actor).ok_or(Error::Denied(Reason::StaffOnly))?;
        let subject =
            Subject { authority: Some(authority), purpose: Some(purpose_of(new)), ..Subject::default() };
        may(&call.actor, Act::ListConsents, &subject)?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let gathered = self.gather(&mut tx, call, authority, new, part, limit, now).await?;
        let list = self.listed(&mut tx, &new.filter, part, gathered).await?;
        drop(tx);
        let seen: BTreeSet<PersonId> = list.items.iter().map(|i| i.typed.consent.answer.person).collect();
        let look = |person| AccessRecord {
            purpose: Some(new.purpose),
            case: new.filter.case.clone(),
            ..self.look(call, person, Act::ListConsents, Outcome::Found, now)
        };
        self.record(seen.into_iter().map(look).collect(), now).await?;
        Ok(list)
    }

    async fn gather(
        &self,
        tx: &mut Tx<Read>,
        call: &Call,
        authority: Cvr,
        new: &NewListing,
        part: ListPart,
        limit: u32,
        now: Instant,
    ) -> Result<Gathered, Error> {
        let (mut after, back) = match part {
            ListPart::First => (None, false),
            ListPart::After(place) => (Some(place), false),
            ListPart::Before(place) => (Some(place), true),
        };
        let wanted = limit as usize;
        let (mut items, mut types, mut read) = (Vec::new(), BTreeMap::new(), 0);
        // What the caller may not see leaves no gap: the part is cut among what they see.
        loop {
            let next = ConsentPart { authority, filter: &new.filter, now, after, back, limit: limit + 1 };
            let batch = tx.consents_towards(&next).await?;
            let last = batch.len() <= wanted;
            read += batch.len();
            for consent in batch {
                let place = new.filter.place(&consent);
                let of = self.type_once(tx, &mut types, &consent).await?;
                let subject = Subject {
                    person: Some(consent.answer.person),
                    purpose: Some(purpose_of(new)),
                    ..type_subject(&of)
                };
                if may(&call.actor, Act::ListConsents, &subject).is_ok() {
                    if items.len() == wanted {
                        return Ok(Gathered { items, stopped: after });
                    }
                    items.push(TypedConsent::new(consent, &of, now));
                }
                after = Some(place);
            }
            if last {
                return Ok(Gathered { items, stopped: None });
            }
            if read >= READ_AT_MOST {
                return Ok(Gathered { items, stopped: after });
            }
        }
    }

    /// The type of a consent; each version is read once.
    async fn type_once(
        &self,
        tx: &mut Tx<Read>,
        known: &mut BTreeMap<EntryId, ConsentType>,
        consent: &Consent,
    ) -> Result<ConsentType, Error> {
        let id = consent.answer.entry.entry;
        if let Some(of) = known.get(&id) {
            return Ok(of.clone());
        }
        let entry = self.known_entry(tx, id).await?;
        let of = entry.consent_type().cloned().ok_or(Error::NotFound)?;
        known.insert(id, of.clone());
        Ok(of)
    }

    async fn listed(
        &self,
        tx: &mut Tx<Read>,
        filter: &ConsentFilter,
        part: ListPart,
        gathered: Gathered,
    ) -> Result<ConsentList, Error> {
        let Gathered { items: mut found, stopped } = gathered;
        let back = matches!(part, ListPart::Before(_));
        if back {
            found.reverse();
        }
        let place = |typed: Option<&TypedConsent>| typed.map(|typed| filter.place(&typed.consent));
        // Where nothing of the part can be seen, both ways lead on from where it was looked for.
        let (origin, stops) = (part.place(), stopped.is_some());
        let (first, last) = (place(found.first()).or(origin), place(found.last()).or(origin));
        let (before, after) = if back {
            (stopped.or(first).filter(|_| stops), last)
        } else {
            (first.filter(|_| origin.is_some()), stopped)
        };
        let mut names = BTreeMap::new();
        let mut items = Vec::with_capacity(found.len());
        for typed in found {
            let person = typed.consent.answer.person;
            if let std::collections::btree_map::Entry::Vacant(vacant) = names.entry(person) {
                vacant.insert(self.name_of(tx, person).await?);
            }
            let name = names.get(&person).cloned().flatten();
            items.push(ListedConsent { typed, name });
        }
        Ok(ConsentList { items, before, after })
    }
}

impl ListPart {
    const fn place(self) -> Option<ConsentPlace> {
        match self {
            Self::First => None,
            Self::After(place) | Self::Before(place) => Some(place),
        }
    }
}

const fn purpose_of(new: &NewListing) -> (Purpose, bool) {
    (new.purpose, new.filter.case.is_some())
}
