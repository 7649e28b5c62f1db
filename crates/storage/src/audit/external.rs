//! What belongs to external things: the rows of a grant's privileges, and the records of what was asked.

use super::{Audit, Fault};
use crate::{
    StoreError,
    engine::{Read, Tx, on},
    external_records::{ExternalRow, external_columns},
};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{event::AccessCommitment, external::ExternalGrant};
use uuid::Uuid;

impl Tx<Read> {
    /// The privileges of a grant, one to a row, are those that it was given with.
    pub(super) async fn audit_granted(
        &mut self,
        audit: &mut Audit,
        grant: &ExternalGrant,
    ) -> Result<(), StoreError> {
        const TABLE: &str = "external_grant_privilege";
        let expected: BTreeSet<Uuid> = grant.privileges.iter().map(|p| p.privilege.as_uuid()).collect();
        let found: BTreeSet<Uuid> = self.external_granted(grant.id.as_uuid()).await?.into_iter().collect();
        if !expected.is_subset(&found) {
            audit.find(TABLE, grant.id, Fault::Missing, "a privilege of this grant is gone");
        }
        if !found.is_subset(&expected) {
            audit.find(TABLE, grant.id, Fault::Added, "the grant was not given with that privilege");
        }
        Ok(())
    }

    /// Each commitment of a batch to a record about external things is opened by its row, and there is no other row.
    pub(super) async fn audit_external_records(
        &mut self,
        audit: &mut Audit,
        batch: Uuid,
        committed: &[AccessCommitment],
    ) -> Result<(), StoreError> {
        const TABLE: &str = "external_record";
        const SQL: &str = external_columns!("WHERE batch_id = $1");
        let rows: Vec<ExternalRow> = on!(self, |conn| sqlx::query_as(SQL).bind(batch).fetch_all(conn).await)?;
        let mut found: BTreeMap<Uuid, ExternalRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        for AccessCommitment { id, commitment } in committed {
            match found.remove(&id.as_uuid()).map(ExternalRow::read) {
                Some(Ok((record, salt))) if record.commitment(&salt) == *commitment => {}
                Some(_) => {
                    audit.find(TABLE, id, Fault::Changed, "the row differs from what was committed to");
                }
                None => audit.find(TABLE, id, Fault::Missing, "the journal commits to it"),
            }
        }
        for row in found.keys() {
            audit.find(TABLE, row, Fault::Added, "the journal does not commit to it");
        }
        Ok(())
    }
}
