//! Giving a power of attorney for longer: a new last day, everything once more, and the last yes.

use super::{
    must_be_oneself,
    show::{Told, told},
    summary::{Document, ShownPackage},
};
use crate::{
    fields::WrittenDate,
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Instant, LocalDate, Reason,
    id::{MandateId, PresentationId},
    mandate::{MandateStanding, MandateState},
    presentation::Presented,
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::{Error, NewPresentation, Renewal};

const PLACES: &Places = &[("/about/renewal/valid_until", "until_day")];

#[derive(Template)]
#[template(path = "mandate_renew.html")]
struct RenewPage<'p> {
    page: &'p Page,
    mandate: &'p Told,
    until: WrittenDate,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "mandate_renew_summary.html")]
struct Summary<'p> {
    page: &'p Page,
    address: String,
    id: PresentationId,
    document: Document,
    packages: Vec<(String, ShownPackage)>,
    until: String,
    notice: Option<Notice>,
}

/// Whether it can be given for longer now.
pub(super) const fn can_be_renewed(told: &Told) -> bool {
    told.is_grantors()
        && matches!(told.value.state, MandateState::Given)
        && matches!(told.standing, MandateStanding::Active | MandateStanding::Planned)
}

pub(super) async fn page(here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let told = renewable(&here, id).await?;
    // As long again as it was given for, which its packages allow, is what most people want.
    let (last, length) =
        (last_day(told.value.valid.to), told.value.valid.to.seconds_since(told.value.given_at));
    let until = WrittenDate::of(last_day(last.next().start().plus_seconds(length)));
    Ok(here.page.answer(&RenewPage { page: &here.page, mandate: &told, until, notice: None }))
}

pub(super) async fn sent(
    mut here: Here,
    Path(id): Path<MandateId>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let told = renewable(&here, id).await?;
    let until = WrittenDate::sent(&fields, "until");
    let notice = match until.date() {
        Ok(valid_until) => {
            let about = NewPresentation::Renewal(Renewal { mandate: id, valid_until });
            let call = here.visitor.change(&format!("renewal:{id}:{valid_until}"), &fields);
            match here.service.present(&call, &about, here.page.language).await {
                Ok(done) => return Ok(see(&format!("/mandates/{id}/renew/{}", done.value.presentation.id))),
                Err(error) => noted(&mut here, &error, PLACES)?,
            }
        }
        Err((part, flaw)) => {
            let text = here.page.t(flaw);
            here.page.wrong(format!("until_{part}"), text);
            None
        }
    };
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &RenewPage { page: &here.page, mandate: &told, until, notice }))
}

pub(super) async fn summary(
    here: Here,
    Path((id, presentation)): Path<(MandateId, PresentationId)>,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    shown(&here, id, presentation, None).await
}

pub(super) async fn renew(
    mut here: Here,
    Path((id, presentation)): Path<(MandateId, PresentationId)>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let call = here.visitor.change(&presentation.to_string(), &fields);
    match here.service.renew_mandate(&call, id, presentation).await {
        Ok(_) => Ok(see(&format!("/mandates/{id}"))),
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => crate::problem::again_here(&here, &error),
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, id, presentation, notice).await
        }
    }
}

async fn shown(
    here: &Here,
    id: MandateId,
    presentation: PresentationId,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let shown = here.told(here.service.read_presentation(&here.visitor.read(), presentation).await)?;
    let fits =
        matches!(shown.presentation.presented, Presented::Mandate { renews: Some(of), .. } if of == id);
    let document = Document::read(&shown).filter(|_| fits);
    let mut document = here.told(document.ok_or(Error::NotFound))?;
    let status = notice.as_ref().map(|notice| notice.status);
    let page = &here.page;
    let until = document.until(page);
    let packages = document.take_packages(|cvr| authority(&here.service, cvr, page.language));
    let address = format!("/mandates/{id}");
    Ok(form(page, status, &Summary { page, address, id: presentation, document, packages, until, notice }))
}

/// The mandate, if it is the visitor's to give for longer.
async fn renewable(here: &Here, id: MandateId) -> Result<Told, Problem> {
    let told = told(here, id).await?;
    let reason = if told.is_grantors() { Reason::MandateNotResting } else { Reason::OnlyInPerson };
    let reason = if told.standing == MandateStanding::Expired { Reason::MandateExpired } else { reason };
    let reason = match told.value.state {
        MandateState::Suspended { .. } | MandateState::Disputed { .. } => Reason::MandateResting,
        MandateState::Awaiting(_) => Reason::MandateAwaiting,
        MandateState::Revoked { .. } => Reason::MandateRevoked,
        _ => reason,
    };
    here.told(if can_be_renewed(&told) { Ok(()) } else { Err(Error::Rule(reason)) })?;
    Ok(told)
}

fn last_day(end: Instant) -> LocalDate {
    Instant::from_micros(end.as_micros().saturating_sub(1)).local_date()
}
