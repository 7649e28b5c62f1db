//! Staff and systems look a person up, with a purpose, before they see anything.

use crate::{
    Call, Error, Service,
    consent::view::TypedConsent,
    guard::is_staff,
    mandate::{Member, other_sides},
    person::register::PersonRef,
    statutory::{StatutorySeen, sides},
    times::{AsOf, Then, Times},
};
use tillid_domain::{
    Instant, Reason,
    access::{AccessRecord, Act, Outcome, Subject},
    actor::Purpose,
    catalogue::ConsentType,
    id::PersonId,
    mandate::{Mandate, MandateStanding},
    person::Person,
    presentation::Presentation,
    request::ConsentRequest,
    text::{CaseRef, Name},
};
use tillid_storage::Tx;

/// How long a look-up permits reads, in seconds.
const PERMITS_FOR: i64 = 30 * 60;
/// How many consents and mandates a look-up answers with; the lists have the rest.
const FIRST: u32 = 100;

/// Whom somebody looks up, and why.
#[derive(Clone, Debug)]
pub struct NewLookup {
    /// Whom.
    pub person: PersonRef,
    /// For what.
    pub purpose: Purpose,
    /// In which case.
    pub case: Option<CaseRef>,
}

/// A consent as staff see it.
pub type FoundConsent = TypedConsent;

/// A mandate as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMandate {
    /// The mandate.
    pub mandate: Mandate,
    /// Where it stands.
    pub standing: MandateStanding,
    /// The representative's name, where it is known.
    pub representative_name: Option<Name>,
    /// The grantor's name, to those who hold it together: nobody else tells them, since none of them can act for that person alone.
    pub grantor_name: Option<Name>,
    /// Who gives or holds it together; where one mandate is looked at, and it is not over.
    pub members: Vec<Member>,
}

/// What a look-up found.
#[derive(Clone, Debug)]
pub struct LookedUp {
    /// The record of it, which permits the reads that follow.
    pub record: AccessRecord,
    /// The person.
    pub person: Person,
    /// Their consents towards the caller's authority, the newest first.
    pub consents: Vec<FoundConsent>,
    /// Whether there are more than these.
    pub more_consents: bool,
    /// Who may act for them, or for whom they may act, with privileges of the caller's authority.
    pub mandates: Vec<FoundMandate>,
    /// The moment the answer holds for.
    pub now: Instant,
    /// Of which times it tells, where they are not both now.
    pub as_of: Option<AsOf>,
}

/// What there is to see under a look-up, for as long as it permits.
#[derive(Clone, Debug)]
pub struct UnderLookup {
    /// The record of the look-up.
    pub record: AccessRecord,
    /// The person; without a name where nothing was found, so that a number alone buys no name.
    pub person: Person,
    /// Their consents towards the caller's authority, the newest first.
    pub consents: Vec<FoundConsent>,
    /// The requests of the caller's authority, the newest first.
    pub requests: Vec<(ConsentRequest, ConsentType)>,
    /// The forms on paper that wait for their answer, the newest first.
    pub forms: Vec<(Presentation, ConsentType)>,
    /// Who may act for them, or for whom they may act, with privileges of the caller's authority.
    pub mandates: Vec<FoundMandate>,
    /// What is held over them or by them by law or decision.
    pub statutory: Vec<StatutorySeen>,
    /// Whether there is more than these.
    pub more: bool,
    /// The moment the answer holds for.
    pub now: Instant,
}

impl Service {
    /// The record of the look-up that the call reads under: whom, for what, in which case and until when.
    pub async fn lookup(&self, call: &Call) -> Result<AccessRecord, Error> {
        if !is_staff(&call.actor) {
            return Err(Error::Denied(Reason::StaffOnly));
        }
        let id = call.lookup.ok_or(Error::Denied(Reason::LookupMissing))?;
        let tx = self.store.read().await?;
        let (mut tx, _) = self.in_view(tx, call).await?;
        tx.access_record(id).await?.ok_or(Error::Denied(Reason::LookupInvalid))
    }

