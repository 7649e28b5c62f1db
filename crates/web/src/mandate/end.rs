//! Ending a power of attorney: the grantor revokes it, or the representative renounces it.

use super::show::{Told, told};
use crate::{
    page::{Here, Page, see},
    refused::{Notice, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{Reason, id::MandateId};
use tillid_edge::{Form, Path, Problem};
use tillid_service::Error;

#[derive(Template)]
#[template(path = "mandate_end.html")]
struct End<'p> {
    page: &'p Page,
    mandate: &'p Told,
    notice: Option<Notice>,
}

pub(super) async fn before_revoking(here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    let told = told(&here, id).await?;
    must_be(&here, told.is_grantors())?;
    Ok(asked(&here, &told, None))
}

pub(super) async fn before_renouncing(here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    let told = told(&here, id).await?;
    must_be(&here, !told.is_grantors())?;
    Ok(asked(&here, &told, None))
}

pub(super) async fn revoke(
    mut here: Here,
    Path(id): Path<MandateId>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    let call = here.visitor.change(&format!("revoke:{id}"), &fields);
    match here.service.revoke_mandate(&call, id).await {
        Ok(_) => Ok(see(&format!("/mandates/{id}"))),
        Err(error) => refused(&mut here, id, &error).await,
    }
}

pub(super) async fn renounce(
    mut here: Here,
    Path(id): Path<MandateId>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    let call = here.visitor.change(&format!("renounce:{id}"), &fields);
    match here.service.renounce_mandate(&call, id).await {
        Ok(_) => Ok(see(&format!("/mandates/{id}"))),
        Err(error) => refused(&mut here, id, &error).await,
    }
}

/// Refuses whoever would be refused in the end.
fn must_be(here: &Here, the_right_side: bool) -> Result<(), Problem> {
    let may = the_right_side && here.visitor.acting_for().is_none();
    here.told(may.then_some(()).ok_or(Error::Denied(Reason::OnlyInPerson)))
}

async fn refused(here: &mut Here, id: MandateId, error: &Error) -> Result<Response, Problem> {
    let notice = noted(here, error, &[])?;
    let told = told(here, id).await?;
    Ok(asked(here, &told, notice))
}

/// What it means, and the one button; of a mandate that has ended, that it has.
fn asked(here: &Here, told: &Told, notice: Option<Notice>) -> Response {
    let page = &here.page;
    if notice.is_none() && !told.holds() {
        return see(&told.address);
    }
    let status = notice.as_ref().map(|notice| notice.status);
    let template = End { page, mandate: told, notice };
    form(page, status, &template)
}

#[cfg(test)]
mod tests {
    use super::{
        super::show::{Side, tests::told},
        *,
    };
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{
        Language,
        mandate::{MandateStanding, MandateState},
    };

    #[test]
    fn one_button_ends_it_and_a_refusal_is_told_above() {
        for language in Language::ALL {
            let page = page(language);
            for (side, action) in [(Side::Grantor, "/revoke"), (Side::Representative, "/renounce")] {
                let told = told(&page, side, MandateState::Given, MandateStanding::Active);
                let notice = Notice {
                    heading: "Nej".to_owned(),
                    text: "Fordi".to_owned(),
                    code: "mandate_revoked",
                    status: http::StatusCode::CONFLICT,
                };
                let html =
                    End { page: &page, mandate: &told, notice: Some(notice) }.render().expect("a page");
                must_hold_together(&html);
                assert!(
                    html.contains(&format!("{action}\">")) && html.contains("data-code=\"mandate_revoked\"")
                );
                let main = html.split_once("<main").and_then(|(_, main)| main.split_once("</main>"));
                assert_eq!(main.expect("the page's own").0.matches("<button").count(), 1);
            }
        }
    }
}
