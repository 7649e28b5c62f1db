//! A person answers a request for a power of attorney. To approve it is to give the mandate: what was shown, and all that giving asks
//! for, is the same.

use crate::{
    Call, Done, Error, Service,
    guard::principal,
    mandate::{
        give::{Giving, Planned},
        request::{RequestReader, SeenMandateRequest, request_subject},
    },
};
use tillid_domain::{
    Instant, Reason,
    access::Act,
    id::{MandateRequestId, PersonId, PresentationId},
    mandate::{Mandate, MandateRoute},
    mandate_request::MandateRequest,
    presentation::Presented,
};
use tillid_storage::{Tx, Write};

impl Service {
    /// What approving the request would give, to be shown to the grantor who is asked.
    pub(crate) async fn planned_answer(
        &self,
        tx: &mut Tx<Write>,
        grantor: PersonId,
        id: MandateRequestId,
        now: Instant,
    ) -> Result<Planned, Error> {
        let request = tx.mandate_request(id).await?.filter(|r| r.grantor == grantor);
        let request = request.ok_or(Error::NotFound)?;
        request.must_be_open(now)?;
        let mut entries = Vec::with_capacity(request.packages.len());
        for version in &request.packages {
            let entry = self.known_entry(tx, version.entry).await?;
            if !entry.is_published() {
                return Err(Error::Rule(Reason::EntryNotPublished));
            }
            entries.push(entry);
        }
        self.must_have_capacity(tx, grantor, &entries, now).await?;
        Ok(Planned {
            representative: request.representative,
            // Whoever asks a person to trust them tells their name by it.
            representative_name: self.name_of(tx, request.representative).await?,
            entries,
            until: request.until(),
            privileges: request.privileges,
            case: request.case,
            request: Some(id),
            renews: None,
            under: None,
            together: None,
            signs: None,
        })
    }

    /// Approves the request, and gives the mandate that was shown in this presentation.
    pub async fn approve_mandate_request(
        &self,
        call: &Call,
        id: MandateRequestId,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let outcome = self.approve(call, id, presentation).await;
        self.accounted(call, principal(&call.actor), Act::AnswerMandateRequest, outcome).await
    }

    async fn approve(
        &self,
        call: &Call,
        id: MandateRequestId,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let grantor = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        self.must_represent(call, Act::AnswerMandateRequest).await?;
        let mut tx = self.store.write().await?;
        if let Some(done) = self.given_before(&mut tx, call).await? {
            return Ok(done);
        }
        let (request, now) = self.request_to_answer(&mut tx, call, grantor, id).await?;
        self.must_be_fresh(call, Act::AnswerMandateRequest)?;
        call.must_expect(request.revision)?;
        // The state of the request comes before the text: an answer to a closed request is told that it is closed.
        request.must_be_open(now)?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        if !matches!(&shown.presented, Presented::Mandate { request: Some(of), .. } if *of == id) {
            return Err(mismatch());
        }
        let giving = Giving::by(grantor, MandateRoute::Digital);
        let mandate = self.mandate_as_shown(&mut tx, call, giving, &shown, now).await?;
        let given = self.event(call, now, &mandate, mandate.as_given());
        let (approved, fact) = request.approve(mandate.id, presentation, now)?;
        let ended = self.event(call, now, &approved, fact);
        self.settle(&mut tx, call, 201, mandate.id.as_uuid(), 1).await?;
        tx.commit(vec![ended, given], None).await?;
        Ok(Done { value: mandate, replayed: false })
    }

    /// Says no to the request. No reason is asked.
    pub async fn decline_mandate_request(
        &self,
        call: &Call,
        id: MandateRequestId,
    ) -> Result<Done<SeenMandateRequest>, Error> {
        let outcome = self.decline(call, id).await;
        self.accounted(call, principal(&call.actor), Act::AnswerMandateRequest, outcome).await
    }

    async fn decline(&self, call: &Call, id: MandateRequestId) -> Result<Done<SeenMandateRequest>, Error> {
        let grantor = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        self.must_represent(call, Act::AnswerMandateRequest).await?;
        let mut tx = self.store.write().await?;
        let before = self.claim(&mut tx, call).await?;
        let (request, now) = self.request_to_answer(&mut tx, call, grantor, id).await?;
        let name = self.name_of(&mut tx, request.representative).await?;
        if before.is_some() {
            let value = SeenMandateRequest::new(request, RequestReader::Grantor, name, now);
            return Ok(Done { value, replayed: true });
        }
        call.must_expect(request.revision)?;
        let (declined, fact) = request.decline(now)?;
        let event = self.event(call, now, &declined, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), declined.revision).await?;
        tx.commit(vec![event], None).await?;
        let value = SeenMandateRequest::new(declined, RequestReader::Grantor, name, now);
        Ok(Done { value, replayed: false })
    }

    /// The request to this grantor as it is under the locks of both sides, and the moment.
    async fn request_to_answer(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        grantor: PersonId,
        id: MandateRequestId,
    ) -> Result<(MandateRequest, Instant), Error> {
        // The parties of a request never change; its state is read again under their locks.
        let parties = tx.mandate_request(id).await?.filter(|r| r.grantor == grantor);
        let parties = parties.ok_or(Error::NotFound)?;
        tx.lock(&[grantor, parties.representative]).await?;
        let request = tx.mandate_request(id).await?.ok_or(Error::NotFound)?;
        let now = self.now(tx).await?;
        self.may(tx, call, Act::AnswerMandateRequest, &request_subject(&request), now).await??;
        Ok((request, now))
    }
}
