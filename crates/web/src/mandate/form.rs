//! What of a package is given, to whom, and until when.

use super::{
    has_custody, must_be_a_giver, together,
    words::{self, Choice},
};
use crate::{
    fields::{self, WrittenDate},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Instant, LocalDate, Reason,
    actor::Assurance,
    catalogue::{CatalogueEntry, MandatePackage, Risk, Shelf},
    id::PresentationId,
    presentation::Presented,
    text::{Code, Name},
};
use tillid_edge::{Fields, Form, Path, Problem, Query};
use tillid_service::{Error, NewMandate, NewPresentation, PersonRef};

/// Where the flaws that the verb finds are shown.
pub(super) const PLACES: &Places = &[
    ("/about/mandate/privileges", "right-0"),
    ("/about/mandate/representative_name", "name"),
    ("/about/mandate/representative", "number"),
    ("/about/mandate/valid_until", "until_day"),
    ("/about/mandate/case", "case"),
    ("/about/mandate/together/others/0/name", "other_name_0"),
    ("/about/mandate/together/others/0", "other_number_0"),
    ("/about/mandate/together/others/1/name", "other_name_1"),
    ("/about/mandate/together/others/1", "other_number_1"),
    ("/about/mandate/together", "side-0"),
];

/// What was filled in, as it was written.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) chosen: Vec<String>,
    pub(super) name: String,
    pub(super) number: String,
    pub(super) until: WrittenDate,
    pub(super) case: String,
    /// Who else gives it or is to hold it.
    pub(super) together: together::Filled,
}

impl Filled {
    pub(super) fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            chosen: fields.all("right").map(str::to_owned).collect(),
            name: text("name"),
            number: text("number"),
            until: WrittenDate::sent(fields, "until"),
            case: text("case"),
            together: together::Filled::sent(fields),
        }
    }

    /// What was shown already, to be changed; the number is kept nowhere and has to be written again.
    fn shown(presented: Presented) -> Self {
        let Presented::Mandate { representative_name, privileges, case, until, together, .. } = presented
        else {
            return Self::default();
        };
        Self {
            chosen: privileges.iter().map(ToString::to_string).collect(),
            name: representative_name.map(|name| name.to_string()).unwrap_or_default(),
            number: String::new(),
            until: WrittenDate::of(last_day_before(until)),
            case: case.map(|case| case.to_string()).unwrap_or_default(),
            together: together::Filled::shown(together.as_ref()),
        }
    }
}

