//! Taking in what a person answered elsewhere from a file in the state's format, and what became of it.

use super::{
    Stop, Under,
    collect::{must_register, open_types},
    found::{Consent, consent},
    read as told,
};
use crate::{
    fields,
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use base64::{Engine, engine::general_purpose::STANDARD as B64};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write as _};
use tillid_documents::viljestilkendegivelse::{Loss, Lost};
use tillid_domain::{
    Digest, Reason,
    catalogue::ConsentType,
    id::{AccessId, DeclarationId},
    text::{Code, Name},
};
use tillid_edge::{Fields, Files, Path, Query, Upload};
use tillid_service::Error;

/// The field in which the file is chosen.
const FILE: &str = "xml";
const TYPE: &str = "consent_type";

/// The largest file that the form takes along, so that there is room for another one beside it.
const KEPT: usize = 2 * 1024 * 1024;

/// Everything else that is wrong is so in the file.
const PLACES: &Places = &[("", FILE)];
const PLACES_OF_TYPE: &Places = &[("", TYPE)];

/// What was filled in, as it was written.
struct Filled {
    /// Names this form, so that sending it twice takes the file in once.
    attempt: String,
    source: String,
    consent_type: String,
    /// The file, which goes along in the form: a browser does not choose one again by itself.
    file: Option<Vec<u8>>,
}

impl Filled {
    fn empty(here: &Here) -> Self {
        let attempt = here.service.ambient().id().to_string();
        Self { attempt, source: String::new(), consent_type: String::new(), file: None }
    }

    fn sent(fields: &Fields, files: &Files) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        let kept = || fields.get("kept").and_then(|kept| B64.decode(kept).ok());
        Self {
            attempt: text("attempt"),
            source: text("source"),
            consent_type: text(TYPE),
            file: files.get(FILE).map(|bytes| bytes.to_vec()).or_else(kept),
        }
    }

    /// The file as the form takes it along; a larger one has to be chosen again.
    fn kept(&self) -> Option<String> {
        self.file.as_ref().filter(|bytes| bytes.len() <= KEPT).map(|bytes| B64.encode(bytes))
    }
}

struct Offered {
    code: String,
    title: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_declaration.html")]
struct TakePage<'p> {
    page: &'p Page,
    found: String,
    address: String,
    types: Vec<Offered>,
    filled: &'p Filled,
    kept: Option<String>,
    /// Where in the file it is that it cannot be taken in: its own names of elements.
    place: Option<String>,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "casework_declared.html")]
struct TakenPage<'p> {
    page: &'p Page,
    found: String,
    answers: Vec<Consent>,
    /// What was left out, in words, and in how many places.
    left_out: Vec<(&'static str, usize)>,
}

pub(super) async fn page(here: Here, Path(lookup): Path<AccessId>) -> Result<Response, Stop> {
    must_register(&here)?;
    told(&here, here.service.lookup(&Under::new(&here, lookup).call).await)?;
    shown(&here, lookup, &Filled::empty(&here), None, None).await
}

pub(super) async fn sent(
    mut here: Here,
    Path(lookup): Path<AccessId>,
    Upload(fields, files): Upload,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let under = Under::new(&here, lookup);
    told(&here, here.service.lookup(&under.call).await)?;
    let filled = Filled::sent(&fields, &files);
    let Some((bytes, source, consent_type)) = read(&mut here.page, &filled) else {
        return shown(&here, lookup, &filled, None, None).await;
    };
    let key = format!("take:{}:{}:{source}:{}", filled.attempt, Digest::of(bytes), filled.consent_type);
    let call = under.change(&here, &key, &Fields::default());
    match here.service.import_declaration(&call, &source, consent_type.as_ref(), bytes).await {
        Ok(done) => {
            let declared = done.value;
            let first = here.told(declared.consents.first().ok_or(Error::NotFound))?;
            let declaration = first.consent.answer.declaration;
            let told = told_in_address(&declared.lost);
            Ok(see(&format!("/casework/lookups/{lookup}/declarations/{declaration}?left_out={told}")))
        }
        Err(error) => {
            let place = place(&error);
            let places = if is_of_the_type(&error) { PLACES_OF_TYPE } else { PLACES };
            let notice = noted(&mut here, &error, places)?;
            shown(&here, lookup, &filled, place, notice).await
        }
    }
}

