//! Reads of mandates and of the powers that follow from them.

use crate::{
    StoreError,
    column::{RowRef, code_of, instant},
    engine::{Sql, Tx, all_of, on},
    persons::newest,
};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Instant,
    basis::Basis,
    event::MandatePeriod,
    id::{JointId, MandateId, PersonId, PresentationId},
    mandate::{Bond, Joint, Mandate, MandateState, Under},
    power::Power,
    text::PrivilegeUri,
};
use uuid::Uuid;

#[derive(FromRow)]
struct MandateRow {
    id: Uuid,
    revision: i64,
    grantor_id: Uuid,
    representative_id: Uuid,
    packages: String,
    privileges: String,
    case_ref: Option<String>,
    valid_from: i64,
    valid_to: i64,
    presentation_id: Uuid,
    given_at: i64,
    state: String,
    ended_at: Option<i64>,
    cause: Option<String>,
    effective_at: Option<i64>,
    route: Option<String>,
    renewals: Option<String>,
    pauses: Option<String>,
    awaits: Option<String>,
    ground: Option<String>,
    quiet: i64,
    under_id: Option<Uuid>,
    passed_on_by: Option<Uuid>,
    level: Option<i64>,
    joint_id: Option<Uuid>,
    bond: Option<String>,
    quorum: Option<i64>,
    for_child: Option<String>,
    withdrawn: Option<String>,
}

/// What of a mandate's row says where it stands.
pub(crate) struct Columns {
    pub(crate) state: &'static str,
    pub(crate) at: Option<i64>,
    pub(crate) cause: Option<String>,
    pub(crate) effective_at: Option<i64>,
    pub(crate) awaits: Option<&'static str>,
    pub(crate) ground: Option<&'static str>,
    pub(crate) quiet: bool,
}

impl Columns {
    pub(crate) fn of(mandate: &Mandate) -> Self {
        let state = |state| Self {
            state,
            at: None,
            cause: None,
            effective_at: None,
            awaits: None,
            ground: None,
            quiet: false,
        };
        let since = |code, at: Instant, ground| Self {
            at: Some(at.as_micros()),
            ground: Some(ground),
            ..state(code)
        };
        match mandate.state {
            MandateState::Awaiting(awaited) => Self { awaits: Some(awaited.code()), ..state("awaiting") },
            MandateState::Given => state("given"),
            MandateState::Suspended { at, ground } => since("suspended", at, ground.code()),
            // Of what rests with another, nobody said why.
            MandateState::Resting { at } => Self { at: Some(at.as_micros()), ..state("suspended") },
            MandateState::Disputed { at, ground } => since("disputed", at, ground.code()),
            MandateState::Revoked { at, ground, quiet } => {
                Self { quiet, ..since("revoked", at, ground.code()) }
            }
            MandateState::Renounced { at, ground } => since("renounced", at, ground.code()),
            MandateState::Annulled { at, ground } => since("annulled", at, ground.code()),
            MandateState::Ended { at, effective_at, cause } => Self {
                at: Some(at.as_micros()),
                cause: Some(code_of(&cause)),
                effective_at: Some(effective_at.as_micros()),
                ..state("ended")
            },
        }
    }
}

impl MandateRow {
    fn state(&self, at: RowRef) -> Result<MandateState, StoreError> {
        let lapse = at.lapse(self.cause.as_deref(), self.effective_at)?;
        let quiet = match self.quiet {
            0 => false,
            1 => true,
            _ => return Err(at.corrupt()),
        };
        let told = (self.ended_at.map(instant), self.ground.as_deref(), self.awaits.as_deref());
        match (self.state.as_str(), told, lapse) {
            ("awaiting", (None, None, Some(awaits)), None) if !quiet => {
                Ok(MandateState::Awaiting(at.code(awaits)?))
            }
            ("given", (None, None, None), None) if !quiet => Ok(MandateState::Given),
            ("revoked", (Some(ended), Some(ground), None), None) => {
                Ok(MandateState::Revoked { at: ended, ground: at.code(ground)?, quiet })
            }
            ("suspended", (Some(since), Some(ground), None), None) if !quiet => {
                Ok(MandateState::Suspended { at: since, ground: at.code(ground)? })
            }
            ("suspended", (Some(since), None, None), None) if !quiet => {
                Ok(MandateState::Resting { at: since })
            }
            ("disputed", (Some(since), Some(ground), None), None) if !quiet => {
                Ok(MandateState::Disputed { at: since, ground: at.code(ground)? })
            }
            ("renounced", (Some(ended), Some(ground), None), None) if !quiet => {
                Ok(MandateState::Renounced { at: ended, ground: at.code(ground)? })
            }
            ("annulled", (Some(found), Some(ground), None), None) if !quiet => {
                Ok(MandateState::Annulled { at: found, ground: at.code(ground)? })
            }
            ("ended", (Some(ended), None, None), Some((cause, effective_at))) if !quiet => {
                Ok(MandateState::Ended { at: ended, effective_at, cause })
            }
            _ => Err(at.corrupt()),
        }
    }

