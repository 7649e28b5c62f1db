//! Registering an answer, second step: the exact text to read aloud or to print, and what the person answered to it.

use super::{
    Stop, Under,
    collect::must_register,
    evidence::{FILE, brought},
    found::{Consent, consent},
    read as told,
};
use crate::{
    document::ConsentDocument,
    fields::{self, WrittenDate},
    page::{Here, Page, see},
    question::{self, Choice},
    refused::{Notice, Places, form, noted},
    when,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Instant, LocalDate,
    collected::Collected,
    id::{AccessId, DocumentId, PresentationId},
    presentation::{Means, Presented},
    text::{Name, Prose},
};
use tillid_edge::{Fields, Path, Upload};
use tillid_service::{Error, ShownFor};

/// Where the flaws that the verb finds are shown.
const PLACES: &Places = &[
    ("/registration/document_id", FILE),
    ("/registration/channel", "answers"),
    ("/registration", "at_day"),
    ("/answers", "answers"),
];

/// What was filled in beside the answers, as it was written.
#[derive(Default)]
struct Filled {
    at: WrittenDate,
    clock: String,
    note: String,
    why: String,
    source: String,
    reference: String,
    /// The id of a document that an earlier sending of the form brought.
    document: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            at: WrittenDate::sent(fields, "at"),
            clock: text("clock"),
            note: text("note"),
            why: text("why"),
            source: text("source"),
            reference: text("reference"),
            document: text("document"),
        }
    }
}

/// How it was answered, before its document.
#[derive(PartialEq, Eq, Debug)]
enum Registration {
    Oral { said_at: Instant, note: Prose, why: Prose },
    Paper { signed_on: LocalDate },
    Elsewhere { source: Name, reference: Name, given_at: Instant },
}

impl Registration {
    /// With its document; nothing where it needs one and has none.
    fn with(self, document: Option<DocumentId>) -> Option<Collected> {
        Some(match self {
            Self::Oral { said_at, note, why } => Collected::Oral { said_at, note, why },
            Self::Paper { signed_on } => Collected::Paper { signed_on, document: document? },
            Self::Elsewhere { source, reference, given_at } => {
                Collected::Imported { source, reference, given_at, document }
            }
        })
    }
}

#[derive(Template)]
#[template(path = "casework_presented.html")]
struct Sheet<'p> {
    page: &'p Page,
    /// The text speaks its own language, whatever the page's.
    text: Page,
    found: String,
    address: String,
    number: PresentationId,
    code: String,
    shown: String,
    means: &'static str,
    document: ConsentDocument,
    choices: Vec<Choice>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "casework_registered.html")]
struct Registered<'p> {
    page: &'p Page,
    found: String,
    title: String,
    answers: Vec<Consent>,
}

pub(super) async fn page(
    here: Here,
    Path((lookup, id)): Path<(AccessId, PresentationId)>,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let under = Under::new(&here, lookup);
    let shown_for = told(&here, here.service.read_presentation_for(&under.call, id).await)?;
    if shown_for.answers.is_empty() {
        return shown(&here, lookup, &shown_for, &Fields::default(), &Filled::default(), None);
    }
    let page = &here.page;
    let answers = shown_for.answers.iter().map(|typed| consent(&here, lookup, typed));
    let answers: Vec<Consent> = answers.collect();
    let found = format!("/casework/lookups/{lookup}");
    let title = page.say(&shown_for.of.title).to_owned();
    Ok(page.answer(&Registered { page, found, title, answers }))
}

