//! Making the form that somebody signs: for a request that waits for them, or from nothing. Forms that wait for their signature are here
//! too, to be found again by their code.

use super::must_be_registrar;
use crate::{
    casework::{Stop, Under, read as told},
    fields::{self, WrittenDate},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Digest, Language,
    catalogue::{CatalogueEntry, MandatePackage, RepresentativeKind, Shelf},
    id::{AccessId, MandateRequestId},
    mandate_request::MandateRequestStanding,
    presentation::{Means, Presentation, Presented},
    text::Code,
};
use tillid_edge::{Fields, Form, Path};
use tillid_service::{NewMandate, NewPresentation, PersonRef};

const AT_A_TIME: u32 = 200;

const PLACES: &Places = &[
    ("/about/mandate/packages", "package"),
    ("/about/mandate/representative_name", "name"),
    ("/about/mandate/representative", "number"),
    ("/about/mandate/valid_until", "until_day"),
];

/// What was filled in, as it was written.
struct Filled {
    /// Names this form, so that sending it twice makes one paper.
    attempt: String,
    package: String,
    name: String,
    number: String,
    until: WrittenDate,
    language: String,
}

impl Filled {
    fn empty(here: &Here) -> Self {
        Self {
            attempt: here.service.ambient().id().to_string(),
            package: String::new(),
            name: String::new(),
            number: String::new(),
            until: WrittenDate::default(),
            language: here.page.language.tag().to_owned(),
        }
    }

    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            attempt: text("attempt"),
            package: text("package"),
            name: text("name"),
            number: text("number"),
            until: WrittenDate::sent(fields, "until"),
            language: text("language"),
        }
    }

    /// The name of the attempt: the form as it was sent, and nothing of it in clear. Changed and sent again, it is another one.
    fn key(&self) -> String {
        let Self { attempt, package, name, number, until, language } = self;
        let sent = format!("{attempt}|{package}|{name}|{number}|{until:?}|{language}");
        format!("mandate-form:{}", Digest::of(sent.as_bytes()))
    }

    fn language(&self) -> Language {
        Language::ALL.into_iter().find(|language| language.tag() == self.language).unwrap_or_default()
    }
}

/// Something that waits: a request to print, or a form that was printed.
struct Waiting {
    address: String,
    title: String,
    about: String,
}

struct Offered {
    code: String,
    title: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_mandate_new.html")]
struct NewPage<'p> {
    page: &'p Page,
    found: String,
    forms: Vec<Waiting>,
    requests: Vec<Waiting>,
    packages: Vec<Offered>,
    languages: Vec<(&'static str, &'static str, bool)>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

pub(in crate::casework) async fn page(here: Here, Path(lookup): Path<AccessId>) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    shown(&here, lookup, &Filled::empty(&here), None).await
}

pub(in crate::casework) async fn sent(
    mut here: Here,
    Path(lookup): Path<AccessId>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, &filled) else { return shown(&here, lookup, &filled, None).await };
    let about = NewPresentation::Mandate(new);
    made(&mut here, lookup, &about, &filled, &fields).await
}

/// The form for a request that waits.
pub(in crate::casework) async fn print(
    mut here: Here,
    Path((lookup, request)): Path<(AccessId, MandateRequestId)>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    let filled = Filled::empty(&here);
    let about = NewPresentation::MandateRequest(request);
    made(&mut here, lookup, &about, &filled, &fields).await
}

async fn made(
    here: &mut Here,
    lookup: AccessId,
    about: &NewPresentation,
    filled: &Filled,
    fields: &Fields,
) -> Result<Response, Stop> {
    let under = Under::new(here, lookup);
    let key = match about {
        NewPresentation::MandateRequest(id) => format!("mandate-form:{id}"),
        _ => filled.key(),
    };
    let call = under.change(here, &key, fields);
    match here.service.present_for(&call, about, Means::Paper, filled.language()).await {
        Ok(done) => {
            let id = done.value.presentation.id;
            Ok(see(&format!("/casework/lookups/{lookup}/mandates/forms/{id}")))
        }
        Err(error) => {
            let notice = noted(here, &error, PLACES)?;
            shown(here, lookup, filled, notice).await
        }
    }
}

