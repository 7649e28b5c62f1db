//! The list of the consents that were given to the authority: filters, and a part of what they leave.

use super::{lookup::purposes, roles};
use crate::{
    fields::{self, Radio, WrittenDate},
    page::{Here, Page},
    refused::{Notice, form, notice},
    view::ConsentRow,
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use std::collections::BTreeMap;
use tillid_domain::{
    LocalDate,
    actor::{Listing, Purpose, Role},
    catalogue::{Channel, Polarity, Shelf},
    consent::ConsentStanding,
    listing::{ConsentFilter, ConsentPlace},
};
use tillid_edge::{Cursor, Problem, Protocol, Query};
use tillid_service::{ConsentList, Error, ListPart, NewListing};

const ADDRESS: &str = "/casework/consents";
const LIST: &str = "given";
const AT_A_TIME: u32 = 25;
const TYPES_AT_A_TIME: u32 = 200;
/// What a browser refuses to put into an address: whatever looks like a CPR number.
const NO_NUMBER: &str = "(?!.*[0-9]{6}[ -]?[0-9]{4}).*";

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    purpose: String,
    case: String,
    consent_type: String,
    state: String,
    polarity: String,
    channel: String,
    ends_from: WrittenDate,
    ends_to: WrittenDate,
}

/// The fields of the form and the place in the list, as an address has them.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    fn text(&self, name: &str) -> String {
        self.0.get(name).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    fn day(&self, name: &str) -> WrittenDate {
        let part = |part: &str| self.text(&format!("{name}_{part}"));
        WrittenDate { day: part("day"), month: part("month"), year: part("year") }
    }

    fn filled(&self) -> Filled {
        Filled {
            purpose: self.text("purpose"),
            case: self.text("case"),
            consent_type: self.text("consent_type"),
            state: self.text("state"),
            polarity: self.text("polarity"),
            channel: self.text("channel"),
            ends_from: self.day("ends_from"),
            ends_to: self.day("ends_to"),
        }
    }

    /// Which part of the list; a place is one of this list only.
    fn part(&self, new: &NewListing) -> Result<ListPart, Problem> {
        let (after, before) = (self.0.get("after"), self.0.get("before"));
        let place = |cursor: &String| {
            let keys = Cursor::decode(&name(new), cursor)?;
            let place = ConsentPlace::from_keys(&keys).filter(|place| new.filter.orders(*place));
            place.ok_or_else(|| Problem::from(Protocol::InvalidCursor))
        };
        match (after, before) {
            (Some(after), _) => place(after).map(ListPart::After),
            (None, Some(before)) => place(before).map(ListPart::Before),
            (None, None) => Ok(ListPart::First),
        }
    }
}

/// What the places in a list are bound to.
fn name(new: &NewListing) -> String {
    format!("{LIST} {:?}", pairs(new))
}

/// The list in the fields of the form.
fn pairs(new: &NewListing) -> Vec<(String, String)> {
    let mut pairs = vec![("purpose".to_owned(), new.purpose.code().to_owned())];
    for (name, value) in new.filter.said() {
        let day = if name.starts_with("ends_") { value.parse::<LocalDate>().ok() } else { None };
        match day {
            Some(day) => {
                let parts = WrittenDate::of(day).parts(name);
                pairs.extend(parts.map(|part| (format!("{name}_{}", part.name), part.value)));
            }
            None => pairs.push((name.to_owned(), value)),
        }
    }
    pairs
}

/// The address of a part of the list.
fn address(new: &NewListing, place: Option<(&str, ConsentPlace)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs(new));
    if let Some((way, place)) = place {
        query.append_pair(way, &Cursor::encode(&name(new), &place.keys()));
    }
    format!("{ADDRESS}?{}", query.finish())
}

struct Choice {
    code: String,
    words: String,
    chosen: bool,
}

/// A list to choose one thing from, or all.
struct Menu {
    name: &'static str,
    label: &'static str,
    choices: Vec<Choice>,
}

struct Row {
    consent: ConsentRow,
    whose: String,
    channel: &'static str,
    case: Option<String>,
}

/// What is on the list.
struct Found {
    rows: Vec<Row>,
    by_end: bool,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "casework_given.html")]
