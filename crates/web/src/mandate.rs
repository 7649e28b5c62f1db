//! Powers of attorney: giving, asking for, seeing, changing and ending them.

mod form;
mod pass_on;
mod pick;
mod renew;
mod request;
mod request_form;
mod request_summary;
mod show;
mod step;
mod summary;
mod together;
mod withdrawn;
mod words;

use crate::{Web, page::Here};
use axum::{Router, routing::get};
pub(crate) use pick::published;
use step::{Step, before, take};
pub(crate) use summary::{Document, ShownPackage};
use tillid_domain::{Reason, actor::Who, basis::Basis};
use tillid_edge::Problem;
use tillid_service::Error;
pub(crate) use withdrawn::withdrawn;
pub(crate) use words::{Choice, can_be_given_here, choices, chosen, ground as ground_words, package, rights};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/mandates/new", get(pick::page))
        .route("/mandates/new/{code}", get(form::page).post(form::sent))
        .route("/mandates/new/{code}/{presentation}", get(summary::page).post(summary::give))
        .route("/mandates/{id}", get(show::page))
        .route(
            "/mandates/{id}/revoke",
            get(|h, i| before(Step::Revoke, h, i)).post(|h, i, f| take(Step::Revoke, h, i, f)),
        )
        .route(
            "/mandates/{id}/renounce",
            get(|h, i| before(Step::Renounce, h, i)).post(|h, i, f| take(Step::Renounce, h, i, f)),
        )
        .route(
            "/mandates/{id}/accept",
            get(|h, i| before(Step::Accept, h, i)).post(|h, i, f| take(Step::Accept, h, i, f)),
        )
        .route(
            "/mandates/{id}/suspend",
            get(|h, i| before(Step::Suspend, h, i)).post(|h, i, f| take(Step::Suspend, h, i, f)),
        )
        .route(
            "/mandates/{id}/resume",
            get(|h, i| before(Step::Resume, h, i)).post(|h, i, f| take(Step::Resume, h, i, f)),
        )
        .route(
            "/mandates/{id}/dispute",
            get(|h, i| before(Step::Dispute, h, i)).post(|h, i, f| take(Step::Dispute, h, i, f)),
        )
        .route(
            "/mandates/{id}/object",
            get(|h, i| before(Step::Object, h, i)).post(|h, i, f| take(Step::Object, h, i, f)),
        )
        .route("/mandates/{id}/sign", get(together::back).post(together::open))
        .route("/mandates/{id}/sign/{presentation}", get(together::page).post(together::sign))
        .route("/mandates/{id}/pass-on", get(pass_on::page).post(pass_on::sent))
        .route("/mandates/{id}/pass-on/{presentation}", get(pass_on::summary).post(pass_on::pass_on))
        .route("/mandates/{id}/renew", get(renew::page).post(renew::sent))
        .route("/mandates/{id}/renew/{presentation}", get(renew::summary).post(renew::renew))
        .route("/mandate-requests/new", get(request_form::page).post(request_form::sent))
        .route("/mandate-requests/{id}", get(request::page).post(request::open))
        .route("/mandate-requests/{id}/decline", get(request::back).post(request::decline))
        .route(
            "/mandate-requests/{id}/{presentation}",
            get(request_summary::page).post(request_summary::approve),
        )
}

/// Whether the visitor acts for a child of whom they have custody, as they did when they chose to.
pub(crate) fn has_custody(here: &Here) -> bool {
    let known = |code: &String| Basis::of_code(code).is_some_and(Basis::is_custody);
    here.visitor.acting_for().is_some() && here.visitor.acts_on().iter().any(known)
}

/// Refuses whoever could give nothing here in the end: one gives for oneself, or for a child of whom one has custody.
fn must_be_a_giver(here: &Here) -> Result<(), Problem> {
    if has_custody(here) { Ok(()) } else { must_be_oneself(here) }
}

/// Refuses whoever could not ask for one: whoever acts for somebody, and staff. At work, one asks for the organisation.
fn must_ask_for_oneself(here: &Here) -> Result<(), Problem> {
    match here.visitor.actor().who {
        Who::Citizen { acting_for: None, .. } => Ok(()),
        _ => must_be_oneself(here),
    }
}

/// Refuses whoever could not give a power of attorney in the end, before they have filled anything in.
fn must_be_oneself(here: &Here) -> Result<(), Problem> {
    let reason = match here.visitor.actor().who {
        Who::Citizen { acting_for: None, at_work: None, .. } => return Ok(()),
        Who::Citizen { acting_for: None, at_work: Some(_), .. } => Reason::NotAtWork,
        Who::Citizen { .. } => Reason::OnlyInPerson,
        _ => Reason::CitizensOnly,
    };
    here.told(Err(Error::Denied(reason)))
}
