//! Giving a power of attorney for longer: a new last day, everything once more, and the last yes.

use super::{
    form::last_day_before,
    must_be_oneself,
    show::{Told, told},
    summary::{Document, Ready, ShownPackage, Yes, ready, said},
};
use crate::{
    fields::WrittenDate,
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Reason,
    id::{MandateId, PresentationId},
    mandate::MandateStanding,
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
        && told.value.under.is_none()
        && told.value.joint.is_none()
        && told.value.for_child.is_none()
        && matches!(told.standing, MandateStanding::Active | MandateStanding::Planned)
}

pub(super) async fn page(here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let told = renewable(&here, id).await?;
    // As long again as it was given for, which its packages allow, is what most people want.
    let (last, length) = (told.last_day(), told.value.valid.to.seconds_since(told.value.given_at));
    let until = WrittenDate::of(last_day_before(last.next().start().plus_seconds(length)));
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
    let done = here.service.renew_mandate(&call, id, presentation).await;
    match said(&mut here, done)? {
        Yes::Next(next) => Ok(next),
        Yes::Again(notice) => shown(&here, id, presentation, notice).await,
    }
}

async fn shown(
    here: &Here,
    id: MandateId,
    presentation: PresentationId,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let fits = |shown: &Presented| matches!(shown, Presented::Mandate { renews: Some(of), .. } if *of == id);
    let Ready { document, packages, until } = ready(here, presentation, fits).await?;
    let (page, address) = (&here.page, format!("/mandates/{id}"));
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(page, status, &Summary { page, address, id: presentation, document, packages, until, notice }))
}

/// The mandate, if it is the visitor's to give for longer.
async fn renewable(here: &Here, id: MandateId) -> Result<Told, Problem> {
    let told = told(here, id).await?;
    here.told(if told.is_grantors() {
        why_not(told.standing)
    } else {
        Err(Error::Denied(Reason::OnlyInPerson))
    })?;
    Ok(told)
}

/// Refuses what is not in force.
const fn why_not(standing: MandateStanding) -> Result<(), Error> {
    Err(Error::Rule(match standing {
        MandateStanding::Active | MandateStanding::Planned => return Ok(()),
        MandateStanding::Together => Reason::NotTogether,
        MandateStanding::Awaiting => Reason::MandateAwaiting,
        MandateStanding::Suspended | MandateStanding::Disputed => Reason::MandateResting,
        MandateStanding::Revoked => Reason::MandateRevoked,
        MandateStanding::Renounced => Reason::MandateRenounced,
        MandateStanding::Expired => Reason::MandateExpired,
        MandateStanding::Ended => Reason::MandateEnded,
        MandateStanding::Annulled => Reason::MandateAnnulled,
    }))
}
