//! Saying that a case is decided: what was given for it alone ends with it. Which case, once more what that means, what ended.

use super::{roles, tasks::may_work};
use crate::{
    fields,
    page::{Here, Page},
    refused::{Notice, form, noted},
    view::count,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{Reason, text::CaseRef};
use tillid_edge::{Fields, Form, Problem};
use tillid_service::Error;

#[derive(Template)]
#[template(path = "casework_case.html")]
struct CaseForm<'p> {
    page: &'p Page,
    case: &'p str,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "casework_case_confirm.html")]
struct Confirm<'p> {
    page: &'p Page,
    /// Names this page, so that sending it twice closes once.
    attempt: String,
    case: &'p str,
}

#[derive(Template)]
#[template(path = "casework_case_closed.html")]
struct Closed<'p> {
    page: &'p Page,
    case: &'p str,
    /// How many consents and requests ended; nothing where the page was sent a second time.
    ended: Option<(String, String)>,
}

pub(super) async fn page(here: Here) -> Result<Response, Problem> {
    must_work(&here)?;
    Ok(here.page.answer(&CaseForm { page: &here.page, case: "", notice: None }))
}

fn must_work(here: &Here) -> Result<(), Problem> {
    let may = may_work(roles(here)?);
    here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))
}

/// Says what closing the case means. It closes nothing, and tells nothing of the case.
pub(super) async fn confirm(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    must_work(&here)?;
    let (written, Some(_)) = read(&mut here.page, &fields) else {
        let case = written(&fields);
        return Ok(here.page.answer(&CaseForm { page: &here.page, case, notice: None }));
    };
    let attempt = here.service.ambient().id().to_string();
    Ok(here.page.answer(&Confirm { page: &here.page, attempt, case: written }))
}

pub(super) async fn close(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    must_work(&here)?;
    let (case, Some(number)) = read(&mut here.page, &fields) else {
        let case = written(&fields);
        return Ok(here.page.answer(&CaseForm { page: &here.page, case, notice: None }));
    };
    let attempt = fields.get("attempt").unwrap_or_default();
    let call = here.visitor.change(&format!("close-case:{attempt}"), &fields);
    match here.service.close_case(&call, &number).await {
        Ok(done) => {
            let page = &here.page;
            let number = |of: usize| count(page, u64::try_from(of).unwrap_or(u64::MAX));
            let ended = (number(done.value.consents), number(done.value.requests));
            let ended = (!done.replayed).then_some(ended);
            Ok(page.answer(&Closed { page, case, ended }))
        }
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            let status = notice.as_ref().map(|notice| notice.status);
            Ok(form(&here.page, status, &CaseForm { page: &here.page, case, notice }))
        }
    }
}

fn written(fields: &Fields) -> &str {
    fields.get("case").unwrap_or_default()
}

/// The case as it was written, and what it is if it can be read; what cannot is noted.
fn read<'f>(page: &mut Page, fields: &'f Fields) -> (&'f str, Option<CaseRef>) {
    let text = written(fields);
    let case = fields::case(text).and_then(|case| case.ok_or("casework.case_missing"));
    (text, case.map_err(|flaw| page.wrong("case", page.t(flaw))).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;

    #[test]
    fn a_case_is_closed_after_a_last_look_at_its_number() {
        for language in Language::ALL {
            for (text, fine) in [("case=27.36.04", true), ("", false), ("case=670245-1236", false)] {
                let mut page = page(language);
                let fields = Fields::parse(text.as_bytes()).expect("fields");
                let (case, read) = read(&mut page, &fields);
                assert_eq!((read.is_some(), page.errors.is_empty()), (fine, fine), "{text}");
                let html = CaseForm { page: &page, case, notice: None }.render().expect("a page");
                must_hold_together(&html);
                assert!(html.contains(&format!("value=\"{case}\"")), "what was written stays");
            }
            let page = page(language);
            let confirm = Confirm { page: &page, attempt: "1".to_owned(), case: "27.36.04" };
            let html = confirm.render().expect("a page");
            must_hold_together(&html);
            let (before, _) = html.split_once("action=\"/casework/cases/close/confirm\"").expect("a form");
            assert!(before.contains("27.36.04") && before.contains(page.t("tasks.case_means")));
            for ended in [Some(("1.234".to_owned(), "0".to_owned())), None] {
                let numbers = ended.is_some();
                let html = Closed { page: &page, case: "27.36.04", ended }.render().expect("a page");
                must_hold_together(&html);
                assert_eq!(html.contains("1.234"), numbers);
            }
        }
    }
}
