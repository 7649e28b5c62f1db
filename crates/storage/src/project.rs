//! What follows from an event in the tables. Each fact has its statement; nothing else writes a fact's table.

use crate::{
    StoreError,
    column::{code_of, json, terms},
    engine::{Tx, Write, run},
    journal::signed,
};
use tillid_domain::{
    Digest, Instant, LocalDate,
    actor::ActorTrace,
    client::ClientState,
    collected::Collected,
    event::{ConsentAnswer, EndCause, Entity, Event, Fact, Recorded},
    id::PersonId,
    person::Person,
    text::Login,
};

impl Tx<Write> {
    /// The row of a person who becomes known by that event, if one does; their version is counted up like everyone's.
    pub(crate) async fn introduce(&mut self, event: &Event) -> Result<(), StoreError> {
        let Fact::PersonRegistered { name, born, .. } = &event.fact else {
            return self.introduce_party(event).await;
        };
        run!(self, sqlx::query(
            "INSERT INTO person (id, revision, version, name, born, registered_at) VALUES ($1, 1, 0, $2, $3, $4)"
        )
        .bind(event.aggregate)
        .bind(name.as_ref().map(|n| n.as_str().to_owned()))
        .bind(born.map(|b| b.to_string()))
        .bind(event.at.as_micros()))?;
        self.locked.push(PersonId::from_uuid(event.aggregate));
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each fact")]
    pub(crate) async fn project(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let (id, at) = (event.aggregate, event.recorded_at);
        match &event.fact {
            Fact::PersonRegistered { .. }
            | Fact::OrganisationRegistered { .. }
            | Fact::EmployeeRegistered { .. }
            | Fact::AccessRecorded { .. } => Ok(()),
            Fact::EmployeeAdmitted {} | Fact::EmployeeStopped {} => self.project_employee(event).await,
            Fact::LoginBound { issuer, login } => self.insert_login(event, issuer, login).await,
            // The number itself comes with the event that tells of it: see `keep_number`.
            Fact::NumberChanged { .. } => self.touch_person(event).await,
            Fact::BirthdayCorrected { born } => self.set_birthday(event, *born).await,
            // A number that goes over to the other went before: see `release_number`.
            Fact::PersonMerged { into, .. } => self.set_merged(event, *into).await,
            Fact::PersonDied { on } => self.set_death(event, *on).await,
            Fact::PostChanged { exempt, since } => self.set_post(event, exempt.then_some(*since)).await,
            Fact::CustodyStated { .. } => self.insert_custody(event).await,
            Fact::LastingPowerRegistered { .. } | Fact::ChargeStated { .. } | Fact::ChargeEnded { .. } => {
                self.project_statutory(event).await
            }
            Fact::RequestVoiced { .. } | Fact::HolderExcepted { .. } => self.project_voice(event).await,
            Fact::EntryDrafted { number, definition } => self.insert_entry(event, *number, definition).await,
            Fact::EntryChanged { definition } => self.change_entry(event, definition).await,
            Fact::EntrySubmitted {} => {
                const SQL: &str = "UPDATE catalogue_entry SET revision = $2, submitted_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::EntryReturned { .. } => self.return_entry(event).await,
            Fact::EntryDiscarded {} => {
                const SQL: &str = "UPDATE catalogue_entry SET revision = $2, submitted_at = NULL, discarded_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::EntryPublished {} => {
                const SQL: &str = "UPDATE catalogue_entry SET revision = $2, state = 'published', submitted_at = NULL, published_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::EntryRetired {} => {
                const SQL: &str = "UPDATE catalogue_entry SET revision = $2, state = 'retired', retired_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::EntryWithdrawn { from, why } => self.withdraw_entry(event, *from, why).await,
            // The document's bytes come with the event that commits to them: see `present`.
            Fact::PresentationShown { .. } => Ok(()),
            Fact::ConsentRequested { .. } => self.insert_request(event).await,
            Fact::RequestAnswered { declaration, presentation } => {
                run!(self, sqlx::query(
                    "UPDATE consent_request SET revision = $2, state = 'answered', ended_at = $3, declaration_id = $4, \
                     presentation_id = $5 WHERE id = $1"
                )
                .bind(id)
                .bind(signed(event.revision))
                .bind(at.as_micros())
                .bind(declaration.as_uuid())
                .bind(presentation.as_uuid()))?;
                Ok(())
            }
            Fact::RequestCancelled {} => {
                const SQL: &str = "UPDATE consent_request SET revision = $2, state = 'cancelled', ended_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::RequestLapsed { cause, effective_at } => {
                const SQL: &str = "UPDATE consent_request SET revision = $2, state = 'lapsed', ended_at = $3, cause = $4, effective_at = $5 WHERE id = $1";
                self.set_with_cause(SQL, event, *cause, *effective_at).await
            }
            Fact::ConsentGiven(answer) => self.insert_consent(event, answer, "given").await,
            Fact::ConsentDeclined(answer) => self.insert_consent(event, answer, "declined").await,
            Fact::ConsentWithdrawn { assisted } => {
                let channel = assisted.as_ref().map(|a| a.channel().code());
                self.end_consent(event, "withdrawn", channel, None).await
            }
            Fact::ConsentAnnulled { ground, .. } => {
                self.end_consent(event, "annulled", None, Some(ground.code())).await
            }
            Fact::ConsentLapsed { cause, effective_at } => {
                const SQL: &str = "UPDATE consent SET revision = $2, state = 'lapsed', ended_at = $3, cause = $4, effective_at = $5 WHERE id = $1";
                self.set_with_cause(SQL, event, *cause, *effective_at).await
            }
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
            | Fact::MandateAnnulled { .. }
            | Fact::MandateEnded { .. } => self.project_mandate(event).await,
            Fact::MandateRequested { .. } => self.insert_mandate_request(event).await,
            Fact::MandateRequestApproved { mandate, presentation } => {
                self.approve_mandate_request(event, *mandate, *presentation).await
            }
            Fact::MandateRequestDeclined {} => {
                const SQL: &str = "UPDATE mandate_request SET revision = $2, state = 'declined', ended_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::MandateRequestLapsed { cause, effective_at } => {
                const SQL: &str = "UPDATE mandate_request SET revision = $2, state = 'lapsed', ended_at = $3, cause = $4, effective_at = $5 WHERE id = $1";
                self.set_with_cause(SQL, event, *cause, *effective_at).await
            }
            Fact::ClientRegistered { .. } => self.insert_client(event).await,
            Fact::ClientChanged { registration } => self.change_client(event, registration).await,
            Fact::ClientStopped {} => self.set_client_state(event, ClientState::Stopped { at }).await,
            Fact::ClientResumed {} => self.set_client_state(event, ClientState::Active).await,
            Fact::EntityRegistered { .. }
            | Fact::EntityChanged { .. }
            | Fact::EntityRemoved {}
            | Fact::PrivilegeRegistered { .. }
            | Fact::PrivilegeChanged { .. }
            | Fact::PrivilegeRemoved {}
            | Fact::ExternalGranted { .. }
            | Fact::ExternalGrantRevoked {} => self.project_external(event).await,
            // The bytes come with the event that commits to them: see `keep_document`.
            Fact::DocumentKept { .. } => Ok(()),
            Fact::TaskOpened(work) => self.insert_task(event, work).await,
            Fact::TaskClosed { outcome, note } => self.close_task(event, *outcome, note.as_ref()).await,
            Fact::AccessErased { .. } => self.erase_looks(event).await,
            Fact::Erased { .. } => self.erase(event).await,
        }
    }

    async fn project_external(&mut self, event: &Recorded) -> Result<(), StoreError> {
        match &event.fact {
            Fact::EntityRegistered { authority, name, properties, caller_stated } => {
                self.insert_external_entity(event, *authority, name, properties, caller_stated).await
            }
            Fact::EntityChanged { properties, caller_stated } => {
                self.change_external_entity(event, properties, caller_stated).await
            }
            Fact::EntityRemoved {} => {
                const SQL: &str = "UPDATE external_entity SET revision = $2, state = 'removed', ended_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::PrivilegeRegistered { authority, code, terms } => {
                self.insert_external_privilege(event, *authority, code, terms).await
            }
            Fact::PrivilegeChanged { terms } => self.change_external_privilege(event, terms).await,
            Fact::PrivilegeRemoved {} => {
                const SQL: &str = "UPDATE external_privilege SET revision = $2, state = 'removed', ended_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            Fact::ExternalGranted { .. } => self.insert_external_grant(event).await,
            Fact::ExternalGrantRevoked {} => {
                const SQL: &str =
                    "UPDATE external_grant SET revision = $2, state = 'revoked', ended_at = $3 WHERE id = $1";
                self.set(SQL, event).await
            }
            _ => Ok(()),
        }
    }

    async fn insert_login(
        &mut self,
        event: &Recorded,
        issuer: &Login,
        login: &Login,
    ) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("INSERT INTO person_login (issuer, login, person_id) VALUES ($1, $2, $3)")
                .bind(issuer.as_str())
                .bind(login.as_str())
                .bind(event.aggregate)
        )?;
        self.touch_person(event).await
    }

    async fn project_employee(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let before = self.person(PersonId::from_uuid(event.aggregate)).await?;
        let corrupt = || StoreError::Corrupt { table: "person", id: Some(event.aggregate) };
        let after = Person::replay(before, event).ok_or_else(corrupt)?;
        self.set_stints(&after).await?;
        self.touch_person(event).await
    }

    async fn set_death(&mut self, event: &Recorded, on: LocalDate) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE person SET died_on = $2, death_known_at = $3 WHERE id = $1")
                .bind(event.aggregate)
                .bind(on.to_string())
                .bind(event.recorded_at.as_micros())
        )?;
        self.touch_person(event).await
    }

