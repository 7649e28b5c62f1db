//! Making the form that somebody signs: what of a package is given, to whom, until when, and in which case, as the citizen chooses it on
//! their own pages.

use super::{enter::made, must_be_registrar};
use crate::{
    casework::Stop,
    fields::{self, WrittenDate},
    mandate::{Choice, can_be_given_here, choices, chosen},
    page::{Here, Page},
    refused::{Notice, Places, form, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Digest, Language, Reason,
    catalogue::{CatalogueEntry, MandatePackage, Shelf},
    id::AccessId,
    text::Code,
};
use tillid_edge::{Fields, Form, Path, Problem};
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
    /// Names this form, so that sending it twice makes one paper.
    attempt: String,
    chosen: Vec<String>,
    name: String,
    number: String,
    until: WrittenDate,
    case: String,
    language: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            attempt: text("attempt"),
            chosen: fields.all("right").map(str::to_owned).collect(),
            name: text("name"),
            number: text("number"),
            until: WrittenDate::sent(fields, "until"),
            case: text("case"),
            language: text("language"),
        }
    }

    /// The name of the attempt: the form as it was sent, and nothing of it in clear. Changed and sent again, it is another one.
    fn key(&self, package: &Code) -> String {
        let Self { attempt, chosen, name, number, until, case, language } = self;
        let chosen = chosen.join(",");
        let sent = format!("{attempt}|{package}|{chosen}|{name}|{number}|{until:?}|{case}|{language}");
        format!("mandate-form:{}", Digest::of(sent.as_bytes()))
    }

    fn language(&self) -> Language {
        Language::ALL.into_iter().find(|language| language.tag() == self.language).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "casework_mandate_make.html")]
struct MakePage<'p> {
    page: &'p Page,
    /// Where the packages are chosen, and where the form is sent.
    address: String,
    package: &'p MandatePackage,
    authority: String,
    choices: Vec<Choice>,
    languages: Vec<(&'static str, &'static str, bool)>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

/// The empty form of a package.
pub(super) async fn page(here: &Here, lookup: AccessId, code: &Code) -> Result<Response, Stop> {
    let entry = available(here, code).await?;
    let attempt = here.service.ambient().id().to_string();
    let language = here.page.language.tag().to_owned();
    let filled = Filled { attempt, language, ..Filled::default() };
    Ok(shown(here, lookup, package_of(here, &entry)?, &filled, None))
}

pub(in crate::casework) async fn sent(
    mut here: Here,
    Path(lookup): Path<AccessId>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    let code: Option<Code> = fields.get("package").and_then(|code| code.parse().ok());
    let code = here.told(code.ok_or(Error::NotFound))?;
    let entry = available(&here, &code).await?;
    let package = package_of(&here, &entry)?;
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, package, &filled) else {
        return Ok(shown(&here, lookup, package, &filled, None));
    };
    let about = NewPresentation::Mandate(new);
    match made(&here, lookup, &about, &filled.key(&code), filled.language(), &fields).await {
        Ok(form) => Ok(form),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            Ok(shown(&here, lookup, package, &filled, notice))
        }
    }
}

/// The package in the version that is in use, if a person can hold it.
async fn available(here: &Here, code: &Code) -> Result<CatalogueEntry, Problem> {
    let entry = here.told(here.service.published_entry(Shelf::MandatePackage, code).await)?;
    let can_be_held = entry.mandate_package().is_some_and(can_be_given_here);
    here.told(if can_be_held { Ok(entry) } else { Err(Error::Rule(Reason::PackageNotAvailable)) })
}

fn package_of<'e>(here: &Here, entry: &'e CatalogueEntry) -> Result<&'e MandatePackage, Problem> {
    here.told(entry.mandate_package().ok_or(Error::NotFound))
}

