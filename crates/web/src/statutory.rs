//! Who acts for whom by law or decision, as pages show it.

use crate::{actfor::words_of, page::Page, when};
use tillid_domain::{
    LocalDate,
    id::{PersonId, StatutoryId},
    statutory::{Area, StatutoryStanding},
};
use tillid_service::{StatutorySeen, StatutoryWhat};

/// One of these.
pub(crate) struct PowerRow {
    pub(crate) id: StatutoryId,
    pub(crate) words: &'static str,
    pub(crate) whom: String,
    pub(crate) holders: String,
    pub(crate) areas: Option<String>,
    pub(crate) days: String,
    pub(crate) standing: &'static str,
    pub(crate) colour: &'static str,
    /// Whether staff can go on from it: what is over and custody have no further step here.
    pub(crate) can_change: bool,
}

impl PowerRow {
    /// The row as that person reads it, or as others do.
    pub(crate) fn new(page: &Page, seen: &StatutorySeen, me: Option<PersonId>) -> Self {
        let named = |person: PersonId, name: Option<String>| match name {
            _ if me == Some(person) => page.t("statutory.you").to_owned(),
            Some(name) => name,
            None => page.t("statutory.someone").to_owned(),
        };
        let person_name = seen.person_name.as_ref().map(ToString::to_string);
        let whom = if me == Some(seen.person) {
            page.t("statutory.for_you").to_owned()
        } else {
            page.fill("statutory.for_whom", "name", named(seen.person, person_name))
        };
        let holders: Vec<String> = seen
            .holders
            .iter()
            .map(|holder| named(holder.person, holder.name.as_ref().map(ToString::to_string)))
            .collect();
        let areas: Vec<&str> = seen.areas.iter().map(|area| page.t(area_words(*area))).collect();
        let day = |key, date: LocalDate| page.fill(key, "day", when::day(date, page.language));
        let from = seen.from.map(|from| day("statutory.from", from));
        let until = seen.until.map(|until| day("statutory.until", until));
        let (standing, colour) = match seen.standing {
            StatutoryStanding::InForce => ("statutory.in_force", "badge-success"),
            StatutoryStanding::Planned => ("statutory.planned", "badge-info"),
            StatutoryStanding::Ended => ("statutory.ended", ""),
            StatutoryStanding::Dormant => ("statutory.asleep", "badge-info"),
        };
        let open = seen.standing != StatutoryStanding::Ended;
        Self {
            id: StatutoryId::from_uuid(seen.id),
            words: page.t(seen.basis.and_then(words_of).unwrap_or("statutory.dormant")),
            whom,
            holders: page.fill("statutory.holder", "names", holders.join(", ")),
            areas: (!areas.is_empty()).then(|| page.fill("statutory.areas", "areas", areas.join(", "))),
            days: from.into_iter().chain(until).collect::<Vec<_>>().join(" "),
            standing: page.t(standing),
            colour,
            can_change: open && seen.what != StatutoryWhat::Custody,
        }
    }
}

pub(crate) const fn area_words(area: Area) -> &'static str {
    match area {
        Area::Economic => "statutory.economic",
        Area::Personal => "statutory.personal",
    }
}
