//! Views of requests and consents.

use super::{AuthorityView, Text};
use serde::Serialize;
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate,
    actor::{Actor, Who},
    catalogue::{Channel, ConsentType, Item, Polarity, WithdrawalEffect},
    collected::{AnnulmentGround, Collected},
    consent::ConsentState,
    event::EndCause,
    id::{ConsentId, DeclarationId, DocumentId, PersonId, PresentationId, RequestId},
    request::{ConsentRequest, RequestState},
    text::{CaseRef, Name, Prose},
};
use tillid_service::{Directory, TypedConsent, VoiceSeen};
use utoipa::ToSchema;

/// Who reads: staff and systems are told what a withdrawal means for their case, citizens what it means for them.
#[derive(Clone, Copy)]
pub(crate) enum Reader {
    Citizen,
    Staff,
}

impl From<&Actor> for Reader {
    fn from(actor: &Actor) -> Self {
        match actor.who {
            Who::Citizen { .. } => Self::Citizen,
            Who::Employee(_) | Who::System(_) | Who::Operator => Self::Staff,
        }
    }
}

/// A version of a consent type, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct TypeView {
    /// Its code.
    #[schema(example = "C02")]
    code: String,
    /// Its version.
    version: u32,
    /// Its title.
    title: Text,
    /// What for.
    purpose: Text,
}

impl TypeView {
    fn new(of: &ConsentType, version: u32) -> Self {
        Self { code: of.code.to_string(), version, title: (&of.title).into(), purpose: (&of.purpose).into() }
    }
}

/// A code with its name.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedView {
    /// The code.
    code: String,
    /// The name.
    name: Text,
}

/// One specific consent of a type.
#[derive(Serialize, ToSchema)]
pub(crate) struct ItemView {
    /// Its code within the type.
    code: String,
    /// The sentence that is answered with yes or no.
    statement: Text,
    /// The categories of data.
    data: Vec<NamedView>,
    /// From whom.
    sources: Vec<NamedView>,
    /// To whom.
    recipients: Vec<NamedView>,
}

impl From<&Item> for ItemView {
    fn from(item: &Item) -> Self {
        let named = |list: &[tillid_domain::catalogue::Named]| {
            list.iter().map(|n| NamedView { code: n.code.to_string(), name: (&n.name).into() }).collect()
        };
        Self {
            code: item.code.to_string(),
            statement: (&item.statement).into(),
            data: item
                .data
                .iter()
                .map(|d| NamedView { code: d.code.to_string(), name: (&d.name).into() })
                .collect(),
            sources: named(&item.sources),
            recipients: named(&item.recipients),
        }
    }
}

/// A request for consent.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: RequestId,
    /// How many changes it has had; the `ETag`.
    pub(crate) revision: u64,
    /// `open`, `answered`, `cancelled`, `lapsed` or `expired_unanswered`.
    state: &'static str,
    /// Who is asked.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// Who asks.
    authority: AuthorityView,
    /// For which type.
    consent_type: TypeView,
    /// For which specific consents of it.
    items: Vec<ItemView>,
    /// For which case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// When it was asked.
    #[schema(value_type = String, format = "date-time")]
    asked_at: Instant,
    /// The first moment when it can no longer be answered.
    #[schema(value_type = String, format = "date-time")]
    deadline: Instant,
    /// The declaration that answered it.
    #[schema(value_type = Option<uuid::Uuid>)]
    declaration_id: Option<DeclarationId>,
    /// The last day on which it is to hold, where that is asked for.
    #[schema(value_type = Option<String>, format = "date")]
    valid_until: Option<LocalDate>,
    /// How long it is to hold from the answer on, where that is asked for.
    #[schema(value_type = Option<String>)]
    valid_for: Option<CalendarPeriod>,
    /// Whether it is for one time.
    once: bool,
    /// Those who answer for a child, and how far they have come; nobody where the person answers alone. Left out in overviews.
    #[serde(skip_serializing_if = "Option::is_none")]
    voices: Option<Vec<VoiceView>>,
}

/// One of those who answer a request for a child.
#[derive(Serialize, ToSchema)]
pub(crate) struct VoiceView {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// `child` or `custody_holder`.
    part: &'static str,
    /// `awaited`, `one_is_enough`, `answered` or `not_needed`. How somebody answered is not told.
    state: &'static str,
}

impl From<VoiceSeen> for VoiceView {
    fn from(seen: VoiceSeen) -> Self {
        let part = if seen.is_child { "child" } else { "custody_holder" };
        Self { person_id: seen.person, part, state: seen.state.code() }
    }
}

impl RequestView {
    pub(crate) fn with_voices(self, voices: Vec<VoiceSeen>) -> Self {
        Self { voices: Some(voices.into_iter().map(Into::into).collect()), ..self }
    }

    pub(crate) fn new(
        request: ConsentRequest,
        of: &ConsentType,
        now: Instant,
        directory: &Directory,
    ) -> Self {
        let state = request.standing(now).code();
        let within = request.terms.of(of);
        let declaration_id = match request.state {
            RequestState::Answered { declaration, .. } => Some(declaration),
            _ => None,
        };
        Self {
            id: request.id,
            revision: request.revision,
            state,
            person_id: request.person,
            authority: AuthorityView::new(request.authority, directory),
            consent_type: TypeView::new(of, request.entry.number),
            items: request.items.iter().filter_map(|code| within.item(code)).map(Into::into).collect(),
            case: request.case,
            asked_at: request.asked_at,
            deadline: request.deadline,
            declaration_id,
            valid_until: request.terms.last_day(),
            valid_for: request.terms.period(),
            once: of.duration.once || request.terms.is_once(),
            voices: None,
        }
    }
}

