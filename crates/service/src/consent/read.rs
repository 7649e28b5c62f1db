//! Reads of consents and requests: one's own, those of whom one acts for, those of a person under a look-up.

use crate::{
    Call, Error, Service,
    catalogue::Page,
    consent::view::{TypedConsent, type_subject},
    family::Watcher,
    guard::Rights,
    times::{AsOf, Then, Times},
};
use tillid_domain::{
    Cvr, Instant,
    access::{Act, Subject},
    actor::{Actor, Who},
    catalogue::ConsentType,
    consent::Consent,
    id::{ConsentId, PersonId, RequestId},
    request::ConsentRequest,
};
use tillid_storage::Tx;

/// How many rows are read at a time while a page of visible ones is being filled.
pub(crate) const BATCH: u32 = 100;

/// The authority to whose data a list is confined; a citizen's is not.
pub(crate) fn confined_to(actor: &Actor) -> Option<Cvr> {
    match &actor.who {
        Who::Employee(e) => Some(e.authority),
        Who::System(m) => Some(m.authority),
        Who::Citizen { .. } | Who::Operator => None,
    }
}

impl Service {
    pub(crate) async fn typed<M>(
        &self,
        tx: &mut Tx<M>,
        consent: Consent,
        now: Instant,
    ) -> Result<TypedConsent, Error> {
        self.typed_then(tx, consent, &Then::now(now)).await
    }

    async fn typed_then<M>(
        &self,
        tx: &mut Tx<M>,
        consent: Consent,
        then: &Then,
    ) -> Result<TypedConsent, Error> {
        let entry = self.known_entry(tx, consent.answer.entry.entry).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        Ok(TypedConsent::then(consent, of, then))
    }

    async fn type_of<M>(&self, tx: &mut Tx<M>, request: &ConsentRequest) -> Result<ConsentType, Error> {
        let entry = self.known_entry(tx, request.entry.entry).await?;
        // Within what was asked for: no other sources and recipients are told of.
        entry.consent_type().map(|of| request.terms.of(of)).ok_or(Error::NotFound)
    }

    /// One consent.
    pub async fn read_consent(&self, call: &Call, id: ConsentId) -> Result<TypedConsent, Error> {
        Ok(self.read_consent_at(call, id, Times::NOW).await?.0)
    }

