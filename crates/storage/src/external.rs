//! Reads of what authorities have registered of subjects and objects that are no persons, and of what decisions about them look at.

use crate::{
    StoreError,
    column::{RowRef, instant, json},
    engine::{Sql, Tx, on},
};
use sqlx::FromRow;
use tillid_domain::{
    Cvr, Period,
    external::{
        EntityName, EntityRef, EntityState, ExternalEntity, ExternalGrant, ExternalPrivilege, Facts,
        GrantState, Held, Keys, Known, Objects, PrivilegeState, PrivilegeTerms,
    },
    id::{ExternalEntityId, ExternalGrantId, ExternalPrivilegeId},
    text::{ActionName, Code, EntityId, EntityType},
};
use uuid::Uuid;

#[derive(FromRow)]
struct EntityRow {
    id: Uuid,
    revision: i64,
    authority: String,
    entity_type: String,
    entity_id: String,
    properties: String,
    caller_stated: String,
    registered_at: i64,
    state: String,
    ended_at: Option<i64>,
}

impl TryFrom<EntityRow> for ExternalEntity {
    type Error = StoreError;

    fn try_from(row: EntityRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "external_entity", id: row.id };
        let state = match (row.state.as_str(), row.ended_at.map(instant)) {
            ("registered", None) => EntityState::Registered,
            ("removed", Some(at)) => EntityState::Removed { at },
            _ => return Err(at.corrupt()),
        };
        Ok(Self {
            id: ExternalEntityId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            authority: at.text(&row.authority)?,
            name: EntityName { kind: at.text(&row.entity_type)?, id: at.text(&row.entity_id)? },
            properties: at.json(&row.properties)?,
            caller_stated: at.json(&row.caller_stated)?,
            registered_at: instant(row.registered_at),
            state,
        })
    }
}

#[derive(FromRow)]
struct PrivilegeRow {
    id: Uuid,
    revision: i64,
    authority: String,
    code: String,
    action: String,
    object_type: String,
    condition: String,
    caller_stated: String,
    registered_at: i64,
    state: String,
    ended_at: Option<i64>,
}

impl TryFrom<PrivilegeRow> for ExternalPrivilege {
    type Error = StoreError;

    fn try_from(row: PrivilegeRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "external_privilege", id: row.id };
        let state = match (row.state.as_str(), row.ended_at.map(instant)) {
            ("registered", None) => PrivilegeState::Registered,
            ("removed", Some(at)) => PrivilegeState::Removed { at },
            _ => return Err(at.corrupt()),
        };
        Ok(Self {
            id: ExternalPrivilegeId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            authority: at.text(&row.authority)?,
            code: at.text(&row.code)?,
            terms: PrivilegeTerms {
                action: at.text(&row.action)?,
                object_type: at.text(&row.object_type)?,
                condition: at.json(&row.condition)?,
                caller_stated: at.json(&row.caller_stated)?,
            },
            registered_at: instant(row.registered_at),
            state,
        })
    }
}

#[derive(FromRow)]
struct GrantRow {
    id: Uuid,
    revision: i64,
    authority: String,
    subject_id: Uuid,
    subject_type: String,
    subject_name: String,
    privileges: String,
    object_id: Option<Uuid>,
    object_type: String,
    object_name: Option<String>,
    valid_from: i64,
    valid_to: Option<i64>,
    given_at: i64,
    state: String,
    ended_at: Option<i64>,
}

impl TryFrom<GrantRow> for ExternalGrant {
    type Error = StoreError;

    fn try_from(row: GrantRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "external_grant", id: row.id };
        let state = match (row.state.as_str(), row.ended_at.map(instant)) {
            ("given", None) => GrantState::Given,
            ("revoked", Some(at)) => GrantState::Revoked { at },
            _ => return Err(at.corrupt()),
        };
        let kind: EntityType = at.text(&row.object_type)?;
        let objects = match (row.object_id, row.object_name.as_deref()) {
            (None, None) => Objects::EveryOf(kind),
            (Some(id), Some(name)) => Objects::One(EntityRef {
                entity: ExternalEntityId::from_uuid(id),
                name: EntityName { kind, id: at.text(name)? },
            }),
            _ => return Err(at.corrupt()),
        };
        Ok(Self {
            id: ExternalGrantId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            authority: at.text(&row.authority)?,
            subject: EntityRef {
                entity: ExternalEntityId::from_uuid(row.subject_id),
                name: EntityName { kind: at.text(&row.subject_type)?, id: at.text(&row.subject_name)? },
            },
            privileges: at.json(&row.privileges)?,
            objects,
            valid: Period { from: instant(row.valid_from), to: row.valid_to.map(instant) },
            given_at: instant(row.given_at),
            state,
        })
    }
}

