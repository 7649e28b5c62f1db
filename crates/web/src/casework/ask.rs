//! Asking a person for a consent: which type first, then what of it, in which case, and until when.

use super::{
    Stop, Under,
    found::may_ask,
    narrow::{Narrow, Narrowed},
    read as told, roles,
};
use crate::{
    fields::{self, WrittenDate},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Reason,
    access::{Act, Subject, may},
    catalogue::{CaseBinding, CatalogueEntry, ConsentType, Shelf},
    id::{AccessId, PersonId},
    text::{CaseRef, Code},
};
use tillid_edge::{Fields, Form, Path, Problem, Query};
use tillid_service::{Error, NewRequest, PersonRef};

const AT_A_TIME: u32 = 200;

/// Where the flaws that the verb finds are shown.
const PLACES: &Places = &[
    ("/items", "item-0"),
    ("/case", "case"),
    ("/deadline", "deadline_day"),
    ("/valid_until", "valid_until_day"),
    ("/sources", "source-0"),
    ("/recipients", "recipient-0"),
];

#[derive(Deserialize)]
pub(super) struct Asked {
    r#type: Option<Code>,
}

/// What was filled in, as it was written.
struct Filled {
    /// Names this form, so that sending it twice asks once.
    attempt: String,
    items: Vec<String>,
    case: String,
    deadline: WrittenDate,
    narrowed: Narrowed,
}

impl Filled {
    /// An empty form, in the case of the look-up.
    fn empty(here: &Here, case: Option<&CaseRef>) -> Self {
        let attempt = here.service.ambient().id().to_string();
        let case = case.map(ToString::to_string).unwrap_or_default();
        Self {
            attempt,
            items: Vec::new(),
            case,
            deadline: WrittenDate::default(),
            narrowed: Narrowed::default(),
        }
    }

    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            attempt: text("attempt"),
            items: fields.all("item").map(str::to_owned).collect(),
            case: text("case"),
            deadline: WrittenDate::sent(fields, "deadline"),
            narrowed: Narrowed::sent(fields),
        }
    }

    /// The name of the attempt: the form as it was sent. Changed and sent again, it is another one.
    fn key(&self, code: &Code) -> String {
        let Self { attempt, items, case, deadline, narrowed } = self;
        format!("ask:{attempt}:{code}:{}:{case}:{deadline:?}:{}", items.join(","), narrowed.key())
    }
}

struct Type {
    code: String,
    title: String,
    purpose: String,
}

#[derive(Template)]
#[template(path = "casework_types.html")]
struct Types<'p> {
    page: &'p Page,
    found: String,
    choices: Vec<Type>,
}

struct Choice {
    field: String,
    code: String,
    statement: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_ask.html")]
struct Ask<'p> {
    page: &'p Page,
    lookup: AccessId,
    back: String,
    of: &'p ConsentType,
    needs_case: bool,
    choices: Vec<Choice>,
    narrow: Narrow<'p>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

pub(super) async fn page(
    here: Here,
    Path(lookup): Path<AccessId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Stop> {
    must_ask(&here)?;
    let record = told(&here, here.service.lookup(&Under::new(&here, lookup).call).await)?;
    match asked.r#type {
        Some(code) => {
            let entry = published(&here, &code).await?;
            Ok(shown(&here, lookup, &entry, &Filled::empty(&here, record.case.as_ref()), None)?)
        }
        None => Ok(types(&here, lookup).await?),
    }
}

pub(super) async fn sent(
    mut here: Here,
    Path(lookup): Path<AccessId>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_ask(&here)?;
    let missing = || here.visitor.problem(&Error::NotFound);
    let code: Code = fields.get("type").and_then(|code| code.parse().ok()).ok_or_else(missing)?;
    // Whoever was looked up is asked, and nobody else.
    let person = told(&here, here.service.lookup(&Under::new(&here, lookup).call).await)?.person;
    let entry = published(&here, &code).await?;
    let filled = Filled::sent(&fields);
    let of = here.told(entry.consent_type().ok_or(Error::NotFound))?;
    let Some(new) = read(&mut here.page, of, person, &filled) else {
        return Ok(shown(&here, lookup, &entry, &filled, None)?);
    };
    let call = here.visitor.change(&filled.key(&code), &fields);
    match here.service.ask_for_consent(&call, &new).await {
        Ok(done) => {
            let request = done.value.id;
            Ok(see(&format!("/casework/lookups/{lookup}/requests/{request}")))
        }
        // The reason's own sentence speaks of what is given, not of a deadline.
        Err(Error::Invalid(flaws)) if flaws.iter().any(|flaw| flaw.reason == Reason::EndDateTooLate) => {
            here.page.wrong("deadline_day", here.page.t("casework.deadline_late"));
            Ok(shown(&here, lookup, &entry, &filled, None)?)
        }
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            Ok(shown(&here, lookup, &entry, &filled, notice)?)
        }
    }
}

fn must_ask(here: &Here) -> Result<(), Problem> {
    let may = may_ask(roles(here)?);
    here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))
}

pub(super) async fn published(here: &Here, code: &Code) -> Result<CatalogueEntry, Problem> {
    here.told(here.service.published_entry(Shelf::ConsentType, code).await)
}

