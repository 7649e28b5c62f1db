//! Powers of attorney of the person who was looked up: entering what they signed on paper, and what staff do with one.

mod enter;
mod make;
mod paper;
mod show;

pub(super) use enter::{page as new, print};
pub(super) use make::sent as make;
pub(super) use paper::{enter, page as form};
pub(super) use show::{change, page, uses};

use crate::page::Here;
use tillid_domain::{Reason, actor::Role};
use tillid_edge::Problem;
use tillid_service::Error;

/// Refuses whoever is not trusted to enter a power of attorney, before they have filled anything in.
fn must_be_registrar(here: &Here) -> Result<(), Problem> {
    let may = super::roles(here)?.contains(&Role::Registrar);
    here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))
}
