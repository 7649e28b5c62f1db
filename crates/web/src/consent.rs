//! One consent: what was said yes or no to, its receipt, and how to take a yes back.

use crate::{
    Web, collected,
    collected::How,
    document::ConsentDocument,
    page::{Here, Page, see},
    view::ConsentRow,
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use tillid_domain::{
    Digest,
    catalogue::{Polarity, WithdrawalEffect},
    id::{ConsentId, DeclarationId, DocumentId, EventId},
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::{ReceiptOf, TypedConsent};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/consents/{id}", get(consent))
        .route("/consents/{id}/withdraw", get(ask).post(withdraw))
        .route("/documents/{id}", get(document))
        .route("/declarations/{id}/viljestilkendegivelse", get(state_format))
}

/// A consent.
#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) row: ConsentRow,
    pub(crate) how: How,
    /// What staff did to it since.
    pub(crate) by_staff: Option<String>,
    pub(crate) case: Option<String>,
    pub(crate) withdrawal: &'p str,
    /// The address of what was answered together with it, in the state's format.
    pub(crate) state_format: String,
    /// What was shown before the answer, and its receipt; for nobody but the person themselves.
    pub(crate) proof: Option<Proof>,
}

/// What shows afterwards what was answered to what.
pub(crate) struct Proof {
    pub(crate) document: ConsentDocument,
    /// When and how it was shown, in a sentence.
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
    // What proves it is for nobody but the person themselves, as its receipt is.
    let documents = proof.is_some().then_some("/documents");
    Ok(page.answer(&ConsentPage {
        page,
        row: ConsentRow::new(&typed, &here.service, page),
        how: How::new(page, &typed.consent, documents),
        by_staff: collected::done_by_staff(page, &typed.consent),
        case: answer.case.as_ref().map(ToString::to_string),
        withdrawal: page.say(&typed.of.withdrawal),
        state_format: format!("/declarations/{}/viljestilkendegivelse", answer.declaration),
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
        shown: collected::shown(&here.page, &shown.presentation),
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
    let effects = effects(page, &typed);
    Ok(page.answer(&WithdrawPage { page, row, means: page.say(&typed.of.withdrawal), effects }))
}

async fn withdraw(here: Here, Path(id): Path<ConsentId>, Form(fields): Form) -> Result<Response, Problem> {
    let call = here.visitor.change(&format!("withdraw:{id}"), &fields);
    here.told(here.service.withdraw_consent(&call, id).await)?;
    Ok(see(&format!("/consents/{id}")))
}

/// A document about the visitor, as it was handed over.
async fn document(here: Here, Path(id): Path<DocumentId>) -> Result<Response, Problem> {
    let (document, bytes) = here.told(here.service.read_document(&here.visitor.read(), id).await)?;
    collected::download(&here.page, &document, bytes)
}

/// What was answered together, in the state's format.
async fn state_format(here: Here, Path(id): Path<DeclarationId>) -> Result<Response, Problem> {
    let written = here.told(here.service.export_declaration(&here.visitor.read(), id).await)?;
    collected::state_format(&here.page, id, written)
}

/// What taking it back sets off: of a consent, what its type says; of an opt-out, that it may be done again.
pub(crate) fn effects(page: &Page, typed: &TypedConsent) -> Vec<&'static str> {
    if typed.consent.answer.polarity == Polarity::OptOut {
        return vec![page.t("consent.effect_again")];
    }
    let effects = typed.of.withdrawal_effects.iter().map(|effect| page.t(effect_key(*effect)));
    effects.chain([page.t("consent.lawful_before")]).collect()
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