    /// One consent, as it was then and as far as was known then.
    pub async fn read_consent_at(
        &self,
        call: &Call,
        id: ConsentId,
        times: Times,
    ) -> Result<(TypedConsent, Option<AsOf>), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeConsent, person, now).await?;
        let then = self.then(&mut tx, person, times, now).await?;
        let own = self.own(&mut tx, person).await?;
        let found = match tx.consent(id).await?.filter(|c| own.is(c.answer.person)) {
            Some(consent) => self.as_known(&mut tx, consent, person, &then).await?,
            None => None,
        };
        let found = found.map(|consent| own.consent(consent));
        let typed = match found {
            Some(consent) => Some(self.typed_then(&mut tx, consent, &then).await?),
            None => None,
        };
        let watcher = self.watcher(&mut tx, call, now).await?;
        let visible = match &typed {
            Some(typed) => {
                self.may(&mut tx, call, Act::SeeConsent, &typed.subject(), now).await?.is_ok()
                    && self.shows_consent(&mut tx, watcher.as_ref(), typed).await?
            }
            None => false,
        };
        drop(tx);
        self.watched(call, &view, Act::SeeConsent, Some(id.as_uuid()), visible, now).await?;
        let typed = typed.filter(|_| visible).ok_or(Error::NotFound)?;
        Ok((typed, then.as_of()))
    }

    /// The consents of the person in view that the caller may see, the newest first.
    pub async fn list_consents(
        &self,
        call: &Call,
        below: Option<ConsentId>,
        limit: u32,
    ) -> Result<Page<TypedConsent, ConsentId>, Error> {
        Ok(self.list_consents_at(call, Times::NOW, below, limit).await?.0)
    }

    /// The same, as they were then and as far as was known then.
    pub async fn list_consents_at(
        &self,
        call: &Call,
        times: Times,
        below: Option<ConsentId>,
        limit: u32,
    ) -> Result<(Page<TypedConsent, ConsentId>, Option<AsOf>), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeConsent, person, now).await?;
        let then = self.then(&mut tx, person, times, now).await?;
        let page = self.consents_then(&mut tx, call, person, below, limit, now, &then).await?;
        drop(tx);
        self.watched(call, &view, Act::SeeConsent, None, !page.items.is_empty(), now).await?;
        Ok((page, then.as_of()))
    }

    pub(crate) async fn consents_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        below: Option<ConsentId>,
        limit: u32,
        now: Instant,
    ) -> Result<Page<TypedConsent, ConsentId>, Error> {
        self.consents_then(tx, call, person, below, limit, now, &Then::now(now)).await
    }

    pub(crate) async fn consents_then<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        below: Option<ConsentId>,
        limit: u32,
        now: Instant,
        then: &Then,
    ) -> Result<Page<TypedConsent, ConsentId>, Error> {
        let watcher = self.watcher(tx, call, now).await?;
        let rights = self.rights(tx, call, now).await?;
        let own = self.own(tx, person).await?;
        let (mut items, mut from) = (Vec::new(), below);
        // What the caller may not see leaves no gap and no cursor: the page is cut among what they see.
        loop {
            let batch = tx.consents_of(person, confined_to(&call.actor), from, BATCH).await?;
            let last = batch.len() < BATCH as usize;
            for consent in batch {
                from = Some(consent.id);
                let Some(consent) = self.as_known(tx, consent, person, then).await? else { continue };
                let typed = self.typed_then(tx, own.consent(consent), then).await?;
                if rights.allow(call, Act::SeeConsent, &typed.subject()).is_ok()
                    && self.shows_consent(tx, watcher.as_ref(), &typed).await?
                {
                    items.push(typed);
                }
            }
            if last || items.len() > limit as usize {
                return Ok(Page::cut(items, limit, |typed| typed.consent.id));
            }
        }
    }

    /// One request.
    pub async fn read_request(
        &self,
        call: &Call,
        id: RequestId,
    ) -> Result<(ConsentRequest, ConsentType, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeRequest, person, now).await?;
        let own = self.own(&mut tx, person).await?;
        let found = tx.request(id).await?.filter(|r| own.is(r.person)).map(|r| own.request(r));
        let seen = match found {
            Some(request) => {
                let (rights, watcher) =
                    (self.rights(&mut tx, call, now).await?, self.watcher(&mut tx, call, now).await?);
                self.request_in_view(&mut tx, call, request, &rights, watcher.as_ref()).await?
            }
            None => None,
        };
        drop(tx);
        self.watched(call, &view, Act::SeeRequest, Some(id.as_uuid()), seen.is_some(), now).await?;
        seen.map(|(request, of)| (request, of, now)).ok_or(Error::NotFound)
    }

    /// The requests to the person in view that the caller may see, the newest first.
    pub async fn list_requests(
        &self,
        call: &Call,
        below: Option<RequestId>,
        limit: u32,
    ) -> Result<(Page<(ConsentRequest, ConsentType), RequestId>, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeRequest, person, now).await?;
        let page = self.requests_in_view(&mut tx, call, person, below, limit, now).await?;
        drop(tx);
        self.watched(call, &view, Act::SeeRequest, None, !page.items.is_empty(), now).await?;
        Ok((page, now))
    }

    pub(crate) async fn requests_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        person: PersonId,
        below: Option<RequestId>,
        limit: u32,
        now: Instant,
    ) -> Result<Page<(ConsentRequest, ConsentType), RequestId>, Error> {
        let (rights, watcher) = (self.rights(tx, call, now).await?, self.watcher(tx, call, now).await?);
        let own = self.own(tx, person).await?;
        let (mut items, mut from) = (Vec::new(), below);
        loop {
            let batch = tx.requests_to(person, confined_to(&call.actor), from, BATCH).await?;
            let last = batch.len() < BATCH as usize;
            for request in batch {
                from = Some(request.id);
                let request = own.request(request);
                items.extend(self.request_in_view(tx, call, request, &rights, watcher.as_ref()).await?);
            }
            if last || items.len() > limit as usize {
                return Ok(Page::cut(items, limit, |(request, _)| request.id));
            }
        }
    }

    async fn request_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        request: ConsentRequest,
        rights: &Rights,
        watcher: Option<&Watcher>,
    ) -> Result<Option<(ConsentRequest, ConsentType)>, Error> {
        let of = self.type_of(tx, &request).await?;
        let subject = Subject { person: Some(request.person), ..type_subject(&of) };
        let shown = watcher.is_none_or(|watcher| watcher.sees_request(&request, &of));
        let visible = shown && rights.allow(call, Act::SeeRequest, &subject).is_ok();
        Ok(visible.then_some((request, of)))
    }

    /// Refuses, with its reason and a record, a caller who may see nothing of this kind about the person at all. The record
    /// needs a connection of its own: whoever waited for one while holding another would keep everybody waiting.
    pub(crate) async fn must_see<M>(
        &self,
        mut tx: Tx<M>,
        call: &Call,
        act: Act,
        person: PersonId,
        now: Instant,
    ) -> Result<Tx<M>, Error> {
        if confined_to(&call.actor).is_some() {
            return Ok(tx);
        }
        let subject = Subject { person: Some(person), ..Subject::default() };
        match self.may(&mut tx, call, act, &subject, now).await? {
            Ok(()) => Ok(tx),
            Err(refusal) => {
                drop(tx);
                Err(self.refused(call, person, act, refusal, now).await)
            }
        }
    }
}
