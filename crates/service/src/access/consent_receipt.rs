//! What the receipt of a consent tells besides its event, loaded from where it stands.

use crate::{Error, Service, Shown};
use serde::Deserialize;
use serde_json::{Map, Value};
use tillid_documents::{Agent, ConsentFacts, Controller, Notice, Pseudonym, Step, consent_members};
use tillid_domain::{
    Cvr,
    access::{GIVE_CONSENTS, WITHDRAW_CONSENTS},
    actor::ActorTrace,
    event::{ConsentAnswer, Fact, Kind, Recorded},
    id::{MandateId, PersonId},
    text::PrivilegeUri,
};
use tillid_storage::{Read, StoreError, Tx};

/// The controller as the person was told of it, whatever it is called today.
#[derive(Deserialize)]
pub(super) struct ShownDocument {
    pub(super) authority: ShownAuthority,
}

#[derive(Deserialize)]
pub(super) struct ShownAuthority {
    pub(super) name: String,
    pub(super) data_protection_officer: String,
}

impl Service {
    /// The members that make the receipt of something that happened to a consent one of ISO/IEC TS 27560.
    pub(super) async fn consent_members(
        &self,
        tx: &mut Tx<Read>,
        recorded: &Recorded,
    ) -> Result<Map<String, Value>, Error> {
        let corrupt = || StoreError::Corrupt { table: "consent", id: Some(recorded.aggregate) };
        let opened = tx.history(Kind::Consent, recorded.aggregate, recorded.revision).await?;
        let first = opened.first().map(|opened| opened.recorded.fact.clone());
        let Some(Fact::ConsentGiven(answer) | Fact::ConsentDeclined(answer)) = first else {
            return Err(corrupt().into());
        };
        let mut history = Vec::with_capacity(opened.len());
        for opened in opened {
            let representative = self.agent(tx, &opened.recorded, &answer).await?;
            history.push(Step { recorded: opened.recorded, representative });
        }
        let entry = self.known_entry(tx, answer.entry.entry).await?;
        let Shown { presentation: shown, document } = self.shown(tx, answer.presentation).await?;
        let read: ShownDocument = serde_json::from_slice(&document).map_err(|_| corrupt())?;
        let facts = ConsentFacts {
            issuer: &self.settings.base_url,
            history: &history,
            of: entry.consent_type().ok_or_else(corrupt)?,
            controller: Controller {
                cvr: answer.authority,
                name: &read.authority.name,
                dpo_contact: &read.authority.data_protection_officer,
            },
            subject: self.pseudonym(tx, answer.person, answer.authority).await?.ok_or(Error::NotFound)?,
            notice: Notice {
                id: shown.id,
                language: shown.language,
                shown_at: shown.shown_at,
                document: shown.document,
            },
        };
        Ok(consent_members(&facts).ok_or_else(corrupt)?)
    }

    /// Whoever acted for the person, and on what mandate.
    async fn agent(
        &self,
        tx: &mut Tx<Read>,
        recorded: &Recorded,
        answer: &ConsentAnswer,
    ) -> Result<Option<Agent>, Error> {
        let ActorTrace::Representative { person, acting_for, .. } = &recorded.actor else {
            return Ok(None);
        };
        let Some(name) = self.pseudonym(tx, *person, answer.authority).await? else { return Ok(None) };
        let mandate = self.mandate_behind(tx, recorded, *acting_for, *person).await?;
        Ok(Some(Agent { name, mandate }))
    }

    /// The mandate on which a representative gave, declined or withdrew; none where it is not on record any more.
    pub(crate) async fn mandate_behind<M>(
        &self,
        tx: &mut Tx<M>,
        recorded: &Recorded,
        grantor: PersonId,
        representative: PersonId,
    ) -> Result<Option<MandateId>, Error> {
        let privilege = match recorded.fact {
            Fact::ConsentGiven(_) | Fact::ConsentDeclined(_) => GIVE_CONSENTS,
            Fact::ConsentWithdrawn { .. } => WITHDRAW_CONSENTS,
            _ => return Ok(None),
        };
        let Ok(privilege) = privilege.parse::<PrivilegeUri>() else { return Ok(None) };
        Ok(tx.mandate_behind(recorded.id, grantor, representative, &privilege).await?)
    }

    /// What a person is called towards a controller; somebody who has been erased has no name left.
    async fn pseudonym(
        &self,
        tx: &mut Tx<Read>,
        person: PersonId,
        controller: Cvr,
    ) -> Result<Option<Pseudonym>, Error> {
        let registered = tx.history(Kind::Person, person.as_uuid(), 1).await?.pop();
        Ok(registered.map(|opened| Pseudonym::new(&opened.salt, controller)))
    }
}
