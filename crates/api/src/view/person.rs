//! Views of look-ups, overviews, the access log, presentations and receipts.

use super::{
    AsOfView, AuthorityView, ConsentView, MandateReader, MandateRequestView, MandateView, Reader,
    RequestView, StatutoryView, Text,
};
use serde::Serialize;
use tillid_domain::{
    Cvr, Digest, Instant, LocalDate, Reason,
    access::{AccessRecord, Act, Outcome},
    actor::{Actor, ActorTrace, Purpose},
    basis::Basis,
    id::{AccessId, PersonId, PresentationId},
    party::Professional,
    person::Person,
    presentation::Means,
    text::{CaseRef, Name, PrivilegeUri},
};
use tillid_service::{Directory, Error, LookedUp, Overview, OwnOverview, RepresentativeOverview, Shown};
use utoipa::ToSchema;

/// A person. Never with a CPR number.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonView {
    /// Their id.
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    /// Their name, where it is known.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
    /// The day they died, if they did.
    #[schema(value_type = Option<String>, format = "date")]
    died_on: Option<LocalDate>,
}

impl From<&Person> for PersonView {
    fn from(person: &Person) -> Self {
        Self { id: person.id, name: person.name.clone(), died_on: person.life.died_on() }
    }
}

/// What a look-up found.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookupView {
    /// Send it as `Lookup-Id` with the reads that follow.
    #[schema(value_type = uuid::Uuid)]
    lookup_id: AccessId,
    /// The person.
    person: PersonView,
    /// Their consents towards your authority, the newest first.
    consents: Vec<ConsentView>,
    /// Whether `GET /v1/consents` has more.
    more_consents: bool,
    /// The mandates of theirs that hold privileges of your authority.
    powers: Vec<MandateView>,
    /// The first moment when the look-up permits no more reads.
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<Instant>,
    /// Of which times it tells; left out where both are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<AsOfView>,
}

impl LookupView {
    pub(crate) fn new(found: LookedUp, directory: &Directory) -> Self {
        let now = found.now;
        let reader = match found.record.actor {
            ActorTrace::System { .. } => MandateReader::System,
            _ => MandateReader::Staff,
        };
        Self {
            lookup_id: found.record.id,
            // Who finds nothing is told nothing: a number alone buys no name.
            person: match found.record.outcome {
                Outcome::Found => (&found.person).into(),
                Outcome::Nothing | Outcome::Refused => {
                    PersonView { id: found.person.id, name: None, died_on: None }
                }
            },
            consents: found
                .consents
                .into_iter()
                .map(|c| ConsentView::new(c, Reader::Staff, directory))
                .collect(),
            more_consents: found.more_consents,
            powers: found.mandates.into_iter().map(|m| MandateView::found(m, reader)).collect(),
            expires_at: found.record.permits_until,
            as_of: found.as_of.map(|as_of| AsOfView::new(as_of, now)),
        }
    }
}

/// Who looked, as the person sees it: never an employee's name.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum LookerView {
    /// An employee of an authority.
    Employee {
        /// The authority.
        authority: AuthorityView,
    },
    /// A system of an authority.
    System {
        /// The authority.
        authority: AuthorityView,
        /// The system.
        client: String,
    },
    /// A representative.
    Representative {
        /// Who.
        #[schema(value_type = uuid::Uuid)]
        person_id: PersonId,
        /// The system through which they acted, where it was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<String>,
        /// Who acted, where it is an organisation or its employee.
        #[serde(skip_serializing_if = "Option::is_none")]
        at_work: Option<AtWorkView>,
    },
    /// The person themselves.
    Citizen,
    /// This service.
    Service,
}

/// An employee of an organisation, and which one.
#[derive(Serialize, ToSchema)]
pub(crate) struct AtWorkView {
    /// The employee.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// The organisation's number.
    #[schema(value_type = String)]
    cvr: Cvr,
}

impl From<Professional> for AtWorkView {
    fn from(who: Professional) -> Self {
        Self { person_id: who.employee, cvr: who.cvr }
    }
}

impl LookerView {
    pub(super) fn new(actor: ActorTrace, directory: &Directory) -> Self {
        match actor {
            ActorTrace::Employee { authority, .. } => {
                Self::Employee { authority: AuthorityView::new(authority, directory) }
            }
            ActorTrace::System { authority, client } => Self::System {
                authority: AuthorityView::new(authority, directory),
                client: client.to_string(),
            },
            ActorTrace::Representative { person, client, at_work, .. } => Self::Representative {
                person_id: person,
                client: client.map(|client| client.to_string()),
                at_work: at_work.map(Into::into),
            },
            ActorTrace::Citizen { .. } => Self::Citizen,
            ActorTrace::Operator | ActorTrace::Service => Self::Service,
        }
    }

