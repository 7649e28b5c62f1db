//! Writing a version: a draft is changed, of any other version the next one is written, and what is new begins as a copy or empty.

use super::{
    Which, may_edit, shape, shelf,
    told::{addressed, shelf_name, title},
    written,
};
use crate::{
    casework::roles,
    page::{Here, Page, see},
    refused::{Notice, form, notice},
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use tillid_domain::{
    Cvr, Digest, Reason,
    catalogue::{CatalogueEntry, Definition, EntryState, Shelf},
    text::Code,
};
use tillid_edge::{Fields, Form, Path, Problem, Query, from_json};
use tillid_service::{Call, Done, Error};
use written::Part;

#[derive(Template)]
#[template(path = "casework_catalogue_write.html")]
struct WritePage<'p> {
    page: &'p Page,
    heading: &'p str,
    back: String,
    address: &'p str,
    /// Names the form, so that sending it twice writes once.
    attempt: &'p str,
    /// The revision that is changed; nothing where the next version is written.
    revision: Option<u64>,
    /// The code of something new, as it was written.
    code: Option<&'p str>,
    /// What something new can begin as.
    beginnings: &'p [Beginning],
    parts: Vec<Part>,
    notice: Option<Notice>,
}

/// Something in use, of whichever authority, that something new can begin as.
struct Beginning {
    address: String,
    title: String,
    code: String,
}

/// What something new begins as.
#[derive(Deserialize)]
pub(in crate::casework) struct Begin {
    from: Option<Code>,
}

/// How much of the catalogue is read at a time.
const AT_A_TIME: u32 = 100;

/// What the form writes.
enum What {
    /// A draft goes on being written.
    Draft(CatalogueEntry),
    /// The version after that one.
    Next(CatalogueEntry),
    /// Something that was not there.
    New(Shelf),
}

impl What {
    fn shelf(&self) -> Shelf {
        match self {
            Self::Draft(entry) | Self::Next(entry) => entry.definition.shelf(),
            Self::New(shelf) => *shelf,
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Draft(entry) | Self::Next(entry) => format!("{}/write", addressed(entry)),
            Self::New(shelf) => format!("/casework/catalogue/{}/new", shelf_name(*shelf)),
        }
    }

    fn back(&self) -> String {
        match self {
            Self::Draft(entry) | Self::Next(entry) => addressed(entry),
            Self::New(_) => "/casework/catalogue".to_owned(),
        }
    }

    const fn heading(&self) -> &'static str {
        match self {
            Self::Draft(_) => "catalogue.change",
            Self::Next(_) => "catalogue.next",
            Self::New(Shelf::ConsentType) => "catalogue.new_type",
            Self::New(Shelf::MandatePackage) => "catalogue.new_package",
        }
    }
}

/// The form as it was filled in.
struct Filled {
    attempt: String,
    code: String,
    written: Value,
}

impl Filled {
    fn of(here: &Here, written: Value) -> Self {
        Self { attempt: here.service.ambient().id().to_string(), code: String::new(), written }
    }

    fn sent(shelf: Shelf, fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        let written = written::read(shape::fields(shelf), fields, "").into();
        Self { attempt: text("attempt"), code: text("code"), written }
    }
}

/// The form that writes on a version.
pub(in crate::casework) async fn page(here: Here, Path(which): Path<Which>) -> Result<Response, Problem> {
    let what = found(&here, which).await?;
    let (What::Draft(entry) | What::Next(entry)) = &what else { return here.told(Err(Error::NotFound)) };
    let filled = Filled::of(&here, json(&entry.definition));
    Ok(shown(&here, &what, &filled, None))
}

pub(in crate::casework) async fn sent(
    here: Here,
    Path(which): Path<Which>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    let what = found(&here, which).await?;
    written_down(here, what, &fields).await
}