/// What is to be taken in, if all of it can be read; what cannot is noted.
fn read<'f>(page: &mut Page, filled: &'f Filled) -> Option<(&'f [u8], Name, Option<Code>)> {
    if filled.file.is_none() {
        page.wrong(FILE, page.t("taking.file_missing"));
    }
    let source = fields::name(&filled.source, "taking.source_missing");
    let source = source.map_err(|flaw| page.wrong("source", page.t(flaw)));
    let named = Some(&filled.consent_type).filter(|code| !code.is_empty()).map(|code| code.parse());
    let consent_type = named.transpose().map_err(|_| page.wrong(TYPE, page.t("taking.type_unknown")));
    Some((filled.file.as_deref()?, source.ok()?, consent_type.ok()?))
}

/// Whether it is the type that has to be chosen, rather than the file.
fn is_of_the_type(error: &Error) -> bool {
    matches!(error, Error::Invalid(flaws) if flaws.iter().any(|flaw| flaw.reason == Reason::EntryNotPublished))
}

fn place(error: &Error) -> Option<String> {
    let Error::Invalid(flaws) = error else { return None };
    flaws.first().map(|flaw| flaw.pointer.clone()).filter(|pointer| !pointer.is_empty())
}

async fn shown(
    here: &Here,
    lookup: AccessId,
    filled: &Filled,
    place: Option<String>,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let types = open_types(here).await?;
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &TakePage::new(&here.page, lookup, &types, filled, place, notice)))
}

impl<'p> TakePage<'p> {
    fn new(
        page: &'p Page,
        lookup: AccessId,
        types: &[ConsentType],
        filled: &'p Filled,
        place: Option<String>,
        notice: Option<Notice>,
    ) -> Self {
        let offered = |of: &ConsentType| Offered {
            code: of.code.to_string(),
            title: page.say(&of.title).to_owned(),
            chosen: filled.consent_type == of.code.as_str(),
        };
        let found = format!("/casework/lookups/{lookup}");
        Self {
            page,
            address: format!("{found}/declarations"),
            found,
            types: types.iter().map(offered).collect(),
            filled,
            kept: filled.kept(),
            place,
            notice,
        }
    }
}

/// What was left out, with in how many places: it goes along in the address of the page that tells of it.
#[derive(Deserialize)]
pub(super) struct Told {
    #[serde(default)]
    left_out: String,
}

fn told_in_address(lost: &[Lost]) -> String {
    let mut kinds: BTreeMap<Loss, usize> = BTreeMap::new();
    for one in lost {
        *kinds.entry(one.what).or_default() += 1;
    }
    let mut told = String::new();
    for (what, places) in kinds {
        let comma = if told.is_empty() { "" } else { "," };
        let _ = write!(told, "{comma}{}:{places}", what.code());
    }
    told
}

/// What an address tells of; what is no loss is nothing.
fn in_words(page: &Page, told: &str) -> Vec<(&'static str, usize)> {
    let one = |part: &str| {
        let (code, places) = part.split_once(':')?;
        let what = Loss::ALL.into_iter().find(|what| what.code() == code)?;
        Some((page.t(words(what)), places.parse().ok().filter(|places| *places > 0)?))
    };
    told.split(',').filter_map(one).collect()
}

pub(super) async fn taken(
    here: Here,
    Path((lookup, id)): Path<(AccessId, DeclarationId)>,
    Query(lost): Query<Told>,
) -> Result<Response, Stop> {
    super::roles(&here)?;
    let under = Under::new(&here, lookup);
    let consents = told(&here, here.service.read_declaration(&under.call, id).await)?;
    let page = &here.page;
    Ok(page.answer(&TakenPage {
        page,
        found: format!("/casework/lookups/{lookup}"),
        answers: consents.iter().map(|typed| consent(&here, lookup, typed)).collect(),
        left_out: in_words(page, &lost.left_out),
    }))
}

