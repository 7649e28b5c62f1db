//! The catalogue administrator's pages: the authority's types and packages, each version as a citizen will see it, its steps, and
//! the form in which it is written.

mod compare;
mod shape;
mod told;
mod withdraw;
pub(super) mod write;
mod written;

use super::roles;
use crate::{
    fields::WrittenDate,
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Audience,
    actor::Role,
    catalogue::{CatalogueEntry, Definition, EntryState, Shelf},
    text::Code,
};
use tillid_edge::{Fields, Form, Path, Problem};
use tillid_service::{Call, Error};
use told::{Told, addressed, title};

/// A version in the list.
struct Row {
    address: String,
    title: String,
    code: String,
    number: u32,
    state: &'static str,
    colour: &'static str,
}

#[derive(Template)]
#[template(path = "casework_catalogue.html")]
struct List<'p> {
    page: &'p Page,
    types: Vec<Row>,
    packages: Vec<Row>,
}

#[derive(Template)]
#[template(path = "casework_catalogue_entry.html")]
struct EntryPage<'p> {
    page: &'p Page,
    told: &'p Told,
    wrote: &'p Wrote,
    /// How far its withdrawal is.
    withdrawing: Option<Vec<String>>,
    notice: Option<Notice>,
}

/// What was written in the forms of a version's page.
#[derive(Default)]
struct Wrote {
    comment: String,
    from: WrittenDate,
    why: String,
}

/// Whether the catalogue is a thing of these roles; the verbs decide, this saves a way in vain.
pub(super) fn may_edit(roles: &[Role]) -> bool {
    roles.contains(&Role::CatalogueAdministrator)
}

pub(super) async fn list(here: Here) -> Result<Response, Problem> {
    roles(&here)?;
    let call = here.visitor.read();
    let types = here.told(here.service.own_entries(&call, Shelf::ConsentType).await)?;
    let packages = here.told(here.service.own_entries(&call, Shelf::MandatePackage).await)?;
    let rows = |entries: Vec<CatalogueEntry>| entries.iter().map(|e| row(&here.page, e)).collect();
    Ok(here.page.answer(&List { page: &here.page, types: rows(types), packages: rows(packages) }))
}

fn row(page: &Page, entry: &CatalogueEntry) -> Row {
    let (state, colour) = state_words(&entry.state);
    Row {
        address: addressed(entry),
        title: title(page, &entry.definition).to_owned(),
        code: entry.definition.code().to_string(),
        number: entry.number,
        state: page.t(state),
        colour,
    }
}

const fn state_words(state: &EntryState) -> (&'static str, &'static str) {
    match state {
        EntryState::Draft => ("casework.cat_draft", "badge-info"),
        EntryState::InReview { .. } => ("casework.cat_in_review", "badge-warning"),
        EntryState::Discarded { .. } => ("casework.cat_discarded", "badge-error"),
        EntryState::Published { .. } => ("casework.cat_published", "badge-success"),
        EntryState::Retired { withdrawal: Some(_), .. } => ("withdraw.state", "badge-error"),
        EntryState::Retired { .. } => ("casework.cat_retired", "badge-error"),
    }
}

/// Which version of what a page is about.
type Which = (String, Code, u32);

fn shelf(name: &str) -> Option<Shelf> {
    match name {
        "consent-types" => Some(Shelf::ConsentType),
        "mandate-packages" => Some(Shelf::MandatePackage),
        _ => None,
    }
}

pub(super) async fn entry(here: Here, Path(which): Path<Which>) -> Result<Response, Problem> {
    shown(&here, which, &Wrote::default(), None).await
}

async fn shown(
    here: &Here,
    (name, code, number): Which,
    wrote: &Wrote,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    roles(here)?;
    let shelf = here.told(shelf(&name).ok_or(Error::NotFound))?;
    let call = here.visitor.read();
    let versions = here.told(here.service.versions_of_entry(&call, shelf, &code).await)?;
    let entry = here.told(versions.iter().find(|v| v.number == number).ok_or(Error::NotFound))?;
    let history = here.told(here.service.entry_history(&call, shelf, &code, number).await)?;
    let in_use = versions.iter().find(|v| v.is_published());
    let told = Told::new(here, entry, in_use, &history)?;
    let withdrawing = match entry.withdrawal() {
        Some(_) => Some(withdraw::progress(here, &call, &code, number).await?),
        None => None,
    };
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &EntryPage { page: &here.page, told: &told, wrote, withdrawing, notice }))
}

/// A step of a version. The form says which revision was looked at: what was changed meanwhile is looked at again.
pub(super) async fn step(
    mut here: Here,
    Path((name, code, number, step)): Path<(String, Code, u32, String)>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    roles(&here)?;
    let shelf = here.told(shelf(&name).ok_or(Error::NotFound))?;
    let expected = fields.get("revision").and_then(|text| text.parse().ok());
    let call = Call { expected, ..here.visitor.read() };
    let which = (name, code.clone(), number);
    let service = &here.service;
    let outcome = match step.as_str() {
        "submit" => service.submit_entry(&call, shelf, &code, number).await,
        "discard" => service.discard_entry(&call, shelf, &code, number).await,
        "publish" => service.publish_entry(&call, shelf, &code, number).await,
        "retire" => service.retire_entry(&call, shelf, &code, number).await,
        "return" => return give_back(here, &call, shelf, which, &fields).await,
        "withdraw" => return withdraw::sent(here, &call, shelf, which, &fields).await,
        _ => Err(Error::NotFound),
    };
    moved(&mut here, which, outcome, &Wrote::default(), &[]).await
}

async fn give_back(
    mut here: Here,
    call: &Call,
    shelf: Shelf,
    which: Which,
    fields: &Fields,
) -> Result<Response, Problem> {
    let written = fields.get("comment").unwrap_or_default();
    let wrote = Wrote { comment: written.to_owned(), ..Wrote::default() };
    match crate::fields::written(written, "casework.cat_comment_form") {
        Ok(comment) => {
            let outcome = here.service.return_entry(call, shelf, &which.1, which.2, comment).await;
            moved(&mut here, which, outcome, &wrote, &[]).await
        }
        Err(flaw) => {
            let text = here.page.t(flaw);
            here.page.wrong("comment", text);
            shown(&here, which, &wrote, None).await
        }
    }
}

async fn moved<T>(
    here: &mut Here,
    which: Which,
    outcome: Result<T, Error>,
    wrote: &Wrote,
    places: &Places,
) -> Result<Response, Problem> {
    let address = format!("/casework/catalogue/{}/{}/{}", which.0, which.1, which.2);
    match outcome {
        Ok(_) => Ok(see(&address)),
        Err(error) => {
            let notice = noted(here, &error, places)?;
            here.page.path = address;
            shown(here, which, wrote, notice).await
        }
    }
}

/// What is wrong with a definition, as staff are told.
fn flaws(page: &Page, definition: &Definition) -> Vec<(String, &'static str)> {
    let words = |flaw: tillid_domain::catalogue::Flaw| {
        let sentence = flaw.reason.sentence(Audience::Caseworker);
        let sentence = sentence.map_or(flaw.reason.code(), |text| text.in_language(page.language));
        (flaw.pointer, sentence)
    };
    definition.flaws().into_iter().map(words).collect()
}