/// The form of something new.
pub(in crate::casework) async fn new_page(
    here: Here,
    Path(name): Path<String>,
    Query(begin): Query<Begin>,
) -> Result<Response, Problem> {
    must_edit(&here)?;
    let shelf = here.told(shelf(&name).ok_or(Error::NotFound))?;
    let what = What::New(shelf);
    let (written, beginnings) = match begin.from {
        Some(code) => (json(&as_is(&here, shelf, &code).await?.definition), Vec::new()),
        None => (
            written::read(shape::fields(shelf), &Fields::default(), "").into(),
            beginnings(&here, shelf).await?,
        ),
    };
    Ok(shown_with(&here, &what, &Filled::of(&here, written), None, &beginnings))
}

/// What is in use under that code, whosever it is; else the newest version that the authority of who writes has.
async fn as_is(here: &Here, shelf: Shelf, code: &Code) -> Result<CatalogueEntry, Problem> {
    match here.service.published_entry(shelf, code).await {
        Err(Error::NotFound) => {
            let own = here.service.versions_of_entry(&here.visitor.read(), shelf, code).await;
            let newest = here.told(own)?.into_iter().max_by_key(|entry| entry.number);
            here.told(newest.ok_or(Error::NotFound))
        }
        found => here.told(found),
    }
}

async fn beginnings(here: &Here, shelf: Shelf) -> Result<Vec<Beginning>, Problem> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let part = here.told(here.service.list_catalogue(shelf, after.as_ref(), AT_A_TIME).await)?;
        all.extend(part.items.iter().map(|entry| Beginning {
            address: format!(
                "/casework/catalogue/{}/new?from={}",
                shelf_name(shelf),
                entry.definition.code()
            ),
            title: title(&here.page, &entry.definition).to_owned(),
            code: entry.definition.code().to_string(),
        }));
        after = part.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

pub(in crate::casework) async fn new_sent(
    here: Here,
    Path(name): Path<String>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_edit(&here)?;
    let shelf = here.told(shelf(&name).ok_or(Error::NotFound))?;
    written_down(here, What::New(shelf), &fields).await
}

fn must_edit(here: &Here) -> Result<(), Problem> {
    here.told(may_edit(roles(here)?).then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))
}

async fn found(here: &Here, (name, code, number): Which) -> Result<What, Problem> {
    must_edit(here)?;
    let shelf = here.told(shelf(&name).ok_or(Error::NotFound))?;
    let versions = here.told(here.service.versions_of_entry(&here.visitor.read(), shelf, &code).await)?;
    let entry = versions.into_iter().find(|entry| entry.number == number);
    let entry = here.told(entry.ok_or(Error::NotFound))?;
    Ok(if entry.state == EntryState::Draft { What::Draft(entry) } else { What::Next(entry) })
}

fn shown(here: &Here, what: &What, filled: &Filled, notice: Option<Notice>) -> Response {
    shown_with(here, what, filled, notice, &[])
}

fn shown_with(
    here: &Here,
    what: &What,
    filled: &Filled,
    notice: Option<Notice>,
    beginnings: &[Beginning],
) -> Response {
    let page = &here.page;
    let status = notice.as_ref().map(|notice| notice.status);
    let template = WritePage {
        page,
        heading: page.t(what.heading()),
        back: what.back(),
        address: &what.address(),
        attempt: &filled.attempt,
        revision: if let What::Draft(entry) = what { Some(entry.revision) } else { None },
        code: matches!(what, What::New(_)).then_some(filled.code.as_str()),
        beginnings,
        parts: written::parts(page, shape::fields(what.shelf()), &filled.written),
        notice,
    };
    form(page, status, &template)
}