struct Given<'p> {
    page: &'p Page,
    purposes: Vec<Radio>,
    menus: Vec<Menu>,
    filled: &'p Filled,
    no_number: &'static str,
    found: Option<Found>,
    notice: Option<Notice>,
}

/// Whether a list is a thing of these roles; the verb decides, this saves a way in vain.
pub(super) fn may_list(roles: &[Role]) -> bool {
    !listing(roles).is_empty()
}

fn listing(roles: &[Role]) -> Vec<Purpose> {
    purposes(roles).into_iter().filter(|purpose| purpose.lists().is_some()).collect()
}

pub(super) async fn page(mut here: Here, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let purposes = listing(roles(&here)?);
    let mut filled = asked.filled();
    if asked.0.is_empty() {
        return shown(&here, &purposes, &filled, None, None).await;
    }
    let Some(new) = read(&mut here.page, &purposes, &filled) else {
        if here.page.error("case").is_some() {
            // What may be a CPR number goes no further than it came.
            ADDRESS.clone_into(&mut here.page.path);
            filled.case.clear();
        }
        return shown(&here, &purposes, &filled, None, None).await;
    };
    let part = asked.part(&new)?;
    if let Err(problem) = here.allowances.look_up(here.visitor.actor(), here.service.security_now()) {
        let notice = notice(&here, &problem);
        return shown(&here, &purposes, &filled, None, Some(notice)).await;
    }
    match here.service.list_given_consents(&here.visitor.read(), &new, part, AT_A_TIME).await {
        Ok(list) => {
            let found = Found::new(&here, &new, part, &list);
            shown(&here, &purposes, &filled, Some(found), None).await
        }
        Err(error @ Error::Denied(_)) => {
            let notice = notice(&here, &here.visitor.problem(&error));
            shown(&here, &purposes, &filled, None, Some(notice)).await
        }
        Err(error) => Err(here.visitor.problem(&error)),
    }
}

/// What to list, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, purposes: &[Purpose], filled: &Filled) -> Option<NewListing> {
    let purpose = purposes.iter().copied().find(|purpose| purpose.code() == filled.purpose);
    if purpose.is_none() {
        page.wrong("purpose-0", page.t("given.purpose_missing"));
    }
    let case = match fields::case(&filled.case) {
        Ok(None) if purpose.and_then(Purpose::lists) == Some(Listing::OfOneCase) => Err("given.case_missing"),
        read => read,
    };
    let case = case.map_err(|flaw| page.wrong("case", page.t(flaw)));
    let ends_from = day(page, "ends_from", &filled.ends_from);
    let ends_to = day(page, "ends_to", &filled.ends_to);
    let filter = ConsentFilter {
        consent_type: filled.consent_type.parse().ok(),
        standing: ConsentStanding::from_code(&filled.state),
        polarity: POLARITIES.into_iter().find(|polarity| polarity.code() == filled.polarity),
        case: case.ok()?,
        channel: CHANNELS.into_iter().find(|channel| channel.code() == filled.channel),
        ends_from: ends_from.ok()?,
        ends_to: ends_to.ok()?,
    };
    Some(NewListing { purpose: purpose?, filter })
}

/// What was written is no day; the page says so.
struct NotADay;

/// The day, if one was written.
fn day(page: &mut Page, field: &str, written: &WrittenDate) -> Result<Option<LocalDate>, NotADay> {
    if written.is_empty() {
        return Ok(None);
    }
    written.date().map(Some).map_err(|(part, flaw)| {
        page.wrong(format!("{field}_{part}"), page.t(flaw));
        NotADay
    })
}

const POLARITIES: [Polarity; 2] = [Polarity::Consent, Polarity::OptOut];
const CHANNELS: [Channel; 4] = [Channel::Digital, Channel::Paper, Channel::Oral, Channel::Imported];

const fn polarity_words(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Consent => "given.consents",
        Polarity::OptOut => "given.opt_outs",
    }
}

const fn channel_words(channel: Channel) -> &'static str {
    match channel {
        Channel::Digital => "given.digital",
        Channel::Paper => "given.paper",
        Channel::Oral => "given.oral",
        Channel::Imported => "given.imported",
    }
}

