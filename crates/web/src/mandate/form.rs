//! What of a package is given, to whom, and until when.

use super::{
    must_be_oneself,
    words::{self, Right},
};
use crate::{
    fields::{self, Day},
    page::{Here, Page, see},
    refused::{Notice, Places, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Instant, LocalDate, Reason,
    actor::Assurance,
    catalogue::{CatalogueEntry, MandatePackage, Privilege, Risk, Shelf},
    id::PresentationId,
    presentation::Presented,
    text::{Code, PrivilegeUri},
};
use tillid_edge::{Fields, Form, Path, Problem, Query};
use tillid_service::{Error, NewMandate, NewPresentation, PersonRef};

/// Where the flaws that the verb finds are shown.
const PLACES: &Places = &[
    ("/about/mandate/privileges", "right-0"),
    ("/about/mandate/representative_name", "name"),
    ("/about/mandate/representative", "number"),
    ("/about/mandate/valid_until", "until_day"),
    ("/about/mandate/case", "case"),
];

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    chosen: Vec<String>,
    name: String,
    number: String,
    until: Day,
    case: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            chosen: fields.all("right").map(str::to_owned).collect(),
            name: text("name"),
            number: text("number"),
            until: Day::sent(fields, "until"),
            case: text("case"),
        }
    }

    /// What was shown already, to be changed; the number is kept nowhere and has to be written again.
    fn shown(presented: Presented) -> Self {
        let Presented::Mandate { representative_name, privileges, case, until, .. } = presented else {
            return Self::default();
        };
        Self {
            chosen: privileges.iter().map(ToString::to_string).collect(),
            name: representative_name.map(|name| name.to_string()).unwrap_or_default(),
            number: String::new(),
            until: Day::of(last_day_before(until)),
            case: case.map(|case| case.to_string()).unwrap_or_default(),
        }
    }
}

fn last_day_before(end: Instant) -> LocalDate {
    Instant::from_micros(end.as_micros().saturating_sub(1)).local_date()
}

struct Choice {
    field: String,
    right: Right,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "mandate_form.html")]
struct FormPage<'p> {
    page: &'p Page,
    package: &'p MandatePackage,
    authority: String,
    risk: (&'static str, &'static str),
    calm: bool,
    needs_high: bool,
    choices: Vec<Choice>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

/// A presentation to start from.
#[derive(Deserialize)]
pub(super) struct From {
    from: Option<PresentationId>,
}

pub(super) async fn page(
    here: Here,
    Path(code): Path<Code>,
    Query(From { from }): Query<From>,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let entry = published(&here, &code).await?;
    let filled = match (from, entry.mandate_package()) {
        (Some(id), _) => {
            let shown = here.told(here.service.read_presentation(&here.visitor.read(), id).await)?;
            Filled::shown(shown.presentation.presented)
        }
        (None, Some(package)) => {
            let today = here.told(here.service.business_now().await)?.local_date();
            Filled { until: Day::of(today.plus(package.duration.default)), ..Filled::default() }
        }
        (None, None) => Filled::default(),
    };
    shown(&here, &entry, &filled, None)
}

pub(super) async fn sent(
    mut here: Here,
    Path(code): Path<Code>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let entry = published(&here, &code).await?;
    let package = here.told(entry.mandate_package().ok_or(Error::NotFound))?;
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, package, &filled) else {
        return shown(&here, &entry, &filled, None);
    };
    let about = NewPresentation::Mandate(new);
    match here.service.present(&here.visitor.read(), &about, here.page.language).await {
        Ok(done) => Ok(see(&format!("/mandates/new/{code}/{}", done.value.presentation.id))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            shown(&here, &entry, &filled, notice)
        }
    }
}

/// The package in the version that is in use, if it can be given here.
async fn published(here: &Here, code: &Code) -> Result<CatalogueEntry, Problem> {
    let entry = here.told(here.service.published_entry(Shelf::MandatePackage, code).await)?;
    let available = entry.mandate_package().is_some_and(words::can_be_given_here);
    let outcome = if available { Ok(entry) } else { Err(Error::Rule(Reason::PackageNotAvailable)) };
    here.told(outcome)
}

/// What is to be given, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, package: &MandatePackage, filled: &Filled) -> Option<NewMandate> {
    let known = |uri: &&PrivilegeUri| filled.chosen.iter().any(|chosen| chosen == uri.as_str());
    let privileges: Vec<PrivilegeUri> =
        package.privileges.iter().map(|privilege| &privilege.uri).filter(known).cloned().collect();
    if privileges.is_empty() {
        page.wrong("right-0", page.t("mandate.right_missing"));
    }
    let name = match filled.name.as_str() {
        "" => Err("mandate.name_missing"),
        name => fields::written(name, "mandate.name_form"),
    };
    let name = noted_at(page, "name", name);
    let number = noted_at(page, "number", fields::cpr(&filled.number));
    let until = filled.until.date().map_err(|(part, flaw)| page.wrong(format!("until_{part}"), page.t(flaw)));
    let case = noted_at(page, "case", fields::case(&filled.case));
    if privileges.is_empty() {
        return None;
    }
    Some(NewMandate {
        representative: PersonRef::Number(number?),
        representative_name: Some(name?),
        packages: vec![package.code.clone()],
        privileges,
        case: case?,
        valid_until: until.ok()?,
    })
}

fn noted_at<T>(page: &mut Page, field: &str, read: Result<T, &'static str>) -> Option<T> {
    read.map_err(|flaw| page.wrong(field, page.t(flaw))).ok()
}

fn shown(
    here: &Here,
    entry: &CatalogueEntry,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let page = &here.page;
    let package = here.told(entry.mandate_package().ok_or(Error::NotFound))?;
    let choice = |(at, privilege): (usize, &Privilege)| Choice {
        field: format!("right-{at}"),
        right: Right::new(page, privilege),
        // One that is alone in its package is no choice.
        chosen: package.privileges.len() == 1 || filled.chosen.iter().any(|c| c == privilege.uri.as_str()),
    };
    let status = notice.as_ref().map(|notice| notice.status);
    let template = FormPage {
        page,
        package,
        authority: authority(&here.service, package.authority, here.page.language),
        risk: words::risk(package.risk),
        calm: package.risk == Risk::Ordinary,
        needs_high: package.required_loa == Assurance::High,
        choices: package.privileges.iter().enumerate().map(choice).collect(),
        filled,
        notice,
    };
    Ok(match status {
        Some(status) => page.answer_as(status, &template),
        None => page.answer(&template),
    })
}
