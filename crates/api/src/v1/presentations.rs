//! `/v1/presentations`: what is shown before a choice.

use super::file;
use crate::{
    Api,
    bodies::{MandateRequestField, PartyBody, PersonBody, RequestField},
    view::{PresentationView, Reader},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{
    CalendarPeriod, Language, LocalDate, Reason,
    id::{MandateId, PresentationId},
    presentation::Means,
    terms::Proposal,
    text::{CaseRef, Code, Name, PrivilegeUri},
};
use tillid_edge::{Caller, Gate, Json, Path, Problem, Sent};
use tillid_service::{Error, NewMandate, NewPresentation, Other, Renewal, Shown, Together};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(present)).routes(routes!(read)).routes(routes!(form))
}

/// What is to be shown, and in which language.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PresentationBody {
    /// `da` or `en`; Danish when not said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    language: Language,
    /// What it is about.
    about: AboutBody,
    /// Of staff and systems, for the person of the look-up: `told`, `paper` or `elsewhere`.
    #[schema(value_type = Option<String>)]
    means: Option<Means>,
}

/// What a presentation is about: exactly one of these.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AboutBody {
    /// A request that is to be answered.
    Request(RequestField),
    /// Consents that you give unasked.
    Consent(ConsentBody),
    /// A power of attorney.
    Mandate(MandateBody),
    /// A request for a power of attorney that is to be approved.
    MandateRequest(MandateRequestField),
    /// A mandate of yours that is to be given for longer.
    Renewal(RenewalAboutBody),
    /// A mandate that you are to sign with others.
    Signature(SignatureAboutBody),
}

/// A mandate that several give or agree on together, and that waits for your signature.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignatureAboutBody {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    mandate: MandateId,
}

/// Who gives or holds it with you.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TogetherBody {
    /// `grantors`: the others give it too, each for themselves, and it holds for those who sign once enough have. `representatives`: they
    /// are to hold it too, and nobody uses it alone.
    #[schema(value_type = String)]
    side: SideField,
    /// How many of all of them it takes: at least two.
    quorum: u8,
    /// The others, beside you or beside the representative: one to four.
    others: Vec<OtherBody>,
}

/// On which side of it several are.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SideField {
    Grantors,
    Representatives,
}

/// One of the others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OtherBody {
    /// Who.
    person: PersonBody,
    /// What you call them; refused when it is not the name of the person with that number.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
}

impl From<TogetherBody> for Together {
    fn from(body: TogetherBody) -> Self {
        let others = body.others.into_iter();
        Self {
            give: body.side == SideField::Grantors,
            quorum: body.quorum,
            others: others.map(|other| Other { person: other.person.into(), name: other.name }).collect(),
        }
    }
}

/// A mandate that is to be given for longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenewalAboutBody {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    mandate: MandateId,
    /// The last day on which it can be used.
    #[schema(value_type = String, format = "date")]
    valid_until: LocalDate,
}

/// Consents given unasked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConsentBody {
    /// The code of the type.
    #[schema(value_type = String)]
    consent_type: Code,
    /// The specific consents; all when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    items: Vec<Code>,
    /// The case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The last day on which it is to hold; when left out, the type says how long.
    #[schema(value_type = Option<String>, format = "date")]
    valid_until: Option<LocalDate>,
    /// How long it is to hold from the answer on, such as `P3M`, instead of a last day.
    #[schema(value_type = Option<String>)]
    valid_for: Option<CalendarPeriod>,
    /// `true`: for one time only.
    once: Option<bool>,
    /// From these alone; from all of the type's when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    sources: Vec<Code>,
    /// To these alone; to all of the type's when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    recipients: Vec<Code>,
}

