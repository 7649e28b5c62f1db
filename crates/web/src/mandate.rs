//! Powers of attorney: giving, asking for, seeing and ending them.

mod end;
mod form;
mod pick;
mod request;
mod request_form;
mod request_summary;
mod show;
mod summary;
mod words;

use crate::{Web, page::Here};
use axum::{Router, routing::get};
use tillid_domain::{Reason, actor::Who};
use tillid_edge::Problem;
use tillid_service::Error;

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/mandates/new", get(pick::page))
        .route("/mandates/new/{code}", get(form::page).post(form::sent))
        .route("/mandates/new/{code}/{presentation}", get(summary::page).post(summary::give))
        .route("/mandates/{id}", get(show::page))
        .route("/mandates/{id}/revoke", get(end::before_revoking).post(end::revoke))
        .route("/mandates/{id}/renounce", get(end::before_renouncing).post(end::renounce))
        .route("/mandate-requests/new", get(request_form::page).post(request_form::sent))
        .route("/mandate-requests/{id}", get(request::page).post(request::open))
        .route("/mandate-requests/{id}/decline", get(request::back).post(request::decline))
        .route(
            "/mandate-requests/{id}/{presentation}",
            get(request_summary::page).post(request_summary::approve),
        )
}

/// Refuses whoever could not give a power of attorney in the end, before they have filled anything in.
fn must_be_oneself(here: &Here) -> Result<(), Problem> {
    let reason = match here.visitor.actor().who {
        Who::Citizen { acting_for: None, .. } => return Ok(()),
        Who::Citizen { .. } => Reason::OnlyInPerson,
        _ => Reason::CitizensOnly,
    };
    here.told(Err(Error::Denied(reason)))
}
