//! What people print: the receipt of their answer, and the form on which they answer.

use super::consent_receipt::ShownDocument;
use crate::{Call, Error, Placed, Service, Shown, ShownFor};
use tillid_documents::pdf::{
    FormFrame, MandateForm, PaperForm, PaperReceipt, ReceiptAnswer, ReceiptItem, Sheet,
};
use tillid_domain::{
    Language, Reason,
    actor::Who,
    consent::{Consent, ConsentState},
    event::{Fact, Kind, Recorded, replay},
    id::{EventId, PresentationId},
    presentation::{Means, Presented},
    text::CaseRef,
};
use tillid_storage::{Read, StoreError, Tx};

/// A document to print, and what it is called by those who have it in their hands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paper {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// The code or id that stands on it.
    pub code: String,
}

/// Whether the receipt of what happened can be had on paper: that of an answer, and of what came of it.
pub const fn is_on_paper(recorded: &Recorded) -> bool {
    matches!(
        (recorded.aggregate_kind, &recorded.fact),
        (Kind::Consent, _) | (Kind::ConsentRequest, Fact::RequestAnswered { .. })
    )
}

impl Service {
    /// The receipt of an answer as people print it; refuses as [`Service::receipt`] does. It says what was so at that event.
    pub async fn receipt_on_paper(
        &self,
        call: &Call,
        id: EventId,
        language: Language,
    ) -> Result<Paper, Error> {
        let view = self.receipt_view(call, id).await?.map_err(|flaw| Error::Broken(Box::new(flaw)))?;
        let position = match view.placed {
            Placed::Logged(place) => Some(place.index),
            Placed::Waiting { .. } => None,
        };
        let mut tx = self.store.read().await?;
        let receipt = self.paper_receipt(&mut tx, call, &view.recorded, position, language).await?;
        drop(tx);
        Ok(Paper { pdf: drawn(receipt.sheet()).await?, code: id.to_string() })
    }

    async fn paper_receipt(
        &self,
        tx: &mut Tx<Read>,
        call: &Call,
        recorded: &Recorded,
        position: Option<u64>,
        language: Language,
    ) -> Result<PaperReceipt, Error> {
        let consents = self.answered_then(tx, recorded).await?;
        let first = consents.first().ok_or(Error::Rule(Reason::NotOnPaper))?;
        let answer = &first.answer;
        let entry = self.known_entry(tx, answer.entry.entry).await?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let say = |words: &tillid_domain::Localized| words.in_language(language).to_owned();
        let item = |consent: &Consent| ReceiptItem {
            statement: of.item(&consent.answer.item).map_or_else(|| say(&of.title), |i| say(&i.statement)),
            answer: answered(&consent.state),
        };
        // Whoever is told of somebody else's answer is told no name.
        let own = matches!(call.actor.who, Who::Citizen { person, .. } if person == answer.person);
        let name = if own { self.known_person(tx, answer.person).await?.name } else { None };
        let shown = self.shown(tx, answer.presentation).await?;
        Ok(PaperReceipt {
            language,
            title: say(&of.title),
            purpose: say(&of.purpose),
            person: name.map(|name| name.to_string()),
            authority: controller(&shown)?.authority.name,
            case: answer.case.as_ref().map(CaseRef::to_string),
            items: consents.iter().map(item).collect(),
            answered: first.answered_at,
            from: answer.valid.from,
            to: answer.valid.to,
            withdrawal: say(&of.withdrawal),
            receipt: recorded.id.to_string(),
            position,
            address: format!("{}/receipts/{}", self.settings.base_url, recorded.id),
            made: self.now(tx).await?,
        })
    }