async fn shown(
    here: &Here,
    purposes: &[Purpose],
    filled: &Filled,
    found: Option<Found>,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let page = &here.page;
    let types = types(here).await?;
    let status = notice.as_ref().map(|notice| notice.status);
    let template = Given {
        page,
        purposes: purposes.iter().map(|purpose| radio(page, *purpose, filled)).collect(),
        menus: menus(page, types, filled),
        filled,
        no_number: NO_NUMBER,
        found,
        notice,
    };
    Ok(form(page, status, &template))
}

fn radio(page: &Page, purpose: Purpose, filled: &Filled) -> Radio {
    let needs_case = purpose.lists() == Some(Listing::OfOneCase);
    Radio {
        code: purpose.code(),
        words: purpose.words().map_or("", |words| page.say(words)).to_owned(),
        hint: needs_case.then(|| page.t("given.needs_case")),
        chosen: purpose.code() == filled.purpose,
    }
}

fn menus(page: &Page, types: Vec<(String, String)>, filled: &Filled) -> Vec<Menu> {
    let menu = |name, label, chosen: &str, choices: Vec<(String, String)>| {
        let choice = |(code, words): (String, String)| Choice { chosen: code == chosen, code, words };
        Menu { name, label: page.t(label), choices: choices.into_iter().map(choice).collect() }
    };
    let standings = ConsentStanding::ALL.into_iter().map(|standing| {
        (standing.code().to_owned(), crate::view::Standing::new(standing, page).words.to_owned())
    });
    let polarities = POLARITIES.map(|p| (p.code().to_owned(), page.t(polarity_words(p)).to_owned()));
    let channels = CHANNELS.map(|c| (c.code().to_owned(), page.t(channel_words(c)).to_owned()));
    vec![
        menu("consent_type", "given.type", &filled.consent_type, types),
        menu("state", "given.state", &filled.state, standings.collect()),
        menu("polarity", "given.polarity", &filled.polarity, polarities.into()),
        menu("channel", "given.channel", &filled.channel, channels.into()),
    ]
}

/// The authority's types, by code.
async fn types(here: &Here) -> Result<Vec<(String, String)>, Problem> {
    let authority = here.visitor.employee().map(|(authority, _)| authority);
    let (mut types, mut after) = (Vec::new(), None);
    loop {
        let part = here.service.list_catalogue(Shelf::ConsentType, after.as_ref(), TYPES_AT_A_TIME).await;
        let part = here.told(part)?;
        let theirs = part.items.iter().filter_map(|entry| entry.consent_type());
        let theirs = theirs.filter(|of| Some(of.authority) == authority);
        types.extend(theirs.map(|of| (of.code.to_string(), here.page.say(&of.title).to_owned())));
        match part.next {
            Some(next) => after = Some(next),
            None => return Ok(types),
        }
    }
}

