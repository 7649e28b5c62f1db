//! Views of powers of attorney.

use super::AuthorityView;
use serde::Serialize;
use tillid_domain::{
    Instant, LocalDate,
    actor::{Actor, Who},
    catalogue::EntryVersion,
    event::EndCause,
    id::{JointId, MandateId, MandateRequestId, PersonId, PresentationId},
    mandate::{Joint, Mandate, MandateStanding, MandateState, Under, Withdrawn},
    mandate_request::MandateRequestState,
    text::{CaseRef, Name, PrivilegeUri},
};
use tillid_service::{Directory, FoundMandate, Member, Said, SeenMandateRequest};
use utoipa::ToSchema;

/// A version of a package, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct PackageRef {
    /// Its code.
    #[schema(example = "M14")]
    code: String,
    /// Its version.
    version: u32,
}

fn package_refs(packages: &[EntryVersion]) -> Vec<PackageRef> {
    packages.iter().map(|p| PackageRef { code: p.code.to_string(), version: p.number }).collect()
}

/// A package of a mandate that its authority withdraws.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawnView {
    /// Its code.
    #[schema(example = "M14")]
    code: String,
    /// Its version.
    version: u32,
    /// The first moment when what it gave can no longer be used.
    #[schema(value_type = String, format = "date-time")]
    from: Instant,
    /// The privileges of the mandate that end with it.
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
}

impl WithdrawnView {
    fn of(mandate: &Mandate) -> Vec<Self> {
        let package = |withdrawn: &Withdrawn| mandate.packages.iter().find(|p| p.entry == withdrawn.package);
        let view = |withdrawn: &Withdrawn| {
            let EntryVersion { code, number, .. } = package(withdrawn)?;
            let privileges = withdrawn.privileges.clone();
            Some(Self { code: code.to_string(), version: *number, from: withdrawn.from, privileges })
        };
        mandate.withdrawn.iter().filter_map(view).collect()
    }
}

/// As who somebody reads a mandate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MandateReader {
    Grantor,
    Representative,
    PassedOn,
    /// Whoever looks at it for the grantor and is no side of it.
    Onlooker,
    Staff,
    System,
}

impl MandateReader {
    pub(crate) fn of(actor: &Actor, mandate: &Mandate) -> Self {
        match actor.who {
            Who::Citizen { person, .. } if person == mandate.grantor => Self::Grantor,
            Who::Citizen { person, .. } if person == mandate.representative => Self::Representative,
            Who::Citizen { person, .. } if mandate.under.is_some_and(|under| under.by == person) => {
                Self::PassedOn
            }
            Who::Citizen { .. } => Self::Onlooker,
            Who::Employee(_) | Who::Operator => Self::Staff,
            Who::System(_) => Self::System,
        }
    }
}

/// On what a mandate rests that was passed on.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnderView {
    /// The mandate of which it is a part.
    #[schema(value_type = uuid::Uuid)]
    mandate_id: MandateId,
    /// Its representative, who passed the part on.
    #[schema(value_type = uuid::Uuid)]
    passed_on_by: PersonId,
}

impl UnderView {
    const fn new(under: Under) -> Self {
        Self { mandate_id: under.mandate, passed_on_by: under.by }
    }
}

/// What ties a mandate to others, where several give or hold it together.
#[derive(Serialize, ToSchema)]
pub(crate) struct JointView {
    /// Which ones: all with the same.
    #[schema(value_type = uuid::Uuid)]
    id: JointId,
    /// `grantors` (several give the same), `holders` (several hold the same, and nobody can use it alone) or `signers` (what holders agree
    /// on).
    bond: &'static str,
    /// How many of them it takes.
    quorum: u8,
    /// All of them, whoever began it first; in the answer about one mandate that is not over.
    members: Vec<MemberView>,
}

/// One of those who give or hold something together.
#[derive(Serialize, ToSchema)]
struct MemberView {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// What they were called by whoever named them.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
    /// `awaited`, `signed` or `objects`; `null` where nothing is signed.
    said: Option<&'static str>,
}

impl JointView {
    fn new(joint: Joint, members: Vec<Member>) -> Self {
        let said = |said| match said {
            Said::Nothing => "awaited",
            Said::Yes => "signed",
            Said::No => "objects",
        };
        let view = |m: Member| MemberView { person_id: m.person, name: m.name, said: m.said.map(said) };
        Self {
            id: joint.id,
            bond: joint.bond.code(),
            quorum: joint.quorum,
            members: members.into_iter().map(view).collect(),
        }
    }
}

