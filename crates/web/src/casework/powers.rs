//! Registering what courts, Familieretshuset and registers decided over the person of a look-up, and that it is over.

use super::{Stop, Under, read, roles};
use crate::{
    fields::{self, Radio, WrittenDate},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
    statutory::{PowerRow, area_words},
};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeSet;
use tillid_domain::{
    LocalDate, Reason,
    actor::Role,
    id::{AccessId, StatutoryId},
    source::Source,
    statutory::{Area, Form as PowerForm, StatutoryStanding},
    text::CaseRef,
};
use tillid_edge::{Fields, Form, Path};
use tillid_service::{Error, NewCharge, NewStatutory, PersonRef, StatutorySeen};

const PLACES: &Places =
    &[("/holders/1", "second"), ("/holders", "first"), ("/until", "until_day"), ("/from", "from_day")];

const WHAT: [(&str, &str); 5] = [
    ("guardianship", "statutory.what_guardianship"),
    ("without_capacity", "statutory.what_without_capacity"),
    ("co_guardianship", "statutory.what_co_guardianship"),
    ("lasting_power", "statutory.what_lasting_power"),
    ("custody", "statutory.what_custody"),
];

/// An area that can be chosen.
struct Choice {
    code: &'static str,
    words: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_powers.html")]
struct Register<'p> {
    page: &'p Page,
    back: String,
    address: String,
    filled: &'p Filled,
    what: Vec<Radio>,
    areas: Vec<Choice>,
    notice: Option<Notice>,
}

/// What was filled in, as it was written.
struct Filled {
    /// Names this form, so that sending it twice writes it down once.
    attempt: String,
    what: String,
    areas: Vec<String>,
    first: String,
    second: String,
    lives_first: bool,
    lives_second: bool,
    from: WrittenDate,
    until: WrittenDate,
    case: String,
}

impl Filled {
    fn empty(attempt: String) -> Self {
        Self { attempt, ..Self::sent(&Fields::default()) }
    }

    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            attempt: text("attempt"),
            what: text("what"),
            areas: fields.all("area").map(ToOwned::to_owned).collect(),
            first: text("first"),
            second: text("second"),
            lives_first: fields.get("lives_first").is_some(),
            lives_second: fields.get("lives_second").is_some(),
            from: WrittenDate::sent(fields, "from"),
            until: WrittenDate::sent(fields, "until"),
            case: text("case"),
        }
    }
}

fn must_register(here: &Here) -> Result<(), Stop> {
    let may = may_register(roles(here)?);
    Ok(here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))?)
}

/// Whether registering such things is a thing of these roles; the verb decides, this saves a way in vain.
pub(super) fn may_register(roles: &[Role]) -> bool {
    roles.contains(&Role::Registrar)
}

pub(super) async fn page(here: Here, Path(lookup): Path<AccessId>) -> Result<Response, Stop> {
    must_register(&here)?;
    let under = Under::new(&here, lookup);
    read(&here, here.service.lookup(&under.call).await)?;
    let filled = Filled::empty(here.service.ambient().id().to_string());
    Ok(shown(&here, lookup, &filled, None))
}

pub(super) async fn sent(
    mut here: Here,
    Path(lookup): Path<AccessId>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let filled = Filled::sent(&fields);
    let Some((new, source)) = written(&mut here.page, &filled) else {
        return Ok(shown(&here, lookup, &filled, None));
    };
    let under = Under::new(&here, lookup);
    let call = under.change(&here, &format!("powers:{}", filled.attempt), &fields);
    match here.service.register_statutory(&call, &new, &source).await {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            Ok(shown(&here, lookup, &filled, notice))
        }
    }
}

fn shown(here: &Here, lookup: AccessId, filled: &Filled, notice: Option<Notice>) -> Response {
    let page = &here.page;
    let radio = |(code, words): (&'static str, &'static str)| Radio {
        code,
        words: page.t(words).to_owned(),
        hint: None,
        chosen: code == filled.what,
    };
    let area = |area: Area| Choice {
        code: area.code(),
        words: page.t(area_words(area)),
        chosen: filled.areas.iter().any(|chosen| chosen == area.code()),
    };
    let back = format!("/casework/lookups/{lookup}");
    let status = notice.as_ref().map(|notice| notice.status);
    let template = Register {
        page,
        address: format!("{back}/powers"),
        back,
        filled,
        what: WHAT.map(radio).into(),
        areas: Area::ALL.map(area).into(),
        notice,
    };
    form(page, status, &template)
}

/// A day that may be left out, if it can be read; what cannot is noted.
fn day(page: &mut Page, date: &WrittenDate, field: &str) -> Result<Option<LocalDate>, ()> {
    if date.is_empty() {
        return Ok(None);
    }
    date.date().map(Some).map_err(|(part, flaw)| page.wrong(format!("{field}_{part}"), page.t(flaw)))
}

fn case(page: &mut Page, text: &str) -> Option<CaseRef> {
    let flaw = match fields::case(text) {
        Ok(Some(case)) => return Some(case),
        Ok(None) => "statutory.case_missing",
        Err(flaw) => flaw,
    };
    page.wrong("case", page.t(flaw));
    None
}

