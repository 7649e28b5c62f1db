//! Withdrawing a package on the page of its version, and how far that is.

use super::{Which, Wrote, moved, shown};
use crate::{
    fields::{WrittenDate, prose},
    page::Here,
};
use axum::response::Response;
use tillid_domain::{catalogue::Shelf, text::Code};
use tillid_edge::{Fields, Problem};
use tillid_service::{Call, Error, catalogue::Withdrawing};

pub(super) async fn sent(
    mut here: Here,
    call: &Call,
    shelf: Shelf,
    which: Which,
    fields: &Fields,
) -> Result<Response, Problem> {
    if shelf != Shelf::MandatePackage {
        return here.told(Err(Error::NotFound));
    }
    let why = fields.get("why").unwrap_or_default();
    let wrote = Wrote { from: WrittenDate::sent(fields, "from"), why: why.to_owned(), ..Wrote::default() };
    let from = wrote.from.date();
    if let Err((part, flaw)) = from {
        let text = here.page.t(flaw);
        here.page.wrong(format!("from_{part}"), text);
    }
    let reason = prose(why, "withdraw.why_form");
    if let Err(flaw) = reason {
        let text = here.page.t(flaw);
        here.page.wrong("why", text);
    }
    let (Ok(from), Ok(reason)) = (from, reason) else {
        return shown(&here, which, &wrote, None).await;
    };
    let outcome = here.service.withdraw_entry(call, &which.1, which.2, from, reason).await;
    moved(&mut here, which, outcome, &wrote, &[("/from", "from_day")]).await
}

/// From when on the package is over, why, and how many mandates that concerns.
pub(super) async fn progress(
    here: &Here,
    call: &Call,
    code: &Code,
    number: u32,
) -> Result<Vec<String>, Problem> {
    let Withdrawing { entry, concerned, done } =
        here.told(here.service.withdrawing(call, code, number).await)?;
    let page = &here.page;
    let Some(withdrawal) = entry.withdrawal() else { return Ok(Vec::new()) };
    let count = if done { "withdraw.done" } else { "withdraw.under_way" };
    Ok(vec![
        page.fill("withdraw.over_from", "moment", page.moment(withdrawal.from)),
        page.fill("withdraw.reason", "why", &withdrawal.why),
        page.fill(count, "count", concerned),
    ])
}
