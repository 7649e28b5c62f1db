//! What packages and privileges are called on the pages.

use crate::page::{Here, Page};
use tillid_domain::{
    catalogue::{
        CatalogueEntry, EntryVersion, MandatePackage, Privilege, PrivilegeAction, RepresentativeKind, Risk,
        Shelf,
    },
    text::PrivilegeUri,
};
use tillid_edge::Problem;

/// What a representative may do, as the pages tell it.
pub(crate) struct Right {
    pub(crate) uri: String,
    pub(crate) action: &'static str,
    pub(crate) name: String,
    pub(crate) covers: String,
    pub(crate) does_not_cover: String,
}

impl Right {
    pub(crate) fn new(page: &Page, privilege: &Privilege) -> Self {
        Self {
            uri: privilege.uri.to_string(),
            action: page.t(action(privilege.action)),
            name: page.say(&privilege.name).to_owned(),
            covers: page.say(&privilege.covers).to_owned(),
            does_not_cover: page.say(&privilege.does_not_cover).to_owned(),
        }
    }
}

/// Something that can be chosen of a package.
pub(crate) struct Choice {
    pub(crate) field: String,
    pub(crate) right: Right,
    pub(crate) chosen: bool,
}

/// All that a package can give, with what was chosen of it.
pub(crate) fn choices(page: &Page, package: &MandatePackage, chosen: &[String]) -> Vec<Choice> {
    let choice = |(at, privilege): (usize, &Privilege)| Choice {
        field: format!("right-{at}"),
        right: Right::new(page, privilege),
        chosen: chosen.iter().any(|chosen| chosen == privilege.uri.as_str()),
    };
    package.privileges.iter().enumerate().map(choice).collect()
}

/// What was chosen of a package, and nothing of another; that nothing was is noted, for it never means everything.
pub(crate) fn chosen(page: &mut Page, package: &MandatePackage, chosen: &[String]) -> Vec<PrivilegeUri> {
    let known = |uri: &&PrivilegeUri| chosen.iter().any(|chosen| chosen == uri.as_str());
    let uris = package.privileges.iter().map(|privilege| &privilege.uri);
    let privileges: Vec<PrivilegeUri> = uris.filter(known).cloned().collect();
    if privileges.is_empty() {
        page.wrong("right-0", page.t("mandate.right_missing"));
    }
    privileges
}

/// The text for a kind of action.
pub(super) const fn action(action: PrivilegeAction) -> &'static str {
    match action {
        PrivilegeAction::Read => "mandate.action_read",
        PrivilegeAction::Act => "mandate.action_act",
        PrivilegeAction::Contact => "mandate.action_contact",
    }
}

/// The texts that say what the risk class means: in a few words, and in more.
pub(super) const fn risk(risk: Risk) -> (&'static str, &'static str) {
    match risk {
        Risk::Ordinary => ("mandate.risk_ordinary", "mandate.risk_ordinary_text"),
        Risk::Elevated => ("mandate.risk_elevated", "mandate.risk_elevated_text"),
        Risk::High => ("mandate.risk_high", "mandate.risk_high_text"),
    }
}

/// Whether the package can be given on these pages: to a person, or to an organisation by its number.
pub(crate) fn can_be_given_here(package: &MandatePackage) -> bool {
    !package.is_for_children() && suits_somebody(package)
}

/// Likewise for a child, by whoever has custody of it.
pub(super) fn can_be_given_for_a_child(package: &MandatePackage) -> bool {
    package.is_for_children() && suits_somebody(package)
}

fn suits_somebody(package: &MandatePackage) -> bool {
    package.representative_kinds.contains(&RepresentativeKind::Person) || is_for_organisations(package)
}

/// Whether it can be given to an organisation.
pub(super) fn is_for_organisations(package: &MandatePackage) -> bool {
    package.representative_kinds.contains(&RepresentativeKind::Organisation)
}

/// The package in the version that something was given under.
pub(crate) async fn package(here: &Here, version: &EntryVersion) -> Result<CatalogueEntry, Problem> {
    here.told(here.service.entry_version(Shelf::MandatePackage, &version.code, version.number).await)
}

/// What these privileges of the packages are called, each with the kind of action.
pub(crate) async fn rights(
    here: &Here,
    packages: &[EntryVersion],
    privileges: &[PrivilegeUri],
) -> Result<Vec<String>, Problem> {
    let mut names = Vec::new();
    for version in packages {
        let entry = package(here, version).await?;
        let all = entry.mandate_package().map(|package| package.privileges.as_slice()).unwrap_or_default();
        for privilege in all.iter().filter(|privilege| privileges.contains(&privilege.uri)) {
            let right = Right::new(&here.page, privilege);
            let name = format!("{} ({})", right.name, right.action);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// What a ground is called, in whichever list it stands.
pub(crate) fn ground(code: &str) -> &'static str {
    match code {
        "no_longer_needed" => "mandate.ground_no_longer_needed",
        "another_helps" => "mandate.ground_another_helps",
        "mistake" => "mandate.ground_mistake",
        "relation_ended" => "mandate.ground_relation_ended",
        "trust_lost" => "mandate.ground_trust_lost",
        "misuse" => "mandate.ground_misuse",
        "pressured" => "mandate.ground_pressured",
        "not_wanted" => "mandate.ground_not_wanted",
        "unable" => "mandate.ground_unable",
        "conflict" => "mandate.ground_conflict",
        "myself" => "mandate.ground_myself",
        "unsure" => "mandate.ground_unsure",
        "suspected_misuse" => "mandate.ground_suspected_misuse",
        "not_given" => "mandate.ground_not_given",
        "capacity" => "mandate.ground_capacity",
        "disagreement" => "mandate.ground_disagreement",
        _ => "mandate.ground_not_stated",
    }
}
