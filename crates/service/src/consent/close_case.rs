//! An authority says that a case is decided; what was given for it alone ends with it.

use crate::{Call, Done, Error, Service, consent::view::type_subject};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, Reason,
    access::{Act, Outcome, Subject},
    consent::ConsentStanding,
    event::{EndCause, Event},
    id::PersonId,
    request::RequestStanding,
    text::CaseRef,
};
use tillid_storage::{Tx, Write};

/// More persons than a case has.
const MOST_PERSONS: usize = 1_000;

/// What ended with a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClosedCase {
    /// How many consents lapsed.
    pub consents: usize,
    /// How many open requests lapsed.
    pub requests: usize,
}

impl Service {
    /// Ends what was given, and what is still asked, for a case of the caller's authority, as far as it ends with the case and the
    /// caller may see it. Closing it again ends what has come since. It stands in the log of each person concerned.
    pub async fn close_case(&self, call: &Call, case: &CaseRef) -> Result<Done<ClosedCase>, Error> {
        let authority = super::confined_to(&call.actor).ok_or(Error::Denied(Reason::StaffOnly))?;
        let subject = Subject { authority: Some(authority), ..Subject::default() };
        tillid_domain::access::may(&call.actor, Act::CloseCase, &subject)?;
        let mut concerned: BTreeSet<PersonId> = BTreeSet::new();
        loop {
            let mut tx = self.store.write().await?;
            if self.claim(&mut tx, call).await?.is_some() {
                return Ok(Done { value: ClosedCase::default(), replayed: true });
            }
            tx.lock(&concerned.iter().copied().collect::<Vec<_>>()).await?;
            let everyone = tx.persons_of_case(authority, case).await?;
            if everyone.len() > MOST_PERSONS {
                return Err(Error::Rule(Reason::CaseTooLarge));
            }
            // Something given for the case before the locks were taken may concern somebody who is not locked yet.
            if !tx.holds(&everyone) {
                concerned.extend(everyone);
                continue;
            }
            return self.closed(tx, call, case, &everyone).await;
        }
    }

    async fn closed(
        &self,
        mut tx: Tx<Write>,
        call: &Call,
        case: &CaseRef,
        persons: &[PersonId],
    ) -> Result<Done<ClosedCase>, Error> {
        let now = self.now(&mut tx).await?;
        let (mut value, mut events, mut records) = (ClosedCase::default(), Vec::new(), Vec::new());
        for person in persons {
            let ended = self.ended_with(&mut tx, call, case, *person, now).await?;
            if ended.events.is_empty() {
                continue;
            }
            value.consents += ended.value.consents;
            value.requests += ended.value.requests;
            events.extend(ended.events);
            let mut record = self.look(call, *person, Act::CloseCase, Outcome::Found, now);
            record.case = Some(case.clone());
            records.push(record);
        }
        if events.is_empty() {
            return Ok(Done { value, replayed: false });
        }
        let target = events.first().map_or_else(uuid::Uuid::nil, |event| event.aggregate);
        self.settle(&mut tx, call, 200, target, 1).await?;
        let looks = self.looks(records, now);
        tx.commit(events, Some(looks)).await?;
        Ok(Done { value, replayed: false })
    }

    async fn ended_with(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        case: &CaseRef,
        person: PersonId,
        now: Instant,
    ) -> Result<Ended, Error> {
        let authority = super::confined_to(&call.actor);
        let mut ended = Ended::default();
        for consent in tx.consents_of(person, authority, None, u32::MAX).await? {
            let standing = consent.standing(now);
            if consent.answer.case.as_ref() != Some(case)
                || !matches!(standing, ConsentStanding::Active | ConsentStanding::Planned)
            {
                continue;
            }
            let typed = self.typed(tx, consent, now).await?;
            let sees = self.may(tx, call, Act::CloseCase, &typed.subject(), now).await?.is_ok();
            if sees && typed.of.duration.ends_with_case {
                let (lapsed, fact) = typed.consent.lapse(EndCause::CaseClosed, now, now)?;
                ended.events.push(self.event(call, now, &lapsed, fact));
                ended.value.consents += 1;
            }
        }
        for request in tx.requests_to(person, authority, None, u32::MAX).await? {
            if request.case.as_ref() != Some(case) || request.standing(now) != RequestStanding::Open {
                continue;
            }
            let entry = self.known_entry(tx, request.entry.entry).await?;
            let of = entry.consent_type().ok_or(Error::NotFound)?;
            let subject = Subject { person: Some(person), ..type_subject(of) };
            if self.may(tx, call, Act::CloseCase, &subject, now).await?.is_ok() {
                let (lapsed, fact) = request.lapse(EndCause::CaseClosed, now, now)?;
                ended.events.push(self.event(call, now, &lapsed, fact));
                ended.value.requests += 1;
            }
        }
        Ok(ended)
    }
}

#[derive(Default)]
struct Ended {
    value: ClosedCase,
    events: Vec<Event>,
}