    /// Everything that there is to see under the look-up, with one record of the read.
    pub async fn read_lookup(&self, call: &Call) -> Result<UnderLookup, Error> {
        let record = self.lookup(call).await?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (mut tx, view) = self.in_view(tx, call).await?;
        let consents = self.consents_in_view(&mut tx, call, view.person, None, FIRST, now).await?;
        let requests = self.requests_in_view(&mut tx, call, view.person, None, FIRST, now).await?;
        let forms = self.forms_in_view(&mut tx, call, view.person, now).await?;
        let mandates = self.mandates_in_view(&mut tx, call, view.person, None, FIRST, now).await?;
        let more = consents.next.is_some() || requests.next.is_some() || mandates.next.is_some();
        let statutory = self.statutory_in_view(&mut tx, call, view.person, now).await?;
        let mut others = other_sides(&mandates.items, view.person);
        others.extend(sides(&statutory, view.person));
        others.sort_unstable();
        others.dedup();
        let mandates = self.found(&mut tx, mandates.items, &Then::now(now)).await?;
        let found = !(consents.items.is_empty() && requests.items.is_empty() && mandates.is_empty());
        let person = self.known_person(&mut tx, view.person).await?;
        let person = Person { name: person.name.filter(|_| found), ..person };
        drop(tx);
        let anything = found || !forms.is_empty() || !statutory.is_empty();
        self.watched_with(call, &view, &others, Act::SeeOverview, None, anything, now).await?;
        let (consents, requests) = (consents.items, requests.items);
        Ok(UnderLookup { record, person, consents, requests, forms, mandates, statutory, more, now })
    }

    async fn found<M>(
        &self,
        tx: &mut Tx<M>,
        mandates: Vec<Mandate>,
        then: &Then,
    ) -> Result<Vec<FoundMandate>, Error> {
        let mut found = Vec::with_capacity(mandates.len());
        for mandate in mandates {
            let representative_name = self.name_of(tx, mandate.representative).await?;
            let standing = then.of_mandate(&mandate);
            found.push(FoundMandate {
                standing,
                mandate,
                representative_name,
                grantor_name: None,
                members: Vec::new(),
            });
        }
        Ok(found)
    }

    /// Looks a person up. It stands in the person's log before the answer is given, also when nothing was found and when it
    /// was refused.
    pub async fn look_up(&self, call: &Call, new: &NewLookup) -> Result<LookedUp, Error> {
        self.look_up_at(call, new, Times::NOW).await
    }

    /// The same, as things were then and as far as was known then.
    pub async fn look_up_at(&self, call: &Call, new: &NewLookup, times: Times) -> Result<LookedUp, Error> {
        let purpose = Some((new.purpose, new.case.is_some()));
        // Whoever never looks anybody up is told so without making anybody known.
        let early =
            tillid_domain::access::may(&call.actor, Act::LookUp, &Subject { purpose, ..Subject::default() });
        if crate::guard::principal(&call.actor).is_some() {
            early?;
        }
        let Some(person) = self.resolve(call, &new.person).await? else {
            early?;
            return Err(Error::NotFound);
        };
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let subject = Subject { person: Some(person), purpose, ..Subject::default() };
        let decision = self.may(&mut tx, call, Act::LookUp, &subject, now).await?;
        let record = AccessRecord {
            purpose: Some(new.purpose),
            case: new.case.clone(),
            lookup: None,
            ..self.look(call, person, Act::LookUp, Outcome::Refused, now)
        };
        if let Err(refusal) = decision {
            drop(tx);
            self.record(vec![record], now).await?;
            return Err(refusal.into());
        }
        let then = self.then(&mut tx, person, times, now).await?;
        let consents = self.consents_then(&mut tx, call, person, None, FIRST, now, &then).await?;
        let mandates = self.mandates_then(&mut tx, call, person, None, FIRST, now, &then).await?.items;
        let mandates = self.found(&mut tx, mandates, &then).await?;
        let person = self.known_person(&mut tx, person).await?;
        drop(tx);
        let nothing = consents.items.is_empty() && mandates.is_empty();
        let record = AccessRecord {
            outcome: if nothing { Outcome::Nothing } else { Outcome::Found },
            permits_until: Some(self.ambient.now().plus_seconds(PERMITS_FOR)),
            ..record
        };
        // The other side of each mandate that is shown sees it in their log too.
        let others = other_sides(mandates.iter().map(|m| &m.mandate), person.id).into_iter().map(|other| {
            AccessRecord {
                purpose: record.purpose,
                case: record.case.clone(),
                lookup: Some(record.id),
                ..self.look(call, other, Act::SeeMandate, Outcome::Found, now)
            }
        });
        let records = std::iter::once(record.clone()).chain(others).collect();
        self.record(records, now).await?;
        Ok(LookedUp {
            record,
            person,
            more_consents: consents.next.is_some(),
            consents: consents.items,
            mandates,
            now,
            as_of: then.as_of(),
        })
    }

    pub(crate) async fn name_of<M>(&self, tx: &mut Tx<M>, person: PersonId) -> Result<Option<Name>, Error> {
        Ok(self.known_person(tx, person).await?.name)
    }
}
