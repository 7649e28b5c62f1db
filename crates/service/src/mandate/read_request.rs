//! Reads of requests for mandates: those to oneself, those one would act under, those under a look-up.

use crate::{
    Call, Error, Service,
    catalogue::Page,
    consent::{self, BATCH},
    guard::Rights,
    mandate::request::{RequestReader, SeenMandateRequest, request_subject},
};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant,
    access::Act,
    actor::Who,
    id::{MandateRequestId, PersonId},
    mandate_request::{MandateRequest, MandateRequestStanding},
};
use tillid_storage::Tx;

impl Service {
    /// One request.
    pub async fn read_mandate_request(
        &self,
        call: &Call,
        id: MandateRequestId,
    ) -> Result<SeenMandateRequest, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeMandateRequest, person, now).await?;
        let seen = match tx.mandate_request(id).await? {
            Some(request) => {
                let request = self.own(&mut tx, person).await?.mandate_request(request);
                let rights = self.rights(&mut tx, call, now).await?;
                self.mandate_request_in_view(&mut tx, call, person, request, &rights, now).await?
            }
            None => None,
        };
        drop(tx);
        let others = sides_but(seen.as_ref(), person);
        let (act, target) = (Act::SeeMandateRequest, Some(id.as_uuid()));
        self.watched_with(call, &view, &others, act, target, seen.is_some(), now).await?;
        seen.ok_or(Error::NotFound)
    }

    /// The requests of the person in view that the caller may see, the newest first.
    pub async fn list_mandate_requests(
        &self,
        call: &Call,
        below: Option<MandateRequestId>,
        limit: u32,
    ) -> Result<Page<SeenMandateRequest, MandateRequestId>, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeMandateRequest, person, now).await?;
        let page = self.mandate_requests_in_view(&mut tx, call, person, below, limit, now).await?;
        drop(tx);
        let others = sides_but(&page.items, person);
        let found = !page.items.is_empty();
        self.watched_with(call, &view, &others, Act::SeeMandateRequest, None, found, now).await?;
        Ok(page)
    }

    pub(crate) async fn mandate_requests_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        below: Option<MandateRequestId>,
        limit: u32,
        now: Instant,
    ) -> Result<Page<SeenMandateRequest, MandateRequestId>, Error> {
        let rights = self.rights(tx, call, now).await?;
        let own = self.own(tx, person).await?;
        let (mut items, mut from) = (Vec::new(), below);
        loop {
            let batch = tx.mandate_requests_of(person, from, BATCH).await?;
            let last = batch.len() < BATCH as usize;
            for request in batch {
                from = Some(request.id);
                let request = own.mandate_request(request);
                items.extend(self.mandate_request_in_view(tx, call, person, request, &rights, now).await?);
            }
            if last || items.len() > limit as usize {
                return Ok(Page::cut(items, limit, |seen| seen.request.id));
            }
        }
    }

    /// The request as the caller may see it. Citizens see what they are a party to; staff and systems see the packages of their own
    /// authority, up to their sensitivity, and nothing of what they are a party to themselves. Registrars, who print what waits for
    /// the person before them (M3), see all of that: they print the packages of every authority.
    async fn mandate_request_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        request: MandateRequest,
        rights: &Rights,
        now: Instant,
    ) -> Result<Option<SeenMandateRequest>, Error> {
        let parties = [request.grantor, request.representative];
        if !parties.contains(&person) {
            return Ok(None);
        }
        if consent::confined_to(&call.actor).is_none() {
            let subject = request_subject(&request);
            if rights.allow(call, Act::SeeMandateRequest, &subject).is_err() {
                return Ok(None);
            }
            let (reader, name) = if request.grantor == person {
                (RequestReader::Grantor, self.name_of(tx, request.representative).await?)
            } else {
                (RequestReader::Representative, None)
            };
            return Ok(Some(SeenMandateRequest::new(request, reader, name, now)));
        }
        if matches!(&call.actor.who, Who::Employee(e) if e.person.is_some_and(|me| parties.contains(&me))) {
            return Ok(None);
        }
        let waits_for_them =
            request.grantor == person && request.standing(now) == MandateRequestStanding::Open;
        if waits_for_them && self.may_serve(call, person, Act::RegisterMandate).is_ok() {
            return Ok(Some(SeenMandateRequest::new(request, RequestReader::Looker, None, now)));
        }
        let (packages, privileges) = self
            .packages_in_view(
                tx,
                call,
                Act::SeeMandateRequest,
                person,
                &request.packages,
                &request.privileges,
                rights,
            )
            .await?;
        if packages.is_empty() {
            return Ok(None);
        }
        let request = MandateRequest { packages, privileges, ..request };
        Ok(Some(SeenMandateRequest::new(request, RequestReader::Looker, None, now)))
    }
}

/// Who else is seen with a person in these requests: each once.
fn sides_but<'a>(
    requests: impl IntoIterator<Item = &'a SeenMandateRequest>,
    person: PersonId,
) -> Vec<PersonId> {
    let sides = requests.into_iter().flat_map(|seen| [seen.request.grantor, seen.request.representative]);
    let others: BTreeSet<PersonId> = sides.filter(|side| *side != person).collect();
    others.into_iter().collect()
}
