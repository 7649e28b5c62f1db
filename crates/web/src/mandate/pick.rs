//! The packages to choose from.

use super::{has_custody, must_be_a_giver, words};
use crate::{
    page::{Here, Page},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::catalogue::{CatalogueEntry, MandatePackage, Shelf};
use tillid_edge::Problem;

const AT_A_TIME: u32 = 200;

/// The packages of one authority.
struct Group {
    authority: String,
    choices: Vec<Choice>,
}

struct Choice {
    code: String,
    title: String,
    purpose: String,
}

#[derive(Template)]
#[template(path = "mandate_pick.html")]
struct Pick<'p> {
    page: &'p Page,
    groups: Vec<Group>,
}

pub(super) async fn page(here: Here) -> Result<Response, Problem> {
    must_be_a_giver(&here)?;
    let entries = published(&here).await?;
    let groups = grouped(&here, entries.iter().filter_map(CatalogueEntry::mandate_package));
    Ok(here.page.answer(&Pick { page: &here.page, groups }))
}

/// All packages that are in use.
pub(crate) async fn published(here: &Here) -> Result<Vec<CatalogueEntry>, Problem> {
    let (mut entries, mut after) = (Vec::new(), None);
    loop {
        let part = here.service.list_catalogue(Shelf::MandatePackage, after.as_ref(), AT_A_TIME).await;
        let part = here.told(part)?;
        entries.extend(part.items);
        after = part.next;
        if after.is_none() {
            return Ok(entries);
        }
    }
}

fn grouped<'e>(here: &Here, packages: impl Iterator<Item = &'e MandatePackage>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let suits = if has_custody(here) { words::can_be_given_for_a_child } else { words::can_be_given_here };
    for package in packages.filter(|package| suits(package)) {
        let name = authority(&here.service, package.authority, here.page.language);
        let choice = Choice {
            code: package.code.to_string(),
            title: here.page.say(&package.title).to_owned(),
            purpose: here.page.say(&package.purpose).to_owned(),
        };
        match groups.iter_mut().find(|group| group.authority == name) {
            Some(group) => group.choices.push(choice),
            None => groups.push(Group { authority: name, choices: vec![choice] }),
        }
    }
    groups
}
