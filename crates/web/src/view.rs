//! What several pages show alike.

use crate::page::Page;
use std::collections::BTreeMap;
use tillid_domain::{
    Cvr, Language,
    actor::ActorTrace,
    catalogue::{EntryVersion, Polarity, Shelf},
    consent::{ConsentStanding, ConsentState},
    id::{ConsentId, EntryId},
};
use tillid_service::{Service, TypedConsent};

/// What people call an authority; its CVR number where it is not known here.
pub(crate) fn authority(service: &Service, cvr: Cvr, language: Language) -> String {
    let known = service.directory().get(cvr);
    known.map_or_else(|| cvr.to_string(), |authority| authority.name.in_language(language).to_owned())
}

/// Who did something, as the person concerned is told: never an employee's name.
pub(crate) fn actor(service: &Service, page: &Page, trace: &ActorTrace) -> String {
    match trace {
        ActorTrace::Employee { authority: cvr, .. } => authority(service, *cvr, page.language),
        ActorTrace::System { authority: cvr, .. } => {
            page.fill("overview.by_system", "authority", authority(service, *cvr, page.language))
        }
        ActorTrace::Representative { .. } => page.t("overview.by_representative").to_owned(),
        ActorTrace::Citizen { .. } => page.t("overview.by_you").to_owned(),
        ActorTrace::Operator | ActorTrace::Service => page.t("layout.name").to_owned(),
    }
}

/// A number as people write it, in threes: 1.234.567, or 1,234,567.
pub(crate) fn count(page: &Page, number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::with_capacity(digits.len() + 6);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push_str(page.t("layout.thousands"));
        }
        written.push(digit);
    }
    written
}

/// The titles of packages, in the versions that something was given under.
pub(crate) struct Titles(BTreeMap<EntryId, String>);

impl Titles {
    /// Fetches each of them once. One that cannot be fetched is called by its code.
    pub(crate) async fn of(service: &Service, language: Language, packages: Vec<&EntryVersion>) -> Self {
        let mut titles = BTreeMap::new();
        for version in packages {
            if titles.contains_key(&version.entry) {
                continue;
            }
            let entry = service.entry_version(Shelf::MandatePackage, &version.code, version.number).await;
            let title = entry.ok().and_then(|entry| {
                entry.mandate_package().map(|package| package.title.in_language(language).to_owned())
            });
            titles.insert(version.entry, title.unwrap_or_else(|| version.code.to_string()));
        }
        Self(titles)
    }

    /// The titles of these packages in one line.
    pub(crate) fn line(&self, packages: &[EntryVersion]) -> String {
        let titles = packages.iter().filter_map(|version| self.0.get(&version.entry));
        titles.cloned().collect::<Vec<_>>().join(", ")
    }
}

/// A specific consent in a list.
pub(crate) struct ConsentRow {
    pub(crate) id: ConsentId,
    pub(crate) title: String,
    pub(crate) statement: String,
    pub(crate) authority: String,
    pub(crate) standing: Standing,
    /// Whether a yes forbids something.
    pub(crate) opt_out: bool,
    /// When it was answered, ended, or how long it lasts: one sentence.
    pub(crate) when: String,
}

impl ConsentRow {
    pub(crate) fn new(typed: &TypedConsent, service: &Service, page: &Page) -> Self {
        let answer = &typed.consent.answer;
        let item = typed.of.item(&answer.item);
        Self {
            id: typed.consent.id,
            title: page.say(&typed.of.title).to_owned(),
            statement: item.map_or("", |item| page.say(&item.statement)).to_owned(),
            authority: authority(service, answer.authority, page.language),
            standing: Standing::new(typed.standing, page),
            opt_out: answer.polarity == Polarity::OptOut,
            when: when(typed, page),
        }
    }
}

/// Where a consent stands, in words and in colour.
pub(crate) struct Standing {
    pub(crate) code: &'static str,
    pub(crate) words: &'static str,
    pub(crate) colour: &'static str,
    /// Whether it can be withdrawn.
    pub(crate) holds: bool,
}

impl Standing {
    pub(crate) fn new(standing: ConsentStanding, page: &Page) -> Self {
        let (key, colour) = match standing {
            ConsentStanding::Active => ("consent.active", "badge-success"),
            ConsentStanding::Planned => ("consent.planned", "badge-info"),
            ConsentStanding::Declined => ("consent.declined", ""),
            ConsentStanding::Withdrawn => ("consent.withdrawn", ""),
            ConsentStanding::Lapsed => ("consent.lapsed", ""),
            ConsentStanding::Expired => ("consent.expired", ""),
            ConsentStanding::Annulled => ("consent.annulled", ""),
        };
        let holds = matches!(standing, ConsentStanding::Active | ConsentStanding::Planned);
        Self { code: standing.code(), words: page.t(key), colour, holds }
    }
}

fn when(typed: &TypedConsent, page: &Page) -> String {
    let consent = &typed.consent;
    let valid = consent.answer.valid;
    match (typed.standing, consent.state) {
        (_, ConsentState::Annulled { at, .. }) => page.fill("consent.annulled_at", "at", page.moment(at)),
        (_, ConsentState::Withdrawn { at, .. }) => page.fill("consent.ended_at", "at", page.moment(at)),
        (_, ConsentState::Lapsed { effective_at, .. }) => {
            page.fill("consent.ended_at", "at", page.moment(effective_at))
        }
        (_, ConsentState::Declined) => {
            page.fill("consent.declined_at", "at", page.moment(consent.answered_at))
        }
        (ConsentStanding::Planned, ConsentState::Given) => {
            page.fill("consent.from", "at", page.moment(valid.from))
        }
        (ConsentStanding::Expired, ConsentState::Given) => {
            page.fill("consent.expired_at", "day", valid.to.map_or_else(String::new, |to| page.last_day(to)))
        }
        (_, ConsentState::Given) => match valid.to {
            Some(to) => page.fill("consent.until", "day", page.last_day(to)),
            None => page.t("consent.without_end").to_owned(),
        },
    }
}