    /// Of a use of a mandate: a representative who asks on their own behalf whether they may is no less the representative.
    pub(super) fn for_representative(
        actor: ActorTrace,
        representative: PersonId,
        directory: &Directory,
    ) -> Self {
        match actor {
            ActorTrace::Citizen { person, at_work } if person == representative => {
                Self::Representative { person_id: person, client: None, at_work: at_work.map(Into::into) }
            }
            actor => Self::new(actor, directory),
        }
    }
}

/// What somebody did, in a code and in words.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodedView {
    /// The code.
    code: &'static str,
    /// In words.
    text: Option<Text>,
}

impl From<Act> for CodedView {
    fn from(act: Act) -> Self {
        Self { code: act.code(), text: act.words().map(Into::into) }
    }
}

impl From<Purpose> for CodedView {
    fn from(purpose: Purpose) -> Self {
        Self { code: purpose.code(), text: purpose.words().map(Into::into) }
    }
}

/// One look at the person's data.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: AccessId,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    at: Instant,
    /// Who.
    by: LookerView,
    /// What.
    act: CodedView,
    /// `found`, `nothing` or `refused`.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// For what.
    purpose: Option<CodedView>,
    /// In which case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The request, consent or mandate that was looked at.
    target: Option<uuid::Uuid>,
    /// With which privilege somebody may act for the person, where that was asked.
    #[schema(value_type = Option<String>)]
    privilege: Option<PrivilegeUri>,
}

impl AccessView {
    pub(crate) fn new(record: AccessRecord, directory: &Directory) -> Self {
        let privilege = record.privilege().cloned();
        Self {
            id: record.id,
            at: record.at,
            by: LookerView::new(record.actor, directory),
            act: record.act.into(),
            outcome: record.outcome,
            purpose: record.purpose.map(Into::into),
            case: record.case,
            target: record.target,
            privilege,
        }
    }
}

/// Somebody that the caller may act for.
#[derive(Serialize, ToSchema)]
pub(crate) struct MayActForView {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// Their name.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
    /// With which privileges.
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
    /// Whether they may because they have custody.
    by_custody: bool,
    /// On what: `MANDATE_DIGITAL`, `CUSTODY_JOINT`, `GUARDIAN_S5` ...
    basis: Vec<&'static str>,
    /// The first moment when the first of what it rests on no longer holds; `null` where no end is known.
    #[schema(value_type = Option<String>, format = "date-time")]
    until: Option<Instant>,
}

/// A mandate that the caller gave.
#[derive(Serialize, ToSchema)]
pub(crate) struct GivenView {
    /// It.
    #[serde(flatten)]
    mandate: MandateView,
    /// When it was used last; `null` where it never was.
    #[schema(value_type = Option<String>, format = "date-time")]
    last_used_at: Option<Instant>,
}

/// The caller's own overview.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnOverviewView {
    /// The caller.
    person: PersonView,
    /// Requests that can be answered.
    requests: Vec<RequestView>,
    /// Consents, the newest first.
    consents: Vec<ConsentView>,
    /// Mandates that they gave.
    mandates_given: Vec<GivenView>,
    /// Mandates that they hold.
    mandates_held: Vec<MandateView>,
    /// Mandates that you passed on.
    mandates_passed_on: Vec<MandateView>,
    /// Requests for a mandate of theirs that can be answered.
    mandate_requests: Vec<MandateRequestView>,
    /// Requests for a mandate to them, the newest first.
    mandates_asked: Vec<MandateRequestView>,
    /// Whom they may act for now.
    may_act_for: Vec<MayActForView>,
    /// Custody, guardianship and lasting powers: over them, and by them.
    statutory_powers: Vec<StatutoryView>,
    /// The latest looks at their data.
    latest_access: Vec<AccessView>,
}

/// What the caller sees of whom they act for.
#[derive(Serialize, ToSchema)]
pub(crate) struct RepresentativeOverviewView {
    /// Whom they act for.
    person: PersonView,
    /// What they may do.
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
    /// On what: `MANDATE_DIGITAL`, `CUSTODY_JOINT`, `GUARDIAN_S5` ...
    basis: Vec<&'static str>,
    /// The mandates between the two.
    mandates: Vec<MandateView>,
    /// Consents; `null` where the privileges do not cover seeing them.
    consents: Option<Vec<ConsentView>>,
    /// Requests that can be answered; `null` likewise.
    requests: Option<Vec<RequestView>>,
}

/// An overview.
#[derive(Serialize, ToSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub(crate) enum OverviewView {
    /// Of the caller.
    Own(OwnOverviewView),
    /// Of whom they act for.
    ActingFor(RepresentativeOverviewView),
}