/// What is to be given, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, package: &MandatePackage, filled: &Filled) -> Option<NewMandate> {
    let privileges = chosen(page, package, &filled.chosen);
    let name = fields::name(&filled.name, "mandate.name_missing");
    let name = name.map_err(|flaw| page.wrong("name", page.t(flaw)));
    let number = fields::cpr(&filled.number).map_err(|flaw| page.wrong("number", page.t(flaw)));
    let until = filled.until.date().map_err(|(part, flaw)| page.wrong(format!("until_{part}"), page.t(flaw)));
    let case = fields::case(&filled.case).map_err(|flaw| page.wrong("case", page.t(flaw)));
    if privileges.is_empty() {
        return None;
    }
    Some(NewMandate {
        representative: PersonRef::Number(number.ok()?),
        representative_name: Some(name.ok()?),
        packages: vec![package.code.clone()],
        privileges,
        case: case.ok()?,
        valid_until: until.ok()?,
        under: None,
        together: None,
    })
}

fn shown(
    here: &Here,
    lookup: AccessId,
    package: &MandatePackage,
    filled: &Filled,
    notice: Option<Notice>,
) -> Response {
    let address = format!("/casework/lookups/{lookup}/mandates/new");
    let name = authority(&here.service, package.authority, here.page.language);
    let status = notice.as_ref().map(|notice| notice.status);
    form(&here.page, status, &MakePage::new(&here.page, address, package, name, filled, notice))
}

impl<'p> MakePage<'p> {
    fn new(
        page: &'p Page,
        address: String,
        package: &'p MandatePackage,
        authority: String,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        let in_use = filled.language();
        let languages = [(Language::Da, "layout.danish"), (Language::En, "layout.english")]
            .map(|(language, words)| (language.tag(), page.t(words), language == in_use));
        Self {
            page,
            address,
            package,
            authority,
            choices: choices(page, package, &filled.chosen),
            languages: languages.into(),
            filled,
            notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, package, page};
    use tillid_domain::text::PrivilegeUri;

    const WHOLE: &str = "attempt=1&package=M14&right=urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes\
                         &right=urn:dk:other:fuldmagt:x:y&name=Bo+Lind&number=670245-1236&case=27.36.04-2026-17\
                         &until_day=1&until_month=2&until_year=2027&language=en";

    fn filled(text: &str) -> Filled {
        Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"))
    }

    #[test]
    fn m04_what_is_chosen_of_the_package_is_given_and_in_one_case_only_if_it_is_written() {
        for (text, case) in [
            (WHOLE.to_owned(), Some("27.36.04-2026-17")),
            (WHOLE.replace("case=27.36.04-2026-17", "case="), None),
        ] {
            let mut page = page(Language::Da);
            let new = read(&mut page, &package("M14"), &filled(&text)).expect("a mandate");
            let uris: Vec<&str> = new.privileges.iter().map(PrivilegeUri::as_str).collect();
            assert_eq!(uris, ["urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes"]);
            assert_eq!(new.case.map(|case| case.to_string()).as_deref(), case);
        }
    }

    #[test]
    fn nothing_chosen_is_never_everything_and_what_was_written_is_kept() {
        let (package, mut page) = (package("M14"), page(Language::Da));
        let filled = filled(&WHOLE.replace("right=", "wrong=").replace("670245-1236", "670245"));
        assert!(read(&mut page, &package, &filled).is_none());
        let wrong: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(wrong, ["right-0", "number"]);
        let html = MakePage::new(&page, "/x".to_owned(), &package, "Eksempel".to_owned(), &filled, None);
        let html = html.render().expect("a page");
        must_hold_together(&html);
        assert!(!html.contains(" checked"));
        for kept in ["value=\"Bo Lind\"", "value=\"27.36.04-2026-17\"", "<option value=\"en\" selected>"] {
            assert!(html.contains(kept), "{kept}");
        }
    }

    #[test]
    fn a_form_that_is_changed_and_sent_again_is_another_attempt_and_its_name_tells_no_number() {
        let key = |text: &str| filled(text).key(&"M14".parse().expect("a code"));
        assert_eq!(key(WHOLE), key(&format!("{WHOLE}&csrf=x")));
        for (old, new) in
            [("attempt=1", "attempt=2"), (":laes", ":handle"), ("1236", "1237"), ("2026-17", "2026-18")]
        {
            assert_ne!(key(WHOLE), key(&WHOLE.replace(old, new)), "{old}");
        }
        assert!(!key(WHOLE).contains("670245"));
    }
}