pub(super) async fn sent(
    mut here: Here,
    Path((lookup, id)): Path<(AccessId, PresentationId)>,
    Upload(fields, files): Upload,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let under = Under::new(&here, lookup);
    let shown_for = told(&here, here.service.read_presentation_for(&under.call, id).await)?;
    let done = format!("/casework/lookups/{lookup}/presentations/{id}");
    if !shown_for.answers.is_empty() {
        return Ok(see(&done));
    }
    let means = shown_for.shown.presentation.means;
    let mut filled = Filled::sent(&fields);
    let document = ConsentDocument::read(&shown_for.shown.document)?;
    for missing in question::unanswered(&here.page, &question::choices(&document, &fields)) {
        here.page.errors.push(missing);
    }
    let registration = read(&mut here.page, means, &filled);
    let document = if means == Means::Told {
        None
    } else {
        brought(&mut here, &under, &files, &filled.document).await?
    };
    filled.document = document.map(|id| id.to_string()).unwrap_or_default();
    if means == Means::Paper && document.is_none() && here.page.error(FILE).is_none() {
        here.page.wrong(FILE, here.page.t("registering.scan_missing"));
    }
    let collected = registration.and_then(|registration| registration.with(document));
    let (Some(collected), true, Some(answers)) =
        (collected, here.page.errors.is_empty(), question::answers(&fields))
    else {
        return shown(&here, lookup, &shown_for, &fields, &filled, None);
    };
    let request = match &shown_for.shown.presentation.presented {
        Presented::Consent { request, .. } => *request,
        Presented::Mandate { .. } => None,
    };
    let call = under.change(&here, &format!("register:{id}"), &fields);
    let registered = match request {
        Some(request) => here.service.register_answer(&call, request, id, &answers, &collected).await,
        None => here.service.register_consents(&call, id, &answers, &collected).await,
    };
    match registered {
        Ok(_) => Ok(see(&done)),
        Err(error) => {
            let notice = refused(&mut here, &error)?;
            shown(&here, lookup, &shown_for, &fields, &filled, notice)
        }
    }
}

fn refused(here: &mut Here, error: &Error) -> Result<Option<Notice>, Stop> {
    Ok(noted(here, error, PLACES)?)
}

/// How it was answered, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, means: Means, filled: &Filled) -> Option<Registration> {
    let day = filled.at.date().map_err(|(part, flaw)| page.wrong(format!("at_{part}"), page.t(flaw)));
    match means {
        Means::Screen => None,
        Means::Paper => Some(Registration::Paper { signed_on: day.ok()? }),
        Means::Told => {
            let clock = fields::clock(&filled.clock).map_err(|flaw| page.wrong("clock", page.t(flaw)));
            let note = fields::prose(&filled.note, "registering.note_missing");
            let note = note.map_err(|flaw| page.wrong("note", page.t(flaw)));
            let why = fields::prose(&filled.why, "registering.why_missing");
            let why = why.map_err(|flaw| page.wrong("why", page.t(flaw)));
            let (hour, minute) = clock.ok()?;
            let said_at = when::at(day.ok()?, hour, minute)?;
            Some(Registration::Oral { said_at, note: note.ok()?, why: why.ok()? })
        }
        Means::Elsewhere => {
            let source = fields::name(&filled.source, "registering.source_missing");
            let source = source.map_err(|flaw| page.wrong("source", page.t(flaw)));
            let reference = fields::name(&filled.reference, "registering.reference_missing");
            let reference = reference.map_err(|flaw| page.wrong("reference", page.t(flaw)));
            let given_at = day.ok()?.start();
            Some(Registration::Elsewhere { source: source.ok()?, reference: reference.ok()?, given_at })
        }
    }
}

fn shown(
    here: &Here,
    lookup: AccessId,
    of: &ShownFor,
    fields: &Fields,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let status = notice.as_ref().map(|notice| notice.status);
    let document = ConsentDocument::read(&of.shown.document)?;
    let presentation = &of.shown.presentation;
    let at = when::moment(presentation.shown_at, document.language);
    let asked = (presentation.id, presentation.means, at);
    let template = Sheet::new(&here.page, lookup, asked, document, fields, filled, notice);
    Ok(form(&here.page, status, &template))
}

