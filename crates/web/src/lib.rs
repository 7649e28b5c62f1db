//! The citizen's and the caseworker's pages: server-rendered, in Danish and in English, and complete without a script.
//!
//! A page is a handler, a template and texts: the handler calls verbs and hands values to the template, the template has the
//! words' places, and the words are in `data/texts`. Nothing here knows a rule of consents or powers of attorney.

mod accesslog;
mod actfor;
mod answer;
mod assets;
mod casework;
mod collected;
mod consent;
mod document;
mod export;
mod fields;
mod front;
mod giving;
mod login;
mod mandate;
mod overview;
mod page;
mod picture;
mod problem;
mod question;
mod receipt;
mod receipt_terms;
mod refused;
mod statutory;
#[cfg(test)]
mod tests;
mod texts;
mod transparency;
mod upcoming;
mod uses;
mod view;
mod voices;
mod when;
mod work;

pub use casework::{UPLOAD_LIMIT, UPLOAD_PATHS};
pub use problem::problem_page;

use axum::{Router, extract::FromRef, middleware::from_fn_with_state};
use std::sync::Arc;
use tillid_edge::{Gate, LoginOption};

/// What the pages need.
#[derive(Clone)]
pub struct Web {
    /// The verbs, and who may vouch for whom.
    pub gate: Gate,
    /// The ways to log in.
    pub logins: Arc<[LoginOption]>,
}

impl FromRef<Web> for Gate {
    fn from_ref(web: &Web) -> Self {
        web.gate.clone()
    }
}

/// The pages, and what browsers fetch beside them.
pub fn router(web: Web) -> Router {
    Router::new()
        .merge(front::router())
        .merge(login::router())
        .merge(overview::router())
        .merge(upcoming::router())
        .merge(answer::router())
        .merge(consent::router())
        .merge(giving::router())
        .merge(mandate::router())
        .merge(uses::router())
        .merge(receipt::router())
        .merge(transparency::router())
        .merge(actfor::router())
        .merge(work::router())
        .merge(accesslog::router())
        .merge(export::router())
        .merge(casework::router())
        .layer(from_fn_with_state(web.clone(), problem::told_to_visitor))
        .merge(assets::router())
        .with_state(web)
}