/// A power of attorney.
#[derive(Serialize, ToSchema)]
pub(crate) struct MandateView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: MandateId,
    /// How many changes it has had; the `ETag`.
    pub(crate) revision: u64,
    /// `active`, `together` (several hold it, and nobody can use it alone), `planned`, `awaiting`, `suspended`, `disputed`, `revoked`, `renounced`, `expired`, `ended` or `annulled`.
    state: &'static str,
    /// Who gave it.
    #[schema(value_type = uuid::Uuid)]
    grantor_id: PersonId,
    /// Who may act.
    #[schema(value_type = uuid::Uuid)]
    representative_id: PersonId,
    /// The representative's name: what the grantor called them, and to staff what the register says.
    #[schema(value_type = Option<String>)]
    representative_name: Option<Name>,
    /// Which packages.
    packages: Vec<PackageRef>,
    /// Those of them that are withdrawn.
    withdrawn: Vec<WithdrawnView>,
    /// Which of their privileges.
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
    /// The only case, if it is for one.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The first moment when it can be used.
    #[schema(value_type = String, format = "date-time")]
    valid_from: Instant,
    /// The first moment when it no longer can.
    #[schema(value_type = String, format = "date-time")]
    valid_to: Instant,
    /// What had been shown.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
    /// When it was given.
    #[schema(value_type = String, format = "date-time")]
    given_at: Instant,
    /// `MANDATE_DIGITAL`, `MANDATE_PAPER`, `GENERAL_POA` or `FOSTER_CARER` (those who have custody gave it for a child).
    basis: &'static str,
    /// On what it rests, where a representative passed it on.
    under: Option<UnderView>,
    /// What ties it to others, where several give or hold it together.
    joint: Option<JointView>,
    /// Of what was given for a child, its grantor, by those who have custody: which of them have signed it.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    signed_for_child: Option<Vec<PersonId>>,
    /// What it waits for: `acceptance` (of the representative), `second_registrar` or `both`; `signature` (of whoever is to sign it with
    /// others), `others` (who are to sign too) or `agreement` (of whoever objects); `holders` (the others who have custody are to sign too).
    awaits: Option<&'static str>,
    /// Since when it is suspended or disputed.
    #[schema(value_type = Option<String>, format = "date-time")]
    resting_since: Option<Instant>,
    /// Why it is suspended or disputed, or was revoked, renounced or annulled; only to its grantor and to staff.
    ground: Option<&'static str>,
    /// Whether it was revoked without the representative being told; to its grantor and to staff.
    quiet: bool,
    /// When it was revoked, renounced or annulled or ended.
    #[schema(value_type = Option<String>, format = "date-time")]
    ended_at: Option<Instant>,
    /// Why it ended.
    #[schema(value_type = Option<String>)]
    end_cause: Option<EndCause>,
}

impl MandateView {
    pub(crate) fn new(mandate: Mandate, reader: MandateReader, now: Instant) -> Self {
        let standing = mandate.standing(now);
        Self::stood(mandate, reader, standing)
    }

    fn stood(mandate: Mandate, reader: MandateReader, standing: MandateStanding) -> Self {
        let told = Told::of(&mandate, standing);
        let own = matches!(mandate.state, MandateState::Renounced { .. })
            == (reader == MandateReader::Representative);
        let (ground, quiet) = match reader {
            MandateReader::Staff => (told.ground, told.quiet),
            // What the one says of the other is not for the other.
            MandateReader::Grantor | MandateReader::Representative => {
                (told.ground.filter(|_| own), told.quiet)
            }
            // Whoever sits before it may be the one who must not learn it.
            MandateReader::System => (None, false),
            // What the others say of each other is not theirs.
            MandateReader::PassedOn | MandateReader::Onlooker => (None, told.quiet),
        };
        let basis = mandate.basis().code();
        Self {
            id: mandate.id,
            revision: mandate.revision,
            state: standing.code(),
            grantor_id: mandate.grantor,
            representative_id: mandate.representative,
            representative_name: None,
            packages: package_refs(&mandate.packages),
            withdrawn: WithdrawnView::of(&mandate),
            privileges: mandate.privileges,
            case: mandate.case,
            valid_from: mandate.valid.from,
            valid_to: mandate.valid.to,
            presentation_id: mandate.presentation,
            given_at: mandate.given_at,
            basis,
            under: mandate.under.map(UnderView::new),
            joint: mandate.joint.map(|joint| JointView::new(joint, Vec::new())),
            signed_for_child: mandate.for_child.map(|child| child.signed.into_iter().collect()),
            awaits: told.awaits,
            resting_since: told.resting_since,
            ground,
            quiet,
            ended_at: told.ended_at,
            end_cause: told.end_cause,
        }
    }

