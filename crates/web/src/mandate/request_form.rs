//! Asking somebody for a power of attorney: whom, for what, and until when.

use super::{
    form::noted_at,
    must_ask_for_oneself,
    pick::published,
    words::{self, Right},
};
use crate::{
    fields::{self, WrittenDate},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Digest,
    catalogue::{CatalogueEntry, MandatePackage, Privilege},
    text::{Code, PrivilegeUri},
};
use tillid_edge::{Fields, Form, Problem};
use tillid_service::{NewMandateRequest, PersonRef};

/// Where the flaws that the verb finds are shown.
const PLACES: &Places = &[
    ("/packages", "package-0"),
    ("/privileges", "package-0"),
    ("/grantor", "number"),
    ("/valid_until", "until_day"),
    ("/case", "case"),
];

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    /// Names this form, so that sending it twice asks once.
    attempt: String,
    name: String,
    number: String,
    chosen: Vec<String>,
    until: WrittenDate,
    case: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            attempt: text("attempt"),
            name: text("name"),
            number: text("number"),
            chosen: fields.all("right").map(str::to_owned).collect(),
            until: WrittenDate::sent(fields, "until"),
            case: text("case"),
        }
    }

    /// The name of the attempt: the form as it was sent, and nothing of it in clear. Changed and sent again, it is another one.
    fn key(&self) -> String {
        let Self { attempt, name, number, chosen, until, case } = self;
        let sent = format!("{attempt}|{name}|{number}|{}|{until:?}|{case}", chosen.join(","));
        format!("ask-mandate:{}", Digest::of(sent.as_bytes()))
    }
}

/// A package, with what can be asked for of it.
struct Group {
    field: String,
    title: String,
    authority: String,
    purpose: String,
    choices: Vec<Choice>,
}

impl Group {
    /// Whether anything of it is chosen, so that it is to be seen.
    fn is_open(&self) -> bool {
        self.choices.iter().any(|choice| choice.chosen)
    }
}

/// A privilege of a package: another package may have the same one.
struct Choice {
    field: String,
    value: String,
    right: Right,
    chosen: bool,
}

/// What the form says where a privilege of a package is chosen.
fn value(package: &MandatePackage, privilege: &Privilege) -> String {
    format!("{} {}", package.code, privilege.uri)
}

#[derive(Template)]
#[template(path = "mandate_request_form.html")]
struct FormPage<'p> {
    page: &'p Page,
    groups: Vec<Group>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

pub(super) async fn page(here: Here) -> Result<Response, Problem> {
    must_ask_for_oneself(&here)?;
    let entries = published(&here).await?;
    let attempt = here.service.ambient().id().to_string();
    Ok(shown(&here, &entries, &Filled { attempt, ..Filled::default() }, None))
}

pub(super) async fn sent(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    must_ask_for_oneself(&here)?;
    let entries = published(&here).await?;
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, available(&entries), &filled) else {
        return Ok(shown(&here, &entries, &filled, None));
    };
    let call = here.visitor.change(&filled.key(), &fields);
    match here.service.ask_for_mandate(&call, &new).await {
        Ok(done) => Ok(see(&format!("/mandate-requests/{}", done.value.request.id))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            Ok(shown(&here, &entries, &filled, notice))
        }
    }
}

/// The packages that can be given on these pages.
fn available(entries: &[CatalogueEntry]) -> impl Iterator<Item = &MandatePackage> {
    let packages = entries.iter().filter_map(CatalogueEntry::mandate_package);
    packages.filter(|package| words::can_be_given_here(package))
}

/// What is asked for, if all of it can be read; what cannot is noted.
fn read<'e>(
    page: &mut Page,
    packages: impl Iterator<Item = &'e MandatePackage>,
    filled: &Filled,
) -> Option<NewMandateRequest> {
    let name = match filled.name.as_str() {
        "" => Err("mandate.name_missing"),
        name => fields::written(name, "mandate.name_form"),
    };
    let name = noted_at(page, "name", name);
    let number = noted_at(page, "number", fields::cpr(&filled.number));
    let (mut codes, mut privileges): (Vec<Code>, Vec<PrivilegeUri>) = (Vec::new(), Vec::new());
    for package in packages {
        let is_chosen = |privilege: &&Privilege| filled.chosen.contains(&value(package, privilege));
        for privilege in package.privileges.iter().filter(is_chosen) {
            if !privileges.contains(&privilege.uri) {
                privileges.push(privilege.uri.clone());
            }
            if codes.last() != Some(&package.code) {
                codes.push(package.code.clone());
            }
        }
    }
    if privileges.is_empty() {
        page.wrong("package-0", page.t("asking.what_missing"));
    }
    let until = if filled.until.is_empty() { Ok(None) } else { filled.until.date().map(Some) };
    let until = until.map_err(|(part, flaw)| page.wrong(format!("until_{part}"), page.t(flaw)));
    let case = noted_at(page, "case", fields::case(&filled.case));
    if privileges.is_empty() {
        return None;
    }
    Some(NewMandateRequest {
        grantor: PersonRef::Number(number?),
        grantor_name: Some(name?),
        representative: None,
        packages: codes,
        privileges,
        case: case?,
        valid_until: until.ok()?,
        deadline: None,
    })
}

