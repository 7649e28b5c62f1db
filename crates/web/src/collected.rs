//! How an answer reached us, and what came of it later through staff, in words.

use crate::{page::Page, receipt::attachment, when};
use axum::response::Response;
use tillid_domain::{
    catalogue::Channel,
    collected::{AnnulmentGround, Collected},
    consent::{Consent, ConsentState},
    document::Document,
    id::DeclarationId,
    presentation::{Means, Presentation},
};
use tillid_edge::Problem;
use tillid_service::ExportedDeclaration;

/// How an answer reached us.
pub(crate) struct How {
    /// When, and in which way.
    pub(crate) answered: String,
    /// When staff registered it, where they did.
    pub(crate) registered: Option<String>,
    /// What is noted about it: a label, and what stands there.
    pub(crate) notes: Vec<(&'static str, String)>,
    /// The address of the document that proves it.
    pub(crate) document: Option<String>,
}

impl How {
    /// `documents` is the address below which whoever reads it can have documents, if they can.
    pub(crate) fn new(page: &Page, consent: &Consent, documents: Option<&str>) -> Self {
        let collected = &consent.answer.collected;
        let at = consent.answered_at;
        let day = || when::day(at.local_date(), page.language);
        let answered = match collected {
            Collected::Digital => page.fill("consent.answered_here", "at", page.moment(at)),
            Collected::Oral { .. } => page.fill("consent.answered_orally", "at", page.moment(at)),
            Collected::Paper { .. } => page.fill("consent.answered_on_paper", "day", day()),
            Collected::Imported { .. } => page.fill("consent.answered_elsewhere", "day", day()),
        };
        let notes = match collected {
            Collected::Digital | Collected::Paper { .. } => Vec::new(),
            Collected::Oral { note, why, .. } => {
                vec![
                    ("consent.what_was_said", note.to_string()),
                    ("consent.why_not_written", why.to_string()),
                ]
            }
            Collected::Imported { source, reference, .. } => {
                vec![("consent.source", source.to_string()), ("consent.reference", reference.to_string())]
            }
        };
        let by_staff = !matches!(collected, Collected::Digital);
        let document = documents.zip(collected.document()).map(|(below, id)| format!("{below}/{id}"));
        Self {
            answered,
            registered: by_staff.then(|| page.moment(consent.recorded_at)),
            notes: notes.into_iter().map(|(key, said)| (page.t(key), said)).collect(),
            document,
        }
    }
}

/// What staff did to a consent after it had been answered, as the person is told; nothing where they did nothing.
pub(crate) fn done_by_staff(page: &Page, consent: &Consent) -> Option<String> {
    match consent.state {
        ConsentState::Withdrawn { channel: Channel::Digital, .. } => None,
        ConsentState::Withdrawn { channel: Channel::Paper, .. } => {
            Some(page.t("consent.withdrawn_by_letter").to_owned())
        }
        ConsentState::Withdrawn { .. } => Some(page.t("consent.withdrawn_by_word").to_owned()),
        ConsentState::Annulled { ground, .. } => {
            Some(page.fill("consent.annulled_because", "why", why(page, ground)))
        }
        ConsentState::Given | ConsentState::Declined | ConsentState::Lapsed { .. } => None,
    }
}

/// What was wrong with a registration.
pub(crate) fn why(page: &Page, ground: AnnulmentGround) -> &'static str {
    page.t(match ground {
        AnnulmentGround::WrongPerson => "consent.wrong_person",
        AnnulmentGround::WrongContent => "consent.wrong_content",
        AnnulmentGround::NeverAnswered => "consent.never_answered",
        AnnulmentGround::RegisteredTwice => "consent.registered_twice",
    })
}

/// When and how the text was shown that was answered.
pub(crate) fn shown(page: &Page, presentation: &Presentation) -> String {
    let key = match presentation.means {
        Means::Screen => "consent.shown",
        Means::Told => "consent.shown_told",
        Means::Paper => "consent.shown_on_paper",
        Means::Elsewhere => "consent.shown_elsewhere",
    };
    page.fill(key, "at", page.moment(presentation.shown_at))
}

/// What was answered together, in the state's format, to keep.
pub(crate) fn state_format(
    page: &Page,
    id: DeclarationId,
    written: ExportedDeclaration,
) -> Result<Response, Problem> {
    let name = format!("{}-{id}.xml", page.t("consent.xml_file"));
    attachment("application/xml; charset=utf-8", &name, written.xml)
}

/// A document to keep. What somebody handed over is never shown as a page of ours.
pub(crate) fn download(page: &Page, document: &Document, bytes: Vec<u8>) -> Result<Response, Problem> {
    let name = format!("{}-{}.{}", page.t("consent.file"), document.id, document.media_type.extension());
    attachment(document.media_type.name(), &name, bytes)
}