    fn under(&self, at: RowRef) -> Result<Option<Under>, StoreError> {
        match (self.under_id, self.passed_on_by, self.level) {
            (None, None, None) => Ok(None),
            (Some(mandate), Some(by), Some(level)) => Ok(Some(Under {
                mandate: MandateId::from_uuid(mandate),
                by: PersonId::from_uuid(by),
                level: u8::try_from(level).map_err(|_| at.corrupt())?,
            })),
            _ => Err(at.corrupt()),
        }
    }

    fn joint(&self, at: RowRef) -> Result<Option<Joint>, StoreError> {
        match (self.joint_id, self.bond.as_deref(), self.quorum) {
            (None, None, None) => Ok(None),
            (Some(id), Some(bond), Some(quorum)) => Ok(Some(Joint {
                id: JointId::from_uuid(id),
                bond: Bond::of_code(bond).ok_or_else(|| at.corrupt())?,
                quorum: u8::try_from(quorum).map_err(|_| at.corrupt())?,
            })),
            _ => Err(at.corrupt()),
        }
    }
}

impl TryFrom<MandateRow> for Mandate {
    type Error = StoreError;

    fn try_from(row: MandateRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "mandate", id: row.id };
        let (state, under, joint) = (row.state(at)?, row.under(at)?, row.joint(at)?);
        let route = row.route.as_deref().map(|text| at.json(text)).transpose()?.unwrap_or_default();
        let renewals = row.renewals.as_deref().map(|text| at.json(text)).transpose()?.unwrap_or_default();
        let for_child = row.for_child.as_deref().map(|text| at.json(text)).transpose()?;
        let withdrawn = row.withdrawn.as_deref().map(|text| at.json(text)).transpose()?.unwrap_or_default();
        let pauses = row.pauses.as_deref().map(|text| at.json(text)).transpose()?.unwrap_or_default();
        Ok(Self {
            id: MandateId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            grantor: PersonId::from_uuid(row.grantor_id),
            representative: PersonId::from_uuid(row.representative_id),
            packages: at.json(&row.packages)?,
            privileges: at.json(&row.privileges)?,
            case: at.text_opt(row.case_ref.as_deref())?,
            valid: MandatePeriod { from: instant(row.valid_from), to: instant(row.valid_to) },
            presentation: PresentationId::from_uuid(row.presentation_id),
            given_at: instant(row.given_at),
            route,
            under,
            joint,
            for_child,
            renewals,
            withdrawn,
            pauses,
            state,
        })
    }
}

#[derive(FromRow)]
struct PowerRow {
    grantor_id: Uuid,
    representative_id: Uuid,
    privilege: String,
    case_ref: Option<String>,
    basis: String,
    source_id: Uuid,
    source_revision: i64,
    valid_from: i64,
    valid_to: i64,
    ended: Option<String>,
    known_from: i64,
    known_to: Option<i64>,
}

impl TryFrom<PowerRow> for Power {
    type Error = StoreError;

    fn try_from(row: PowerRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "power", id: row.source_id };
        Ok(Self {
            grantor: PersonId::from_uuid(row.grantor_id),
            representative: PersonId::from_uuid(row.representative_id),
            privilege: at.text(&row.privilege)?,
            case: at.text_opt(row.case_ref.as_deref())?,
            basis: at.basis(&row.basis)?,
            source: row.source_id,
            source_revision: at.number(row.source_revision)?,
            valid_from: instant(row.valid_from),
            valid_to: instant(row.valid_to),
            ended: at.power_end(row.ended.as_deref())?,
            known_from: at.number(row.known_from)?,
            known_to: row.known_to.map(|v| at.number(v)).transpose()?,
        })
    }
}

macro_rules! mandate_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, grantor_id, representative_id, packages, privileges, case_ref, valid_from, valid_to, presentation_id, \
             given_at, state, ended_at, cause, effective_at, route, renewals, pauses, awaits, ground, quiet, under_id, \
             passed_on_by, level, joint_id, bond, quorum, for_child, withdrawn FROM mandate ",
            $rest
        )
    };
}