/// What is known of one side of a pair, as the columns of a join have it.
struct KnownColumns {
    id: Option<Uuid>,
    revision: Option<i64>,
    properties: Option<String>,
    caller_stated: Option<String>,
}

impl KnownColumns {
    fn read(self) -> Result<Option<Known>, StoreError> {
        let Some(id) = self.id else { return Ok(None) };
        let at = RowRef { table: "external_entity", id };
        let known = Known {
            id: ExternalEntityId::from_uuid(id),
            revision: at.number(self.revision.ok_or_else(|| at.corrupt())?)?,
            properties: at.json(&self.properties.ok_or_else(|| at.corrupt())?)?,
            caller_stated: at.json(&self.caller_stated.ok_or_else(|| at.corrupt())?)?,
        };
        Ok(Some(known))
    }
}

/// One privilege that one grant gives to the subject of a pair over its object, or a pair without any.
#[derive(FromRow)]
struct FactRow {
    n: i64,
    subject_id: Option<Uuid>,
    subject_revision: Option<i64>,
    subject_properties: Option<String>,
    subject_stated: Option<String>,
    object_id: Option<Uuid>,
    object_revision: Option<i64>,
    object_properties: Option<String>,
    object_stated: Option<String>,
    grant_id: Option<Uuid>,
    grant_revision: Option<i64>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    privilege_id: Option<Uuid>,
    privilege_revision: Option<i64>,
    action: Option<String>,
    condition: Option<String>,
    action_stated: Option<String>,
}

impl FactRow {
    fn held(&self) -> Result<Option<Held>, StoreError> {
        let (Some(grant), Some(privilege)) = (self.grant_id, self.privilege_id) else { return Ok(None) };
        let (grant_at, at) = (
            RowRef { table: "external_grant", id: grant },
            RowRef { table: "external_privilege", id: privilege },
        );
        let number = |at: RowRef, number: Option<i64>| at.number(number.ok_or_else(|| at.corrupt())?);
        let from = self.valid_from.ok_or_else(|| grant_at.corrupt())?;
        Ok(Some(Held {
            grant: ExternalGrantId::from_uuid(grant),
            grant_revision: number(grant_at, self.grant_revision)?,
            valid: Period { from: instant(from), to: self.valid_to.map(instant) },
            privilege: ExternalPrivilegeId::from_uuid(privilege),
            privilege_revision: number(at, self.privilege_revision)?,
            action: at.text(self.action.as_deref().ok_or_else(|| at.corrupt())?)?,
            condition: at.json(self.condition.as_deref().ok_or_else(|| at.corrupt())?)?,
            caller_stated: at.json(self.action_stated.as_deref().ok_or_else(|| at.corrupt())?)?,
        }))
    }

    fn subject(&mut self) -> KnownColumns {
        KnownColumns {
            id: self.subject_id,
            revision: self.subject_revision,
            properties: self.subject_properties.take(),
            caller_stated: self.subject_stated.take(),
        }
    }

    fn object(&mut self) -> KnownColumns {
        KnownColumns {
            id: self.object_id,
            revision: self.object_revision,
            properties: self.object_properties.take(),
            caller_stated: self.object_stated.take(),
        }
    }
}

macro_rules! entity_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, authority, entity_type, entity_id, properties, caller_stated, registered_at, state, ended_at \
             FROM external_entity ",
            $rest
        )
    };
}

macro_rules! privilege_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, authority, code, action, object_type, condition, caller_stated, registered_at, state, ended_at \
             FROM external_privilege ",
            $rest
        )
    };
}

macro_rules! grant_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, authority, subject_id, subject_type, subject_name, privileges, object_id, object_type, object_name, \
             valid_from, valid_to, given_at, state, ended_at FROM external_grant ",
            $rest
        )
    };
}

/// What is registered of each pair of a list. The list is JSON: type and id of the subject, type and id of the object.
macro_rules! facts_of {
    ($n:literal, $pairs:literal) => {
        concat!(
            "SELECT ",
            $n,
            " AS n, s.id AS subject_id, s.revision AS subject_revision, s.properties AS subject_properties, \
             s.caller_stated AS subject_stated, o.id AS object_id, o.revision AS object_revision, o.properties AS object_properties, \
             o.caller_stated AS object_stated, g.id AS grant_id, g.revision AS grant_revision, g.valid_from, g.valid_to, \
             p.id AS privilege_id, p.revision AS privilege_revision, p.action, p.condition, p.caller_stated AS action_stated FROM ",
            $pairs,
            " LEFT JOIN external_entity s ON s.authority = $1 AND s.entity_type = q.value ->> 0 AND s.entity_id = q.value ->> 1 \
             AND s.state = 'registered' \
             LEFT JOIN external_entity o ON o.authority = $1 AND o.entity_type = q.value ->> 2 AND o.entity_id = q.value ->> 3 \
             AND o.state = 'registered' \
             LEFT JOIN external_grant g ON g.subject_id = s.id AND g.object_type = o.entity_type AND g.state = 'given' \
             AND (g.object_id IS NULL OR g.object_id = o.id) \
             LEFT JOIN external_grant_privilege h ON h.grant_id = g.id \
             LEFT JOIN external_privilege p ON p.id = h.privilege_id AND p.object_type = o.entity_type AND p.state = 'registered'"
        )
    };
}