impl<'p> Sheet<'p> {
    fn new(
        page: &'p Page,
        lookup: AccessId,
        (number, means, shown): (PresentationId, Means, String),
        document: ConsentDocument,
        fields: &Fields,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        Self {
            page,
            text: Page::at(document.language, &page.path),
            found: format!("/casework/lookups/{lookup}"),
            address: format!("/casework/lookups/{lookup}/presentations/{number}"),
            number,
            code: number.code(),
            shown,
            means: match means {
                Means::Told | Means::Screen => "told",
                Means::Paper => "paper",
                Means::Elsewhere => "elsewhere",
            },
            choices: question::choices(&document, fields),
            document,
            filled,
            notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{document, must_hold_together, page};
    use tillid_domain::Language;
    use uuid::Uuid;

    fn html(page: &Page, means: Means, text: &str) -> String {
        let fields = Fields::parse(text.as_bytes()).expect("fields");
        let filled = Filled::sent(&fields);
        let asked = (PresentationId::from_uuid(Uuid::from_u128(9)), means, "nu".to_owned());
        let lookup = AccessId::from_uuid(Uuid::nil());
        let template = Sheet::new(page, lookup, asked, document(), &fields, &filled, None);
        template.render().expect("a page")
    }

    const DAY: &str = "at_day=1&at_month=12&at_year=2026";

    #[test]
    fn what_is_wrong_is_told_at_its_field_and_nothing_is_lost() {
        for language in Language::ALL {
            for (means, text, fields) in [
                (Means::Told, "", vec!["at_day", "clock", "note", "why"]),
                (
                    Means::Told,
                    "at_day=31&at_month=2&at_year=2026&clock=25.00&note=670245-1236&why=x",
                    vec!["at_day", "clock", "note"],
                ),
                (Means::Told, &format!("{DAY}&clock=14.30&note=Hun+sagde%0D%0Aja&why=Hun+ringede"), vec![]),
                (Means::Paper, "", vec!["at_day"]),
                (Means::Paper, DAY, vec![]),
                (Means::Elsewhere, "", vec!["at_day", "source", "reference"]),
                (Means::Elsewhere, &format!("{DAY}&source=Gammelt+system&reference=A-17"), vec![]),
            ] {
                let mut page = page(language);
                let filled = Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"));
                let read = read(&mut page, means, &filled);
                let mut wrong: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
                wrong.sort_unstable();
                let mut fields = fields;
                fields.sort_unstable();
                assert_eq!((read.is_none(), &wrong), (!fields.is_empty(), &fields), "{means:?} {text}");
                let html = html(&page, means, &format!("answer.sygehus=yes&document=0198&{text}"));
                must_hold_together(&html);
                assert!(html.contains("value=\"yes\" checked") && html.matches(" checked").count() == 1);
                assert!(!text.contains("Gammelt") || html.contains("value=\"Gammelt system\""));
                assert!(!text.contains("Hun") || html.contains(">Hun sagde"));
            }
        }
    }

    #[test]
    fn nothing_is_answered_beforehand_and_a_form_can_be_printed_with_its_number() {
        for language in Language::ALL {
            let page = page(language);
            for means in [Means::Told, Means::Paper, Means::Elsewhere] {
                let html = html(&page, means, "");
                must_hold_together(&html);
                assert!(!html.contains(" checked"), "{means:?}");
                assert_eq!(html.contains("multipart/form-data"), means != Means::Told, "{means:?}");
                assert_eq!(html.contains("tillid-signature"), means == Means::Paper, "{means:?}");
                // The text is that of the document, in the document's language.
                let (text, _) = html.split_once("</article>").expect("the text");
                assert!(text.contains("Hvad skal det bruges til?") && text.contains("lang=\"da\""));
                assert!(text.contains("00000000-0000-0000-0000-000000000009"), "its number");
                assert_eq!(text.contains("0000-0009</code>"), means == Means::Paper, "the code on the paper");
                assert_eq!(html.contains("/form\" download"), means == Means::Paper, "{means:?}");
            }
        }
    }

    #[test]
    fn paper_counts_with_its_document_alone() {
        let signed_on: LocalDate = "2026-12-01".parse().expect("a day");
        assert_eq!(Registration::Paper { signed_on }.with(None), None);
        let document = DocumentId::from_uuid(Uuid::nil());
        let paper = Registration::Paper { signed_on }.with(Some(document));
        assert_eq!(paper, Some(Collected::Paper { signed_on, document }));
    }
}