/// What a withdrawal means.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawalView {
    /// `STOP`, `DECIDE`, `ERASE`, `STOP_TREATMENT` or `REASSESS`.
    #[schema(value_type = Vec<String>)]
    effects: Vec<WithdrawalEffect>,
    /// In words, for whoever reads.
    text: Text,
}

/// How an answer was collected that the person did not give here.
#[derive(Serialize, ToSchema)]
pub(crate) struct CollectedView {
    /// When it was registered.
    #[schema(value_type = String, format = "date-time")]
    registered_at: Instant,
    /// What was said.
    #[schema(value_type = Option<String>)]
    note: Option<Prose>,
    /// Why it was not given in writing.
    #[schema(value_type = Option<String>)]
    why: Option<Prose>,
    /// The system or file that it comes from.
    #[schema(value_type = Option<String>)]
    source: Option<Name>,
    /// What it is called there.
    #[schema(value_type = Option<String>)]
    reference: Option<Name>,
    /// The document that proves it.
    #[schema(value_type = Option<uuid::Uuid>)]
    document_id: Option<DocumentId>,
}

impl CollectedView {
    fn new(collected: &Collected, registered_at: Instant) -> Option<Self> {
        let document_id = collected.document();
        let blank = Self { registered_at, note: None, why: None, source: None, reference: None, document_id };
        match collected.clone() {
            Collected::Digital => None,
            Collected::Paper { .. } => Some(blank),
            Collected::Oral { note, why, .. } => Some(Self { note: Some(note), why: Some(why), ..blank }),
            Collected::Imported { source, reference, .. } => {
                Some(Self { source: Some(source), reference: Some(reference), ..blank })
            }
        }
    }
}

/// One specific consent.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: ConsentId,
    /// How many changes it has had; the `ETag`.
    pub(crate) revision: u64,
    /// `active`, `planned`, `declined`, `withdrawn`, `lapsed`, `expired` or `annulled`.
    state: &'static str,
    /// Whose data it is about.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// The controller.
    authority: AuthorityView,
    /// The type, and the version that was given.
    consent_type: TypeView,
    /// The specific consent.
    item: Option<ItemView>,
    /// `consent` permits, `opt_out` forbids.
    #[schema(value_type = String)]
    polarity: Polarity,
    /// The case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// `digital`, `paper`, `oral` or `imported`.
    #[schema(value_type = String)]
    channel: Channel,
    /// How it was collected, where the person did not answer here.
    collected: Option<CollectedView>,
    /// The declaration that it was answered in.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) declaration_id: DeclarationId,
    /// The request that it answers.
    #[schema(value_type = Option<uuid::Uuid>)]
    request_id: Option<RequestId>,
    /// What had been shown.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
    /// When it was answered.
    #[schema(value_type = String, format = "date-time")]
    answered_at: Instant,
    /// The first moment when it holds.
    #[schema(value_type = String, format = "date-time")]
    valid_from: Instant,
    /// The first moment when it no longer does.
    #[schema(value_type = Option<String>, format = "date-time")]
    valid_to: Option<Instant>,
    /// How the person told that they withdraw it: `digital`, or through staff on `paper` or in `oral` form.
    #[schema(value_type = Option<String>)]
    withdrawn_through: Option<Channel>,
    /// What was wrong with the registration: `wrong_person`, `wrong_content`, `never_answered` or `registered_twice`.
    #[schema(value_type = Option<String>)]
    annulled_because: Option<AnnulmentGround>,
    /// When it was withdrawn, annulled or lapsed.
    #[schema(value_type = Option<String>, format = "date-time")]
    ended_at: Option<Instant>,
    /// Why it lapsed.
    #[schema(value_type = Option<String>)]
    end_cause: Option<EndCause>,
    /// Whether it is for one time.
    once: bool,
    /// What a withdrawal means, before and after it.
    withdrawal: WithdrawalView,
}

impl ConsentView {
    pub(crate) fn new(typed: TypedConsent, reader: Reader, directory: &Directory) -> Self {
        let TypedConsent { consent, of, standing } = typed;
        let (ended_at, end_cause) = match consent.state {
            ConsentState::Given | ConsentState::Declined => (None, None),
            ConsentState::Withdrawn { at, .. } | ConsentState::Annulled { at, .. } => (Some(at), None),
            ConsentState::Lapsed { effective_at, cause, .. } => (Some(effective_at), Some(cause)),
        };
        let text = match reader {
            Reader::Citizen => &of.withdrawal,
            Reader::Staff => &of.withdrawal_for_staff,
        };
        let withdrawn_through = match consent.state {
            ConsentState::Withdrawn { channel, .. } => Some(channel),
            _ => None,
        };
        let annulled_because = match consent.state {
            ConsentState::Annulled { ground, .. } => Some(ground),
            _ => None,
        };
        let answer = consent.answer;
        Self {
            id: consent.id,
            revision: consent.revision,
            state: standing.code(),
            person_id: answer.person,
            authority: AuthorityView::new(answer.authority, directory),
            consent_type: TypeView::new(&of, answer.entry.number),
            item: of.item(&answer.item).map(Into::into),
            once: of.duration.once,
            polarity: answer.polarity,
            case: answer.case,
            channel: answer.collected.channel(),
            collected: CollectedView::new(&answer.collected, consent.recorded_at),
            withdrawn_through,
            annulled_because,
            declaration_id: answer.declaration,
            request_id: answer.request,
            presentation_id: answer.presentation,
            answered_at: consent.answered_at,
            valid_from: answer.valid.from,
            valid_to: answer.valid.to,
            ended_at,
            end_cause,
            withdrawal: WithdrawalView { effects: of.withdrawal_effects.clone(), text: text.into() },
        }
    }
}