    async fn set_post(
        &mut self,
        event: &Recorded,
        exempt_since: Option<LocalDate>,
    ) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE person SET post_exempt_since = $2 WHERE id = $1")
                .bind(event.aggregate)
                .bind(exempt_since.map(|since| since.to_string()))
        )?;
        self.touch_person(event).await
    }

    async fn set(&mut self, sql: &'static str, event: &Recorded) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(sql)
                .bind(event.aggregate)
                .bind(signed(event.revision))
                .bind(event.recorded_at.as_micros())
        )?;
        Ok(())
    }

    async fn set_with_cause(
        &mut self,
        sql: &'static str,
        event: &Recorded,
        cause: EndCause,
        effective_at: Instant,
    ) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(sql)
                .bind(event.aggregate)
                .bind(signed(event.revision))
                .bind(event.recorded_at.as_micros())
                .bind(code_of(&cause))
                .bind(effective_at.as_micros())
        )?;
        Ok(())
    }

    async fn touch_person(&mut self, event: &Recorded) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE person SET revision = $2 WHERE id = $1")
                .bind(event.aggregate)
                .bind(signed(event.revision))
        )?;
        Ok(())
    }

    /// Writes the document that a presentation commits to. Belongs to the event with that id, in the same transaction;
    /// without it the presentation is not there, and `verify` says so.
    pub async fn present(&mut self, event: &Event, document: &[u8]) -> Result<(), StoreError> {
        let Fact::PresentationShown { person, language, presented, document: hash, means } = &event.fact
        else {
            return Err(StoreError::Corrupt { table: "presentation", id: Some(event.aggregate) });
        };
        if Digest::of(document) != *hash {
            return Err(StoreError::Corrupt { table: "presentation", id: Some(event.aggregate) });
        }
        run!(self, sqlx::query(
            "INSERT INTO presentation (id, person_id, language, presented, document, document_hash, shown_at, means) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        )
        .bind(event.aggregate)
        .bind(person.as_uuid())
        .bind(language.tag())
        .bind(json(presented))
        .bind(document)
        .bind(hash.as_bytes().as_slice())
        .bind(event.at.as_micros())
        .bind((!means.is_screen()).then(|| code_of(means))))?;
        Ok(())
    }

    async fn insert_request(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let Fact::ConsentRequested { person, authority, entry, items, case, deadline, terms: within } =
            &event.fact
        else {
            return Ok(());
        };
        run!(self, sqlx::query(
            "INSERT INTO consent_request (id, revision, person_id, authority, asked_by, asked_at, entry_id, code, number, items, \
             case_ref, deadline, state, terms) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', $12)"
        )
        .bind(event.aggregate)
        .bind(person.as_uuid())
        .bind(authority.to_string())
        .bind(json(&event.actor))
        .bind(event.recorded_at.as_micros())
        .bind(entry.entry.as_uuid())
        .bind(entry.code.as_str())
        .bind(i64::from(entry.number))
        .bind(json(items))
        .bind(case.as_ref().map(|c| c.as_str().to_owned()))
        .bind(deadline.as_micros())
        .bind(terms(within)))?;
        Ok(())
    }

    async fn insert_consent(
        &mut self,
        event: &Recorded,
        a: &ConsentAnswer,
        state: &'static str,
    ) -> Result<(), StoreError> {
        let answered_at = a.collected.answered_at(event.recorded_at);
        run!(self, sqlx::query(
            "INSERT INTO consent (id, revision, person_id, declaration_id, request_id, presentation_id, authority, entry_id, code, \
             number, item, polarity, case_ref, channel, valid_from, valid_to, answered_at, state, collected, recorded_at, \
             for_child, terms) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
        )
        .bind(event.aggregate)
        .bind(a.person.as_uuid())
        .bind(a.declaration.as_uuid())
        .bind(a.request.map(tillid_domain::id::RequestId::as_uuid))
        .bind(a.presentation.as_uuid())
        .bind(a.authority.to_string())
        .bind(a.entry.entry.as_uuid())
        .bind(a.entry.code.as_str())
        .bind(i64::from(a.entry.number))
        .bind(a.item.as_str())
        .bind(code_of(&a.polarity))
        .bind(a.case.as_ref().map(|c| c.as_str().to_owned()))
        .bind(a.collected.channel().code())
        .bind(a.valid.from.as_micros())
        .bind(a.valid.to.map(Instant::as_micros))
        .bind(answered_at.as_micros())
        .bind(state)
        .bind((a.collected != Collected::Digital).then(|| json(&a.collected)))
        // Said only where it is another time than the answer's, so that there is one way to say it.
        .bind((answered_at != event.recorded_at).then_some(event.recorded_at.as_micros()))
        .bind(a.for_child.as_ref().map(json))
        .bind(terms(&a.terms)))?;
        Ok(())
    }

    async fn end_consent(
        &mut self,
        event: &Recorded,
        state: &'static str,
        through: Option<&'static str>,
        cause: Option<&'static str>,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "UPDATE consent SET revision = $2, state = $3, ended_at = $4, ended_through = $5, cause = $6, effective_at = NULL WHERE id = $1"
        )
        .bind(event.aggregate)
        .bind(signed(event.revision))
        .bind(state)
        .bind(event.recorded_at.as_micros())
        .bind(through)
        .bind(cause))?;
        Ok(())
    }
}

/// An actor as one text, for keys of operational tables.
pub(crate) fn actor_key(actor: &ActorTrace) -> String {
    json(actor)
}