/// What is to be registered, if all of it can be read; what cannot is noted.
fn written(page: &mut Page, filled: &Filled) -> Option<(NewStatutory, Source)> {
    let known = WHAT.iter().any(|(code, _)| *code == filled.what);
    if !known {
        page.wrong("what-0", page.t("statutory.what_missing"));
    }
    let first = fields::cpr(&filled.first).map_err(|flaw| page.wrong("first", page.t(flaw)));
    let second = if filled.second.is_empty() {
        Ok(None)
    } else {
        fields::cpr(&filled.second).map(Some).map_err(|flaw| page.wrong("second", page.t(flaw)))
    };
    let from = day(page, &filled.from, "from");
    let until = day(page, &filled.until, "until");
    let case = case(page, &filled.case);
    if !known {
        return None;
    }
    let holders: Vec<(PersonRef, bool)> =
        [(Some(first.ok()?), filled.lives_first), (second.ok()?, filled.lives_second)]
            .into_iter()
            .filter_map(|(number, lives_with)| Some((PersonRef::Number(number?), lives_with)))
            .collect();
    let areas: BTreeSet<Area> =
        Area::ALL.into_iter().filter(|area| filled.areas.iter().any(|sent| sent == area.code())).collect();
    let (from, until) = (from.ok()?, until.ok()?);
    let persons = |holders: Vec<(PersonRef, bool)>| holders.into_iter().map(|(person, _)| person).collect();
    let guardianship = |form, holders| {
        NewStatutory::Guardianship(NewCharge {
            form,
            areas: areas.clone(),
            holders: persons(holders),
            from,
            until,
        })
    };
    let new = match filled.what.as_str() {
        "guardianship" => guardianship(PowerForm::Guardianship, holders),
        "without_capacity" => guardianship(PowerForm::WithoutCapacity, holders),
        "co_guardianship" => guardianship(PowerForm::CoGuardianship, holders),
        "lasting_power" => NewStatutory::LastingPower { attorneys: persons(holders), areas },
        _ => NewStatutory::Custody { holders, from },
    };
    Some((new, Source::Decision { case: case?, document: None }))
}

#[derive(Template)]
#[template(path = "casework_power.html")]
struct Power<'p> {
    page: &'p Page,
    back: String,
    address: String,
    attempt: &'p str,
    row: PowerRow,
    steps: Vec<Radio>,
    from: &'p WrittenDate,
    case: &'p str,
    notice: Option<Notice>,
}

/// What was filled in about one that is there.
struct Stepped {
    attempt: String,
    step: String,
    from: WrittenDate,
    case: String,
}

pub(super) async fn one(
    here: Here,
    Path((lookup, id)): Path<(AccessId, StatutoryId)>,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let attempt = here.service.ambient().id().to_string();
    let (step, case) = (String::new(), String::new());
    let filled = Stepped { attempt, step, from: WrittenDate::default(), case };
    shown_one(&here, lookup, id, &filled, None).await
}

pub(super) async fn step(
    mut here: Here,
    Path((lookup, id)): Path<(AccessId, StatutoryId)>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let from = WrittenDate::sent(&fields, "from");
    let filled = Stepped { attempt: text("attempt"), step: text("step"), from, case: text("case") };
    let under = Under::new(&here, lookup);
    let (seen, _) = read(&here, here.service.read_statutory(&under.call, id.as_uuid()).await)?;
    let day = day(&mut here.page, &filled.from, "from");
    let case = case(&mut here.page, &filled.case);
    if filled.step != "end" && filled.step != "in_force" {
        here.page.wrong("step-0", here.page.t("statutory.step_missing"));
    }
    let (true, Ok(day), Some(case)) = (here.page.errors.is_empty(), day, case) else {
        return shown_one(&here, lookup, id, &filled, None).await;
    };
    let source = Source::Decision { case, document: None };
    let call = under.change(&here, &format!("power:{id}:{}", filled.attempt), &fields);
    let done = if filled.step == "in_force" {
        let holders = seen.holders.iter().map(|holder| PersonRef::Id(holder.person)).collect();
        let (form, areas) = (PowerForm::LastingPower, seen.areas.clone());
        let new = NewCharge { form, areas, holders, from: day, until: None };
        here.service.change_statutory(&call, id.as_uuid(), &new, &source).await
    } else {
        here.service.end_statutory(&call, id.as_uuid(), day, &source).await
    };
    match done {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            shown_one(&here, lookup, id, &filled, notice).await
        }
    }
}

fn steps(page: &Page, seen: &StatutorySeen, chosen: &str) -> Vec<Radio> {
    let radio = |code: &'static str, words| Radio {
        code,
        words: page.t(words).to_owned(),
        hint: None,
        chosen: code == chosen,
    };
    let dormant = seen.standing == StatutoryStanding::Dormant;
    let in_force = dormant.then(|| radio("in_force", "statutory.step_in_force"));
    in_force.into_iter().chain([radio("end", "statutory.step_end")]).collect()
}

async fn shown_one(
    here: &Here,
    lookup: AccessId,
    id: StatutoryId,
    filled: &Stepped,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let under = Under::new(here, lookup);
    let (seen, _) = read(here, here.service.read_statutory(&under.call, id.as_uuid()).await)?;
    let page = &here.page;
    let back = format!("/casework/lookups/{lookup}");
    let status = notice.as_ref().map(|notice| notice.status);
    let template = Power {
        page,
        address: format!("{back}/powers/{id}"),
        back,
        attempt: &filled.attempt,
        row: PowerRow::new(page, &seen, None),
        steps: steps(page, &seen, &filled.step),
        from: &filled.from,
        case: &filled.case,
        notice,
    };
    Ok(form(page, status, &template))
}