impl<Mode> Tx<Mode> {
    /// A mandate.
    pub async fn mandate(&mut self, id: MandateId) -> Result<Option<Mandate>, StoreError> {
        const SQL: &str = mandate_columns!("WHERE id = $1");
        let row: Option<MandateRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Those of these mandates that there are.
    pub async fn mandates_by_id(
        &mut self,
        ids: &BTreeSet<MandateId>,
    ) -> Result<BTreeMap<MandateId, Mandate>, StoreError> {
        const SQL: Sql = Sql {
            postgres: mandate_columns!("WHERE id = ANY($1)"),
            sqlite: mandate_columns!("WHERE id IN (SELECT unhex(value) FROM json_each($1))"),
        };
        let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
        let rows: Vec<MandateRow> = all_of!(self, SQL, &ids);
        rows.into_iter().map(|row| Mandate::try_from(row).map(|mandate| (mandate.id, mandate))).collect()
    }

    /// The mandates that a person gave, holds or passed on, the newest first, below an id.
    pub async fn mandates_of(
        &mut self,
        person: PersonId,
        below: Option<MandateId>,
        limit: u32,
    ) -> Result<Vec<Mandate>, StoreError> {
        const SQL: &str = mandate_columns!(
            "WHERE (grantor_id = $1 OR representative_id = $1 OR passed_on_by = $1) AND id < $2 ORDER BY id DESC LIMIT $3"
        );
        let mut rows: Vec<MandateRow> = Vec::new();
        for one in self.all_who_are(person).await? {
            rows.extend(on!(self, |conn| sqlx::query_as::<_, MandateRow>(SQL)
                .bind(one.as_uuid())
                .bind(below.map_or(Uuid::max(), MandateId::as_uuid))
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?);
        }
        newest(rows, limit, |row| row.id).into_iter().map(TryInto::try_into).collect()
    }

    /// All that is tied together with that.
    pub async fn mandates_joined(&mut self, joint: JointId) -> Result<Vec<Mandate>, StoreError> {
        const SQL: &str = mandate_columns!("WHERE joint_id = $1 ORDER BY id");
        let rows: Vec<MandateRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(joint.as_uuid()).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Everything that lies below a mandate, at every level.
    pub async fn mandates_below(&mut self, id: MandateId) -> Result<Vec<Mandate>, StoreError> {
        const SQL: &str = mandate_columns!(
            "WHERE id IN (WITH RECURSIVE below (id) AS (SELECT id FROM mandate WHERE under_id = $1 UNION \
             SELECT next.id FROM mandate next JOIN below ON next.under_id = below.id) SELECT id FROM below) ORDER BY level, id"
        );
        let rows: Vec<MandateRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The newest mandate between two persons, to say why there is no power.
    pub async fn newest_mandate(
        &mut self,
        grantor: PersonId,
        representative: PersonId,
    ) -> Result<Option<Mandate>, StoreError> {
        const SQL: &str =
            mandate_columns!("WHERE grantor_id = $1 AND representative_id = $2 ORDER BY id DESC LIMIT 1");
        let row: Option<MandateRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(grantor.as_uuid())
            .bind(representative.as_uuid())
            .fetch_optional(conn)
            .await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// The privileges that a representative can use for a grantor at that moment, as known now, outside any single case.
    ///
    /// What has an end on record gives nothing from then on, whatever this node's clock says: a clock that is behind must not
    /// find a power that was still valid. What a withdrawal ends, ends by the calendar like any end date.
    pub async fn privileges(
        &mut self,
        grantor: PersonId,
        representative: PersonId,
        at: Instant,
    ) -> Result<Vec<PrivilegeUri>, StoreError> {
        let held = self.privileges_with_basis(grantor, representative, at).await?;
        let mut privileges: Vec<PrivilegeUri> = held.into_iter().map(|(privilege, _)| privilege).collect();
        privileges.dedup();
        Ok(privileges)
    }

    /// Likewise, each with what it rests on, in the order of the privileges.
    pub async fn privileges_with_basis(
        &mut self,
        grantor: PersonId,
        representative: PersonId,
        at: Instant,
    ) -> Result<Vec<(PrivilegeUri, Basis)>, StoreError> {
        const SQL: &str = "SELECT DISTINCT privilege, basis FROM power WHERE grantor_id = $1 AND representative_id = $2 \
             AND known_to IS NULL AND valid_from <= $3 AND valid_to > $3 AND case_ref IS NULL \
             AND (ended IS NULL OR ended = 'withdrawn') ORDER BY privilege, basis";
        let rows: Vec<(String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(grantor.as_uuid())
            .bind(representative.as_uuid())
            .bind(at.as_micros())
            .fetch_all(conn)
            .await)?;
        let row = RowRef { table: "power", id: grantor.as_uuid() };
        rows.iter().map(|(uri, basis)| Ok((row.text(uri)?, row.basis(basis)?))).collect()
    }

    /// Whether a mandate was given on the strength of that presentation.
    pub async fn mandate_rests_on(&mut self, presentation: PresentationId) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM mandate WHERE presentation_id = $1";
        let count: i64 =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(presentation.as_uuid()).fetch_one(conn).await)?;
        Ok(count > 0)
    }

    /// Every row of power that rests on one mandate, sorted.
    pub async fn powers_of(&mut self, mandate: Uuid) -> Result<Vec<Power>, StoreError> {
        const SQL: &str = "SELECT grantor_id, representative_id, privilege, case_ref, basis, source_id, source_revision, valid_from, \
             valid_to, ended, known_from, known_to FROM power WHERE source_id = $1";
        let rows: Vec<PowerRow> = on!(self, |conn| sqlx::query_as(SQL).bind(mandate).fetch_all(conn).await)?;
        let mut powers =
            rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<Power>, StoreError>>()?;
        powers.sort();
        Ok(powers)
    }
}
