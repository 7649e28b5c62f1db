//! Registering an answer, first step: about what, and how it is given. A last press of a button makes the text that the answer is given
//! to.

use super::{
    Stop, Under,
    ask::published,
    found::may_ask,
    narrow::{Narrow, Narrowed},
    read as told, roles,
};
use crate::{
    fields::{self, Radio},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Language, Reason,
    access::{Act, Subject, may},
    catalogue::{CaseBinding, CatalogueEntry, Channel, ConsentType, Shelf},
    id::{AccessId, RequestId},
    presentation::Means,
    request::RequestStanding,
    text::{CaseRef, Code},
};
use tillid_edge::{Fields, Form, Path, Problem, Query};
use tillid_service::{Error, NewPresentation};

const AT_A_TIME: u32 = 200;

/// Where the flaws that the verb finds are shown.
const PLACES: &Places = &[
    ("/items", "item-0"),
    ("/case", "case"),
    ("/means", "means-0"),
    ("/valid_until", "valid_until_day"),
    ("/sources", "source-0"),
    ("/recipients", "recipient-0"),
];

#[derive(Deserialize)]
pub(super) struct Asked {
    r#type: Option<Code>,
    request: Option<RequestId>,
}

/// What the answer is about.
struct Matter {
    of: ConsentType,
    /// The request that it answers, with what was asked in it.
    request: Option<RequestId>,
    asked: Vec<Code>,
}

/// What was filled in, as it was written.
struct Filled {
    /// Names this form, so that sending it twice makes one text.
    attempt: String,
    means: String,
    language: String,
    items: Vec<String>,
    case: String,
    narrowed: Narrowed,
}

impl Filled {
    fn empty(here: &Here, case: Option<&CaseRef>) -> Self {
        Self {
            attempt: here.service.ambient().id().to_string(),
            means: String::new(),
            language: here.page.language.tag().to_owned(),
            items: Vec::new(),
            case: case.map(ToString::to_string).unwrap_or_default(),
            narrowed: Narrowed::default(),
        }
    }

    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            attempt: text("attempt"),
            means: text("means"),
            language: text("language"),
            items: fields.all("item").map(str::to_owned).collect(),
            case: text("case"),
            narrowed: Narrowed::sent(fields),
        }
    }

    /// The name of the attempt: the form as it was sent. Changed and sent again, it is another one.
    fn key(&self, code: &Code, request: Option<RequestId>) -> String {
        let Self { attempt, means, language, items, case, narrowed } = self;
        let request = request.map(|id| id.to_string()).unwrap_or_default();
        format!(
            "show:{attempt}:{code}:{request}:{means}:{language}:{}:{case}:{}",
            items.join(","),
            narrowed.key()
        )
    }
}

struct Type {
    address: String,
    title: String,
    purpose: String,
}

#[derive(Template)]
#[template(path = "casework_collect_types.html")]
struct Types<'p> {
    page: &'p Page,
    found: String,
    requests: Vec<Type>,
    offered: Vec<Type>,
}

struct Choice {
    field: String,
    code: String,
    statement: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_collect.html")]
struct Collect<'p> {
    page: &'p Page,
    address: String,
    of: &'p ConsentType,
    request: Option<RequestId>,
    needs_case: bool,
    choices: Vec<Choice>,
    means: Vec<Radio>,
    languages: Vec<Radio>,
    narrow: Narrow<'p>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

pub(super) async fn page(
    here: Here,
    Path(lookup): Path<AccessId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let under = Under::new(&here, lookup);
    let record = told(&here, here.service.lookup(&under.call).await)?;
    if asked.r#type.is_none() && asked.request.is_none() {
        return types(&here, lookup, &under).await;
    }
    let matter = matter(&here, &under, asked.r#type, asked.request).await?;
    let filled = Filled::empty(&here, record.case.as_ref());
    Ok(shown(&here, lookup, &matter, &filled, None))
}

pub(super) async fn sent(
    mut here: Here,
    Path(lookup): Path<AccessId>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let under = Under::new(&here, lookup);
    told(&here, here.service.lookup(&under.call).await)?;
    let code = fields.get("type").and_then(|code| code.parse().ok());
    let request = fields.get("request").and_then(|id| id.parse().ok());
    let matter = matter(&here, &under, code, request).await?;
    let filled = Filled::sent(&fields);
    let Some((new, means, language)) = read(&mut here.page, &matter, &filled) else {
        return Ok(shown(&here, lookup, &matter, &filled, None));
    };
    let call = under.change(&here, &filled.key(&matter.of.code, matter.request), &fields);
    match here.service.present_for(&call, &new, means, language).await {
        Ok(done) => {
            let id = done.value.presentation.id;
            Ok(see(&format!("/casework/lookups/{lookup}/presentations/{id}")))
        }
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            Ok(shown(&here, lookup, &matter, &filled, notice))
        }
    }
}