/// What is to be given, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, filled: &Filled) -> Option<NewMandate> {
    let package: Option<Code> = filled.package.parse().ok();
    if package.is_none() {
        page.wrong("package", page.t("mandates.package_missing"));
    }
    let name = fields::name(&filled.name, "mandate.name_missing");
    let name = name.map_err(|flaw| page.wrong("name", page.t(flaw)));
    let number = fields::cpr(&filled.number).map_err(|flaw| page.wrong("number", page.t(flaw)));
    let until = filled.until.date().map_err(|(part, flaw)| page.wrong(format!("until_{part}"), page.t(flaw)));
    Some(NewMandate {
        representative: PersonRef::Number(number.ok()?),
        representative_name: Some(name.ok()?),
        packages: vec![package?],
        privileges: Vec::new(),
        case: None,
        valid_until: until.ok()?,
        under: None,
        together: None,
    })
}

async fn shown(
    here: &Here,
    lookup: AccessId,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let under = Under::new(here, lookup);
    let found = format!("/casework/lookups/{lookup}");
    let page = &here.page;
    let packages = packages(here).await?;
    let title = |code: &Code| {
        let package = packages.iter().find(|package| package.code == *code);
        package.map_or_else(|| code.to_string(), |package| page.say(&package.title).to_owned())
    };
    let forms = told(here, here.service.waiting_mandate_forms(&under.call).await)?;
    let forms = forms.iter().map(|shown| waiting_form(page, &found, shown, &title)).collect();
    let asked = told(here, here.service.list_mandate_requests(&under.call, None, AT_A_TIME).await)?;
    let open = asked.items.iter().filter(|seen| seen.standing == MandateRequestStanding::Open);
    let requests = open.map(|seen| Waiting {
        address: format!("{found}/mandates/requests/{}", seen.request.id),
        title: seen
            .request
            .packages
            .iter()
            .map(|version| title(&version.code))
            .collect::<Vec<_>>()
            .join(", "),
        about: page.fill("mandates.asked_until", "deadline", page.last_day(seen.request.deadline)),
    });
    let requests = requests.collect();
    let offered = packages.iter().map(|package| Offered {
        code: package.code.to_string(),
        title: page.say(&package.title).to_owned(),
        chosen: filled.package == package.code.as_str(),
    });
    let chosen = filled.language();
    let template = NewPage {
        page,
        found,
        forms,
        requests,
        packages: offered.collect(),
        languages: vec![
            ("da", page.t("layout.danish"), chosen == Language::Da),
            ("en", page.t("layout.english"), chosen == Language::En),
        ],
        filled,
        notice,
    };
    let status = template.notice.as_ref().map(|notice| notice.status);
    Ok(form(page, status, &template))
}

fn waiting_form(page: &Page, found: &str, shown: &Presentation, title: &impl Fn(&Code) -> String) -> Waiting {
    let packages = match &shown.presented {
        Presented::Mandate { packages, .. } => packages.as_slice(),
        Presented::Consent { .. } => &[],
    };
    Waiting {
        address: format!("{found}/mandates/forms/{}", shown.id),
        title: packages.iter().map(|version| title(&version.code)).collect::<Vec<_>>().join(", "),
        about: page.fill_two("mandates.printed", "at", page.moment(shown.shown_at), "code", shown.id.code()),
    }
}

/// Every package that a person can hold.
async fn packages(here: &Here) -> Result<Vec<MandatePackage>, Stop> {
    let (mut packages, mut after) = (Vec::new(), None);
    loop {
        let part = here.service.list_catalogue(Shelf::MandatePackage, after.as_ref(), AT_A_TIME).await;
        let part = here.told(part)?;
        let of_persons =
            |package: &&MandatePackage| package.representative_kinds.contains(&RepresentativeKind::Person);
        packages.extend(
            part.items.iter().filter_map(CatalogueEntry::mandate_package).filter(of_persons).cloned(),
        );
        after = part.next;
        if after.is_none() {
            return Ok(packages);
        }
    }
}
