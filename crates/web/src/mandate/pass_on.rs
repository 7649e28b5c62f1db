//! Passing part of a power of attorney on: what, to whom and until when; everything once more; and the last yes (M7, R-37).

use super::{
    form::{Filled, PLACES, noted_at, recipient},
    must_be_oneself,
    show::{Told, told},
    summary::{Document, Ready, ShownPackage, Yes, ready, said},
    words::Right,
};
use crate::{
    fields::{self, WrittenDate},
    page::{Here, Page, see},
    refused::{Notice, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Reason,
    id::{MandateId, PresentationId},
    presentation::Presented,
    text::{Code, PrivilegeUri},
};
use tillid_edge::{Fields, Form, Path, Problem};
use tillid_service::{Error, NewMandate, NewPresentation, PersonRef};

/// Something that can be passed on.
struct Choice<'p> {
    field: String,
    right: &'p Right,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "mandate_pass_on.html")]
struct PassOnPage<'p> {
    page: &'p Page,
    mandate: &'p Told,
    choices: Vec<Choice<'p>>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

impl<'p> PassOnPage<'p> {
    fn new(page: &'p Page, mandate: &'p Told, filled: &'p Filled, notice: Option<Notice>) -> Self {
        let rights = mandate.packages.iter().flat_map(|package| &package.rights);
        let choice = |(at, right): (usize, &'p Right)| Choice {
            field: format!("right-{at}"),
            right,
            chosen: filled.chosen.contains(&right.uri),
        };
        Self { page, mandate, choices: rights.enumerate().map(choice).collect(), filled, notice }
    }
}

#[derive(Template)]
#[template(path = "mandate_pass_on_summary.html")]
struct Summary<'p> {
    page: &'p Page,
    address: String,
    id: PresentationId,
    document: Document,
    packages: Vec<(String, ShownPackage)>,
    until: String,
    notice: Option<Notice>,
}

impl Summary<'_> {
    const fn check(&self) -> &'static str {
        if self.document.together.is_some() { "joint.propose_check" } else { "mandate.pass_on_check" }
    }

    const fn lead(&self) -> &'static str {
        if self.document.together.is_some() { "joint.sign_check_lead" } else { "mandate.pass_on_check_lead" }
    }

    const fn regret(&self) -> &'static str {
        if self.document.together.is_some() { "joint.sign_regret" } else { "mandate.pass_on_regret" }
    }

    const fn button(&self) -> &'static str {
        if self.document.together.is_some() { "joint.propose" } else { "mandate.pass_on" }
    }

    const fn unnamed(&self) -> &'static str {
        if self.document.together.is_some() { "joint.you" } else { "mandate.some_representative" }
    }
}

pub(super) async fn page(here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let told = to_pass_on(&here, id).await?;
    // As long as they hold it themselves, and not a day more.
    let filled = Filled { until: WrittenDate::of(told.last_day()), ..Filled::default() };
    Ok(here.page.answer(&PassOnPage::new(&here.page, &told, &filled, None)))
}

pub(super) async fn sent(
    mut here: Here,
    Path(id): Path<MandateId>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let told = to_pass_on(&here, id).await?;
    let filled = Filled::sent(&fields);
    let notice = match read(&mut here.page, &told, &filled) {
        Some(new) => match show(&here, &fields, new).await {
            Ok(shown) => return Ok(see(&format!("{}/pass-on/{shown}", told.address))),
            Err(error) => noted(&mut here, &error, PLACES)?,
        },
        None => None,
    };
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &PassOnPage::new(&here.page, &told, &filled, notice)))
}

async fn show(here: &Here, fields: &Fields, new: NewMandate) -> Result<PresentationId, Error> {
    let about = NewPresentation::Mandate(new);
    let call = here.visitor.change("pass-on", fields);
    Ok(here.service.present(&call, &about, here.page.language).await?.value.presentation.id)
}