impl OverviewView {
    pub(crate) fn new(overview: Overview, actor: &Actor, now: Instant, directory: &Directory) -> Self {
        match overview {
            Overview::Own(own) => Self::Own(own_view(*own, now, directory)),
            Overview::Representative(rep) => {
                Self::ActingFor(representative_view(*rep, actor, now, directory))
            }
        }
    }
}

fn own_view(own: OwnOverview, now: Instant, directory: &Directory) -> OwnOverviewView {
    let mandates = |list: Vec<_>, reader| list.into_iter().map(|m| MandateView::found(m, reader)).collect();
    let mandate_requests =
        |list: Vec<_>| list.into_iter().map(|seen| MandateRequestView::new(seen, directory)).collect();
    let last_uses = own.last_uses;
    let given = own.given.into_iter().map(|found| GivenView {
        last_used_at: last_uses.get(&found.mandate.id).map(|record| record.at),
        mandate: MandateView::found(found, MandateReader::Grantor),
    });
    OwnOverviewView {
        person: (&own.person).into(),
        requests: own.requests.into_iter().map(|(r, of)| RequestView::new(r, &of, now, directory)).collect(),
        consents: own.consents.into_iter().map(|c| ConsentView::new(c, Reader::Citizen, directory)).collect(),
        mandates_given: given.collect(),
        mandates_held: mandates(own.held, MandateReader::Representative),
        mandates_passed_on: mandates(own.passed_on, MandateReader::PassedOn),
        mandate_requests: mandate_requests(own.mandate_requests),
        mandates_asked: mandate_requests(own.asked_mandates),
        may_act_for: own
            .may_act_for
            .into_iter()
            .map(|m| MayActForView {
                person_id: m.person,
                name: m.name,
                privileges: m.privileges,
                by_custody: m.by_custody,
                basis: m.basis.into_iter().map(Basis::code).collect(),
                until: m.until,
            })
            .collect(),
        statutory_powers: own.statutory.into_iter().map(StatutoryView::from).collect(),
        latest_access: own.latest_access.into_iter().map(|r| AccessView::new(r, directory)).collect(),
    }
}

fn representative_view(
    rep: RepresentativeOverview,
    actor: &Actor,
    now: Instant,
    directory: &Directory,
) -> RepresentativeOverviewView {
    let consents =
        |list: Vec<_>| list.into_iter().map(|c| ConsentView::new(c, Reader::Citizen, directory)).collect();
    RepresentativeOverviewView {
        person: (&rep.person).into(),
        privileges: rep.privileges,
        basis: rep.basis.into_iter().map(Basis::code).collect(),
        mandates: rep
            .mandates
            .into_iter()
            .map(|m| {
                let reader = MandateReader::of(actor, &m.mandate);
                MandateView::found(m, reader)
            })
            .collect(),
        consents: rep.consents.map(consents),
        requests: rep
            .requests
            .map(|list| list.into_iter().map(|(r, of)| RequestView::new(r, &of, now, directory)).collect()),
    }
}

/// What was shown, and its exact document.
#[derive(Serialize, ToSchema)]
pub(crate) struct PresentationView {
    /// Its id; the answer names it.
    #[schema(value_type = uuid::Uuid)]
    id: PresentationId,
    /// In which language.
    language: &'static str,
    /// How: on a `screen`, `told` or on `paper` by staff, or `elsewhere`.
    #[schema(value_type = String)]
    means: Means,
    /// When it was shown.
    #[schema(value_type = String, format = "date-time")]
    shown_at: Instant,
    /// What stands on the paper, where it is for paper: by it the form is found again when it comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    form_code: Option<String>,
    /// SHA-256 of the document's bytes.
    #[schema(value_type = String)]
    sha256: Digest,
    /// The document, byte for byte: canonical JSON (RFC 8785).
    document: String,
}

impl TryFrom<Shown> for PresentationView {
    type Error = Error;

    fn try_from(shown: Shown) -> Result<Self, Error> {
        let document =
            String::from_utf8(shown.document).map_err(|_| Error::Rule(Reason::PresentationMismatch))?;
        Ok(Self {
            id: shown.presentation.id,
            language: shown.presentation.language.tag(),
            means: shown.presentation.means,
            shown_at: shown.presentation.shown_at,
            form_code: (shown.presentation.means == Means::Paper).then(|| shown.presentation.id.code()),
            sha256: shown.presentation.document,
            document,
        })
    }
}

/// A receipt.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    /// The JWS (RFC 7515) that promises the event to be in the log; verify it with the keys of `/log/keys`.
    pub(crate) receipt: String,
    /// The proof that the log holds it (C2SP tlog-proof); `null` until it has been sequenced.
    pub(crate) proof: Option<String>,
}
