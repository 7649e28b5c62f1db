//! One consent: what was said yes or no to, its receipt, and how to take a yes back.

use crate::{
    Web,
    document::ConsentDocument,
    page::{Here, Page, see},
    view::ConsentRow,
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use tillid_domain::{
    Digest,
    catalogue::{Channel, WithdrawalEffect},
    id::{ConsentId, EventId},
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::{ReceiptOf, TypedConsent};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/consents/{id}", get(consent))
        .route("/consents/{id}/withdraw", get(ask).post(withdraw))
}

/// A consent.
#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) row: ConsentRow,
    pub(crate) answered: String,
    pub(crate) case: Option<String>,
    pub(crate) channel: &'static str,
    pub(crate) withdrawal: &'p str,
    /// What was shown before the answer, and its receipt; for nobody but the person themselves.
    pub(crate) proof: Option<Proof>,
}

/// What shows afterwards what was answered to what.
pub(crate) struct Proof {
    pub(crate) document: ConsentDocument,
    pub(crate) shown: String,
    pub(crate) sha256: Digest,
    pub(crate) event: EventId,
}

/// What it means to take a consent back.
#[derive(Template)]
#[template(path = "consent_withdraw.html")]
pub(crate) struct WithdrawPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) row: ConsentRow,
    pub(crate) means: &'p str,
    pub(crate) effects: Vec<&'static str>,
}

async fn consent(here: Here, Path(id): Path<ConsentId>) -> Result<Response, Problem> {
    let typed = here.told(here.service.read_consent(&here.visitor.read(), id).await)?;
    let proof = proof(&here, &typed).await?;
    let page = &here.page;
    let answer = &typed.consent.answer;
    Ok(page.answer(&ConsentPage {
        page,
        row: ConsentRow::new(&typed, &here.service, page),
        answered: page.moment(typed.consent.answered_at),
        case: answer.case.as_ref().map(ToString::to_string),
        channel: channel(page, answer.collected.channel()),
        withdrawal: page.say(&typed.of.withdrawal),
        proof,
    }))
}

async fn proof(here: &Here, typed: &TypedConsent) -> Result<Option<Proof>, Problem> {
    if here.visitor.acting_for().is_some() {
        return Ok(None);
    }
    let call = here.visitor.read();
    let shown = here.service.read_presentation(&call, typed.consent.answer.presentation).await;
    let shown = here.told(shown)?;
    let event = here.service.newest_receipt(&call, ReceiptOf::Consent(typed.consent.id)).await;
    Ok(Some(Proof {
        document: ConsentDocument::read(&shown.document)?,
        shown: here.page.moment(shown.presentation.shown_at),
        sha256: shown.presentation.document,
        event: here.told(event)?,
    }))
}

async fn ask(here: Here, Path(id): Path<ConsentId>) -> Result<Response, Problem> {
    let typed = here.told(here.service.read_consent(&here.visitor.read(), id).await)?;
    let page = &here.page;
    let row = ConsentRow::new(&typed, &here.service, page);
    if !row.standing.holds {
        return Ok(see(&format!("/consents/{id}")));
    }
    let effects = typed.of.withdrawal_effects.iter().map(|effect| page.t(effect_key(*effect))).collect();
    Ok(page.answer(&WithdrawPage { page, row, means: page.say(&typed.of.withdrawal), effects }))
}

async fn withdraw(here: Here, Path(id): Path<ConsentId>, Form(fields): Form) -> Result<Response, Problem> {
    let call = here.visitor.change(&format!("withdraw:{id}"), &fields);
    here.told(here.service.withdraw_consent(&call, id).await)?;
    Ok(see(&format!("/consents/{id}")))
}

fn channel(page: &Page, channel: Channel) -> &'static str {
    page.t(match channel {
        Channel::Digital => "consent.by_web",
        Channel::Paper => "consent.on_paper",
        Channel::Oral => "consent.orally",
        Channel::Imported => "consent.imported",
    })
}

const fn effect_key(effect: WithdrawalEffect) -> &'static str {
    match effect {
        WithdrawalEffect::Stop => "consent.effect_stop",
        WithdrawalEffect::Decide => "consent.effect_decide",
        WithdrawalEffect::Erase => "consent.effect_erase",
        WithdrawalEffect::StopTreatment => "consent.effect_stop_treatment",
        WithdrawalEffect::Reassess => "consent.effect_reassess",
    }
}