/// The types that the employee may ask for.
async fn types(here: &Here, lookup: AccessId) -> Result<Response, Problem> {
    let (mut choices, mut after) = (Vec::new(), None);
    loop {
        let part = here.service.list_catalogue(Shelf::ConsentType, after.as_ref(), AT_A_TIME).await;
        let part = here.told(part)?;
        let open = part.items.iter().filter_map(CatalogueEntry::consent_type).filter(|of| is_open(here, of));
        choices.extend(open.map(|of| Type {
            code: of.code.to_string(),
            title: here.page.say(&of.title).to_owned(),
            purpose: here.page.say(&of.purpose).to_owned(),
        }));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    let found = format!("/casework/lookups/{lookup}");
    Ok(here.page.answer(&Types { page: &here.page, found, choices }))
}

fn is_open(here: &Here, of: &ConsentType) -> bool {
    let subject = Subject {
        authority: Some(of.authority),
        kle: Some(&of.kle),
        sensitivity: Some(of.sensitivity),
        ..Subject::default()
    };
    may(here.visitor.actor(), Act::AskForConsent, &subject).is_ok()
}

/// What is to be asked, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, of: &ConsentType, person: PersonId, filled: &Filled) -> Option<NewRequest> {
    let chosen = |code: &&Code| filled.items.iter().any(|item| item == code.as_str());
    let items: Vec<Code> = of.items.iter().map(|item| &item.code).filter(chosen).cloned().collect();
    if items.is_empty() {
        page.wrong("item-0", page.t("casework.item_missing"));
    }
    let case = match fields::case(&filled.case) {
        Ok(None) if of.case_binding == CaseBinding::Required => Err("casework.case_missing"),
        read => read,
    };
    let case = case.map_err(|flaw| page.wrong("case", page.t(flaw)));
    let deadline = if filled.deadline.is_empty() { Ok(None) } else { filled.deadline.date().map(Some) };
    let deadline = deadline.map_err(|(part, flaw)| page.wrong(format!("deadline_{part}"), page.t(flaw)));
    let proposal = filled.narrowed.read(page);
    if items.is_empty() {
        return None;
    }
    Some(NewRequest {
        person: PersonRef::Id(person),
        consent_type: of.code.clone(),
        items,
        case: case.ok()?,
        deadline: deadline.ok()?,
        proposal: proposal?,
    })
}

fn shown(
    here: &Here,
    lookup: AccessId,
    entry: &CatalogueEntry,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let of = here.told(entry.consent_type().ok_or(Error::NotFound))?;
    let status = notice.as_ref().map(|notice| notice.status);
    let template = Ask::new(&here.page, lookup, of, filled, notice);
    Ok(form(&here.page, status, &template))
}

impl<'p> Ask<'p> {
    fn new(
        page: &'p Page,
        lookup: AccessId,
        of: &'p ConsentType,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        let choices = of.items.iter().enumerate().map(|(at, item)| Choice {
            field: format!("item-{at}"),
            code: item.code.to_string(),
            statement: page.say(&item.statement).to_owned(),
            chosen: filled.items.iter().any(|chosen| chosen == item.code.as_str()),
        });
        Self {
            page,
            lookup,
            back: format!("/casework/lookups/{lookup}/ask"),
            of,
            needs_case: of.case_binding == CaseBinding::Required,
            choices: choices.collect(),
            narrow: Narrow::new(page, of, &filled.narrowed),
            filled,
            notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{consent_type, must_hold_together, page};
    use tillid_domain::Language;
    use uuid::Uuid;

    fn filled(text: &str) -> Filled {
        Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"))
    }

    fn person() -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(1))
    }

    #[test]
    fn what_is_asked_is_what_was_chosen() {
        let (mut page, of) = (page(Language::Da), consent_type("C02"));
        let new = read(&mut page, &of, person(), &filled("item=bank&item=laege&item=no&case=27.36.04"));
        let new = new.expect("a request");
        let items: Vec<&str> = new.items.iter().map(Code::as_str).collect();
        assert_eq!((items, new.deadline), (vec!["laege", "bank"], None));
        for (text, fields) in [
            ("", vec!["item-0", "case"]),
            ("item=laege", vec!["case"]),
            (
                "item=laege&case=670245-1236&deadline_day=31&deadline_month=2&deadline_year=2027",
                vec!["case", "deadline_day"],
            ),
        ] {
            page.errors.clear();
            assert!(read(&mut page, &of, person(), &filled(text)).is_none(), "{text}");
            let wrong: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(wrong, fields, "{text}");
            let filled = filled(text);
            let html = Ask::new(&page, AccessId::from_uuid(Uuid::nil()), &of, &filled, None);
            let html = html.render().expect("a page");
            must_hold_together(&html);
            assert_eq!(html.matches(" checked").count(), filled.items.len(), "{text}");
        }
    }

    #[test]
    fn a_form_that_is_changed_and_sent_again_is_another_attempt() {
        let code: Code = "C02".parse().expect("a code");
        let key = |text: &str| filled(text).key(&code);
        assert_eq!(key("attempt=1&item=bank&csrf=x"), key("attempt=1&item=bank"));
        for other in ["attempt=2&item=bank", "attempt=1&item=laege", "attempt=1&item=bank&deadline_day=1"] {
            assert_ne!(key("attempt=1&item=bank"), key(other), "{other}");
        }
    }
}
