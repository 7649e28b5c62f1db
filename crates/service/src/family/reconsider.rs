//! What becomes of a child's consents, requests and mandates when others have custody than before.

use crate::{Call, Error, Service, consent::ask::last_day_within};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Instant,
    catalogue::Shelf,
    consent::{Consent, ConsentStanding},
    event::{EndCause, Event, Fact},
    family::{Family, who_answers},
    id::RequestId,
    request::{ConsentRequest, RequestStanding, RequestState},
    text::{CaseRef, Code},
};
use tillid_storage::{Tx, Write};

/// More than any child has; all of it is reconsidered in one transaction.
const ALL: u32 = 100_000;

impl Service {
    /// The events that follow for a locked child whose family is now this one, and has been since then.
    pub(crate) async fn reconsidered(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        family: &Family,
        since: Instant,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let (mut events, mut lapsed) = (Vec::new(), Vec::new());
        for consent in tx.consents_of(family.child, None, None, ALL).await? {
            if self.still_carried(tx, &consent, family, now).await? {
                continue;
            }
            // It cannot have lapsed before it was given.
            let effective_at = since.max(consent.answer.valid.from);
            let (over, fact) = consent.lapse(EndCause::CustodyChanged, effective_at, now)?;
            events.push(self.event(call, now, &over, fact));
            lapsed.push(over);
        }
        for request in tx.requests_to(family.child, None, None, ALL).await? {
            if request.standing(now) != RequestStanding::Open {
                continue;
            }
            let entry = self.known_entry(tx, request.entry.entry).await?;
            let Some(of) = entry.consent_type() else { continue };
            if let Ok(deciders) = who_answers(of, family, now.local_date()) {
                let (_, decided) = self.decided_together(call, request, &entry, family, &deciders, now)?;
                events.extend(decided);
            }
        }
        events.extend(self.asked_anew(call, tx, &lapsed, now).await?);
        events.extend(self.mandates_reconsidered(call, tx, family, since, now).await?);
        Ok(events)
    }

    pub(crate) async fn still_carried(
        &self,
        tx: &mut Tx<Write>,
        consent: &Consent,
        family: &Family,
        now: Instant,
    ) -> Result<bool, Error> {
        let stands = matches!(consent.standing(now), ConsentStanding::Active | ConsentStanding::Planned);
        if !stands || consent.answer.for_child.is_none() {
            return Ok(true);
        }
        let entry = self.known_entry(tx, consent.answer.entry.entry).await?;
        let Some(of) = entry.consent_type() else { return Ok(true) };
        let excepted = match consent.answer.request {
            Some(id) => tx.request(id).await?.map(|request| request.excepted()).unwrap_or_default(),
            None => BTreeSet::new(),
        };
        let deciders = who_answers(of, family, now.local_date());
        Ok(consent.is_carried(deciders.as_ref().map_err(|reason| *reason), &excepted))
    }

    /// Asks anew, of whoever answers now, for what has lapsed and is still in use: one request for each type and case.
    pub(crate) async fn asked_anew(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        lapsed: &[Consent],
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let mut wanted: BTreeMap<(Code, Option<CaseRef>), Vec<&Consent>> = BTreeMap::new();
        for consent in lapsed {
            let of = (consent.answer.entry.code.clone(), consent.answer.case.clone());
            wanted.entry(of).or_default().push(consent);
        }
        let mut events = Vec::with_capacity(wanted.len());
        for ((code, case), consents) in wanted {
            let Some(entry) = self.in_use(tx, Shelf::ConsentType, &code).await? else { continue };
            let (Some(of), Some(first)) = (entry.consent_type(), consents.first()) else { continue };
            let lapsed = |item: &Code| consents.iter().any(|consent| consent.answer.item == *item);
            let items: Vec<Code> = of.items.iter().map(|i| i.code.clone()).filter(lapsed).collect();
            if items.is_empty() {
                continue;
            }
            let request = ConsentRequest {
                id: RequestId::from_uuid(self.ambient.id()),
                revision: 1,
                person: first.answer.person,
                authority: of.authority,
                asked_by: call.trace(),
                asked_at: now,
                entry: entry.version(),
                items,
                case,
                deadline: last_day_within(&first.answer.terms, None, now)?.next().start(),
                terms: first.answer.terms.clone(),
                state: RequestState::Open,
                voices: Vec::new(),
                exceptions: Vec::new(),
            };
            let fact = Fact::ConsentRequested {
                person: request.person,
                authority: request.authority,
                entry: request.entry.clone(),
                items: request.items.clone(),
                case: request.case.clone(),
                deadline: request.deadline,
                terms: request.terms.clone(),
            };
            events.push(self.event(call, now, &request, fact));
        }
        Ok(events)
    }
}
