//! Views of custody, guardianship and lasting powers.

use serde::Serialize;
use tillid_domain::{
    Instant, LocalDate,
    id::{DocumentId, PersonId},
    source::Source,
    statutory::Area,
    text::{CaseRef, Name},
};
use tillid_service::{StatutoryHolder, StatutorySeen};
use utoipa::ToSchema;

/// Somebody who holds it.
#[derive(Serialize, ToSchema)]
struct StatutoryHolderView {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// Their name, where it is known.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
}

/// Where it is known from.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SourceView {
    /// A register told it.
    Register,
    /// It was decided.
    Decision {
        /// In which case.
        #[schema(value_type = String)]
        case: CaseRef,
        /// The decision, where it was handed over.
        #[schema(value_type = Option<uuid::Uuid>)]
        document: Option<DocumentId>,
    },
}

/// What somebody holds over a person by law or decision.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatutoryView {
    /// Its id.
    id: uuid::Uuid,
    /// How many changes it has had; the `ETag`.
    revision: u64,
    /// `custody`, `guardianship` or `lasting_power`.
    what: &'static str,
    /// `dormant`, `planned`, `in_force` or `ended`.
    state: &'static str,
    /// What its holders act on: `CUSTODY_SOLE`, `CUSTODY_JOINT`, `GUARDIAN_S5`, `GUARDIAN_S6`, `CO_GUARDIAN_S7`, `LASTING_POA`; `null` while
    /// a lasting power is dormant.
    basis: Option<&'static str>,
    /// Over whom.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// Their name, where it is known.
    #[schema(value_type = Option<String>)]
    person_name: Option<Name>,
    /// Who holds it; of a dormant one, who would.
    holders: Vec<StatutoryHolderView>,
    /// What it covers; empty for custody.
    #[schema(value_type = Vec<String>)]
    areas: Vec<Area>,
    /// The first day; `null` while it is dormant.
    #[schema(value_type = Option<String>, format = "date")]
    from: Option<LocalDate>,
    /// The last day, where it is known.
    #[schema(value_type = Option<String>, format = "date")]
    until: Option<LocalDate>,
    /// Where it is known from.
    source: SourceView,
    /// When what is known now became known.
    #[schema(value_type = String, format = "date-time")]
    known_at: Instant,
}

impl From<StatutorySeen> for StatutoryView {
    fn from(seen: StatutorySeen) -> Self {
        let holder = |StatutoryHolder { person, name }| StatutoryHolderView { person_id: person, name };
        Self {
            id: seen.id,
            revision: seen.revision,
            what: seen.what.code(),
            state: seen.standing.code(),
            basis: seen.basis.map(tillid_domain::basis::Basis::code),
            person_id: seen.person,
            person_name: seen.person_name,
            holders: seen.holders.into_iter().map(holder).collect(),
            areas: seen.areas.into_iter().collect(),
            from: seen.from,
            until: seen.until,
            source: match seen.source {
                Source::Register {} => SourceView::Register,
                Source::Decision { case, document } => SourceView::Decision { case, document },
            },
            known_at: seen.known_at,
        }
    }
}