const fn words(what: Loss) -> &'static str {
    match what {
        Loss::UnknownElement | Loss::UnknownAttribute | Loss::TextBetweenElements => "taking.lost_unknown",
        Loss::ContentFormat => "taking.lost_format",
        Loss::TimeWithoutOffset => "taking.lost_time",
        Loss::Attestation => "taking.lost_attestation",
        Loss::AccessPolicy => "taking.lost_access",
        Loss::OtherAdministrator | Loss::OtherActor => "taking.lost_others",
        Loss::Representative => "taking.lost_representative",
        Loss::Template | Loss::MachineReadable | Loss::Keywords | Loss::Context | Loss::Replacement => {
            "taking.lost_context"
        }
        Loss::Wording => "taking.lost_wording",
        Loss::Ended => "taking.lost_ended",
        Loss::NotAnswered => "taking.lost_unanswered",
        // What a file that goes out has no place for.
        Loss::NameWithheld
        | Loss::Invalidated
        | Loss::LapseCause
        | Loss::PaperNotEnclosed
        | Loss::HowItWasSaid
        | Loss::Basis
        | Loss::OriginalAttestation => "taking.lost_out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        casework::found::tests::found_consent,
        tests::{consent_type, must_hold_together, page},
    };
    use tillid_domain::{Language, consent::ConsentStanding};
    use uuid::Uuid;

    fn filled(text: &str) -> Filled {
        Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"), &Files::default())
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field_and_nothing_is_lost() {
        let lookup = AccessId::from_uuid(Uuid::nil());
        let types = [consent_type("C02"), consent_type("C13")];
        for language in Language::ALL {
            for (text, fields) in [
                ("", vec![FILE, "source"]),
                ("source=670245-1236&kept=PHg%2BPC94Pg%3D%3D", vec!["source"]),
                ("source=ESDH&consent_type=no+code&kept=PHg%2BPC94Pg%3D%3D", vec![TYPE]),
                ("source=ESDH&consent_type=C13&kept=not+base64", vec![FILE]),
                ("source=ESDH&consent_type=C13&kept=PHg%2BPC94Pg%3D%3D", vec![]),
            ] {
                let mut page = page(language);
                let filled = filled(text);
                let read = read(&mut page, &filled);
                let wrong: Vec<&str> = page.errors.iter().map(|error| error.field.as_str()).collect();
                assert_eq!((read.is_none(), &wrong), (!fields.is_empty(), &fields), "{text}");
                let place = Some("/Viljestilkendegivelseserklaering/Titel".to_owned());
                let html =
                    TakePage::new(&page, lookup, &types, &filled, place, None).render().expect("a page");
                must_hold_together(&html);
                assert_eq!(html.contains("value=\"PHg+PC94Pg==\""), text.contains("PHg"), "the file stays");
                assert_eq!(html.contains("\"C13\" selected"), text.contains("C13"), "the type stays");
                assert_eq!(html.contains("value=\"ESDH\""), text.contains("ESDH"), "the source stays");
            }
        }
    }

    #[test]
    fn every_loss_has_words_and_comes_through_the_address() {
        for language in Language::ALL {
            let page = page(language);
            let lost: Vec<Lost> =
                Loss::ALL.into_iter().flat_map(|what| [Lost::at(what, "a"), Lost::at(what, "b")]).collect();
            let told = in_words(&page, &told_in_address(&lost));
            assert_eq!(told.len(), Loss::ALL.len());
            assert!(told.iter().all(|(words, places)| !words.starts_with("taking.") && *places == 2));
            for planted in ["", "ended", "ended:", "ended:0", "ended:-1", "<b>:1", "no_such_loss:3"] {
                assert!(in_words(&page, planted).is_empty(), "{planted}");
            }
            for left_out in [Vec::new(), told] {
                let answers = vec![
                    found_consent(&page, ConsentStanding::Active),
                    found_consent(&page, ConsentStanding::Declined),
                ];
                let found = "/casework/lookups/1".to_owned();
                let html = TakenPage { page: &page, found, answers, left_out }.render().expect("a page");
                must_hold_together(&html);
            }
        }
    }
}