pub(super) fn must_register(here: &Here) -> Result<(), Problem> {
    let may = may_ask(roles(here)?);
    here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))
}

async fn matter(
    here: &Here,
    under: &Under,
    code: Option<Code>,
    request: Option<RequestId>,
) -> Result<Matter, Stop> {
    if let Some(id) = request {
        let (request, of, _) = told(here, here.service.read_request(&under.call, id).await)?;
        return Ok(Matter { of, request: Some(id), asked: request.items });
    }
    let code = here.told(code.ok_or(Error::NotFound))?;
    let entry = published(here, &code).await?;
    let of = here.told(entry.consent_type().cloned().ok_or(Error::NotFound))?;
    Ok(Matter { of, request: None, asked: Vec::new() })
}

/// What there is to register an answer to: the requests that wait, and the types that the employee may register.
async fn types(here: &Here, lookup: AccessId, under: &Under) -> Result<Response, Stop> {
    let found = format!("/casework/lookups/{lookup}");
    let page = &here.page;
    let (part, now) = told(here, here.service.list_requests(&under.call, None, AT_A_TIME).await)?;
    let open = part.items.iter().filter(|(request, _)| request.standing(now) == RequestStanding::Open);
    let requests = open.map(|(request, of)| Type {
        address: format!("{found}/register?request={}", request.id),
        title: page.say(&of.title).to_owned(),
        purpose: page.fill("registering.asked", "asked", page.moment(request.asked_at)),
    });
    let types = open_types(here).await?.into_iter().map(|of| Type {
        address: format!("{found}/register?type={}", of.code),
        title: page.say(&of.title).to_owned(),
        purpose: page.say(&of.purpose).to_owned(),
    });
    let offered = types.collect();
    let requests = requests.collect();
    Ok(page.answer(&Types { page, found, requests, offered }))
}

/// The types in use that the employee may register an answer to.
pub(super) async fn open_types(here: &Here) -> Result<Vec<ConsentType>, Problem> {
    let (mut types, mut after) = (Vec::new(), None);
    loop {
        let part = here.service.list_catalogue(Shelf::ConsentType, after.as_ref(), AT_A_TIME).await;
        let part = here.told(part)?;
        let open = part.items.iter().filter_map(CatalogueEntry::consent_type).filter(|of| is_open(here, of));
        types.extend(open.cloned());
        after = part.next;
        if after.is_none() {
            return Ok(types);
        }
    }
}

fn is_open(here: &Here, of: &ConsentType) -> bool {
    let subject = Subject {
        authority: Some(of.authority),
        kle: Some(&of.kle),
        sensitivity: Some(of.sensitivity),
        ..Subject::default()
    };
    may(here.visitor.actor(), Act::RegisterConsent, &subject).is_ok()
}

/// The ways in which the type may be answered through staff, with their codes, words and what they mean.
fn ways(of: &ConsentType) -> Vec<(Means, &'static str, &'static str, &'static str)> {
    let mut ways = Vec::new();
    if of.channels.contains(&Channel::Oral) {
        ways.push((Means::Told, "told", "registering.told", "registering.told_hint"));
    }
    if of.channels.contains(&Channel::Paper) {
        ways.push((Means::Paper, "paper", "registering.paper", "registering.paper_hint"));
    }
    ways.push((Means::Elsewhere, "elsewhere", "registering.elsewhere", "registering.elsewhere_hint"));
    ways
}

/// What is to be shown and how, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, matter: &Matter, filled: &Filled) -> Option<(NewPresentation, Means, Language)> {
    let of = &matter.of;
    let means = ways(of).into_iter().find(|(_, code, ..)| *code == filled.means).map(|(means, ..)| means);
    if means.is_none() {
        page.wrong("means-0", page.t("registering.means_missing"));
    }
    let language = Language::ALL.into_iter().find(|language| language.tag() == filled.language);
    if language.is_none() {
        page.wrong("language-0", page.t("registering.language_missing"));
    }
    if let Some(request) = matter.request {
        return Some((NewPresentation::Request(request), means?, language?));
    }
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
    let proposal = filled.narrowed.read(page);
    if items.is_empty() {
        return None;
    }
    let new = NewPresentation::Consent {
        consent_type: of.code.clone(),
        items,
        case: case.ok()?,
        proposal: proposal?,
    };
    Some((new, means?, language?))
}