impl<Mode> Tx<Mode> {
    /// Something that is or was registered.
    pub async fn external_entity(
        &mut self,
        id: ExternalEntityId,
    ) -> Result<Option<ExternalEntity>, StoreError> {
        const SQL: &str = entity_columns!("WHERE id = $1");
        let row: Option<EntityRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// What an authority has registered under that name.
    pub async fn external_entity_named(
        &mut self,
        authority: Cvr,
        name: &EntityName,
    ) -> Result<Option<ExternalEntity>, StoreError> {
        const SQL: &str = entity_columns!(
            "WHERE authority = $1 AND entity_type = $2 AND entity_id = $3 AND state = 'registered'"
        );
        let row: Option<EntityRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(name.kind.as_str())
            .bind(name.id.as_str())
            .fetch_optional(conn)
            .await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// What an authority has registered, the newest first, below an id.
    pub async fn external_entities(
        &mut self,
        authority: Cvr,
        below: Option<ExternalEntityId>,
        limit: u32,
    ) -> Result<Vec<ExternalEntity>, StoreError> {
        const SQL: &str = entity_columns!(
            "WHERE authority = $1 AND id < $2 AND state = 'registered' ORDER BY id DESC LIMIT $3"
        );
        let rows: Vec<EntityRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(below.map_or(Uuid::max(), ExternalEntityId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A privilege that is or was registered.
    pub async fn external_privilege(
        &mut self,
        id: ExternalPrivilegeId,
    ) -> Result<Option<ExternalPrivilege>, StoreError> {
        const SQL: &str = privilege_columns!("WHERE id = $1");
        let row: Option<PrivilegeRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// The privilege that an authority has registered under that code.
    pub async fn external_privilege_named(
        &mut self,
        authority: Cvr,
        code: &Code,
    ) -> Result<Option<ExternalPrivilege>, StoreError> {
        const SQL: &str = privilege_columns!("WHERE authority = $1 AND code = $2 AND state = 'registered'");
        let row: Option<PrivilegeRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(code.as_str())
            .fetch_optional(conn)
            .await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// The privileges that an authority has registered, the newest first, below an id.
    pub async fn external_privileges(
        &mut self,
        authority: Cvr,
        below: Option<ExternalPrivilegeId>,
        limit: u32,
    ) -> Result<Vec<ExternalPrivilege>, StoreError> {
        const SQL: &str = privilege_columns!(
            "WHERE authority = $1 AND id < $2 AND state = 'registered' ORDER BY id DESC LIMIT $3"
        );
        let rows: Vec<PrivilegeRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(below.map_or(Uuid::max(), ExternalPrivilegeId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The properties of an action that count for some privilege of an authority.
    pub async fn external_declared(
        &mut self,
        authority: Cvr,
        action: &ActionName,
    ) -> Result<Keys, StoreError> {
        const SQL: &str = "SELECT id, caller_stated FROM external_privilege \
             WHERE authority = $1 AND action = $2 AND state = 'registered'";
        let rows: Vec<(Uuid, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(action.as_str())
            .fetch_all(conn)
            .await)?;
        let mut declared = Keys::new();
        for (id, keys) in rows {
            declared.extend(RowRef { table: "external_privilege", id }.json::<Keys>(&keys)?);
        }
        Ok(declared)
    }

    /// A grant.
    pub async fn external_grant(&mut self, id: ExternalGrantId) -> Result<Option<ExternalGrant>, StoreError> {
        const SQL: &str = grant_columns!("WHERE id = $1");
        let row: Option<GrantRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// The grants of an authority, the newest first, below an id.
    pub async fn external_grants(
        &mut self,
        authority: Cvr,
        below: Option<ExternalGrantId>,
        limit: u32,
    ) -> Result<Vec<ExternalGrant>, StoreError> {
        const SQL: &str = grant_columns!("WHERE authority = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        let rows: Vec<GrantRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(below.map_or(Uuid::max(), ExternalGrantId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The rows of privileges of a grant, sorted.
    pub(crate) async fn external_granted(&mut self, grant: Uuid) -> Result<Vec<Uuid>, StoreError> {
        const SQL: &str =
            "SELECT privilege_id FROM external_grant_privilege WHERE grant_id = $1 ORDER BY privilege_id";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).bind(grant).fetch_all(conn).await)?)
    }

    /// What decisions about subjects and objects of an authority look at: for each pair, in the order of the pairs. One statement,
    /// whatever their number. A name that is `None` is of nothing.
    pub async fn external_facts(
        &mut self,
        authority: Cvr,
        pairs: &[(Option<&EntityName>, Option<&EntityName>)],
    ) -> Result<Vec<Facts>, StoreError> {
        const SQL: Sql = Sql {
            sqlite: facts_of!("q.key", "json_each($2) q"),
            postgres: facts_of!("q.n - 1", "json_array_elements($2::JSON) WITH ORDINALITY AS q(value, n)"),
        };
        let sql = self.sql(&SQL);
        let parts = |name: Option<&EntityName>| {
            [name.map(|n| n.kind.as_str().to_owned()), name.map(|n| n.id.as_str().to_owned())]
        };
        let list: Vec<_> =
            pairs.iter().map(|(subject, object)| [parts(*subject), parts(*object)].concat()).collect();
        let rows: Vec<FactRow> = on!(self, |conn| sqlx::query_as(sql)
            .bind(authority.to_string())
            .bind(json(&list))
            .fetch_all(conn)
            .await)?;
        let mut facts = vec![Facts::default(); pairs.len()];
        for mut row in rows {
            let unknown = StoreError::Corrupt { table: "external_entity", id: None };
            let Some(of) = usize::try_from(row.n).ok().and_then(|n| facts.get_mut(n)) else {
                return Err(unknown);
            };
            of.held.extend(row.held()?);
            if of.subject.is_none() {
                of.subject = row.subject().read()?;
            }
            if of.resource.is_none() {
                of.resource = row.object().read()?;
            }
        }
        Ok(facts)
    }

    /// The registered subjects of a type that hold some privilege of that action over the object, by a grant that was not revoked:
    /// in the order of their ids, after one. Whether they may is for [`tillid_domain::external::decide`].
    pub async fn external_subjects(
        &mut self,
        authority: Cvr,
        kind: &EntityType,
        action: &ActionName,
        object: (ExternalEntityId, &EntityType),
        after: &str,
        limit: u32,
    ) -> Result<Vec<EntityId>, StoreError> {
        const SQL: &str = "SELECT e.entity_id FROM external_entity e WHERE e.authority = $1 AND e.entity_type = $2 \
             AND e.state = 'registered' AND e.entity_id > $3 AND EXISTS (SELECT 1 FROM external_grant g \
             JOIN external_grant_privilege h ON h.grant_id = g.id JOIN external_privilege p ON p.id = h.privilege_id \
             WHERE g.subject_id = e.id AND g.state = 'given' AND g.object_type = $4 AND (g.object_id IS NULL OR g.object_id = $5) \
             AND p.state = 'registered' AND p.action = $6 AND p.object_type = $4) ORDER BY e.entity_id LIMIT $7";
        let rows: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(authority.to_string())
            .bind(kind.as_str())
            .bind(after)
            .bind(object.1.as_str())
            .bind(object.0.as_uuid())
            .bind(action.as_str())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        entity_ids(&rows)
    }

    /// The registered objects of a type over which the subject holds some privilege of that action; otherwise like
    /// [`Tx::external_subjects`].
    pub async fn external_objects(
        &mut self,
        authority: Cvr,
        kind: &EntityType,
        action: &ActionName,
        subject: ExternalEntityId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<EntityId>, StoreError> {
        const SQL: &str = "SELECT e.entity_id FROM external_entity e WHERE e.authority = $1 AND e.entity_type = $2 \
             AND e.state = 'registered' AND e.entity_id > $3 AND EXISTS (SELECT 1 FROM external_grant g \
             JOIN external_grant_privilege h ON h.grant_id = g.id JOIN external_privilege p ON p.id = h.privilege_id \
             WHERE g.subject_id = $4 AND g.state = 'given' AND g.object_type = e.entity_type \
             AND (g.object_id IS NULL OR g.object_id = e.id) \
             AND p.state = 'registered' AND p.action = $5 AND p.object_type = e.entity_type) ORDER BY e.entity_id LIMIT $6";
        let rows: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(authority.to_string())
            .bind(kind.as_str())
            .bind(after)
            .bind(subject.as_uuid())
            .bind(action.as_str())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        entity_ids(&rows)
    }
}

fn entity_ids(rows: &[String]) -> Result<Vec<EntityId>, StoreError> {
    let corrupt = |_| StoreError::Corrupt { table: "external_entity", id: None };
    rows.iter().map(|id| id.parse().map_err(corrupt)).collect()
}