    pub(crate) fn found(found: FoundMandate, reader: MandateReader) -> Self {
        let joint = found.mandate.joint.map(|joint| JointView::new(joint, found.members));
        let view = Self::stood(found.mandate, reader, found.standing);
        Self { representative_name: found.representative_name, joint, ..view }
    }
}

/// What a state tells beside its code.
#[derive(Default)]
struct Told {
    awaits: Option<&'static str>,
    resting_since: Option<Instant>,
    ground: Option<&'static str>,
    quiet: bool,
    ended_at: Option<Instant>,
    end_cause: Option<EndCause>,
}

impl Told {
    fn of(mandate: &Mandate, standing: MandateStanding) -> Self {
        let ended = |at, ground| Self { ended_at: Some(at), ground: Some(ground), ..Self::default() };
        let resting = |at, ground| Self { resting_since: Some(at), ground: Some(ground), ..Self::default() };
        if let Some(at) = mandate.ended_by_withdrawal(standing) {
            return Self {
                ended_at: Some(at),
                end_cause: Some(EndCause::PackageWithdrawn),
                ..Self::default()
            };
        }
        match mandate.state {
            MandateState::Given => Self::default(),
            MandateState::Awaiting(awaited) => Self { awaits: Some(awaited.code()), ..Self::default() },
            MandateState::Suspended { at, ground } => resting(at, ground.code()),
            MandateState::Resting { at } => Self { resting_since: Some(at), ..Self::default() },
            MandateState::Disputed { at, ground } => resting(at, ground.code()),
            MandateState::Revoked { at, ground, quiet } => Self { quiet, ..ended(at, ground.code()) },
            MandateState::Renounced { at, ground } => ended(at, ground.code()),
            MandateState::Annulled { at, ground } => ended(at, ground.code()),
            MandateState::Ended { effective_at, cause, .. } => {
                Self { ended_at: Some(effective_at), end_cause: Some(cause), ..Self::default() }
            }
        }
    }
}

/// A request for a power of attorney.
#[derive(Serialize, ToSchema)]
pub(crate) struct MandateRequestView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: MandateRequestId,
    /// How many changes it has had; the `ETag`.
    pub(crate) revision: u64,
    /// `open`, `approved`, `declined`, `lapsed` or `expired_unanswered`.
    state: &'static str,
    /// Who is asked; to whoever asked, `null` before it is approved.
    #[schema(value_type = Option<uuid::Uuid>)]
    grantor_id: Option<PersonId>,
    /// What you called them when you asked.
    #[schema(value_type = Option<String>)]
    grantor_name: Option<Name>,
    /// Who would act; `null` in the answer to an authority that asks.
    #[schema(value_type = Option<uuid::Uuid>)]
    representative_id: Option<PersonId>,
    /// Their name, where a register tells it; to the person who is asked.
    #[schema(value_type = Option<String>)]
    representative_name: Option<Name>,
    /// The authority that asked; `null` when the representative did.
    authority: Option<AuthorityView>,
    /// For which packages.
    packages: Vec<PackageRef>,
    /// For which of their privileges.
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
    /// The only case, if it is for one.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The last day on which the mandate could be used.
    #[schema(value_type = String, format = "date")]
    valid_until: LocalDate,
    /// When it was asked.
    #[schema(value_type = String, format = "date-time")]
    asked_at: Instant,
    /// The first moment when it can no longer be answered.
    #[schema(value_type = String, format = "date-time")]
    deadline: Instant,
    /// The mandate that was given.
    #[schema(value_type = Option<uuid::Uuid>)]
    mandate_id: Option<MandateId>,
}

impl MandateRequestView {
    pub(crate) fn new(seen: SeenMandateRequest, directory: &Directory) -> Self {
        let (grantor_id, representative_id) = (seen.grantor(), seen.representative());
        let grantor_name = seen.grantor_name().cloned();
        let request = seen.request;
        let mandate_id = match request.state {
            MandateRequestState::Approved { mandate, .. } => Some(mandate),
            _ => None,
        };
        Self {
            id: request.id,
            revision: request.revision,
            state: seen.standing.code(),
            grantor_id,
            grantor_name,
            representative_id,
            representative_name: seen.representative_name,
            authority: request.authority.map(|cvr| AuthorityView::new(cvr, directory)),
            packages: package_refs(&request.packages),
            privileges: request.privileges,
            case: request.case,
            valid_until: request.valid_until,
            asked_at: request.asked_at,
            deadline: request.deadline,
            mandate_id,
        }
    }
}