/// What is to be passed on, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, told: &Told, filled: &Filled) -> Option<NewMandate> {
    let is_chosen = |right: &&Right| filled.chosen.contains(&right.uri);
    let mut privileges: Vec<PrivilegeUri> = Vec::new();
    let mut packages: Vec<Code> = Vec::new();
    for package in &told.packages {
        let chosen = package.rights.iter().filter(is_chosen).filter_map(|right| right.uri.parse().ok());
        let before = privileges.len();
        privileges.extend(chosen);
        packages.extend((privileges.len() > before).then(|| package.code.clone()));
    }
    if privileges.is_empty() {
        page.wrong("right-0", page.t("mandate.right_missing"));
    }
    // Those who hold something together agree on what each of them may do.
    let to = match &told.value {
        mandate if mandate.is_held_together() => Some((PersonRef::Id(mandate.representative), None)),
        _ => recipient(page, filled, false).map(|(person, name)| (person, Some(name))),
    };
    let until = filled.until.date().map_err(|(part, flaw)| page.wrong(format!("until_{part}"), page.t(flaw)));
    let case = match &told.value.case {
        Some(case) => Some(Some(case.clone())),
        None => noted_at(page, "case", fields::case(&filled.case)),
    };
    if privileges.is_empty() {
        return None;
    }
    let (representative, name) = to?;
    Some(NewMandate {
        representative,
        representative_name: name,
        packages,
        privileges,
        case: case?,
        valid_until: until.ok()?,
        under: Some(told.value.id),
        together: None,
    })
}

pub(super) async fn summary(
    here: Here,
    Path((id, presentation)): Path<(MandateId, PresentationId)>,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    shown(&here, id, presentation, None).await
}

pub(super) async fn pass_on(
    mut here: Here,
    Path((id, presentation)): Path<(MandateId, PresentationId)>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let call = here.visitor.change(&presentation.to_string(), &fields);
    let done = here.service.give_mandate(&call, presentation).await;
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
    let fits = |shown: &Presented| matches!(shown, Presented::Mandate { under: Some(of), .. } if *of == id);
    let Ready { document, packages, until } = ready(here, presentation, fits).await?;
    let (page, address) = (&here.page, format!("/mandates/{id}"));
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(page, status, &Summary { page, address, id: presentation, document, packages, until, notice }))
}

/// The mandate, if the visitor holds it and can pass it on.
async fn to_pass_on(here: &Here, id: MandateId) -> Result<Told, Problem> {
    let told = told(here, id).await?;
    here.told(if told.is_anothers() {
        Err(Error::Denied(Reason::OnlyInPerson))
    } else if told.can_be_passed_on {
        Ok(())
    } else {
        Err(Error::Rule(Reason::NotToBePassedOn))
    })?;
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::{
        super::show::{Side, tests},
        *,
    };
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{
        Language,
        mandate::{MandateStanding, MandateState},
    };

    #[test]
    fn what_is_not_held_is_not_passed_on_and_the_case_stays() {
        let mut page = page(Language::Da);
        let told = tests::told(&page, Side::Representative, MandateState::Given, MandateStanding::Active);
        let held = told.packages[0].rights[0].uri.clone();
        let text = format!(
            "right={held}&right=urn:dk:other:fuldmagt:x:y&name=Bo+Lind&number=670245-1236&until_day=1&until_month=2&until_year=2027&case=9"
        );
        let fields = Fields::parse(text.as_bytes()).expect("fields");
        let new = read(&mut page, &told, &Filled::sent(&fields)).expect("a part");
        assert_eq!(new.privileges.iter().map(PrivilegeUri::as_str).collect::<Vec<_>>(), [held.as_str()]);
        assert_eq!((new.case, new.under), (told.value.case.clone(), Some(told.value.id)));
        assert!(read(&mut page, &told, &Filled::default()).is_none(), "nothing chosen is never everything");
    }

    #[test]
    fn nothing_is_chosen_beforehand() {
        for language in Language::ALL {
            let page = page(language);
            let told = tests::told(&page, Side::Representative, MandateState::Given, MandateStanding::Active);
            let html = PassOnPage::new(&page, &told, &Filled::default(), None).render().expect("a page");
            must_hold_together(&html);
            assert!(!html.contains(" checked") && html.contains("id=\"right-0\""));
            assert!(html.contains("/pass-on\""));
        }
    }
}
