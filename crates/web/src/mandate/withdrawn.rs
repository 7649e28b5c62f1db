//! What those read who gave or hold a package that its authority withdraws.

use crate::page::Page;
use tillid_domain::{id::EntryId, mandate::Mandate};

/// From when on nobody can use what that package of a mandate gives, where it is withdrawn.
pub(crate) fn withdrawn(page: &Page, mandate: &Mandate, package: EntryId) -> Option<String> {
    let withdrawn = mandate.withdrawn.iter().find(|withdrawn| withdrawn.package == package)?;
    Some(page.fill("withdraw.mandate", "moment", page.moment(withdrawn.from)))
}