fn shown(
    here: &Here,
    lookup: AccessId,
    matter: &Matter,
    filled: &Filled,
    notice: Option<Notice>,
) -> Response {
    let status = notice.as_ref().map(|notice| notice.status);
    form(&here.page, status, &Collect::new(&here.page, lookup, matter, filled, notice))
}

impl<'p> Collect<'p> {
    fn new(
        page: &'p Page,
        lookup: AccessId,
        matter: &'p Matter,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        let of = &matter.of;
        let asked = |code: &Code| matter.request.is_none() || matter.asked.contains(code);
        let items = of.items.iter().filter(|item| asked(&item.code)).enumerate();
        let choices = items.map(|(at, item)| Choice {
            field: format!("item-{at}"),
            code: item.code.to_string(),
            statement: page.say(&item.statement).to_owned(),
            chosen: filled.items.iter().any(|chosen| chosen == item.code.as_str()),
        });
        let means = ways(of).into_iter().map(|(_, code, words, hint)| Radio {
            code,
            words: page.t(words).to_owned(),
            hint: Some(page.t(hint)),
            chosen: code == filled.means,
        });
        let languages = Language::ALL.into_iter().map(|language| Radio {
            code: language.tag(),
            words: page
                .t(if language == Language::Da { "layout.danish" } else { "layout.english" })
                .to_owned(),
            hint: None,
            chosen: language.tag() == filled.language,
        });
        Self {
            page,
            address: format!("/casework/lookups/{lookup}/register"),
            of,
            request: matter.request,
            needs_case: of.case_binding == CaseBinding::Required,
            choices: choices.collect(),
            means: means.collect(),
            languages: languages.collect(),
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
    use uuid::Uuid;

    fn filled(text: &str) -> Filled {
        Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"))
    }

    fn matter(request: bool) -> Matter {
        let of = consent_type("C02");
        let request = request.then(|| RequestId::from_uuid(Uuid::from_u128(7)));
        Matter { asked: of.items.iter().take(2).map(|item| item.code.clone()).collect(), of, request }
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field_and_nothing_is_lost() {
        let lookup = AccessId::from_uuid(Uuid::nil());
        for language in Language::ALL {
            for (text, request, fields) in [
                ("", false, vec!["means-0", "language-0", "item-0", "case"]),
                ("means=told&language=da&item=bank&case=27.36.04", false, vec![]),
                ("means=screen&language=da&item=bank&case=670245-1236", false, vec!["means-0", "case"]),
                ("means=paper&language=en", true, vec![]),
                ("", true, vec!["means-0", "language-0"]),
            ] {
                let mut page = page(language);
                let (matter, filled) = (matter(request), filled(text));
                let read = read(&mut page, &matter, &filled);
                let wrong: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
                assert_eq!((read.is_none(), &wrong), (!fields.is_empty(), &fields), "{text}");
                let html = Collect::new(&page, lookup, &matter, &filled, None).render().expect("a page");
                must_hold_together(&html);
                assert_eq!(html.contains("name=\"item\""), !request, "what was asked is not chosen anew");
                assert_eq!(
                    html.matches("value=\"bank\" checked").count(),
                    usize::from(text.contains("bank"))
                );
            }
        }
    }

    #[test]
    fn nothing_is_chosen_of_how_it_was_answered_and_a_type_is_only_answered_as_it_may_be() {
        let page = page(Language::Da);
        let mut matter = matter(false);
        let empty = filled("language=da");
        let lookup = AccessId::from_uuid(Uuid::nil());
        let html = Collect::new(&page, lookup, &matter, &empty, None).render().expect("a page");
        assert_eq!(html.matches(" checked").count(), 1, "the language alone");
        assert!(html.contains("value=\"told\"") && html.contains("value=\"paper\""));
        matter.of.channels = vec![Channel::Digital];
        let html = Collect::new(&page, lookup, &matter, &empty, None).render().expect("a page");
        assert!(!html.contains("value=\"told\"") && !html.contains("value=\"paper\""));
        assert!(html.contains("value=\"elsewhere\""));
    }

    #[test]
    fn the_types_and_the_requests_that_wait_can_be_chosen() {
        for language in Language::ALL {
            let page = page(language);
            let one = || {
                vec![Type {
                    address: "/casework/x".to_owned(),
                    title: "Indhentning".to_owned(),
                    purpose: "Formål".to_owned(),
                }]
            };
            let found = || "/casework/lookups/1".to_owned();
            let html = Types { page: &page, found: found(), requests: one(), offered: one() }.render();
            must_hold_together(&html.expect("a page"));
            let html =
                Types { page: &page, found: found(), requests: Vec::new(), offered: Vec::new() }.render();
            must_hold_together(&html.expect("a page"));
        }
    }
}