/// A power of attorney.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MandateBody {
    /// To whom.
    representative: PartyBody,
    /// What you call them; refused when it is not the name of the person with that number.
    #[schema(value_type = Option<String>)]
    representative_name: Option<Name>,
    /// The codes of the packages.
    #[schema(value_type = Vec<String>)]
    packages: Vec<Code>,
    /// Which of their privileges; all when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
    /// For one case only.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The last day on which it can be used.
    #[schema(value_type = String, format = "date")]
    valid_until: LocalDate,
    /// A mandate that you hold, if you pass part of it on. Its packages must allow that, and nothing of it can be more than you hold. Of one
    /// that you hold with others: what you propose to them to agree on, with yourself as the representative.
    #[schema(value_type = Option<uuid::Uuid>)]
    under: Option<MandateId>,
    /// With whom else it is given or held.
    together: Option<TogetherBody>,
}

impl From<AboutBody> for NewPresentation {
    fn from(body: AboutBody) -> Self {
        match body {
            AboutBody::Request(RequestField(id)) => Self::Request(id),
            AboutBody::MandateRequest(MandateRequestField(id)) => Self::MandateRequest(id),
            AboutBody::Signature(s) => Self::Signature(s.mandate),
            AboutBody::Renewal(r) => {
                Self::Renewal(Renewal { mandate: r.mandate, valid_until: r.valid_until })
            }
            AboutBody::Consent(c) => Self::Consent {
                consent_type: c.consent_type,
                items: c.items,
                case: c.case,
                proposal: Proposal {
                    valid_until: c.valid_until,
                    valid_for: c.valid_for,
                    once: c.once,
                    sources: c.sources,
                    recipients: c.recipients,
                },
            },
            AboutBody::Mandate(m) => Self::Mandate(NewMandate {
                representative: m.representative.into(),
                representative_name: m.representative_name,
                packages: m.packages,
                privileges: m.privileges,
                case: m.case,
                valid_until: m.valid_until,
                under: m.under,
                together: m.together.map(Into::into),
            }),
        }
    }
}

/// Be shown what you are about to choose; or, as staff or a system under a look-up, get the text that you read aloud or print for the
/// person. That it was shown is recorded; nothing is chosen by it.
#[utoipa::path(post, path = "/presentations", tag = "presentations", request_body = PresentationBody,
    responses((status = 201, body = PresentationView), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn present(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<PresentationBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let PresentationBody { language, about, means } = sent.value;
    let about = about.into();
    let done = match (Reader::from(caller.actor()), means) {
        (Reader::Citizen, None | Some(Means::Screen)) => gate.service.present(&call, &about, language).await,
        (Reader::Citizen, Some(_)) => Err(Error::Denied(Reason::StaffOnly)),
        (Reader::Staff, means) => {
            gate.service.present_for(&call, &about, means.unwrap_or_default(), language).await
        }
    };
    let done = done.map_err(|e| caller.problem(&e))?;
    Ok((StatusCode::CREATED, Json(view(&caller, done.value)?)).into_response())
}

/// What you were shown, byte for byte, however long ago.
#[utoipa::path(get, operation_id = "read_presentation", path = "/presentations/{id}", tag = "presentations", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = PresentationView), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<PresentationId>,
) -> Result<Response, Problem> {
    let shown = gate.service.read_presentation(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    Ok(Json(view(&caller, shown)?).into_response())
}

/// The form for the person of the look-up, of a text that was made with `means` = `paper`: a PDF with the text, room to answer and to
/// sign, and the `form_code` by which it is found again when it comes back.
#[utoipa::path(get, operation_id = "print_form", path = "/presentations/{id}/form", tag = "presentations",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = uuid::Uuid, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"), (status = 403), (status = 404), (status = 409)))]
async fn form(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<PresentationId>,
) -> Result<Response, Problem> {
    let paper = gate.service.form_on_paper(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    Ok(file("application/pdf", &format!("form-{}.pdf", paper.code), paper.pdf))
}

fn view(caller: &Caller, shown: Shown) -> Result<PresentationView, Problem> {
    PresentationView::try_from(shown).map_err(|e| caller.problem(&e))
}
