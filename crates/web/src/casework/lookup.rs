//! The form that looks a person up: whom, for what, in which case.

use super::{
    catalogue::may_edit, clients::may_manage, erase::may_erase, given::may_list, roles, tasks::may_work,
};
use crate::{
    fields,
    page::{Here, Page, see},
    refused::{Notice, form, noted, notice},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::actor::{Purpose, Role};
use tillid_edge::{Fields, Form, Problem};
use tillid_service::{Error, NewLookup, PersonRef};

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    number: String,
    purpose: String,
    case: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self { number: text("number"), purpose: text("purpose"), case: text("case") }
    }
}

struct Choice {
    field: String,
    code: &'static str,
    words: &'static str,
    needs_case: bool,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_lookup.html")]
#[expect(clippy::struct_excessive_bools, reason = "one for each kind of work that is offered")]
struct LookUp<'p> {
    page: &'p Page,
    choices: Vec<Choice>,
    may_work: bool,
    may_list: bool,
    may_erase: bool,
    may_manage: bool,
    may_edit: bool,
    filled: &'p Filled,
    notice: Option<Notice>,
}

pub(super) async fn page(here: Here) -> Result<Response, Problem> {
    shown(&here, &Filled::default(), None)
}

pub(super) async fn look_up(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    let purposes = purposes(roles(&here)?);
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, &purposes, &filled) else {
        return shown(&here, &filled, None);
    };
    if let Err(problem) = here.allowances.look_up(here.visitor.actor(), here.service.security_now()) {
        let notice = notice(&here, &problem);
        return shown(&here, &filled, Some(notice));
    }
    match here.service.look_up(&here.visitor.read(), &new).await {
        Ok(found) => Ok(see(&format!("/casework/lookups/{}", found.record.id))),
        Err(error @ Error::Denied(_)) => {
            let notice = notice(&here, &here.visitor.problem(&error));
            shown(&here, &filled, Some(notice))
        }
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, &filled, notice)
        }
    }
}

/// The purposes that the roles have between them.
pub(super) fn purposes(roles: &[Role]) -> Vec<Purpose> {
    let has = |purpose: &Purpose| roles.iter().any(|role| role.purposes().contains(purpose));
    Purpose::ALL.into_iter().filter(has).collect()
}

/// Whom to look up, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, purposes: &[Purpose], filled: &Filled) -> Option<NewLookup> {
    let number = fields::cpr(&filled.number).map_err(|flaw| page.wrong("number", page.t(flaw)));
    let purpose = purposes.iter().copied().find(|purpose| purpose.code() == filled.purpose);
    if purpose.is_none() {
        page.wrong("purpose-0", page.t("casework.purpose_missing"));
    }
    let case = match fields::case(&filled.case) {
        Ok(None) if purpose.is_some_and(Purpose::needs_case) => Err("casework.case_missing"),
        read => read,
    };
    let case = case.map_err(|flaw| page.wrong("case", page.t(flaw)));
    Some(NewLookup { person: PersonRef::Number(number.ok()?), purpose: purpose?, case: case.ok()? })
}

fn shown(here: &Here, filled: &Filled, notice: Option<Notice>) -> Result<Response, Problem> {
    let page = &here.page;
    let choice = |(at, purpose): (usize, Purpose)| Choice {
        field: format!("purpose-{at}"),
        code: purpose.code(),
        words: purpose.words().map_or("", |words| page.say(words)),
        needs_case: purpose.needs_case(),
        chosen: purpose.code() == filled.purpose,
    };
    let roles = roles(here)?;
    let choices = purposes(roles).into_iter().enumerate().map(choice).collect();
    let status = notice.as_ref().map(|notice| notice.status);
    let template = LookUp {
        page,
        choices,
        may_work: may_work(roles),
        may_list: may_list(roles),
        may_erase: may_erase(roles),
        may_manage: may_manage(roles),
        may_edit: may_edit(roles),
        filled,
        notice,
    };
    Ok(form(page, status, &template))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillid_domain::Language;

    fn flaws(filled: &Filled) -> Vec<String> {
        let mut page = Page::at(Language::Da, "/casework");
        let read = read(&mut page, &purposes(&[Role::Caseworker, Role::Registrar]), filled);
        assert_eq!(read.is_none(), !page.errors.is_empty());
        page.errors.into_iter().map(|error| error.field).collect()
    }

    fn filled(number: &str, purpose: &str, case: &str) -> Filled {
        Filled { number: number.into(), purpose: purpose.into(), case: case.into() }
    }

    #[test]
    fn nobody_is_looked_up_without_a_purpose_of_the_role_and_the_case_it_asks_for() {
        assert_eq!(flaws(&Filled::default()), ["number", "purpose-0"]);
        assert_eq!(flaws(&filled("6702451236", "supervision", "27.36.04")), ["purpose-0"]);
        assert_eq!(flaws(&filled("6702451236", "case_processing", "")), ["case"]);
        assert_eq!(flaws(&filled("67024512", "citizen_service", "670245-1236")), ["number", "case"]);
        assert_eq!(flaws(&filled("670245-1236", "citizen_service", "")), [""; 0]);
        assert_eq!(flaws(&filled("6702451236", "case_processing", "27.36.04-G01-12-26")), [""; 0]);
    }
}