/// Saves what was written, or shows the form again: with one thing more or less in it, or with what cannot be read.
async fn written_down(mut here: Here, what: What, fields: &Fields) -> Result<Response, Problem> {
    let mut filled = Filled::sent(what.shelf(), fields);
    if let Some(step) = fields.get("step") {
        written::step(&mut filled.written, step);
        return Ok(shown(&here, &what, &filled, None));
    }
    let Some(definition) = definition(&mut here, &what, &filled).await? else {
        return Ok(shown(&here, &what, &filled, None));
    };
    match saved(&here, &what, definition, &filled, fields).await {
        Ok(done) => Ok(see(&addressed(&done.value))),
        // What was written meanwhile by a colleague is not written over, and what was written here is not lost.
        Err(error @ (Error::Rule(_) | Error::RevisionChanged)) => {
            let notice = notice(&here, &here.visitor.problem(&error));
            Ok(shown(&here, &what, &filled, Some(notice)))
        }
        Err(error) => here.told(Err(error)),
    }
}

async fn saved(
    here: &Here,
    what: &What,
    definition: Definition,
    filled: &Filled,
    fields: &Fields,
) -> Result<Done<CatalogueEntry>, Error> {
    match what {
        What::Draft(entry) => {
            let expected = fields.get("revision").and_then(|text| text.parse().ok());
            let call = Call { expected, ..here.visitor.read() };
            here.service.change_entry(&call, entry.number, definition).await
        }
        What::Next(_) | What::New(_) => {
            let written = Digest::of(filled.written.to_string().as_bytes());
            let key = format!("write:{}:{}:{written}", filled.attempt, filled.code);
            let call = here.visitor.change(&key, fields);
            here.service.draft_entry(&call, definition).await
        }
    }
}

/// What was written, as a definition; what cannot be read is noted on the page.
async fn definition(here: &mut Here, what: &What, filled: &Filled) -> Result<Option<Definition>, Problem> {
    let Some((code, authority)) = named(here, what, filled).await? else { return Ok(None) };
    let mut written = filled.written.clone();
    if let Some(fields) = written.as_object_mut() {
        fields.insert("code".to_owned(), code.as_str().into());
        fields.insert("authority".to_owned(), authority.to_string().into());
    }
    let read = match what.shelf() {
        Shelf::ConsentType => from_json(written).map(Definition::ConsentType),
        Shelf::MandatePackage => from_json(written).map(Definition::MandatePackage),
    };
    match read {
        Ok(definition) => Ok(Some(definition)),
        Err(problem) => {
            let parts = written::parts(&here.page, shape::fields(what.shelf()), &filled.written);
            for flaw in problem.errors() {
                let (place, said) =
                    (flaw.pointer.trim_start_matches('#'), flaw.detail.in_language(here.page.language));
                let label = parts.iter().find_map(|part| part.called(place)).unwrap_or(place);
                here.page.wrong(place, format!("{label} {said}"));
            }
            Ok(None)
        }
    }
}

/// The code and the authority of what is written: those that it has, or the code that was chosen and the authority of who writes.
async fn named(here: &mut Here, what: &What, filled: &Filled) -> Result<Option<(Code, Cvr)>, Problem> {
    let shelf = match what {
        What::Draft(entry) | What::Next(entry) => {
            return Ok(Some((entry.definition.code().clone(), entry.definition.authority())));
        }
        What::New(shelf) => *shelf,
    };
    let Some((authority, _)) = here.visitor.employee() else { return here.told(Err(Error::NotFound)) };
    let Ok(code) = filled.code.parse::<Code>() else {
        here.page.wrong("code", here.page.t("catalogue.code_form"));
        return Ok(None);
    };
    match here.service.versions_of_entry(&here.visitor.read(), shelf, &code).await {
        Err(Error::NotFound) => Ok(Some((code, authority))),
        Ok(_) | Err(_) => {
            here.page.wrong("code", here.page.t("catalogue.code_taken"));
            Ok(None)
        }
    }
}

fn json(definition: &Definition) -> Value {
    match definition {
        Definition::ConsentType(of) => serde_json::to_value(of),
        Definition::MandatePackage(of) => serde_json::to_value(of),
    }
    .unwrap_or_default()
}
