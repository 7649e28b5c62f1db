//! What a verb's refusal says on the page of the form that led to it.

use crate::page::{Here, Page};
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use tillid_edge::Problem;
use tillid_service::Error;

/// A refusal that no field is to blame for, above the form.
pub(crate) struct Notice {
    pub(crate) heading: String,
    pub(crate) text: String,
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
}

/// Where a form shows the flaws that a verb finds: a JSON pointer, and the `id` of the field. The longer pointers come first.
pub(crate) type Places = [(&'static str, &'static str)];

/// Notes the refusal on the page: flaws beside the fields that they are in, a rule that does not allow it as a notice. Any other
/// refusal is no matter of the form, and is told on a page of its own.
pub(crate) fn noted(here: &mut Here, error: &Error, places: &Places) -> Result<Option<Notice>, Problem> {
    let problem = here.visitor.problem(error);
    match error {
        Error::Rule(_) => Ok(Some(notice(here, &problem))),
        Error::Invalid(_) => Ok(flaws(here, &problem, places)),
        _ => Err(problem),
    }
}

/// The form as an answer: with the notice's status if there is one, else as every page.
pub(crate) fn form(page: &Page, status: Option<StatusCode>, template: &impl Template) -> Response {
    match status {
        Some(status) => page.answer_as(status, template),
        None => page.answer(template),
    }
}

/// The problem in the words of a notice.
pub(crate) fn notice(here: &Here, problem: &Problem) -> Notice {
    let language = here.page.language;
    Notice {
        heading: problem.title(language).to_owned(),
        text: problem.detail(language).unwrap_or_default().to_owned(),
        code: problem.code(),
        status: problem.status(),
    }
}

fn flaws(here: &mut Here, problem: &Problem, places: &Places) -> Option<Notice> {
    let mut homeless = None;
    for flaw in problem.errors() {
        let text = flaw.detail.in_language(here.page.language).to_owned();
        match place(places, &flaw.pointer) {
            Some(field) => here.page.wrong(field, text),
            None => homeless = Some(Notice { text, code: flaw.code, ..notice(here, problem) }),
        }
    }
    homeless
}

fn place(places: &Places, pointer: &str) -> Option<&'static str> {
    let pointer = pointer.trim_start_matches('#');
    let within =
        |at: &str| pointer.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    places.iter().find(|(at, _)| within(at)).map(|(_, field)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_is_shown_at_the_field_it_is_in() {
        let places = [("/a/b_c", "deep"), ("/a/b", "field")];
        for (pointer, field) in [
            ("#/a/b", Some("field")),
            ("#/a/b/0", Some("field")),
            ("/a/b_c", Some("deep")),
            ("#/a/b_d", None),
            ("#/a", None),
        ] {
            assert_eq!(place(&places, pointer), field, "{pointer}");
        }
    }
}