    /// The consents that an event tells of, as they were at it: one, or all that answered a request together. None of what is no answer.
    async fn answered_then(&self, tx: &mut Tx<Read>, recorded: &Recorded) -> Result<Vec<Consent>, Error> {
        let told = match (recorded.aggregate_kind, &recorded.fact) {
            (Kind::Consent, _) => vec![(recorded.aggregate, recorded.revision)],
            (_, Fact::RequestAnswered { declaration, .. }) => {
                let consents = tx.consents_of_declaration(*declaration).await?;
                consents.iter().map(|consent| (consent.id.as_uuid(), 1)).collect()
            }
            _ => Vec::new(),
        };
        let mut consents = Vec::with_capacity(told.len());
        for (id, revision) in told {
            let history = tx.history(Kind::Consent, id, revision).await?;
            let history: Vec<Recorded> = history.into_iter().map(|opened| opened.recorded).collect();
            let corrupt = StoreError::Corrupt { table: "consent", id: Some(id) };
            consents.push(replay(&history).ok_or(corrupt)?);
        }
        Ok(consents)
    }

    /// The form for the person of the look-up, as it was made for paper: the text of that day, with room to answer and to sign. Each
    /// time it is the same.
    pub async fn form_on_paper(&self, call: &Call, id: PresentationId) -> Result<Paper, Error> {
        if let Some(shown) = self.mandate_form(call, id).await? {
            return self.mandate_on_paper(call, &shown).await;
        }
        let ShownFor { shown, of, .. } = self.read_presentation_for(call, id).await?;
        let presentation = &shown.presentation;
        let Presented::Consent { entry, items, case, terms, .. } = &presentation.presented else {
            return Err(Error::NotFound);
        };
        if presentation.means != Means::Paper {
            return Err(Error::Rule(Reason::NotOnPaper));
        }
        let authority = controller(&shown)?.authority;
        let case = case.as_ref().map(CaseRef::to_string);
        let code = presentation.id.code();
        let mut form = PaperForm::of(
            (&terms.of(&of), entry.number),
            items,
            (&authority.name, &authority.data_protection_officer),
            case.as_deref(),
            &code,
            presentation.language,
            presentation.shown_at,
        );
        form.duration = terms.duration(&of, presentation.language);
        Ok(Paper { pdf: drawn(form.sheet()).await?, code })
    }
}

/// The authority as it was called in what was shown, whatever it is called today.
impl Service {
    async fn mandate_on_paper(&self, call: &Call, shown: &Shown) -> Result<Paper, Error> {
        let presentation = &shown.presentation;
        let id = Some(presentation.id.as_uuid());
        let form = MandateForm::read(&shown.document);
        let mut form = form.ok_or(StoreError::Corrupt { table: "presentation", id })?;
        let named = |cvr: tillid_domain::Cvr| {
            let known = self.directory.get(cvr);
            known.map_or_else(
                || cvr.to_string(),
                |authority| authority.name.in_language(presentation.language).to_owned(),
            )
        };
        for authority in form.authorities() {
            if let Ok(cvr) = authority.parse() {
                *authority = named(cvr);
            }
        }
        let authority = crate::consent::confined_to(&call.actor).map(named).unwrap_or_default();
        let code = presentation.id.code();
        let frame = FormFrame { authority, code: code.clone(), made: presentation.shown_at };
        Ok(Paper { pdf: drawn(form.sheet(&frame)).await?, code })
    }
}

fn controller(shown: &Shown) -> Result<ShownDocument, Error> {
    let id = Some(shown.presentation.id.as_uuid());
    let corrupt = |_| StoreError::Corrupt { table: "presentation", id };
    Ok(serde_json::from_slice(&shown.document).map_err(corrupt)?)
}

const fn answered(state: &ConsentState) -> ReceiptAnswer {
    match state {
        ConsentState::Given => ReceiptAnswer::Yes,
        ConsentState::Declined => ReceiptAnswer::No,
        ConsentState::Withdrawn { at, .. } => ReceiptAnswer::Withdrawn(*at),
        ConsentState::Annulled { at, .. } => ReceiptAnswer::Annulled(*at),
        ConsentState::Lapsed { effective_at, .. } => ReceiptAnswer::Ended(*effective_at),
    }
}

/// Drawing takes the processor for a while, and others are to be answered meanwhile.
async fn drawn(sheet: Sheet) -> Result<Vec<u8>, Error> {
    let drawn = tokio::task::spawn_blocking(move || sheet.to_pdf()).await;
    let drawn = drawn.map_err(|error| Error::Broken(Box::new(error)))?;
    drawn.map_err(|error| Error::Broken(Box::new(error)))
}