fn shown(here: &Here, entries: &[CatalogueEntry], filled: &Filled, notice: Option<Notice>) -> Response {
    let status = notice.as_ref().map(|notice| notice.status);
    let name = |package: &MandatePackage| authority(&here.service, package.authority, here.page.language);
    let template = FormPage::new(&here.page, available(entries), name, filled, notice);
    form(&here.page, status, &template)
}

impl<'p> FormPage<'p> {
    fn new<'e>(
        page: &'p Page,
        packages: impl Iterator<Item = &'e MandatePackage>,
        name: impl Fn(&MandatePackage) -> String,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        let group = |(at, package): (usize, &MandatePackage)| {
            let choice = |(n, privilege): (usize, &Privilege)| {
                let value = value(package, privilege);
                let chosen = filled.chosen.contains(&value);
                Choice { field: format!("right-{at}-{n}"), value, right: Right::new(page, privilege), chosen }
            };
            Group {
                field: format!("package-{at}"),
                title: page.say(&package.title).to_owned(),
                authority: name(package),
                purpose: page.say(&package.purpose).to_owned(),
                choices: package.privileges.iter().enumerate().map(choice).collect(),
            }
        };
        Self { page, groups: packages.enumerate().map(group).collect(), filled, notice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, package, page};
    use tillid_domain::Language;

    fn filled(text: &str) -> Filled {
        Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"))
    }

    const AIDS: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes";
    const WHOLE: &str = "attempt=1&name=Anna+Lind&number=670245-1236&case=S-1\
                         &right=M14+urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes&right=M14+urn:dk:x:fuldmagt:y\
                         &right=M18+urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes&right=M14";

    #[test]
    fn m04_what_is_chosen_is_asked_for_and_nothing_that_is_not_offered() {
        let (mut page, packages) = (page(Language::Da), [package("M14"), package("M18")]);
        let new = read(&mut page, packages.iter(), &filled(WHOLE)).expect("a request");
        let codes: Vec<&str> = new.packages.iter().map(Code::as_str).collect();
        assert_eq!((codes, new.valid_until, page.errors.len()), (vec!["M14"], None, 0));
        let uris: Vec<&str> = new.privileges.iter().map(PrivilegeUri::as_str).collect();
        assert_eq!((uris, new.case.map(|case| case.to_string())), (vec![AIDS], Some("S-1".to_owned())));
        for (text, wrong) in [
            ("", vec!["name", "number", "package-0"]),
            ("name=Anna&number=670245-1236", vec!["package-0"]),
            // A package is not asked for without anything of it.
            ("name=Anna&number=670245-1236&right=M14&package=M14", vec!["package-0"]),
            (
                "name=670245-1236&number=6702&until_day=31&until_month=2&until_year=2027\
                 &right=M14+urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes",
                vec!["name", "number", "until_day"],
            ),
        ] {
            page.errors.clear();
            let filled = filled(text);
            assert!(read(&mut page, packages.iter(), &filled).is_none(), "{text}");
            let told: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(told, wrong, "{text}");
            let html = FormPage::new(&page, packages.iter(), |_| "Eksempel".to_owned(), &filled, None);
            let html = html.render().expect("a page");
            must_hold_together(&html);
            let kept = usize::from(text.contains(AIDS));
            assert_eq!(html.matches(" checked").count(), kept, "{text}");
            assert_eq!(html.matches("<details class=\"details\" open>").count(), kept, "{text}");
        }
    }

    #[test]
    fn a_form_that_is_changed_and_sent_again_is_another_attempt_and_its_name_tells_no_number() {
        let key = |text: &str| filled(text).key();
        assert_eq!(key(WHOLE), key(&format!("{WHOLE}&csrf=x")));
        for (old, new) in
            [("attempt=1", "attempt=2"), ("M14+urn", "M18+urn"), ("1236", "1237"), ("Anna", "Bo")]
        {
            assert_ne!(key(WHOLE), key(&WHOLE.replace(old, new)), "{old}");
        }
        assert!(!key(WHOLE).contains("670245"));
    }
}