impl Found {
    fn new(here: &Here, new: &NewListing, part: ListPart, list: &ConsentList) -> Self {
        let page = &here.page;
        let row = |listed: &tillid_service::ListedConsent| {
            let answer = &listed.typed.consent.answer;
            let name = listed.name.as_ref().map(ToString::to_string);
            Row {
                consent: ConsentRow::new(&listed.typed, &here.service, page),
                whose: name.unwrap_or_else(|| page.t("given.nameless").to_owned()),
                channel: page.t(channel_words(answer.collected.channel())),
                case: answer.case.as_ref().map(ToString::to_string),
            }
        };
        Self {
            rows: list.items.iter().map(row).collect(),
            by_end: new.filter.is_by_end(),
            first: (part != ListPart::First).then(|| address(new, None)),
            previous: list.before.map(|place| address(new, Some(("before", place)))),
            next: list.after.map(|place| address(new, Some(("after", place)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        tests::{must_hold_together, page},
        view::Standing,
    };
    use tillid_domain::{Language, id::ConsentId};
    use uuid::Uuid;

    fn asked(fields: &[(&str, &str)]) -> Asked {
        Asked(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn flaws(fields: &[(&str, &str)]) -> Vec<String> {
        let mut page = Page::at(Language::Da, ADDRESS);
        let read = read(&mut page, &listing(&[Role::Caseworker]), &asked(fields).filled());
        assert_eq!(read.is_none(), !page.errors.is_empty());
        page.errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn r12_nothing_is_listed_without_a_purpose_of_the_role_and_the_case_it_asks_for() {
        assert_eq!(flaws(&[("state", "active")]), ["purpose-0"]);
        assert_eq!(flaws(&[("purpose", "supervision")]), ["purpose-0"]);
        assert_eq!(flaws(&[("purpose", "case_processing")]), ["case"]);
        assert_eq!(flaws(&[("purpose", "case_processing"), ("case", "sag 670245-1236")]), ["case"]);
        assert_eq!(flaws(&[("purpose", "consent_follow_up"), ("ends_to_day", "31")]), ["ends_to_month"]);
        assert_eq!(flaws(&[("purpose", "consent_follow_up")]), [""; 0]);
        assert!(!may_list(&[Role::Registrar, Role::CatalogueAdministrator]));
    }

    #[test]
    fn an_address_leads_back_to_the_same_list_and_a_place_to_no_other() {
        let fields = [
            ("purpose", "consent_follow_up"),
            ("case", "27.36.04-Ø12/2026 æ"),
            ("consent_type", "C02"),
            ("state", "active"),
            ("polarity", "opt_out"),
            ("channel", "paper"),
            ("ends_from_day", "1"),
            ("ends_from_month", "2"),
            ("ends_from_year", "2027"),
        ];
        let mut page = Page::at(Language::Da, ADDRESS);
        let roles = listing(&[Role::Caseworker]);
        let new = read(&mut page, &roles, &asked(&fields).filled()).expect("a list");
        let place = ConsentPlace::Ending(
            "2027-02-01T23:00:00Z".parse().expect("a time"),
            ConsentId::from_uuid(Uuid::from_u128(7)),
        );
        let address = address(&new, Some(("after", place)));
        let query = address.split_once('?').expect("a query").1;
        let again = Asked(form_urlencoded::parse(query.as_bytes()).into_owned().collect());
        assert_eq!(read(&mut page, &roles, &again.filled()), Some(new.clone()));
        assert_eq!(again.part(&new).ok(), Some(ListPart::After(place)));
        let other = NewListing { filter: ConsentFilter { consent_type: None, ..new.filter.clone() }, ..new };
        assert_eq!(again.part(&other).err().map(|problem| problem.code()), Some("invalid_cursor"));
    }

    #[test]
    fn the_list_says_whose_and_leads_both_ways() {
        for language in Language::ALL {
            let page = page(language);
            let row = Row {
                consent: ConsentRow {
                    id: ConsentId::from_uuid(Uuid::from_u128(1)),
                    title: "T <b>".to_owned(),
                    statement: "S".to_owned(),
                    authority: "A".to_owned(),
                    standing: Standing::new(ConsentStanding::Active, &page),
                    opt_out: false,
                    when: "W".to_owned(),
                },
                whose: "Anna <b>".to_owned(),
                channel: page.t("given.paper"),
                case: Some("27.36.04".to_owned()),
            };
            let filled = Filled { purpose: "consent_follow_up".to_owned(), ..Filled::default() };
            let render = |found: Option<Found>| {
                let template = Given {
                    page: &page,
                    purposes: listing(&[Role::Caseworker])
                        .into_iter()
                        .map(|p| radio(&page, p, &filled))
                        .collect(),
                    menus: menus(&page, vec![("C02".to_owned(), "Læge".to_owned())], &filled),
                    filled: &filled,
                    no_number: NO_NUMBER,
                    found,
                    notice: None,
                };
                template.render().expect("a page")
            };
            let link = |way: &str| Some(format!("{ADDRESS}?{way}"));
            let (first, previous, next) = (link("f"), link("before"), link("after"));
            let html = render(Some(Found { rows: vec![row], by_end: true, first, previous, next }));
            must_hold_together(&html);
            assert!(!html.contains("<b>") && html.contains("?before") && html.contains("?after"));
            assert_eq!(html.matches(" checked").count(), 1);
            let none = Found { rows: Vec::new(), by_end: false, first: None, previous: None, next: None };
            let html = render(Some(none));
            must_hold_together(&html);
            assert!(html.contains(page.t("given.none")) && !html.contains("<nav aria-label=\"given"));
            must_hold_together(&render(None));
        }
    }
}