/// The last day that lies before that moment.
pub(super) fn last_day_before(end: Instant) -> LocalDate {
    Instant::from_micros(end.as_micros().saturating_sub(1)).local_date()
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
    /// Whether it can be given to an organisation.
    organisations: bool,
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
    must_be_a_giver(&here)?;
    let entry = published(&here, &code).await?;
    let filled = match (from, entry.mandate_package()) {
        (Some(id), _) => {
            let shown = here.told(here.service.read_presentation(&here.visitor.read(), id).await)?;
            Filled::shown(shown.presentation.presented)
        }
        (None, Some(package)) => {
            let today = here.told(here.service.business_now().await)?.local_date();
            Filled { until: WrittenDate::of(today.plus(package.duration.default)), ..Filled::default() }
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
    must_be_a_giver(&here)?;
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
    let suits = if has_custody(here) { words::can_be_given_for_a_child } else { words::can_be_given_here };
    let available = entry.mandate_package().is_some_and(suits);
    let outcome = if available { Ok(entry) } else { Err(Error::Rule(Reason::PackageNotAvailable)) };
    here.told(outcome)
}

/// What is to be given, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, package: &MandatePackage, filled: &Filled) -> Option<NewMandate> {
    let privileges = words::chosen(page, package, &filled.chosen);
    let to = recipient(page, filled, words::is_for_organisations(package));
    let until = filled.until.date().map_err(|(part, flaw)| page.wrong(format!("until_{part}"), page.t(flaw)));
    let case = noted_at(page, "case", fields::case(&filled.case));
    let together = together::read(page, &filled.together);
    if privileges.is_empty() {
        return None;
    }
    let (representative, name) = to?;
    Some(NewMandate {
        representative,
        representative_name: Some(name),
        packages: vec![package.code.clone()],
        privileges,
        case: case?,
        valid_until: until.ok()?,
        under: None,
        together: together.ok()?,
    })
}

/// To whom it is to be given, by number and name; to an organisation too, where the package is for some.
pub(super) fn recipient(page: &mut Page, filled: &Filled, organisations: bool) -> Option<(PersonRef, Name)> {
    let name = match filled.name.as_str() {
        "" => Err("mandate.name_missing"),
        name => fields::written(name, "mandate.name_form"),
    };
    let name = noted_at(page, "name", name);
    let cvr = fields::cvr(&filled.number).filter(|_| organisations);
    let number = match cvr {
        Some(cvr) => Some(PersonRef::Organisation(cvr)),
        None => noted_at(page, "number", fields::cpr(&filled.number)).map(PersonRef::Number),
    };
    Some((number?, name?))
}

pub(super) fn noted_at<T>(page: &mut Page, field: &str, read: Result<T, &'static str>) -> Option<T> {
    read.map_err(|flaw| page.wrong(field, page.t(flaw))).ok()
}

fn shown(
    here: &Here,
    entry: &CatalogueEntry,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let package = here.told(entry.mandate_package().ok_or(Error::NotFound))?;
    let name = authority(&here.service, package.authority, here.page.language);
    let status = notice.as_ref().map(|notice| notice.status);
    let template = FormPage::new(&here.page, package, name, filled, notice);
    Ok(form(&here.page, status, &template))
}

impl<'p> FormPage<'p> {
    fn new(
        page: &'p Page,
        package: &'p MandatePackage,
        authority: String,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        Self {
            page,
            package,
            authority,
            risk: words::risk(package.risk),
            calm: package.risk == Risk::Ordinary,
            needs_high: package.required_loa == Assurance::High,
            choices: words::choices(page, package, &filled.chosen),
            organisations: words::is_for_organisations(package),
            filled,
            notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, package, page};
    use tillid_domain::{Language, text::PrivilegeUri};

    fn filled(text: &str) -> Filled {
        Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"))
    }

    const WHOLE: &str = "right=urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes&right=urn:dk:other:fuldmagt:x:y\
                         &name=Bo+Lind&number=670245-1236&until_day=1&until_month=2&until_year=2027";

    #[test]
    fn what_is_filled_in_is_what_is_given_and_no_privilege_of_another_package() {
        let mut page = page(Language::Da);
        let new = read(&mut page, &package("M14"), &filled(WHOLE)).expect("a mandate");
        assert!(page.errors.is_empty());
        let uris: Vec<&str> = new.privileges.iter().map(PrivilegeUri::as_str).collect();
        assert_eq!(uris, ["urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes"]);
        assert_eq!(new.valid_until.to_string(), "2027-02-01");
        assert_eq!(
            (new.representative_name.map(|n| n.to_string()), new.case),
            (Some("Bo Lind".to_owned()), None)
        );
    }

    #[test]
    fn nothing_chosen_is_never_everything() {
        let mut page = page(Language::Da);
        assert!(read(&mut page, &package("M14"), &Filled::default()).is_none());
        let fields: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["right-0", "name", "number", "until_day"]);
    }

    #[test]
    fn nothing_is_chosen_beforehand_and_what_it_means_is_told_before() {
        for language in Language::ALL {
            for code in ["M02", "M14", "M18"] {
                let (page, package, filled) = (page(language), package(code), Filled::default());
                let html = FormPage::new(&page, &package, "Eksempel".to_owned(), &filled, None);
                let html = html.render().expect("a page");
                must_hold_together(&html);
                assert!(!html.contains(" checked"), "{code}");
                let (told, _) = html.split_once("id=\"right-0\"").expect("a choice");
                assert!(told.contains(page.say(&package.title)), "{code}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_at_the_field_and_nothing_is_lost() {
        let mut page = page(Language::Da);
        let (package, filled) = (package("M14"), filled(&WHOLE.replace("670245-1236", "670245")));
        assert!(read(&mut page, &package, &filled).is_none());
        let html =
            FormPage::new(&page, &package, "Eksempel".to_owned(), &filled, None).render().expect("a page");
        must_hold_together(&html);
        assert_eq!(html.matches("Et CPR-nummer har 10 tal").count(), 2);
        for kept in ["value=\"Bo Lind\"", "value=\"670245\"", "value=\"2027\""] {
            assert!(html.contains(kept), "{kept}");
        }
        assert_eq!(html.matches(" checked").count(), 1);
        assert!(
            html.contains(
                "id=\"number\" name=\"number\" type=\"text\" value=\"670245\" autocomplete=\"off\""
            )
        );
    }
}
