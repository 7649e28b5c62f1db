//! What follows from an event about external things in their tables.

use crate::{
    StoreError,
    column::json,
    engine::{Tx, Write, run},
    journal::signed,
};
use tillid_domain::{
    Cvr, Instant,
    event::{Fact, Recorded},
    external::{EntityName, Keys, Objects, PrivilegeRef, PrivilegeTerms, Properties},
    id::ExternalEntityId,
    text::Code,
};

impl Tx<Write> {
    pub(crate) async fn insert_external_entity(
        &mut self,
        event: &Recorded,
        authority: Cvr,
        name: &EntityName,
        properties: &Properties,
        caller_stated: &Keys,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO external_entity (id, revision, authority, entity_type, entity_id, properties, caller_stated, registered_at, state) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, $7, 'registered')"
        )
        .bind(event.aggregate)
        .bind(authority.to_string())
        .bind(name.kind.as_str())
        .bind(name.id.as_str())
        .bind(json(properties))
        .bind(json(caller_stated))
        .bind(event.recorded_at.as_micros()))?;
        Ok(())
    }

    pub(crate) async fn change_external_entity(
        &mut self,
        event: &Recorded,
        properties: &Properties,
        caller_stated: &Keys,
    ) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(
                "UPDATE external_entity SET revision = $2, properties = $3, caller_stated = $4 WHERE id = $1"
            )
            .bind(event.aggregate)
            .bind(signed(event.revision))
            .bind(json(properties))
            .bind(json(caller_stated))
        )?;
        Ok(())
    }

    pub(crate) async fn insert_external_privilege(
        &mut self,
        event: &Recorded,
        authority: Cvr,
        code: &Code,
        terms: &PrivilegeTerms,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO external_privilege (id, revision, authority, code, action, object_type, condition, caller_stated, \
             registered_at, state) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, 'registered')"
        )
        .bind(event.aggregate)
        .bind(authority.to_string())
        .bind(code.as_str())
        .bind(terms.action.as_str())
        .bind(terms.object_type.as_str())
        .bind(json(&terms.condition))
        .bind(json(&terms.caller_stated))
        .bind(event.recorded_at.as_micros()))?;
        Ok(())
    }

    pub(crate) async fn change_external_privilege(
        &mut self,
        event: &Recorded,
        terms: &PrivilegeTerms,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "UPDATE external_privilege SET revision = $2, action = $3, object_type = $4, condition = $5, caller_stated = $6 \
             WHERE id = $1"
        )
        .bind(event.aggregate)
        .bind(signed(event.revision))
        .bind(terms.action.as_str())
        .bind(terms.object_type.as_str())
        .bind(json(&terms.condition))
        .bind(json(&terms.caller_stated)))?;
        Ok(())
    }

    pub(crate) async fn insert_external_grant(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let Fact::ExternalGranted { authority, subject, privileges, objects, valid } = &event.fact else {
            return Ok(());
        };
        let object_name = match objects {
            Objects::One(object) => Some(object.name.id.as_str().to_owned()),
            Objects::EveryOf(_) => None,
        };
        run!(self, sqlx::query(
            "INSERT INTO external_grant (id, revision, authority, subject_id, subject_type, subject_name, privileges, object_id, \
             object_type, object_name, valid_from, valid_to, given_at, state) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'given')"
        )
        .bind(event.aggregate)
        .bind(authority.to_string())
        .bind(subject.entity.as_uuid())
        .bind(subject.name.kind.as_str())
        .bind(subject.name.id.as_str())
        .bind(json(privileges))
        .bind(objects.one().map(ExternalEntityId::as_uuid))
        .bind(objects.kind().as_str())
        .bind(object_name)
        .bind(valid.from.as_micros())
        .bind(valid.to.map(Instant::as_micros))
        .bind(event.recorded_at.as_micros()))?;
        for PrivilegeRef { privilege, .. } in privileges {
            run!(
                self,
                sqlx::query("INSERT INTO external_grant_privilege (grant_id, privilege_id) VALUES ($1, $2)")
                    .bind(event.aggregate)
                    .bind(privilege.as_uuid())
            )?;
        }
        Ok(())
    }
}
