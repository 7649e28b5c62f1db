//! What somebody can do for others at a moment: the rows of power that they hold.

use crate::{
    StoreError,
    column::RowRef,
    engine::{Tx, on},
};
use tillid_domain::{
    Instant,
    id::PersonId,
    power::Power,
    text::{CaseRef, PrivilegeUri},
};
use uuid::Uuid;

/// One thing that somebody can do for a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HeldPower {
    /// For whom.
    pub grantor: PersonId,
    /// In which case only.
    pub case: Option<CaseRef>,
    /// What.
    pub privilege: PrivilegeUri,
    /// What it rests on.
    pub source: Uuid,
}

impl From<Power> for HeldPower {
    fn from(power: Power) -> Self {
        let Power { grantor, case, privilege, source, .. } = power;
        Self { grantor, case, privilege, source }
    }
}

impl<Mode> Tx<Mode> {
    /// What a representative can do for others at that moment, as known now: so many at most.
    ///
    /// What has an end on record gives nothing, whatever this node's clock says.
    pub async fn powers_held(
        &mut self,
        representative: PersonId,
        at: Instant,
        limit: u32,
    ) -> Result<Vec<HeldPower>, StoreError> {
        const SQL: &str = "SELECT DISTINCT grantor_id, case_ref, privilege, source_id FROM power WHERE representative_id = $1 \
             AND known_to IS NULL AND valid_from <= $2 AND valid_to > $2 AND (ended IS NULL OR ended = 'withdrawn') \
             ORDER BY grantor_id, privilege, source_id LIMIT $3";
        let rows: Vec<(Uuid, Option<String>, String, Uuid)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(representative.as_uuid())
            .bind(at.as_micros())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter()
            .map(|(grantor, case, privilege, source)| {
                let row = RowRef { table: "power", id: source };
                Ok(HeldPower {
                    grantor: PersonId::from_uuid(grantor),
                    case: row.text_opt(case.as_deref())?,
                    privilege: row.text(&privilege)?,
                    source,
                })
            })
            .collect()
    }
}
